import { availableParallelism } from 'node:os'
import { duration, flag, integer, list, oneOf, secret, text } from '../setting'

export const serverSettings = {
  SERVER_ADDR: text(':8080', 'Listen address host:port. An empty host means all interfaces; port 0 picks a free one.'),
  BASE_URL: text(
    'http://localhost:8080',
    'Public URL of the server: the issuer of every token. A path prefix is allowed.',
  ),
  TLS_CERT_FILE: text('', 'PEM certificate chain, leaf first. With TLS_KEY_FILE the server speaks HTTPS.'),
  TLS_KEY_FILE: text('', 'PEM private key of the certificate, unencrypted.'),
  ENVIRONMENT: text('', 'production, or development (also test, staging). Production refuses doubtful settings.'),
  TRUSTED_PROXIES: list(['127.0.0.0/8', '::1'], 'Addresses and CIDR ranges whose X-Forwarded-For is believed.'),
  ENABLE_SWAGGER: flag(false, 'API browser under /swagger/; in production only for administrators.'),
  STATIC_CACHE_MAX_AGE: duration('24h', 'How long browsers keep non-hashed static files; 0 or less sends no header.'),
  HSTS_MAX_AGE: duration('8760h', 'Strict-Transport-Security max-age, sent when BASE_URL is https.'),
  HSTS_INCLUDE_SUBDOMAINS: flag(true, 'Adds includeSubDomains to Strict-Transport-Security.'),
  WORKERS: integer(1, 'Processes that share the port on this machine; auto = one for each processor.', {
    min: 1,
    max: 64,
    auto: () => Math.min(availableParallelism(), 64),
  }),
  LOG_FORMAT: oneOf(['', 'text', 'json'], '', 'Log lines as text or json; default text, in production json.'),
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error'], 'info', 'Least severe log lines that are written.'),
  PRODUCT_NAME: text('AuthGate', 'Name shown on every page.', { trim: true }),
  PRODUCT_LOGO_URL: text('', 'Logo shown instead of the built-in mark: https URL or path on this server.'),
  PRODUCT_ACCENT: oneOf(
    ['', 'indigo', 'blue', 'teal', 'green', 'amber', 'rose', 'slate'],
    '',
    'Accent colour of the pages.',
  ),
}

export const sessionSettings = {
  SESSION_SECRET: secret('Protects browser sessions. At least 32 bytes: openssl rand -hex 32'),
  SESSION_SECRET_PREVIOUS: secret('The former SESSION_SECRET, accepted while it is being replaced.'),
  SESSION_MAX_AGE: integer(3600, 'Life of a browser session in seconds; a duration such as 1h is also understood.', {
    seconds: true,
  }),
  SESSION_IDLE_TIMEOUT: integer(1800, 'Seconds without a request after which a session ends; 0 = no idle limit.', {
    seconds: true,
  }),
  SESSION_FINGERPRINT: flag(true, 'Binds a session to the kind of browser it was made with.'),
  SESSION_FINGERPRINT_IP: flag(false, 'Also binds it to the network address.'),
  REQUIRE_MFA: oneOf(
    ['none', 'admin', 'all'],
    'none',
    'Who has to have a second factor (authenticator app): none, admin or all; others are asked to set one up after login.',
  ),
  STEP_UP_MAX_AGE: duration(
    '10m',
    'Age of the sign-in after which sensitive actions ask to confirm it; 0 = they never do.',
  ),
  SESSION_REMEMBER_ME_ENABLED: flag(true, 'Offers "remember me" on the login page.'),
  SESSION_REMEMBER_ME_MAX_AGE: integer(2_592_000, 'Life of a remembered session in seconds, at most 30 days.', {
    seconds: true,
  }),
}

export const corsSettings = {
  CORS_ENABLED: flag(false, 'Lets browser applications of other origins call the API routes under /oauth.'),
  CORS_ALLOWED_ORIGINS: list([], 'Exact origins (scheme, host, optional port), or * alone without credentials.'),
  CORS_ALLOWED_METHODS: list(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'], 'Methods named in preflight answers.'),
  CORS_ALLOWED_HEADERS: list(['Origin', 'Content-Type', 'Authorization'], 'Headers named in preflight answers.'),
  CORS_MAX_AGE: duration('12h', 'How long a browser keeps a preflight answer; 0 or less sends no header.'),
}

export const lifecycleSettings = {
  DB_INIT_TIMEOUT: duration('30s', 'Limit for connecting, migrating and seeding.'),
  DB_CLOSE_TIMEOUT: duration('5s', 'Limit for closing the database.'),
  REDIS_CONN_TIMEOUT: duration('5s', 'Limit for connecting to Redis at start.'),
  REDIS_CLOSE_TIMEOUT: duration('5s', 'Limit for closing Redis.'),
  CACHE_INIT_TIMEOUT: duration('5s', 'Limit for connecting the caches to Redis at start.'),
  CACHE_CLOSE_TIMEOUT: duration('5s', 'Limit for closing the caches.'),
  SERVER_SHUTDOWN_TIMEOUT: duration('5s', 'Limit for finishing running requests at shutdown.'),
  AUDIT_SHUTDOWN_TIMEOUT: duration('10s', 'Limit for writing the audit queue at shutdown.'),
  SHUTDOWN_DELAY: duration('0s', 'How long /readyz answers 503 before the listener closes.'),
}
