/** Finds what some suites need beside Bun: database and cache servers, a browser, a client library of Python, and root. */
import { existsSync, readdirSync } from 'node:fs'

export type Part = 'postgresql' | 'redis' | 'chromium' | 'authlib' | 'root'

/** What a person calls each part, and the Debian packages that bring it. */
export const PARTS: Record<Part, { label: string; debianPackages?: string[] }> = {
  postgresql: { label: 'PostgreSQL', debianPackages: ['postgresql'] },
  redis: { label: 'Redis', debianPackages: ['redis-server'] },
  chromium: { label: 'Chromium', debianPackages: ['chromium'] },
  authlib: { label: 'Authlib for Python', debianPackages: ['python3-authlib', 'python3-requests'] },
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

/** A Python that has Authlib and Requests: the system's own, where Debian puts them, or the one in PATH. */
export function authlibPython(): string | undefined {
  const candidates = ['/usr/bin/python3', Bun.which('python3')].filter((python) => python && existsSync(python))
  return candidates.find(
    (python) =>
      python && Bun.spawnSync([python, '-c', 'import authlib, requests'], { stderr: 'ignore' }).exitCode === 0,
  ) as string | undefined
}

export function hasPart(part: Part): boolean {
  switch (part) {
    case 'postgresql':
      return postgresFolder() !== undefined
    case 'redis':
      return redisProgram() !== undefined
    case 'chromium':
      return chromiumProgram() !== undefined
    case 'authlib':
      return authlibPython() !== undefined
    case 'root':
      return process.platform === 'linux' && process.getuid?.() === 0
  }
}
