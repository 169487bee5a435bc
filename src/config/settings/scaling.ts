import { duration, flag, integer, oneOf, secret, text } from '../setting'
import { redisSettings } from './redis'

const CACHE_TYPES = ['memory', 'redis', 'redis-aside'] as const
const cacheType = (what: string) =>
  oneOf(CACHE_TYPES, 'memory', `Where ${what} are cached: memory, redis or redis-aside.`)
const localSize = integer(32, 'MiB of local copies per process with redis-aside.', { min: 1 })

export const limitSettings = {
  ENABLE_RATE_LIMIT: flag(true, 'Limits requests per client address, failed attempts, and what may wait at once.'),
  RATE_LIMIT_CLEANUP_INTERVAL: duration('5m', 'How often counters that have run out are dropped from memory.'),
  LOGIN_RATE_LIMIT: integer(5, 'POST /login per minute and address.'),
  DEVICE_CODE_RATE_LIMIT: integer(10, 'POST /oauth/device/code per minute and address.'),
  TOKEN_RATE_LIMIT: integer(20, 'POST /oauth/token per minute and address.'),
  DEVICE_VERIFY_RATE_LIMIT: integer(10, 'POST /device/verify per minute and address.'),
  INTROSPECT_RATE_LIMIT: integer(20, 'POST /oauth/introspect, and POST /oauth/revoke, per minute and address.'),
  RATE_LIMIT_STORE: oneOf(['memory', 'redis'], 'memory', 'Where limits are counted: memory or redis (shared).'),
  ...redisSettings,
}

export const metricsSettings = {
  METRICS_ENABLED: flag(false, 'Prometheus metrics at /metrics.'),
  METRICS_TOKEN: secret('Bearer token for /metrics.'),
  METRICS_ALLOW_ANONYMOUS: flag(false, 'Serves /metrics without a token in production.'),
  METRICS_ADDR: text('', 'Listener of its own for /metrics, host:port; the public one then has no /metrics.'),
  METRICS_GAUGE_UPDATE_ENABLED: flag(true, 'Counts rows of the database for the gauges.'),
  METRICS_GAUGE_UPDATE_INTERVAL: duration('5m', 'How often rows are counted.'),
  METRICS_CACHE_TYPE: cacheType('metric counts'),
  METRICS_CACHE_CLIENT_TTL: duration('30s', 'Life of a local copy with redis-aside.'),
  METRICS_CACHE_SIZE_PER_CONN: localSize,
}

export const cacheSettings = {
  USER_CACHE_TYPE: cacheType('users'),
  CLIENT_CACHE_TYPE: cacheType('clients'),
  CLIENT_COUNT_CACHE_TYPE: cacheType('client counts'),
  TOKEN_CACHE_ENABLED: flag(false, 'Caches tokens for validation.'),
  TOKEN_CACHE_TYPE: text('memory', 'Where tokens are cached: memory, redis or redis-aside.'),
  USER_CACHE_TTL: duration('5m', 'Life of a cached user.'),
  USER_CACHE_CLIENT_TTL: duration('30s', 'Life of a local copy with redis-aside.'),
  USER_CACHE_SIZE_PER_CONN: localSize,
  CLIENT_CACHE_TTL: duration('5m', 'Life of a cached client.'),
  CLIENT_CACHE_CLIENT_TTL: duration('30s', 'Life of a local copy with redis-aside.'),
  CLIENT_CACHE_SIZE_PER_CONN: localSize,
  CLIENT_COUNT_CACHE_TTL: duration('1h', 'Life of the count of pending clients.'),
  CLIENT_COUNT_CACHE_CLIENT_TTL: duration('10m', 'Life of a local copy with redis-aside.'),
  CLIENT_COUNT_CACHE_SIZE_PER_CONN: localSize,
  TOKEN_CACHE_TTL: duration('10h', 'Life of a cached token, at most its own.'),
  TOKEN_CACHE_CLIENT_TTL: duration('1h', 'Life of a local copy with redis-aside.'),
  TOKEN_CACHE_SIZE_PER_CONN: localSize,
  CACHE_MAX_ENTRIES: integer(50_000, 'Entries of one memory cache.', { min: 1 }),
}
