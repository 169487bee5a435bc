/** The settings table against what is published about it. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeConfiguration, envExample } from '../../src/config/describe'
import { parseDotenv } from '../../src/config/dotenv'
import { parseDuration } from '../../src/config/duration'
import type { Setting } from '../../src/config/setting'
import { settingsSections, settingsTable } from '../../src/config/settings'
import { BASE, load, pem, problems, SECRET, settings } from './support'

/** Name, type and default of every variable that deployments may have set. */
const PUBLISHED = `
SERVER_ADDR str :8080
BASE_URL str http://localhost:8080
TLS_CERT_FILE str
TLS_KEY_FILE str
ENVIRONMENT str
ENABLE_SWAGGER bool false
STATIC_CACHE_MAX_AGE dur 24h
JWT_SECRET str
JWT_SIGNING_ALGORITHM str HS256
JWT_PRIVATE_KEY_PATH str
JWT_PRIVATE_KEY_PEM str
JWT_KEY_ID str
JWT_EXPIRATION dur 10h
JWT_EXPIRATION_JITTER dur 30m
JWT_EXPIRATION_MAX dur 24h
JWT_AUDIENCE list
JWT_DOMAIN str
JWT_PRIVATE_CLAIM_PREFIX str extra
REFRESH_TOKEN_EXPIRATION dur 720h
REFRESH_TOKEN_EXPIRATION_MAX dur 2160h
TOKEN_PROFILE_SHORT_ACCESS_TTL dur 15m
TOKEN_PROFILE_SHORT_REFRESH_TTL dur 24h
TOKEN_PROFILE_STANDARD_ACCESS_TTL dur 10h
TOKEN_PROFILE_STANDARD_REFRESH_TTL dur 720h
TOKEN_PROFILE_LONG_ACCESS_TTL dur 24h
TOKEN_PROFILE_LONG_REFRESH_TTL dur 2160h
ENABLE_REFRESH_TOKENS bool true
ENABLE_TOKEN_ROTATION bool false
CLIENT_CREDENTIALS_TOKEN_EXPIRATION dur 1h
EXTRA_CLAIMS_ENABLED bool true
EXTRA_CLAIMS_MAX_RAW_SIZE int 4096
EXTRA_CLAIMS_MAX_KEYS int 16
EXTRA_CLAIMS_MAX_VAL_SIZE int 512
SESSION_SECRET str
SESSION_MAX_AGE int 3600
SESSION_IDLE_TIMEOUT int 1800
SESSION_FINGERPRINT bool true
SESSION_FINGERPRINT_IP bool false
SESSION_REMEMBER_ME_ENABLED bool true
SESSION_REMEMBER_ME_MAX_AGE int 2592000
DATABASE_DRIVER str sqlite
DATABASE_DSN str
DATABASE_PATH str oauth.db
DB_MAX_OPEN_CONNS int 25
DB_MAX_IDLE_CONNS int 10
DB_CONN_MAX_LIFETIME dur 5m
DB_CONN_MAX_IDLE_TIME dur 10m
DB_LOG_LEVEL str warn
DEFAULT_ADMIN_PASSWORD str
ENABLE_EXPIRED_TOKEN_CLEANUP bool true
EXPIRED_TOKEN_CLEANUP_INTERVAL dur 1h
AUTH_MODE str local
HTTP_API_URL str
HTTP_API_TIMEOUT dur 10s
HTTP_API_INSECURE_SKIP_VERIFY bool false
HTTP_API_AUTH_MODE str none
HTTP_API_AUTH_SECRET str
HTTP_API_AUTH_HEADER str X-API-Secret
HTTP_API_MAX_RETRIES int 3
HTTP_API_RETRY_DELAY dur 1s
HTTP_API_MAX_RETRY_DELAY dur 10s
GITHUB_OAUTH_ENABLED bool false
GITHUB_CLIENT_ID str
GITHUB_CLIENT_SECRET str
GITHUB_REDIRECT_URL str
GITHUB_SCOPES list user:email
GITEA_OAUTH_ENABLED bool false
GITEA_URL str
GITEA_CLIENT_ID str
GITEA_CLIENT_SECRET str
GITEA_REDIRECT_URL str
GITEA_SCOPES list read:user
MICROSOFT_OAUTH_ENABLED bool false
MICROSOFT_TENANT_ID str common
MICROSOFT_CLIENT_ID str
MICROSOFT_CLIENT_SECRET str
MICROSOFT_REDIRECT_URL str
MICROSOFT_SCOPES list openid,profile,email,User.Read
GITLAB_OAUTH_ENABLED bool false
GITLAB_URL str
GITLAB_CLIENT_ID str
GITLAB_CLIENT_SECRET str
GITLAB_REDIRECT_URL str
GITLAB_SCOPES list read_user
OAUTH_AUTO_REGISTER bool true
OAUTH_TIMEOUT dur 15s
OAUTH_INSECURE_SKIP_VERIFY bool false
AUTH_CODE_EXPIRATION dur 10m
PKCE_REQUIRED bool false
CONSENT_REMEMBER bool true
ENABLE_DYNAMIC_CLIENT_REGISTRATION bool false
DYNAMIC_CLIENT_REGISTRATION_TOKEN str
DYNAMIC_CLIENT_REGISTRATION_RATE_LIMIT int 5
ENABLE_RATE_LIMIT bool true
RATE_LIMIT_STORE str memory
RATE_LIMIT_CLEANUP_INTERVAL dur 5m
LOGIN_RATE_LIMIT int 5
DEVICE_CODE_RATE_LIMIT int 10
TOKEN_RATE_LIMIT int 20
DEVICE_VERIFY_RATE_LIMIT int 10
INTROSPECT_RATE_LIMIT int 20
REDIS_ADDR str localhost:6379
REDIS_PASSWORD str
REDIS_DB int 0
ENABLE_AUDIT_LOGGING bool true
AUDIT_LOG_RETENTION dur 2160h
AUDIT_LOG_BUFFER_SIZE int 1000
AUDIT_LOG_CLEANUP_INTERVAL dur 24h
METRICS_ENABLED bool false
METRICS_TOKEN str
METRICS_GAUGE_UPDATE_ENABLED bool true
METRICS_GAUGE_UPDATE_INTERVAL dur 5m
METRICS_CACHE_TYPE str memory
METRICS_CACHE_CLIENT_TTL dur 30s
METRICS_CACHE_SIZE_PER_CONN int 32
USER_CACHE_TYPE str memory
USER_CACHE_TTL dur 5m
USER_CACHE_CLIENT_TTL dur 30s
USER_CACHE_SIZE_PER_CONN int 32
CLIENT_CACHE_TYPE str memory
CLIENT_CACHE_TTL dur 5m
CLIENT_CACHE_CLIENT_TTL dur 30s
CLIENT_CACHE_SIZE_PER_CONN int 32
CLIENT_COUNT_CACHE_TYPE str memory
CLIENT_COUNT_CACHE_TTL dur 1h
CLIENT_COUNT_CACHE_CLIENT_TTL dur 10m
CLIENT_COUNT_CACHE_SIZE_PER_CONN int 32
TOKEN_CACHE_ENABLED bool false
TOKEN_CACHE_TYPE str memory
TOKEN_CACHE_TTL dur 10h
TOKEN_CACHE_CLIENT_TTL dur 1h
TOKEN_CACHE_SIZE_PER_CONN int 32
CORS_ENABLED bool false
CORS_ALLOWED_ORIGINS list
CORS_ALLOWED_METHODS list GET,POST,PUT,DELETE,OPTIONS
CORS_ALLOWED_HEADERS list Origin,Content-Type,Authorization
CORS_MAX_AGE dur 12h
DB_INIT_TIMEOUT dur 30s
DB_CLOSE_TIMEOUT dur 5s
REDIS_CONN_TIMEOUT dur 5s
REDIS_CLOSE_TIMEOUT dur 5s
CACHE_INIT_TIMEOUT dur 5s
CACHE_CLOSE_TIMEOUT dur 5s
SERVER_SHUTDOWN_TIMEOUT dur 5s
AUDIT_SHUTDOWN_TIMEOUT dur 10s
`

