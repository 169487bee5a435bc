/** Finds the programs that some suites need beside Bun: database and cache servers, a browser, and root. */
import { readdirSync } from 'node:fs'

export type Part = 'postgresql' | 'redis' | 'chromium' | 'root'

/** What a person calls each part, and the Debian package that brings it. */
export const PARTS: Record<Part, { label: string; debianPackage?: string }> = {
  postgresql: { label: 'PostgreSQL', debianPackage: 'postgresql' },
  redis: { label: 'Redis', debianPackage: 'redis-server' },
  chromium: { label: 'Chromium', debianPackage: 'chromium' },
  root: { label: 'root on Linux' },
}

/** Folder of `initdb` and `postgres`, which Debian keeps out of PATH. */
export function postgresFolder(): string | undefined {
  const inPath = Bun.which('initdb')
  if (inPath && Bun.which('postgres')) return inPath.slice(0, inPath.lastIndexOf('/'))
  const base = '/usr/lib/postgresql'
  let versions: string[] = []
  try {
    versions = readdirSync(base)
  } catch {
    return undefined
  }
  return versions
    .sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
    .map((version) => `${base}/${version}/bin`)
    .find((folder) => Bun.which('initdb', { PATH: folder }) && Bun.which('postgres', { PATH: folder }))
}

export const redisProgram = (): string | undefined => Bun.which('redis-server') ?? undefined

const BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

export function chromiumProgram(): string | undefined {
  for (const name of BROWSERS) {
    const found = Bun.which(name)
    if (found) return found
  }
  return undefined
}

export function hasPart(part: Part): boolean {
  switch (part) {
    case 'postgresql':
      return postgresFolder() !== undefined
    case 'redis':
      return redisProgram() !== undefined
    case 'chromium':
      return chromiumProgram() !== undefined
    case 'root':
      return process.platform === 'linux' && process.getuid?.() === 0
  }
}
