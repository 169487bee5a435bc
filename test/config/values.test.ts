import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { settingsTable } from '../../src/config/settings'
import { readSetting } from '../../src/config/units'
import { type Env, problems, settings } from './support'

const integer = (text: string) => readSetting('N', settingsTable.LOGIN_RATE_LIMIT, text)
const seconds = (text: string) => readSetting('N', settingsTable.SESSION_MAX_AGE, text)
const list = (text: string) => readSetting('L', settingsTable.JWT_AUDIENCE, text)
const flag = (text: string) => readSetting('B', settingsTable.CORS_ENABLED, text)

describe('integers', () => {
  test.each([
    ['7', 7],
    ['+7', 7],
    ['-3', -3],
    [' 7 ', 7],
    ['007', 7],
    ['-0', 0],
  ])('%j', (text, value) => {
    expect(integer(text)).toEqual({ value })
  })
  test('any whole number survives, blanks around it or not', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom('', ' ', '\t'), (value, blank) => {
        fc.pre(Math.abs(value) < 1e15)
        expect(integer(`${blank}${value}${blank}`)).toEqual({ value: value + 0 })
      }),
    )
  })
  test('a number with anything behind it is refused, not cut off', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ minLength: 1 }), (value, rest) => {
        fc.pre(!/^\s*$|^\d+\s*$/.test(rest))
        expect(integer(`${value}${rest}`)).toHaveProperty('problem')
      }),
    )
  })
})

describe('ages of sessions are seconds, and may have a unit', () => {
  test.each([
    ['7200', 7200],
    ['1h', 3600],
    ['1h30m', 5400],
    ['90s', 90],
    ['1.5s', 2],
    ['500ms', 1],
    ['-500ms', -1],
    ['0s', 0],
    ['0', 0],
  ])('%j', (text, value) => {
    expect(seconds(text)).toEqual({ value })
  })
  test('only they do', () => {
    expect(integer('1h')).toHaveProperty('problem')
  })
})

describe('booleans', () => {
  test.each(['true', 'TRUE', 'True', '1', 'yes', 'on', 'ON', 't', 'y', ' true '])('%j is true', (text) => {
    expect(flag(text)).toEqual({ value: true })
  })
  test.each(['false', 'FALSE', '0', 'no', 'off', 'Off', 'f', 'n', ' false\t'])('%j is false', (text) => {
    expect(flag(text)).toEqual({ value: false })
  })
  test('everything else is refused: a typo must not switch a protection off [SEC]', () => {
    const words = new Set(['true', '1', 'yes', 'on', 't', 'y', 'false', '0', 'no', 'off', 'f', 'n'])
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        fc.pre(!words.has(text.trim().toLowerCase()))
        expect(flag(text)).toHaveProperty('problem')
      }),
    )
    for (const typo of ['maybe', 'enabled', 'tru', 'yes!', '2', '-1', 'on off'])
      expect(flag(typo)).toHaveProperty('problem')
  })
})

describe('lists', () => {
  test.each([
    [' a , ,b ', ['a', 'b']],
    ['b,a,b', ['b', 'a', 'b']],
    ['\u00a0a\u2003,\u3000b', ['a', 'b']],
    ['a b', ['a b']],
    ['"a,b"', ['"a', 'b"']],
    [',', []],
    ['  ', []],
  ])('%j', (text, value) => {
    expect(list(text)).toEqual({ value })
  })
  test('parts come back in order, trimmed, without empty ones', () => {
    const part = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(','))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const expected = parts.map((text) => text.trim()).filter((text) => text !== '')
        expect(list(parts.join(','))).toEqual({ value: expected })
      }),
    )
  })
  test('a list with nothing in it is the default', () => {
    expect(settings({ GITHUB_SCOPES: ' , ' }).GITHUB_SCOPES).toEqual(['user:email'])
  })
})

