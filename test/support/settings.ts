/** Settings for tests: a loopback server with random secrets on SQLite in memory, unless overridden. */
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { loadConfiguration } from '../../src/config/load'
import type { Settings } from '../../src/config/settings'

const empty = `${tmpdir()}/authgate-no-such-folder`

export function testSettings(overrides: Record<string, string> = {}): Settings {
  const env = {
    BASE_URL: 'http://localhost:8080',
    DATABASE_DSN: ':memory:',
    JWT_SECRET: randomBytes(32).toString('hex'),
    SESSION_SECRET: randomBytes(32).toString('hex'),
    ...overrides,
  }
  return loadConfiguration({ env, cwd: empty, write: false }).settings
}