const TYPES: Record<string, readonly Setting['type'][]> = {
  str: ['string', 'enum'],
  bool: ['boolean'],
  int: ['integer'],
  dur: ['duration'],
  list: ['list'],
}

const published = PUBLISHED.trim()
  .split('\n')
  .map((line) => line.split(' ') as [name: string, type: string, fallback: string | undefined])
const table = settingsTable as Record<string, Setting>

function fallbackText({ type, default: value }: Setting): string {
  return type === 'list' ? (value as string[]).join(',') : String(value)
}

describe('published variables', () => {
  test.each(published)('%s is a %s, %s unless set', (name, type, fallback = '') => {
    const setting = table[name] as Setting
    expect(setting).toBeDefined()
    expect(TYPES[type]).toContain(setting.type)
    expect(fallbackText(setting)).toBe(type === 'dur' ? String(parseDuration(fallback)) : fallback)
  })
  test('all 145 of them', () => {
    expect(new Set(published.map(([name]) => name)).size).toBe(145)
  })
})

const SECRETS = [
  ...['JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'JWT_PRIVATE_KEY_PEM', 'SESSION_SECRET', 'SESSION_SECRET_PREVIOUS'],
  ...['DATABASE_DSN', 'DEFAULT_ADMIN_PASSWORD', 'HTTP_API_AUTH_SECRET', 'DYNAMIC_CLIENT_REGISTRATION_TOKEN'],
  ...['GITHUB_CLIENT_SECRET', 'GITEA_CLIENT_SECRET', 'GITLAB_CLIENT_SECRET', 'MICROSOFT_CLIENT_SECRET'],
  ...['OIDC_CLIENT_SECRET', 'REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD', 'METRICS_TOKEN', 'OTEL_EXPORTER_OTLP_HEADERS'],
]

describe('the table', () => {
  test('which settings are secrets', () => {
    const secrets = Object.keys(table).filter((name) => table[name]?.secret)
    expect(secrets.sort()).toEqual([...SECRETS].sort())
  })
  test('every setting is in one section, and says what it is in one line', () => {
    const names = Object.values(settingsSections).flatMap((section) => Object.keys(section))
    expect(names.sort()).toEqual(Object.keys(table).sort())
    for (const { doc } of Object.values(table)) expect(doc).toMatch(/^\S[^\n]{5,118}[.)]$|openssl rand -hex 32$/)
  })
  test('every default is accepted', () => {
    expect(problems({})).toEqual([])
  })
})

