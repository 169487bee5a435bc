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
    // All requests of a test come from one address.
    ENABLE_RATE_LIMIT: 'false',
    // Counters are looked at in many tests; rows are counted for gauges only where a test asks for it.
    METRICS_ENABLED: 'true',
    METRICS_ALLOW_ANONYMOUS: 'true',
    METRICS_GAUGE_UPDATE_ENABLED: 'false',
    ...overrides,
  }
  return loadConfiguration({ env, cwd: empty, write: false }).settings
}
