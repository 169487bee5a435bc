/** Loads configurations the way the server does, from an environment and a folder of their own. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Configuration, ConfigurationError, loadConfiguration } from '../../src/config/load'
import type { Settings } from '../../src/config/settings'

export type Env = Record<string, string | undefined>

const root = mkdtempSync(join(tmpdir(), 'authgate-config-'))
process.once('exit', () => rmSync(root, { recursive: true, force: true }))

/** A new empty folder. */
export const folder = (): string => mkdtempSync(join(root, 'run-'))

/** A new file with this text. */
export function file(text: string): string {
  const path = join(folder(), 'file')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

export const SECRET = '0123456789abcdef0123456789ABCDEF'
/** The least a server with a database of its own needs. */
export const BASE: Env = { JWT_SECRET: SECRET, SESSION_SECRET: SECRET, BASE_URL: 'http://localhost:8080' }
/** The same for a production server. */
export const PRODUCTION: Env = { ...BASE, BASE_URL: 'https://id.example', ENVIRONMENT: 'production' }

export function load(env: Env, dotenv?: string): Configuration {
  const cwd = folder()
  if (dotenv !== undefined) writeFileSync(join(cwd, '.env'), dotenv)
  return loadConfiguration({ env: { ...BASE, ...env }, cwd, write: false })
}

export const settings = (env: Env, dotenv?: string): Settings => load(env, dotenv).settings

export const warnings = (env: Env, dotenv?: string): readonly string[] => load(env, dotenv).warnings

/** Empty when the configuration is accepted. */
export function problems(env: Env, dotenv?: string): readonly string[] {
  try {
    load(env, dotenv)
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
}

/** A private key as PEM: RSA of so many bits, or EC on that curve. */
export function pem(kind: number | string, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string {
  const { privateKey } =
    typeof kind === 'number'
      ? generateKeyPairSync('rsa', { modulusLength: kind })
      : generateKeyPairSync('ec', { namedCurve: kind })
  return privateKey.export({ format: 'pem', type: type as 'pkcs8' }) as string
}