describe('settings and the program', async () => {
  const outside = [...new Bun.Glob('src/**/*.ts').scanSync('.')].filter((path) => !path.startsWith('src/config/'))
  const texts = await Promise.all(outside.map((path) => Bun.file(path).text()))
  const read = new Set(texts.join('\n').match(/\b[A-Z][A-Z0-9_]+\b/g))
  /** Read while loading; the last is accepted for compatibility, and says so. */
  const byConfiguration = [
    ...['ENVIRONMENT', 'BASE_URL', 'DATABASE_DSN', 'DATABASE_PATH', 'REFRESH_TOKEN_EXPIRATION'],
    'METRICS_ALLOW_ANONYMOUS',
    'DB_MAX_IDLE_CONNS',
  ]

  test('what is offered has an effect', () => {
    const idle = Object.keys(table).filter((name) => !read.has(name) && !byConfiguration.includes(name))
    expect(idle).toEqual([])
  })
})

describe('.env.example', () => {
  test('it is current: run `bun scripts/env-example.ts`', () => {
    expect(readFileSync(join(import.meta.dir, '../../.env.example'), 'utf8')).toBe(envExample())
  })
  test('with every line switched on it is a valid .env that changes nothing', () => {
    const source = envExample().replaceAll(/^#(?=[A-Z][A-Z0-9_]*=)/gm, '')
    const values = parseDotenv(source, {})
    expect([...values.keys()].sort()).toEqual(Object.keys(table).sort())
    expect({ ...settings({}, source), given: undefined }).toEqual({ ...settings({}), given: undefined })
  })
})

describe('the effective configuration as text', () => {
  const values = {
    DATABASE_DSN: 'hunter2-file.db',
    DEFAULT_ADMIN_PASSWORD: 'hunter2-hunter2',
    REDIS_PASSWORD: 'hunter2',
  }
  const text = (env: Record<string, string>) => describeConfiguration(load(env)).join('\n')

  test('it shows no secret, whichever it is [SEC]', () => {
    for (const name of SECRETS) {
      const phrase = `hunter2-0123456789-abcdefghijkl-${name.toLowerCase()}`
      const written: Record<string, string> = {
        JWT_PRIVATE_KEY_PEM: pem('prime256v1'),
        OTEL_EXPORTER_OTLP_HEADERS: `x-key=${phrase}`,
      }
      const value = written[name] ?? phrase
      const shown = text({ [name]: value })
      expect(shown).toContain(`* ${name}=(set)`)
      expect(shown).not.toContain('hunter2')
      expect(shown).not.toContain(value.slice(30, 60))
    }
    expect(text(values)).not.toContain(SECRET)
  })
  test('passwords in addresses are masked [SEC]', () => {
    const shown = text({
      HTTP_API_URL: 'https://u:hunter2@auth.example/verify',
      REDIS_ADDR: 'redis://:hunter2@localhost:6379',
      GITEA_URL: 'https://u:hunter2/@gitea.example',
    })
    expect(shown).not.toContain('hunter2')
    expect(shown).toContain('HTTP_API_URL=https://***@auth.example/verify')
  })
  test('what was set explicitly is marked', () => {
    const shown = text({ JWT_EXPIRATION: '2h', JWT_AUDIENCE: 'a, b', CACHE_MAX_ENTRIES: '7' })
    expect(shown).toContain('* JWT_EXPIRATION=2h0m0s')
    expect(shown).toContain('* JWT_AUDIENCE=a,b')
    expect(shown).toContain('* CACHE_MAX_ENTRIES=7\n')
    expect(shown).toContain('  REFRESH_TOKEN_EXPIRATION=720h0m0s')
    expect(shown).toContain('  METRICS_TOKEN=(not set)')
    expect(Object.keys(BASE).every((name) => shown.includes(`* ${name}=`))).toBe(true)
  })
})
