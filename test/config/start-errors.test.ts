/** Every problem a configuration can have, and what the operator reads about it. */
import { describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfiguration } from '../../src/config/load'
import { settingsTable } from '../../src/config/settings'
import { selfSignedCertificate } from '../support/certificate'
import { type Env, file, folder, PRODUCTION, pem, problems } from './support'

const p256 = pem('prime256v1')
const rsa = pem(2048)
const production = (env: Env): Env => ({ ...PRODUCTION, ...env })
const certificates = folder()
const one = selfSignedCertificate(certificates, 'localhost')
const two = selfSignedCertificate(certificates, 'localhost')
const httpApi = (env: Env): Env => ({ AUTH_MODE: 'http_api', HTTP_API_URL: 'https://auth.example/verify', ...env })
const github = (env: Env): Env => ({
  GITHUB_OAUTH_ENABLED: 'true',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'a-client-secret',
  ...env,
})
const gitea = (env: Env): Env => ({
  GITEA_OAUTH_ENABLED: 'true',
  GITEA_CLIENT_ID: 'id',
  GITEA_CLIENT_SECRET: 'x',
  ...env,
})

const oidc = (env: Env): Env => ({
  OIDC_OAUTH_ENABLED: 'true',
  OIDC_CLIENT_ID: 'id',
  OIDC_CLIENT_SECRET: 'x',
  ...env,
})
const microsoft = (env: Env): Env => ({
  MICROSOFT_OAUTH_ENABLED: 'true',
  MICROSOFT_CLIENT_ID: 'id',
  MICROSOFT_CLIENT_SECRET: 'x',
  ...env,
})

const STRONG = 'must be set to a strong random value (generate one with: openssl rand -hex 32)'