describe('texts', () => {
  test('are taken as they are, but for those that are trimmed', () => {
    expect(settings({ PRODUCT_LOGO_URL: '/x', JWT_KEY_ID: ' k ' }).JWT_KEY_ID).toBe(' k ')
    expect(settings({ JWT_DOMAIN: '  oa  ' }).JWT_DOMAIN).toBe('oa')
    expect(settings({ JWT_DOMAIN: '   ' }).JWT_DOMAIN).toBe('')
    expect(settings({ JWT_DOMAIN: 'OA' }).JWT_DOMAIN).toBe('OA')
    expect(settings({ JWT_DOMAIN: 'x'.repeat(64) }).JWT_DOMAIN).toBe('x'.repeat(64))
    expect(settings({ JWT_PRIVATE_CLAIM_PREFIX: '  ' }).JWT_PRIVATE_CLAIM_PREFIX).toBe('extra')
    expect(settings({ DEFAULT_ADMIN_PASSWORD: '  secret-pass-1 ' }).DEFAULT_ADMIN_PASSWORD).toBe('secret-pass-1')
    expect(settings({ DEFAULT_ADMIN_PASSWORD: 'ä'.repeat(40) }).DEFAULT_ADMIN_PASSWORD).toBe('ä'.repeat(40))
  })
  test('an empty value is no value', () => {
    const { REDIS_ADDR, GITHUB_SCOPES, CORS_ALLOWED_METHODS, RATE_LIMIT_STORE } = settings({
      REDIS_ADDR: '',
      GITHUB_SCOPES: '',
      CORS_ALLOWED_METHODS: '',
      RATE_LIMIT_STORE: '',
    })
    expect([REDIS_ADDR, GITHUB_SCOPES, CORS_ALLOWED_METHODS.length, RATE_LIMIT_STORE]).toEqual([
      'localhost:6379',
      ['user:email'],
      5,
      'memory',
    ])
  })
  test('DB_LOG_LEVEL in any case', () => {
    expect(settings({ DB_LOG_LEVEL: 'INFO' }).DB_LOG_LEVEL).toBe('info')
  })
})

describe('values that depend on each other', () => {
  test('durations in every unit', () => {
    for (const text of ['1h30m', '1.5h', '90m', '5400s', '5400000ms'])
      expect(settings({ JWT_EXPIRATION: text }).JWT_EXPIRATION).toBe(5_400_000)
  })
  test('an unset jitter adapts to a short lifetime', () => {
    expect(settings({ JWT_EXPIRATION: '15m' }).JWT_EXPIRATION_JITTER).toBe(90_000)
    expect(settings({ JWT_EXPIRATION: '30m' }).JWT_EXPIRATION_JITTER).toBe(180_000)
    expect(settings({ JWT_EXPIRATION: '31m' }).JWT_EXPIRATION_JITTER).toBe(1_800_000)
    expect(settings({ JWT_EXPIRATION: '5m', JWT_EXPIRATION_JITTER: '4m59s' }).JWT_EXPIRATION_JITTER).toBe(299_000)
    expect(settings({ JWT_EXPIRATION_JITTER: '0' }).JWT_EXPIRATION_JITTER).toBe(0)
  })
  test('the standard profile follows the base lifetimes unless it has its own', () => {
    const base = { JWT_EXPIRATION: '2h', REFRESH_TOKEN_EXPIRATION: '48h' }
    const own = { ...base, TOKEN_PROFILE_STANDARD_ACCESS_TTL: '1h', TOKEN_PROFILE_STANDARD_REFRESH_TTL: '24h' }
    const hours = (env: Env) => {
      const { TOKEN_PROFILE_STANDARD_ACCESS_TTL, TOKEN_PROFILE_STANDARD_REFRESH_TTL } = settings(env)
      return [TOKEN_PROFILE_STANDARD_ACCESS_TTL / 3_600_000, TOKEN_PROFILE_STANDARD_REFRESH_TTL / 3_600_000]
    }
    expect(hours(base)).toEqual([2, 48])
    expect(hours(own)).toEqual([1, 24])
  })
  test('limits that may be lifted', () => {
    const env = { JWT_EXPIRATION: '48h', JWT_EXPIRATION_MAX: '48h', REFRESH_TOKEN_EXPIRATION_MAX: '9000h' }
    expect(problems({ ...env, REFRESH_TOKEN_EXPIRATION: '9000h', EXTRA_CLAIMS_MAX_KEYS: '0' })).toEqual([])
    expect(problems({ SESSION_REMEMBER_ME_MAX_AGE: '0', SESSION_REMEMBER_ME_ENABLED: 'false' })).toEqual([])
    expect(problems({ SESSION_REMEMBER_ME_MAX_AGE: '720h' })).toEqual([])
    expect(problems({ SESSION_IDLE_TIMEOUT: '0', STATIC_CACHE_MAX_AGE: '0', CORS_MAX_AGE: '-1s' })).toEqual([])
    expect(problems({ REFRESH_REUSE_GRACE: '0s' })).toEqual([])
  })
  test('values of something that is off may be wrong', () => {
    expect(problems({ TOKEN_CACHE_ENABLED: 'false', TOKEN_CACHE_TYPE: 'bogus', TOKEN_CACHE_TTL: '0' })).toEqual([])
    expect(problems({ USER_CACHE_TYPE: 'memory', USER_CACHE_CLIENT_TTL: '0s' })).toEqual([])
    expect(problems({ METRICS_GAUGE_UPDATE_INTERVAL: '0' })).toEqual([])
    expect(problems({ HTTP_API_AUTH_MODE: 'hmac', HTTP_API_MAX_RETRIES: '-1', HTTP_API_URL: 'x' })).toEqual([])
    expect(problems({ GITHUB_CLIENT_ID: 'your_github_client_id', GITHUB_REDIRECT_URL: 'x' })).toEqual([])
    expect(problems({ CORS_ALLOWED_ORIGINS: 'nothing' })).toEqual([])
  })
  test('an idle limit never exceeds the age of a session', () => {
    expect(settings({ SESSION_MAX_AGE: '600' }).SESSION_IDLE_TIMEOUT).toBe(600)
    expect(settings({ SESSION_MAX_AGE: '2h', SESSION_IDLE_TIMEOUT: '1h' }).SESSION_IDLE_TIMEOUT).toBe(3600)
  })
  test('numbers of connections and of waiting records fall back to the default', () => {
    const { DB_MAX_OPEN_CONNS, AUDIT_LOG_BUFFER_SIZE } = settings({
      DB_MAX_OPEN_CONNS: '0',
      AUDIT_LOG_BUFFER_SIZE: '-1',
    })
    expect([DB_MAX_OPEN_CONNS, AUDIT_LOG_BUFFER_SIZE]).toEqual([25, 1000])
  })
  test('CORS methods and headers are written one way, once', () => {
    const { CORS_ALLOWED_METHODS, CORS_ALLOWED_HEADERS } = settings({
      CORS_ALLOWED_METHODS: 'get,POST,GET',
      CORS_ALLOWED_HEADERS: 'content-type,X-REQUEST-ID,Content-Type',
    })
    expect(CORS_ALLOWED_METHODS).toEqual(['GET', 'POST'])
    expect(CORS_ALLOWED_HEADERS).toEqual(['Content-Type', 'X-Request-Id'])
  })
  test('settings are frozen, lists too', () => {
    const frozen = settings({ JWT_AUDIENCE: 'a' })
    expect([Object.isFrozen(frozen), Object.isFrozen(frozen.JWT_AUDIENCE)]).toEqual([true, true])
  })
})

