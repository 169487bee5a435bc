import { afterAll, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeConfiguration, envExample } from '../../src/config/describe'
import { type Configuration, ConfigurationError, loadConfiguration } from '../../src/config/load'
import { selfSignedCertificate } from '../support/certificate'

const root = mkdtempSync(join(tmpdir(), 'authgate-config-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const folder = () => mkdtempSync(join(root, 'run-'))
const file = (text: string) => {
  const path = join(folder(), 'file')
  writeFileSync(path, text)
  return path
}
const secret = '0123456789abcdef0123456789ABCDEF'
const base = { JWT_SECRET: secret, SESSION_SECRET: secret, BASE_URL: 'http://localhost:8080' }

type Env = Record<string, string | undefined>

function load(env: Env, dotenv?: string): Configuration {
  const cwd = folder()
  if (dotenv !== undefined) writeFileSync(join(cwd, '.env'), dotenv)
  return loadConfiguration({ env, cwd, write: false })
}
const settings = (env: Env, dotenv?: string) => load({ ...base, ...env }, dotenv).settings
function problems(env: Env, dotenv?: string): readonly string[] {
  try {
    load({ ...base, ...env }, dotenv)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

const pem = (type: 'pkcs8' | 'sec1' | 'pkcs1', curve: string | number) => {
  if (typeof curve === 'number') {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: curve })
    return privateKey.export({ format: 'pem', type: type as 'pkcs8' }) as string
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  return privateKey.export({ format: 'pem', type: type as 'pkcs8' }) as string
}
const p256 = pem('pkcs8', 'prime256v1')

describe('start-up errors name the variable and the remedy', () => {
  test.each<[Env, string]>([
    [{ JWT_SECRET: 'x'.repeat(31) }, 'JWT_SECRET must be at least 32 bytes for HS256 (got 31 bytes)'],
    [{ JWT_SECRET: 'x'.repeat(40) }, 'JWT_SECRET repeats too few different characters'],
    [
      { JWT_SECRET: 'your-256-bit-secret-change-in-production' },
      'JWT_SECRET must be set to a strong random value (generate one with: openssl rand -hex 32)',
    ],
    [{ SESSION_SECRET: 'session-secret-change-in-production' }, 'SESSION_SECRET must be set to a strong random value'],
    [{ SESSION_SECRET: 'too-short-but-various' }, 'SESSION_SECRET must be at least 32 bytes'],
    [{ SESSION_SECRET_PREVIOUS: 'short' }, 'SESSION_SECRET_PREVIOUS is too weak'],
    [{ JWT_SECRET: undefined, BASE_URL: 'https://id.example' }, 'JWT_SECRET must be set to a strong random value'],
    [
      { JWT_SIGNING_ALGORITHM: 'rs256' },
      'invalid JWT_SIGNING_ALGORITHM value: "rs256" (must be "HS256", "RS256", or "ES256")',
    ],
    [
      { JWT_SIGNING_ALGORITHM: 'RS256' },
      'JWT_PRIVATE_KEY_PATH or JWT_PRIVATE_KEY_PEM is required when JWT_SIGNING_ALGORITHM=RS256',
    ],
    [{ JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: pem('pkcs8', 1024) }, '2048'],
    [{ JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: p256 }, 'RS256'],
    [{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: pem('pkcs8', 'secp384r1') }, 'P-384'],
    [{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: 'nothing' }, 'no PEM block found in key data'],
    [{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: '/nowhere.pem' }, '/nowhere.pem'],
    [{ JWT_KEY_ID: 'a b' }, 'JWT_KEY_ID must be'],
    [{ JWT_EXPIRATION: '0' }, 'JWT_EXPIRATION must be a positive duration (got 0s)'],
    [{ JWT_EXPIRATION: '-1m' }, 'JWT_EXPIRATION must be a positive duration (got -1m0s)'],
    [{ JWT_EXPIRATION: '1d' }, 'invalid JWT_EXPIRATION value: "1d" (expected a duration'],
    [{ JWT_EXPIRATION_JITTER: '-1s' }, 'JWT_EXPIRATION_JITTER must be non-negative (got -1s)'],
    [
      { JWT_EXPIRATION: '5m', JWT_EXPIRATION_JITTER: '5m' },
      'JWT_EXPIRATION_JITTER must be less than JWT_EXPIRATION (5m0s >= 5m0s)',
    ],
    [{ JWT_EXPIRATION: '48h' }, 'token profile "standard" access TTL 48h0m0s exceeds JWT_EXPIRATION_MAX 24h0m0s'],
    [{ JWT_EXPIRATION_MAX: '0' }, 'JWT_EXPIRATION_MAX must be a positive duration (got 0s)'],
    [{ REFRESH_TOKEN_EXPIRATION_MAX: '-1h' }, 'REFRESH_TOKEN_EXPIRATION_MAX must be a positive duration (got -1h0m0s)'],
    [{ TOKEN_PROFILE_SHORT_ACCESS_TTL: '0s' }, 'token profile "short" access TTL must be a positive duration (got 0s)'],
    [
      { TOKEN_PROFILE_LONG_REFRESH_TTL: '5000h' },
      'token profile "long" refresh TTL 5000h0m0s exceeds REFRESH_TOKEN_EXPIRATION_MAX 2160h0m0s',
    ],
    [{ CLIENT_CREDENTIALS_TOKEN_EXPIRATION: '0' }, 'CLIENT_CREDENTIALS_TOKEN_EXPIRATION must be a positive duration'],
    [{ CLIENT_CREDENTIALS_TOKEN_EXPIRATION: '48h' }, 'exceeds JWT_EXPIRATION_MAX'],
    [{ AUTH_CODE_EXPIRATION: '2h' }, 'AUTH_CODE_EXPIRATION must be positive and at most 1h'],
    [{ REFRESH_REUSE_GRACE: '61s' }, 'REFRESH_REUSE_GRACE must be between 0s and 60s'],
    [{ EXTRA_CLAIMS_MAX_KEYS: '-1' }, 'EXTRA_CLAIMS_MAX_KEYS must be non-negative (got -1)'],
    [{ JWT_DOMAIN: '-foo' }, 'invalid JWT_DOMAIN value: "-foo" (must be 1–64 characters'],
    [{ JWT_DOMAIN: 'x'.repeat(65) }, 'invalid JWT_DOMAIN value'],
    [{ JWT_PRIVATE_CLAIM_PREFIX: 'x'.repeat(16) }, 'JWT_PRIVATE_CLAIM_PREFIX must be at most 15 characters (got 16'],
    [{ JWT_PRIVATE_CLAIM_PREFIX: 'acme_' }, 'JWT_PRIVATE_CLAIM_PREFIX must not end with an underscore'],
    [{ JWT_PRIVATE_CLAIM_PREFIX: '1abc' }, 'JWT_PRIVATE_CLAIM_PREFIX must match'],
    [{ TLS_CERT_FILE: '/x' }, 'TLS_CERT_FILE and TLS_KEY_FILE must both be set or both be empty'],
    [{ TLS_CERT_FILE: '/nowhere', TLS_KEY_FILE: '/nowhere' }, 'cannot read TLS_CERT_FILE /nowhere: ENOENT'],
    [{ RATE_LIMIT_STORE: 'reddis' }, 'invalid RATE_LIMIT_STORE value: "reddis" (must be "memory" or "redis")'],
    [{ RATE_LIMIT_STORE: 'MEMORY' }, 'invalid RATE_LIMIT_STORE value'],
    [{ RATE_LIMIT_STORE: 'redis' }, 'RATE_LIMIT_STORE=redis is not available in this version'],
    [
      { METRICS_CACHE_TYPE: 'memcached' },
      'invalid METRICS_CACHE_TYPE value: "memcached" (must be "memory", "redis", or "redis-aside")',
    ],
    [{ USER_CACHE_TTL: '0s' }, 'USER_CACHE_TTL must be a positive duration (got 0s)'],
    [
      { USER_CACHE_TYPE: 'redis-aside', USER_CACHE_CLIENT_TTL: '0s' },
      'USER_CACHE_CLIENT_TTL must be a positive duration',
    ],
    [{ CLIENT_COUNT_CACHE_TTL: '-1s' }, 'CLIENT_COUNT_CACHE_TTL must be a positive duration (got -1s)'],
    [{ TOKEN_CACHE_ENABLED: 'true', TOKEN_CACHE_TYPE: 'bogus' }, 'invalid TOKEN_CACHE_TYPE value: "bogus"'],
    [{ SESSION_REMEMBER_ME_MAX_AGE: '2592001' }, 'SESSION_REMEMBER_ME_MAX_AGE exceeds the 30-day limit'],
    [{ SESSION_REMEMBER_ME_MAX_AGE: '0' }, 'SESSION_REMEMBER_ME_MAX_AGE must be a positive value'],
    [{ SESSION_MAX_AGE: '-5' }, 'SESSION_MAX_AGE must be at least 60 seconds'],
    [{ SESSION_IDLE_TIMEOUT: '5' }, 'SESSION_IDLE_TIMEOUT must be 0, or from 60 seconds'],
    [{ AUTH_MODE: 'ldap' }, 'invalid AUTH_MODE: ldap (must be: local, http_api)'],
    [{ AUTH_MODE: 'http_api' }, 'HTTP_API_URL is required when AUTH_MODE=http_api'],
    [{ DATABASE_DRIVER: 'mysql' }, 'unsupported database driver: mysql'],
    [{ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=h user' }, 'invalid keyword/value'],
    [{ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=h sslmode=bogus' }, 'sslmode is invalid'],
    [{ DATABASE_DSN: 'a.db?_nonsense=1' }, 'unknown SQLite option _nonsense'],
    [{ ENABLE_RATE_LIMIT: 'maybe' }, 'invalid ENABLE_RATE_LIMIT value: "maybe" (expected true or false)'],
    [{ LOGIN_RATE_LIMIT: '0' }, 'use ENABLE_RATE_LIMIT=false'],
    [{ LOGIN_RATE_LIMIT: '10abc' }, 'invalid LOGIN_RATE_LIMIT value: "10abc" (expected an integer)'],
    [{ REDIS_ADDR: 'a:1,b:2' }, 'REDIS_ADDR takes one address'],
    [{ ENVIRONMENT: 'prodd' }, 'invalid ENVIRONMENT value: "prodd"'],
    [{ BASE_URL: 'id.example' }, 'invalid BASE_URL value'],
    [{ BASE_URL: 'https://u:p@id.example' }, 'invalid BASE_URL value'],
    [{ BASE_URL: 'https://id.example/?x' }, 'invalid BASE_URL value'],
    [{ BASE_URL: 'http://id.example', ENVIRONMENT: 'production' }, 'BASE_URL must be https in production'],
    [{ SERVER_ADDR: '8080' }, 'invalid SERVER_ADDR value: "8080"'],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, 'invalid TRUSTED_PROXIES entry: "10.0.0.0/33"'],
    [{ CORS_ENABLED: '1', CORS_ALLOWED_ORIGINS: 'app.example.com' }, 'invalid CORS_ALLOWED_ORIGINS entry'],
    [{ CORS_ENABLED: '1', CORS_ALLOWED_ORIGINS: 'https://*.example.com' }, 'invalid CORS_ALLOWED_ORIGINS entry'],
    [{ DB_INIT_TIMEOUT: '0' }, 'DB_INIT_TIMEOUT must be a positive duration'],
    [{ AUDIT_SHUTDOWN_TIMEOUT: '-1s' }, 'AUDIT_SHUTDOWN_TIMEOUT must be a positive duration'],
    [{ DB_LOG_LEVEL: 'loud' }, 'invalid DB_LOG_LEVEL value: "loud"'],
    [{ DEFAULT_ADMIN_PASSWORD: 'elevenchars' }, 'DEFAULT_ADMIN_PASSWORD must be 12 to 256 characters long'],
    [{ DEFAULT_ADMIN_PASSWORD: 'x'.repeat(257) }, 'DEFAULT_ADMIN_PASSWORD must be 12 to 256 characters long'],
    [{ EXPIRED_TOKEN_CLEANUP_INTERVAL: '0' }, 'EXPIRED_TOKEN_CLEANUP_INTERVAL must be a positive duration'],
    [{ AUDIT_LOG_CLEANUP_INTERVAL: '-1h' }, 'AUDIT_LOG_CLEANUP_INTERVAL must be a positive duration'],
    [{ METRICS_ENABLED: 'true' }, 'METRICS_ENABLED=true is not available in this version'],
    [{ WORKERS: '2' }, 'WORKERS=2 is not available in this version'],
    [{ WORKERS: '0' }, 'WORKERS must be from 1 to 64'],
    [{ JWT_SECRET_FILE: '/nowhere' }, 'JWT_SECRET and JWT_SECRET_FILE are both set'],
    [{ JWT_SECRET: undefined, JWT_SECRET_FILE: '/nowhere' }, 'cannot read JWT_SECRET_FILE /nowhere: ENOENT'],
  ])('%j', (env, message) => {
    expect(problems(env).join('\n')).toContain(message)
  })

  test('several problems are reported in one run', () => {
    const found = problems({ JWT_EXPIRATION: '1d', LOGIN_RATE_LIMIT: '0', AUTH_MODE: 'ldap' })
    expect(found.length).toBe(3)
  })

  test('no message shows a secret [SEC]', () => {
    const env = {
      JWT_SECRET: 'hunter2-secret',
      DEFAULT_ADMIN_PASSWORD: 'hunter2',
      DATABASE_DRIVER: 'postgres',
      DATABASE_DSN: 'host=h password=hunter2 user',
    }
    expect(problems(env).join('\n')).not.toContain('hunter2')
  })
})

describe('values', () => {
  test('a secret is counted in bytes', () => {
    expect(settings({ JWT_SECRET: 'äöüßéèàñçøåœæîûÿ' }).JWT_SECRET.length).toBe(16)
  })
  test('durations in every unit', () => {
    for (const text of ['1h30m', '1.5h', '90m', '5400s', '5400000ms'])
      expect(settings({ JWT_EXPIRATION: text }).JWT_EXPIRATION).toBe(5_400_000)
  })
  test('an unset jitter adapts to a short lifetime', () => {
    expect(settings({ JWT_EXPIRATION: '15m' }).JWT_EXPIRATION_JITTER).toBe(90_000)
    expect(settings({ JWT_EXPIRATION: '5m', JWT_EXPIRATION_JITTER: '4m59s' }).JWT_EXPIRATION_JITTER).toBe(299_000)
  })
  test('the standard profile follows the base lifetimes', () => {
    const { TOKEN_PROFILE_STANDARD_ACCESS_TTL, TOKEN_PROFILE_STANDARD_REFRESH_TTL } = settings({
      JWT_EXPIRATION: '2h',
      REFRESH_TOKEN_EXPIRATION: '48h',
    })
    expect([TOKEN_PROFILE_STANDARD_ACCESS_TTL, TOKEN_PROFILE_STANDARD_REFRESH_TTL]).toEqual([7_200_000, 172_800_000])
  })
  test('spellings of booleans', () => {
    for (const yes of ['TRUE', 'yes', 'on', ' t ', '1']) expect(settings({ CORS_ENABLED: yes }).CORS_ENABLED).toBe(true)
    for (const no of ['False', 'no', 'OFF', 'f', '0']) expect(settings({ CORS_ENABLED: no }).CORS_ENABLED).toBe(false)
  })
  test('session ages are seconds and take a unit', () => {
    const { SESSION_MAX_AGE, SESSION_IDLE_TIMEOUT } = settings({ SESSION_MAX_AGE: '7200', SESSION_IDLE_TIMEOUT: '1h' })
    expect([SESSION_MAX_AGE, SESSION_IDLE_TIMEOUT]).toEqual([7200, 3600])
  })
  test('lists drop blanks and empty parts', () => {
    expect(settings({ JWT_AUDIENCE: ' a , ,b ' }).JWT_AUDIENCE).toEqual(['a', 'b'])
    expect(settings({ JWT_AUDIENCE: ',' }).JWT_AUDIENCE).toEqual([])
  })
  test('BASE_URL loses its trailing slashes and may have a prefix', () => {
    const { issuer, origin, basePath } = settings({ BASE_URL: 'https://id.example:8443/auth//' })
    expect([issuer, origin, basePath]).toEqual(['https://id.example:8443/auth', 'https://id.example:8443', '/auth'])
  })
  test('cookies are secure in production, behind https, and with own TLS', () => {
    expect(settings({}).secureCookies).toBe(false)
    expect(settings({ BASE_URL: 'https://id.example' }).secureCookies).toBe(true)
    expect(settings({ ENVIRONMENT: 'Production' }).secureCookies).toBe(true)
  })
  test('settings are frozen', () => {
    expect(Object.isFrozen(settings({}))).toBe(true)
  })
  test('trimmed values', () => {
    expect(settings({ JWT_DOMAIN: '  oa  ' }).JWT_DOMAIN).toBe('oa')
    expect(settings({ JWT_PRIVATE_CLAIM_PREFIX: '  ' }).JWT_PRIVATE_CLAIM_PREFIX).toBe('extra')
    expect(settings({ DEFAULT_ADMIN_PASSWORD: '  secret-pass-1 ' }).DEFAULT_ADMIN_PASSWORD).toBe('secret-pass-1')
  })
})

describe('keys and certificates', () => {
  const es256 = (env: Env) => settings({ JWT_SIGNING_ALGORITHM: 'ES256', ...env })
  test('a short JWT_SECRET does not matter with ES256', () => {
    expect(es256({ JWT_SECRET: 'short', JWT_PRIVATE_KEY_PEM: p256 }).JWT_SIGNING_ALGORITHM).toBe('ES256')
  })
  test('a PEM on one line with \\n is read', () => {
    expect(es256({ JWT_PRIVATE_KEY_PEM: p256.replaceAll('\n', '\\n') }).JWT_PRIVATE_KEY_PEM).toBe(p256)
  })
  test('a mismatched or expired certificate is refused before anything is opened', () => {
    const where = folder()
    const one = selfSignedCertificate(where, 'localhost')
    const two = selfSignedCertificate(where, 'localhost')
    const mixed = problems({ TLS_CERT_FILE: one.certFile, TLS_KEY_FILE: two.keyFile })
    expect(mixed.join()).toContain('do not belong together')
    expect(settings({ TLS_CERT_FILE: one.certFile, TLS_KEY_FILE: one.keyFile }).tls).toBeDefined()
    const later = { env: { ...base, TLS_CERT_FILE: one.certFile, TLS_KEY_FILE: one.keyFile }, cwd: where, write: false }
    const inAYear = Date.now() + 365 * 86_400_000
    expect(() => loadConfiguration({ ...later, nowMs: inAYear })).toThrow('expired')
    const soon = loadConfiguration({ ...later, nowMs: Date.now() + 20 * 86_400_000 })
    expect(soon.warnings.join()).toContain('expires on')
  })
})

describe('where values come from', () => {
  test('the environment wins over .env, and an empty value there does not hide one of the file', () => {
    expect(settings({ LOGIN_RATE_LIMIT: '7' }, 'LOGIN_RATE_LIMIT=3').LOGIN_RATE_LIMIT).toBe(7)
    expect(settings({ LOGIN_RATE_LIMIT: '' }, 'LOGIN_RATE_LIMIT=3').LOGIN_RATE_LIMIT).toBe(3)
  })
  test('a malformed .env stops the start and names the line, not the value [SEC]', () => {
    const found = problems({}, `${'A=1\n'.repeat(8)}JWT_SECRET="hunter2`)
    expect(found).toEqual(['invalid .env file: line 9: the quote is not closed'])
  })
  test('in production an empty secret is an error', () => {
    expect(problems({ ENVIRONMENT: 'production', METRICS_TOKEN: '' }).join()).toContain(
      'METRICS_TOKEN is set to an empty',
    )
  })
  test('a secret from a file loses one trailing newline', () => {
    const env = { JWT_SECRET: undefined, JWT_SECRET_FILE: file(`${secret}${secret}\n`) }
    expect(settings(env).JWT_SECRET).toBe(secret + secret)
  })
  test('SQLite: the DSN wins over the path', () => {
    expect(settings({ DATABASE_PATH: '/x/y.db' }).sqlite?.path).toBe('/x/y.db')
    expect(settings({ DATABASE_PATH: '/x/y.db', DATABASE_DSN: 'file:/z.db?_fk=1' }).sqlite?.path).toBe('/z.db')
  })
  test('look-alike and retired names are warned about, once each', () => {
    const { warnings } = load({ ...base, LOGIN_RATE_LIMIT_BURST: '2', JWT_EXPIRATON: '1h' })
    expect(warnings).toContain('JWT_EXPIRATON is not a setting; did you mean JWT_EXPIRATION?')
    expect(warnings.filter((text) => text.startsWith('LOGIN_RATE_LIMIT_BURST')).length).toBe(1)
  })
})

describe('generated secrets', () => {
  const env = { BASE_URL: 'http://127.0.0.1:9' }
  test('a loopback server keeps them beside its database, readable by its user only [SEC]', () => {
    const cwd = folder()
    const options = { env: { ...env, DATABASE_PATH: join(cwd, 'a.db') }, cwd: folder(), write: true }
    const first = loadConfiguration(options).settings
    expect(statSync(join(cwd, 'authgate-secrets.env')).mode & 0o777).toBe(0o600)
    const second = loadConfiguration(options).settings
    expect([second.JWT_SECRET, second.SESSION_SECRET]).toEqual([first.JWT_SECRET, first.SESSION_SECRET])
    expect(first.JWT_SECRET).not.toBe(first.SESSION_SECRET)
    chmodSync(join(cwd, 'authgate-secrets.env'), 0o644)
    expect(() => loadConfiguration(options)).toThrow('readable by others')
  })
  test('checking writes nothing, and neither does a configuration with problems', () => {
    const cwd = folder()
    loadConfiguration({ env, cwd, write: false })
    expect(() => loadConfiguration({ env: { ...env, JWT_EXPIRATION: 'x' }, cwd, write: true })).toThrow()
    expect(readdirSync(cwd)).toEqual([])
  })
  test('never in production, never for a public address [SEC]', () => {
    for (const wrong of [{ ...env, ENVIRONMENT: 'production' }, { BASE_URL: 'http://id.example' }]) {
      const cwd = folder()
      expect(() => loadConfiguration({ env: wrong, cwd, write: true })).toThrow('JWT_SECRET must be set')
      expect(existsSync(join(cwd, 'authgate-secrets.env'))).toBe(false)
    }
  })
})

describe('texts', () => {
  test('.env.example is current: run `bun scripts/env-example.ts`', () => {
    expect(readFileSync(join(import.meta.dir, '../../.env.example'), 'utf8')).toBe(envExample())
  })
  test('the effective configuration shows no secret [SEC]', () => {
    const lines = describeConfiguration(load({ ...base, DATABASE_DSN: 'hunter2.db' })).join('\n')
    expect(lines).not.toContain(secret)
    expect(lines).not.toContain('hunter2')
    expect(lines).toContain('* JWT_SECRET=(set)')
    expect(lines).toContain('  JWT_EXPIRATION=10h0m0s')
  })
})