const CASES: Record<string, [Env, string][]> = {
  'tokens and keys': [
    [{ JWT_EXPIRATION: '0' }, 'JWT_EXPIRATION must be a positive duration (got 0s)'],
    [{ JWT_EXPIRATION: '-1m' }, 'JWT_EXPIRATION must be a positive duration (got -1m0s)'],
    [{ JWT_EXPIRATION: '1d' }, 'invalid JWT_EXPIRATION value: "1d" (expected a duration such as 30s, 15m, 10h'],
    [{ JWT_EXPIRATION: '10h ' }, 'invalid JWT_EXPIRATION value: "10h " (expected a duration'],
    [{ JWT_EXPIRATION: '30' }, 'invalid JWT_EXPIRATION value: "30" (expected a duration'],
    [{ JWT_EXPIRATION_JITTER: '-1s' }, 'JWT_EXPIRATION_JITTER must be non-negative (got -1s)'],
    [
      { JWT_EXPIRATION: '5m', JWT_EXPIRATION_JITTER: '5m' },
      'JWT_EXPIRATION_JITTER must be less than JWT_EXPIRATION (5m0s >= 5m0s)',
    ],
    [{ EXTRA_CLAIMS_MAX_RAW_SIZE: '-1' }, 'EXTRA_CLAIMS_MAX_RAW_SIZE must be non-negative (got -1)'],
    [{ EXTRA_CLAIMS_MAX_KEYS: '-1' }, 'EXTRA_CLAIMS_MAX_KEYS must be non-negative (got -1)'],
    [{ EXTRA_CLAIMS_MAX_VAL_SIZE: '-2' }, 'EXTRA_CLAIMS_MAX_VAL_SIZE must be non-negative (got -2)'],
    ...['-foo', 'foo-', 'a b', 'foo/bar', 'x'.repeat(65), 'ä'].map((domain): [Env, string] => [
      { JWT_DOMAIN: domain },
      `invalid JWT_DOMAIN value: "${domain}" (must be 1–64 characters of letters, digits, underscore, dot, or hyphen, starting and ending with a letter or digit)`,
    ]),
    [
      { JWT_PRIVATE_CLAIM_PREFIX: 'abcdefghijklmnop' },
      'JWT_PRIVATE_CLAIM_PREFIX must be at most 15 characters (got 16: "abcdefghijklmnop")',
    ],
    [
      { JWT_PRIVATE_CLAIM_PREFIX: 'acme_' },
      'JWT_PRIVATE_CLAIM_PREFIX must not end with an underscore (AuthGate adds the separator itself; trailing _ would produce a double underscore in claim names): "acme_"',
    ],
    [{ JWT_PRIVATE_CLAIM_PREFIX: '1abc' }, 'JWT_PRIVATE_CLAIM_PREFIX must match ^[a-zA-Z][a-zA-Z0-9_]*$ (got "1abc")'],
    [{ JWT_PRIVATE_CLAIM_PREFIX: 'a-b' }, 'JWT_PRIVATE_CLAIM_PREFIX must match ^[a-zA-Z][a-zA-Z0-9_]*$ (got "a-b")'],
    [{ JWT_SECRET: 'x'.repeat(31) }, 'JWT_SECRET must be at least 32 bytes for HS256 (got 31 bytes)'],
    [{ JWT_SECRET: 'x'.repeat(40) }, 'JWT_SECRET repeats too few different characters'],
    [{ JWT_SECRET: 'your-256-bit-secret-change-in-production' }, `JWT_SECRET ${STRONG}`],
    [{ JWT_SECRET: '# 0123456789abcdef0123456789abcdef' }, `JWT_SECRET ${STRONG}`],
    [{ JWT_SECRET: undefined, BASE_URL: 'https://id.example' }, `JWT_SECRET ${STRONG}`],
    [{ JWT_SECRET_PREVIOUS: 'your-256-bit-secret-change-in-production' }, 'JWT_SECRET_PREVIOUS is too weak'],
    [{ SESSION_SECRET: 'session-secret-change-in-production' }, `SESSION_SECRET ${STRONG}`],
    [{ SESSION_SECRET: 'too-short-but-various' }, 'SESSION_SECRET must be at least 32 bytes (got 21 bytes)'],
    [{ SESSION_SECRET: 'ab'.repeat(20) }, 'SESSION_SECRET repeats too few different characters'],
    [{ SESSION_SECRET: undefined, BASE_URL: 'https://id.example' }, `SESSION_SECRET ${STRONG}`],
    [{ SESSION_SECRET_PREVIOUS: 'short' }, 'SESSION_SECRET_PREVIOUS is too weak'],
    ...['rs256', 'none', 'HS512'].map((name): [Env, string] => [
      { JWT_SIGNING_ALGORITHM: name },
      `invalid JWT_SIGNING_ALGORITHM value: "${name}" (must be "HS256", "RS256", or "ES256")`,
    ]),
    ...['RS256', 'ES256'].map((name): [Env, string] => [
      { JWT_SIGNING_ALGORITHM: name },
      `JWT_PRIVATE_KEY_PATH or JWT_PRIVATE_KEY_PEM is required when JWT_SIGNING_ALGORITHM=${name}`,
    ]),
    [
      { JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: pem(1024) },
      'RS256 requires at least 2048-bit RSA key, got 1024-bit',
    ],
    [{ JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: p256 }, 'RS256'],
    [{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: rsa }, 'ES256'],
    [
      { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: pem('secp384r1') },
      'ES256 requires P-256 curve, got P-384',
    ],
    [
      { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: 'nothing' },
      'Failed to parse JWT_PRIVATE_KEY_PEM: no PEM block found in key data',
    ],
    [
      { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: '/nowhere.pem' },
      'Failed to load JWT private key from /nowhere.pem: read key file: ',
    ],
    [{ JWT_ADDITIONAL_KEY_PATHS: file('x') }, 'no PEM block found in key data; JWT_ADDITIONAL_KEY_PATHS must name'],
    [{ JWT_KEY_ID: 'ä' }, 'JWT_KEY_ID must be 1 to 128 printable ASCII characters'],
    [{ JWT_KEY_ID: 'x'.repeat(129) }, 'JWT_KEY_ID must be 1 to 128 printable ASCII characters'],
    [{ JWT_ACCESS_TOKEN_TYP: 'jwt' }, 'invalid JWT_ACCESS_TOKEN_TYP value: "jwt" (must be "JWT" or "at+jwt")'],
  ],
  lifetimes: [
    [
      { JWT_EXPIRATION: '48h' },
      'token profile "standard" access TTL 48h0m0s exceeds JWT_EXPIRATION_MAX 24h0m0s; lower JWT_EXPIRATION or raise JWT_EXPIRATION_MAX',
    ],
    [
      { JWT_EXPIRATION: '48h', TOKEN_PROFILE_STANDARD_ACCESS_TTL: '1h' },
      'JWT_EXPIRATION 48h0m0s exceeds JWT_EXPIRATION_MAX 24h0m0s',
    ],
    [
      { REFRESH_TOKEN_EXPIRATION: '9000h' },
      'token profile "standard" refresh TTL 9000h0m0s exceeds REFRESH_TOKEN_EXPIRATION_MAX 2160h0m0s; lower REFRESH_TOKEN_EXPIRATION',
    ],
    [{ REFRESH_TOKEN_EXPIRATION: '0s' }, 'REFRESH_TOKEN_EXPIRATION must be a positive duration (got 0s)'],
    [{ JWT_EXPIRATION_MAX: '0' }, 'JWT_EXPIRATION_MAX must be a positive duration (got 0s)'],
    [{ REFRESH_TOKEN_EXPIRATION_MAX: '-1h' }, 'REFRESH_TOKEN_EXPIRATION_MAX must be a positive duration (got -1h0m0s)'],
    [{ TOKEN_PROFILE_SHORT_ACCESS_TTL: '0s' }, 'token profile "short" access TTL must be a positive duration (got 0s)'],
    [
      { TOKEN_PROFILE_SHORT_REFRESH_TTL: '-1s' },
      'token profile "short" refresh TTL must be a positive duration (got -1s)',
    ],
    [{ TOKEN_PROFILE_LONG_ACCESS_TTL: '25h' }, 'token profile "long" access TTL 25h0m0s exceeds JWT_EXPIRATION_MAX'],
    [
      { TOKEN_PROFILE_LONG_REFRESH_TTL: '5000h' },
      'token profile "long" refresh TTL 5000h0m0s exceeds REFRESH_TOKEN_EXPIRATION_MAX 2160h0m0s',
    ],
    [
      { CLIENT_CREDENTIALS_TOKEN_EXPIRATION: '0' },
      'CLIENT_CREDENTIALS_TOKEN_EXPIRATION must be a positive duration (got 0s)',
    ],
    [
      { CLIENT_CREDENTIALS_TOKEN_EXPIRATION: '48h' },
      'CLIENT_CREDENTIALS_TOKEN_EXPIRATION 48h0m0s exceeds JWT_EXPIRATION_MAX 24h0m0s',
    ],
    [{ ID_TOKEN_EXPIRATION: '-1s' }, 'ID_TOKEN_EXPIRATION must be non-negative (got -1s)'],
    [{ ID_TOKEN_EXPIRATION: '48h' }, 'ID_TOKEN_EXPIRATION 48h0m0s exceeds JWT_EXPIRATION_MAX'],
    [{ AUTH_CODE_EXPIRATION: '0' }, 'AUTH_CODE_EXPIRATION must be positive and at most 1h (got 0s)'],
    [{ AUTH_CODE_EXPIRATION: '61m' }, 'AUTH_CODE_EXPIRATION must be positive and at most 1h (got 1h1m0s)'],
    [{ REFRESH_REUSE_GRACE: '61s' }, 'REFRESH_REUSE_GRACE must be between 0s and 60s (got 1m1s)'],
    [{ REFRESH_REUSE_GRACE: '-1s' }, 'REFRESH_REUSE_GRACE must be between 0s and 60s (got -1s)'],
  ],
  server: [
    [{ ENVIRONMENT: 'prodd' }, 'invalid ENVIRONMENT value: "prodd" (must be production'],
    ...['8080', 'localhost', ':99999', 'a b:1', '::1:8080', 'unix:/x'].map((address): [Env, string] => [
      { SERVER_ADDR: address },
      `invalid SERVER_ADDR value: "${address}" (expected host:port`,
    ]),
    ...['id.example', 'ftp://id.example', '//id.example', 'https://', ' https://id.example'].map(
      (url): [Env, string] => [{ BASE_URL: url }, 'invalid BASE_URL value'],
    ),
    ...['https://u:p@id.example', 'https://id.example/?x', 'https://id.example/#x', 'https://id.example?'].map(
      (url): [Env, string] => [{ BASE_URL: url }, 'invalid BASE_URL value'],
    ),
    ...['https://id.example/a/../b', 'https://id.example/a b', 'https://id.example/ä', 'https://id.example '].map(
      (url): [Env, string] => [{ BASE_URL: url }, 'invalid BASE_URL value'],
    ),
    [{ TLS_CERT_FILE: '/x' }, 'TLS_CERT_FILE and TLS_KEY_FILE must both be set or both be empty'],
    [{ TLS_KEY_FILE: '/x' }, 'TLS_CERT_FILE and TLS_KEY_FILE must both be set or both be empty'],
    [{ TLS_CERT_FILE: '/nowhere', TLS_KEY_FILE: '/nowhere' }, 'cannot read TLS_CERT_FILE /nowhere: ENOENT'],
    [{ TLS_CERT_FILE: one.certFile, TLS_KEY_FILE: two.keyFile }, 'do not belong together'],
    [{ TLS_CERT_FILE: file('x'), TLS_KEY_FILE: one.keyFile }, 'holds no PEM certificate'],
    [{ TLS_CERT_FILE: one.certFile, TLS_KEY_FILE: file('x') }, 'holds no unencrypted PEM private key'],
    ...['10.0.0.0/33', 'proxy', '10.0.0.256', '::1/129', '1.2.3.4/8/8', '10.0.0.0/'].map((entry): [Env, string] => [
      { TRUSTED_PROXIES: entry },
      `invalid TRUSTED_PROXIES entry: "${entry}" (expected an IP address or a CIDR range)`,
    ]),
    [{ HSTS_MAX_AGE: '-1s' }, 'HSTS_MAX_AGE must be non-negative (got -1s)'],
    [{ WORKERS: '0' }, 'WORKERS must be from 1 to 64 (got 0)'],
    [{ LOG_FORMAT: 'xml' }, 'invalid LOG_FORMAT value: "xml" (must be "text" or "json")'],
    [{ LOG_LEVEL: 'trace' }, 'invalid LOG_LEVEL value: "trace"'],
    [{ PRODUCT_ACCENT: 'pink' }, 'invalid PRODUCT_ACCENT value: "pink"'],
    ...['http://cdn.example/x.svg', '//cdn.example/x.svg', 'logo.svg', 'https://x/;y', "/a' b"].map(
      (url): [Env, string] => [{ PRODUCT_LOGO_URL: url }, 'invalid PRODUCT_LOGO_URL value'],
    ),
    ...['app.example.com', 'https://*.example.com', 'https://app.example/', 'https://app.example/x', 'null'].map(
      (origin): [Env, string] => [
        { CORS_ENABLED: '1', CORS_ALLOWED_ORIGINS: origin },
        `invalid CORS_ALLOWED_ORIGINS entry: "${origin}" (expected an exact origin such as https://app.example.com`,
      ],
    ),
    ...['https://app.example:443', 'https://u@app.example', '/https://.*/'].map((origin): [Env, string] => [
      { CORS_ENABLED: '1', CORS_ALLOWED_ORIGINS: origin },
      `invalid CORS_ALLOWED_ORIGINS entry: "${origin}"`,
    ]),
    [{ CORS_ENABLED: '1', CORS_ALLOWED_ORIGINS: '*,https://a.example' }, 'invalid CORS_ALLOWED_ORIGINS entry: "*"'],
    ...['DB_INIT_TIMEOUT', 'DB_CLOSE_TIMEOUT', 'REDIS_CONN_TIMEOUT', 'REDIS_CLOSE_TIMEOUT', 'CACHE_INIT_TIMEOUT'].map(
      (name): [Env, string] => [{ [name]: '0' }, `${name} must be a positive duration (got 0s)`],
    ),
    ...['CACHE_CLOSE_TIMEOUT', 'SERVER_SHUTDOWN_TIMEOUT', 'AUDIT_SHUTDOWN_TIMEOUT'].map((name): [Env, string] => [
      { [name]: '-1s' },
      `${name} must be a positive duration (got -1s)`,
    ]),
    [{ SHUTDOWN_DELAY: '-1s' }, 'SHUTDOWN_DELAY must be between 0s and 5m (got -1s)'],
    [{ SHUTDOWN_DELAY: '6m' }, 'SHUTDOWN_DELAY must be between 0s and 5m (got 6m0s)'],
  ],
  'limits, caches, metrics, Redis': [
    [{ RATE_LIMIT_STORE: 'reddis' }, 'invalid RATE_LIMIT_STORE value: "reddis" (must be "memory" or "redis")'],
    [{ RATE_LIMIT_STORE: 'MEMORY' }, 'invalid RATE_LIMIT_STORE value: "MEMORY"'],
    [{ RATE_LIMIT_STORE: 'reddis', ENABLE_RATE_LIMIT: 'false' }, 'invalid RATE_LIMIT_STORE value'],
    [{ ENABLE_RATE_LIMIT: 'maybe' }, 'invalid ENABLE_RATE_LIMIT value: "maybe" (expected true or false)'],
    ...['LOGIN', 'DEVICE_CODE', 'TOKEN', 'DEVICE_VERIFY', 'INTROSPECT', 'DYNAMIC_CLIENT_REGISTRATION'].map(
      (route): [Env, string] => [
        { [`${route}_RATE_LIMIT`]: '0' },
        `${route}_RATE_LIMIT must be at least 1 (got 0); use ENABLE_RATE_LIMIT=false to disable limits`,
      ],
    ),
    ...['10abc', '1e3', '0x1F', '1_000', '5m', '1.5', '9999999999999999999'].map((text): [Env, string] => [
      { LOGIN_RATE_LIMIT: text },
      `invalid LOGIN_RATE_LIMIT value: "${text}" (expected an integer)`,
    ]),
    [{ RATE_LIMIT_CLEANUP_INTERVAL: '0' }, 'RATE_LIMIT_CLEANUP_INTERVAL must be a positive duration (got 0s)'],
    [
      { REDIS_ADDR: 'a:1,b:2' },
      'REDIS_ADDR must be one address host:port or one redis:// URL; lists belong in REDIS_SENTINEL_ADDRS or',
    ],
    [{ REDIS_ADDR: 'localhost' }, 'invalid REDIS_ADDR value (expected host:port'],
    [{ REDIS_ADDR: 'localhost:99999' }, 'invalid REDIS_ADDR value (expected host:port'],
    [{ REDIS_ADDR: 'http://x:1' }, 'invalid REDIS_ADDR value (expected host:port'],
    [{ REDIS_SENTINEL_ADDRS: 'a:1,b' }, 'invalid REDIS_SENTINEL_ADDRS value (expected host:port, separated by commas)'],
    [{ REDIS_CLUSTER_ADDRS: 'a:1,b:99999' }, 'invalid REDIS_CLUSTER_ADDRS value'],
    [{ REDIS_CLUSTER_ADDRS: 'a:1', REDIS_DB: '2' }, 'REDIS_DB must be 0 with REDIS_CLUSTER_ADDRS'],
    [
      { REDIS_ADDR: 'a:1', REDIS_SENTINEL_ADDRS: 'b:1' },
      'REDIS_ADDR and REDIS_SENTINEL_ADDRS exclude each other; set one of them',
    ],
    [{ REDIS_TLS_CERT_FILE: 'x.pem' }, 'REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE must be set together'],
    [{ REDIS_TLS_CA_FILE: '/nowhere' }, 'cannot read REDIS_TLS_CA_FILE /nowhere: ENOENT'],
    [{ REDIS_DB: '-1' }, 'REDIS_DB must be at least 0 (got -1)'],
    ...['METRICS', 'USER', 'CLIENT', 'CLIENT_COUNT'].flatMap((cache): [Env, string][] => [
      [
        { [`${cache}_CACHE_TYPE`]: 'memcached' },
        `invalid ${cache}_CACHE_TYPE value: "memcached" (must be "memory", "redis", or "redis-aside")`,
      ],
      [
        { [`${cache}_CACHE_TYPE`]: 'redis-aside', [`${cache}_CACHE_CLIENT_TTL`]: '0s' },
        `${cache}_CACHE_CLIENT_TTL must be a positive duration when ${cache}_CACHE_TYPE="redis-aside" (got 0s)`,
      ],
      [{ [`${cache}_CACHE_SIZE_PER_CONN`]: '0' }, `${cache}_CACHE_SIZE_PER_CONN must be at least 1 (got 0)`],
    ]),
    ...['USER', 'CLIENT', 'CLIENT_COUNT'].map((cache): [Env, string] => [
      { [`${cache}_CACHE_TTL`]: '-1s' },
      `${cache}_CACHE_TTL must be a positive duration (got -1s)`,
    ]),
    [
      { TOKEN_CACHE_ENABLED: 'true', TOKEN_CACHE_TYPE: 'bogus' },
      'invalid TOKEN_CACHE_TYPE value: "bogus" (must be "memory", "redis", or "redis-aside")',
    ],
    [
      { TOKEN_CACHE_ENABLED: 'true', TOKEN_CACHE_TTL: '0' },
      'TOKEN_CACHE_TTL must be a positive duration when TOKEN_CACHE_ENABLED=true (got 0s)',
    ],
    [
      { TOKEN_CACHE_ENABLED: 'true', TOKEN_CACHE_TYPE: 'redis-aside', TOKEN_CACHE_CLIENT_TTL: '0' },
      'TOKEN_CACHE_CLIENT_TTL must be a positive duration when TOKEN_CACHE_TYPE="redis-aside" (got 0s)',
    ],
    [
      { METRICS_ENABLED: 'true', METRICS_GAUGE_UPDATE_INTERVAL: '0' },
      'METRICS_GAUGE_UPDATE_INTERVAL must be a positive duration when METRICS_GAUGE_UPDATE_ENABLED=true (got 0s)',
    ],
    [
      production({ METRICS_ENABLED: 'true' }),
      'METRICS_TOKEN must be set in production, or METRICS_ALLOW_ANONYMOUS=true',
    ],
    ...['9090', 'host', ':99999', 'http://x:1'].map((address): [Env, string] => [
      { METRICS_ADDR: address },
      `invalid METRICS_ADDR value: "${address}" (expected host:port`,
    ]),
    [
      { SERVER_ADDR: ':8080', METRICS_ADDR: ':8080' },
      'METRICS_ADDR must differ from SERVER_ADDR; leave it empty to serve /metrics on SERVER_ADDR',
    ],
    [{ METRICS_TOKEN: 'your-secret-bearer-token' }, 'METRICS_TOKEN is a published example'],
    [{ REDIS_PASSWORD: '# none' }, 'REDIS_PASSWORD is a comment'],
  ],
  sessions: [
    [{ SESSION_MAX_AGE: '-5' }, 'SESSION_MAX_AGE must be at least 60 seconds (got -5)'],
    [{ SESSION_MAX_AGE: '59' }, 'SESSION_MAX_AGE must be at least 60 seconds (got 59)'],
    [{ SESSION_MAX_AGE: '1d' }, 'invalid SESSION_MAX_AGE value: "1d" (expected an integer of seconds, or a duration'],
    [{ SESSION_IDLE_TIMEOUT: '5' }, 'SESSION_IDLE_TIMEOUT must be 0, or from 60 seconds to SESSION_MAX_AGE (got 5)'],
    [{ SESSION_IDLE_TIMEOUT: '-1' }, 'SESSION_IDLE_TIMEOUT must be 0, or from 60 seconds'],
    [
      { SESSION_IDLE_TIMEOUT: '500ms' },
      'SESSION_IDLE_TIMEOUT must be 0, or from 60 seconds to SESSION_MAX_AGE (got 1)',
    ],
    [{ SESSION_IDLE_TIMEOUT: '3601' }, 'SESSION_IDLE_TIMEOUT must be 0, or from 60 seconds to SESSION_MAX_AGE'],
    [
      { SESSION_REMEMBER_ME_MAX_AGE: '2592001' },
      'SESSION_REMEMBER_ME_MAX_AGE exceeds the 30-day limit (got 2592001, max 2592000)',
    ],
    [
      { SESSION_REMEMBER_ME_MAX_AGE: '0' },
      'SESSION_REMEMBER_ME_MAX_AGE must be a positive value when SESSION_REMEMBER_ME_ENABLED=true (got 0)',
    ],
  ],
  'signing in': [
    [{ AUTH_MODE: 'ldap' }, 'invalid AUTH_MODE: ldap (must be: local, http_api)'],
    [{ AUTH_MODE: 'Local' }, 'invalid AUTH_MODE: Local (must be: local, http_api)'],
    [{ AUTH_MODE: 'http_api' }, 'HTTP_API_URL is required when AUTH_MODE=http_api'],
    [httpApi({ HTTP_API_URL: 'auth.example' }), 'HTTP_API_URL must be an absolute https URL'],
    [httpApi({ HTTP_API_URL: 'http://auth.example/' }), 'HTTP_API_URL must be https, unless its host is the loopback'],
    [httpApi({ HTTP_API_AUTH_MODE: 'digest' }), 'invalid HTTP_API_AUTH_MODE value: "digest" (must be "none", "simple"'],
    ...['simple', 'hmac', 'github'].map((mode): [Env, string] => [
      httpApi({ HTTP_API_AUTH_MODE: mode }),
      `HTTP_API_AUTH_SECRET must be set when HTTP_API_AUTH_MODE=${mode}`,
    ]),
    [{ HTTP_API_AUTH_SECRET: 'your-hmac-secret-here' }, 'HTTP_API_AUTH_SECRET is a published example'],
    ...['Host', 'content-length', 'a b', 'x:'].map((name): [Env, string] => [
      httpApi({ HTTP_API_AUTH_HEADER: name }),
      'HTTP_API_AUTH_HEADER must be the name of a header',
    ]),
    [httpApi({ HTTP_API_MAX_RETRIES: '-1' }), 'HTTP_API_MAX_RETRIES must be non-negative (got -1)'],
    [httpApi({ HTTP_API_TIMEOUT: '-1s' }), 'HTTP_API_TIMEOUT must be non-negative (got -1s)'],
    [httpApi({ HTTP_API_RETRY_DELAY: '-1s' }), 'HTTP_API_RETRY_DELAY must be non-negative (got -1s)'],
    [httpApi({ HTTP_API_MAX_RETRY_DELAY: '-1s' }), 'HTTP_API_MAX_RETRY_DELAY must be non-negative (got -1s)'],
    [
      production(httpApi({ HTTP_API_INSECURE_SKIP_VERIFY: 'true' })),
      'HTTP_API_INSECURE_SKIP_VERIFY must be false in production',
    ],
    [{ DEFAULT_ADMIN_PASSWORD: 'elevenchars' }, 'DEFAULT_ADMIN_PASSWORD must be 12 to 256 characters long'],
    [{ DEFAULT_ADMIN_PASSWORD: 'x'.repeat(257) }, 'DEFAULT_ADMIN_PASSWORD must be 12 to 256 characters long'],
    [{ DEFAULT_ADMIN_PASSWORD: 'your-secure-admin-password' }, 'DEFAULT_ADMIN_PASSWORD is a published example'],
    [
      production(github({ GITHUB_CLIENT_SECRET: undefined })),
      'GitHub OAuth enabled but CLIENT_ID or CLIENT_SECRET missing',
    ],
    [production(gitea({})), 'Gitea OAuth enabled but URL, CLIENT_ID or CLIENT_SECRET missing'],
    [github({ GITHUB_CLIENT_ID: 'your_github_client_id' }), 'GITHUB_CLIENT_ID is a published example or a comment'],
    [
      github({ GITHUB_REDIRECT_URL: '/auth/callback/github' }),
      'GITHUB_REDIRECT_URL must be an absolute http or https URL',
    ],
    [gitea({ GITEA_URL: 'gitea.example' }), 'GITEA_URL must be an absolute https URL'],
    [production(gitea({ GITEA_URL: 'http://gitea.example' })), 'GITEA_URL must be https in production'],
    [github({ GITHUB_URL: 'https://u:p@ghe.example' }), 'GITHUB_URL must hold no user, password, query or fragment'],
    [github({ GITHUB_CA_FILE: '/nowhere' }), 'cannot read GITHUB_CA_FILE /nowhere: ENOENT'],
    [oidc({ OIDC_ISSUER: 'id.example' }), 'OIDC_ISSUER must be an absolute https URL'],
    [oidc({ OIDC_ISSUER: 'https://id.example?x' }), 'OIDC_ISSUER must hold no user, password, query or fragment'],
    [production(oidc({ OIDC_ISSUER: 'http://id.example' })), 'OIDC_ISSUER must be https in production'],
    [production(oidc({})), 'OIDC OAuth enabled but ISSUER, CLIENT_ID or CLIENT_SECRET missing'],
    [oidc({ OIDC_CA_FILE: file('no certificate') }), 'holds no PEM certificate'],
    [microsoft({ MICROSOFT_TENANT_ID: 'a/../b' }), 'MICROSOFT_TENANT_ID must be a tenant id, a domain of the tenant'],
    [microsoft({ MICROSOFT_ALLOWED_TENANTS: 'contoso' }), 'invalid MICROSOFT_ALLOWED_TENANTS entry: "contoso"'],
    [microsoft({ MICROSOFT_EMAIL_DOMAINS: '@x.example' }), 'invalid MICROSOFT_EMAIL_DOMAINS entry: "@x.example"'],
    [microsoft({ MICROSOFT_GRAPH_URL: 'graph' }), 'MICROSOFT_GRAPH_URL must be an absolute https URL'],
    [{ OAUTH_TIMEOUT: '-1s' }, 'OAUTH_TIMEOUT must be non-negative (got -1s)'],
    [{ OAUTH_AUTO_LINK: 'always' }, 'invalid OAUTH_AUTO_LINK value: "always" (must be "verified-only" or "off")'],
    [production({ OAUTH_INSECURE_SKIP_VERIFY: 'true' }), 'OAUTH_INSECURE_SKIP_VERIFY must be false in production'],
  ],
  database: [
    [{ DATABASE_DRIVER: 'mysql' }, 'unsupported database driver: mysql (DATABASE_DRIVER must be sqlite or postgres)'],
    [{ DATABASE_DRIVER: 'SQLite' }, 'unsupported database driver: SQLite'],
    [{ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=h user' }, 'invalid keyword/value'],
    [{ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=h sslmode=bogus' }, 'sslmode is invalid'],
    [{ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'postgres://h:x' }, 'bad host or port'],
    [{ DATABASE_DSN: 'a.db?_nonsense=1' }, 'unknown SQLite option _nonsense'],
    [{ DATABASE_DSN: 'file:a.db?mode=ro' }, 'mode=ro: the server needs to write'],
    [{ DB_LOG_LEVEL: 'loud' }, 'invalid DB_LOG_LEVEL value: "loud" (must be "silent", "error", "warn", or "info")'],
    [{ EXPIRED_TOKEN_CLEANUP_INTERVAL: '0' }, 'EXPIRED_TOKEN_CLEANUP_INTERVAL must be a positive duration (got 0s)'],
    [{ AUDIT_LOG_CLEANUP_INTERVAL: '-1h' }, 'AUDIT_LOG_CLEANUP_INTERVAL must be a positive duration (got -1h0m0s)'],
  ],
  'secrets from files': [
    [{ JWT_SECRET_FILE: '/nowhere' }, 'JWT_SECRET and JWT_SECRET_FILE are both set; use one'],
    [{ JWT_SECRET: undefined, JWT_SECRET_FILE: '/nowhere' }, 'cannot read JWT_SECRET_FILE /nowhere: ENOENT'],
    [{ DYNAMIC_CLIENT_REGISTRATION_TOKEN_FILE: file('\n') }, 'is empty; it must hold the value of DYNAMIC_CLIENT'],
  ],
  production: [
    [
      production({ BASE_URL: 'http://id.example' }),
      'BASE_URL must be https in production, unless its host is the loopback',
    ],
    [production({ JWT_SECRET: undefined }), `JWT_SECRET ${STRONG}`],
    [production({ SESSION_SECRET: undefined }), `SESSION_SECRET ${STRONG}`],
    [production({ JWT_SECRET: undefined, BASE_URL: 'http://localhost:1' }), `JWT_SECRET ${STRONG}`],
    ...['METRICS_TOKEN', 'DEFAULT_ADMIN_PASSWORD', 'REDIS_PASSWORD', 'DYNAMIC_CLIENT_REGISTRATION_TOKEN'].map(
      (name): [Env, string] => [
        production({ [name]: '' }),
        `${name} is set to an empty value; remove it or give it a value`,
      ],
    ),
    [
      production({ DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'host=db.internal' }),
      'DATABASE_DSN names no sslmode: the connection may fall back to plain text; set sslmode=verify-full',
    ],
  ],
  'several processes': [
    [
      { WORKERS: '2', DATABASE_PATH: ':memory:' },
      'WORKERS=2 needs a database that processes can share: set DATABASE_PATH to a file',
    ],
  ],
}

const DOTENV_ERRORS = ['A', 'A="x', "A='x", 'B-C=1', 'A="x" y', 'A=${NOPE}']

describe.each(Object.entries(CASES))('start-up errors: %s', (_, cases) => {
  test.each(cases)('%j', (env, message) => {
    expect(problems(env).join('\n')).toContain(message)
  })
})

describe('start-up errors', () => {
  const all = Object.values(CASES)
    .flat()
    .flatMap(([env]) => problems(env))
  const names = Object.keys(settingsTable)

  test('every one names the variable', () => {
    const nameless = all.filter((line) => !names.some((name) => new RegExp(`\\b${name}(_FILE)?\\b`).test(line)))
    expect(nameless).toEqual([])
  })

  test('every one says what to do', () => {
    const remedy =
      /must|expected|required|set |use |remove|lower|choose|generate|renew|check|exceeds .* (max \d|lower )/
    expect(all.filter((line) => !remedy.test(line))).toEqual([])
  })

  test('every one fits on one line', () => {
    expect(all.filter((line) => /[\n\r]/.test(line))).toEqual([])
  })

  test.each(DOTENV_ERRORS)('a malformed .env, %j, stops the start and names the line', (text) => {
    expect(problems({}, `X=1\n${text}`)).toEqual([expect.stringMatching(/^invalid \.env file: line 2: /)])
  })

  test('a .env that cannot be read stops the start', () => {
    const cwd = folder()
    mkdirSync(join(cwd, '.env'))
    expect(() => loadConfiguration({ env: {}, cwd, write: false })).toThrow('invalid .env file: cannot be read: EISDIR')
  })

  test('several problems are reported in one run, in a fixed order', () => {
    const found = problems({ AUTH_MODE: 'ldap', LOGIN_RATE_LIMIT: '0', JWT_EXPIRATION: '1d' })
    expect(found.map((line) => /[A-Z][A-Z_]{6,}/.exec(line)?.[0])).toEqual([
      'JWT_EXPIRATION',
      'LOGIN_RATE_LIMIT',
      'AUTH_MODE',
    ])
  })

  test('no message shows a secret [SEC]', () => {
    const env = {
      JWT_SECRET: 'hunter2-secret',
      SESSION_SECRET: 'hunter2-secret',
      JWT_SECRET_PREVIOUS: 'hunter2',
      SESSION_SECRET_PREVIOUS: 'hunter2',
      DEFAULT_ADMIN_PASSWORD: 'hunter2',
      DATABASE_DRIVER: 'postgres',
      DATABASE_DSN: 'host=h password=hunter2 user',
      REDIS_ADDR: 'redis://u:hunter2@h:x',
      REDIS_PASSWORD: '# hunter2',
      METRICS_TOKEN: '#hunter2',
      HTTP_API_AUTH_SECRET: '#hunter2',
      DYNAMIC_CLIENT_REGISTRATION_TOKEN: '#hunter2',
      GITHUB_OAUTH_ENABLED: 'true',
      GITHUB_CLIENT_ID: 'id',
      GITHUB_CLIENT_SECRET: 'your-hunter2',
      BASE_URL: 'https://u:hunter2@id.example',
    }
    const found = problems(env)
    expect(found.length).toBeGreaterThan(10)
    expect(found.join('\n')).not.toContain('hunter2')
  })
})