describe('BASE_URL', () => {
  test.each([
    ['https://id.example', 'https://id.example', 'https://id.example', ''],
    ['https://id.example/', 'https://id.example', 'https://id.example', ''],
    ['https://id.example:8443/auth//', 'https://id.example:8443/auth', 'https://id.example:8443', '/auth'],
    ['https://id.example/a%20b', 'https://id.example/a%20b', 'https://id.example', '/a%20b'],
    ['http://[::1]:8080', 'http://[::1]:8080', 'http://[::1]:8080', ''],
    ['https://ID.example', 'https://ID.example', 'https://id.example', ''],
  ])('%s: one issuer without a trailing slash (RFC 8414 §2)', (url, issuer, origin, basePath) => {
    expect(settings({ BASE_URL: url })).toMatchObject({ issuer, origin, basePath })
  })
  test('cookies are secure in production, behind https, and with own TLS', () => {
    expect(settings({}).secureCookies).toBe(false)
    expect(settings({ BASE_URL: 'https://id.example' }).secureCookies).toBe(true)
    expect(settings({ ENVIRONMENT: 'production' }).secureCookies).toBe(true)
  })
})

describe('ENVIRONMENT', () => {
  test.each(['production', 'Production', 'PROD', 'true', '1', ' production '])('%j is production', (text) => {
    expect(settings({ ENVIRONMENT: text }).production).toBe(true)
  })
  test.each(['', 'development', 'Dev', 'test', 'staging', 'false', '0'])('%j is not', (text) => {
    expect(settings({ ENVIRONMENT: text }).production).toBe(false)
  })
})

describe('SQLite', () => {
  test('the DSN wins over the path', () => {
    expect(settings({ DATABASE_PATH: '/x/y.db' }).sqlite?.path).toBe('/x/y.db')
    expect(settings({ DATABASE_PATH: '/x/y.db', DATABASE_DSN: '/z.db' }).sqlite?.path).toBe('/z.db')
    expect(settings({}).sqlite?.path).toBe('oauth.db')
  })
})

describe('PostgreSQL', () => {
  test('without a DSN it connects as PG variables say', () => {
    const { postgres } = settings({ DATABASE_DRIVER: 'postgres', PGHOST: 'h', PGUSER: 'u', DATABASE_PATH: '/x.db' })
    expect(postgres?.options).toMatchObject({ host: ['h'], user: 'u', connect_timeout: 30 } as object)
  })
  test('they may stand in .env', () => {
    const { postgres } = settings({ DATABASE_DRIVER: 'postgres' }, 'PGHOST=from-file')
    expect(postgres?.hosts).toEqual(['from-file'])
  })
})
