/** Rate limits, Redis, caches and metrics. */
import type { SettingName, Values } from '../settings'
import { type Check, requirePositive, warnShortSecret } from './check'
import { checkRedis, hasRedisAddress } from './redis'
import { requireListenAddress } from './server'

export function checkScaling(check: Check): void {
  checkMetrics(check)
  checkCaches(check)
  checkRateLimits(check)
  checkRedis(check, usesRedis(check.values))
}

const RATE_LIMITS = [
  'LOGIN_RATE_LIMIT',
  'DEVICE_CODE_RATE_LIMIT',
  'TOKEN_RATE_LIMIT',
  'DEVICE_VERIFY_RATE_LIMIT',
  'INTROSPECT_RATE_LIMIT',
  'DYNAMIC_CLIENT_REGISTRATION_RATE_LIMIT',
] as const satisfies readonly SettingName[]
const GUESSABLE = ['LOGIN_RATE_LIMIT', 'DEVICE_VERIFY_RATE_LIMIT', 'INTROSPECT_RATE_LIMIT'] as const
const HIGH_LIMIT = 1000

function checkRateLimits(check: Check): void {
  const { values, problem, warn } = check
  for (const name of RATE_LIMITS) {
    if (values[name] < 1)
      problem(`${name} must be at least 1 (got ${values[name]}); use ENABLE_RATE_LIMIT=false to disable limits`)
  }
  for (const name of GUESSABLE) {
    if (values[name] > HIGH_LIMIT) warn(`${name} is so high that it limits nothing; use at most ${HIGH_LIMIT}`)
  }
  requirePositive(check, 'RATE_LIMIT_CLEANUP_INTERVAL')
}

const CACHES = ['METRICS_CACHE', 'USER_CACHE', 'CLIENT_COUNT_CACHE', 'CLIENT_CACHE'] as const

/** Whether something of the configuration is in Redis. */
export const usesRedis = (values: Values): boolean =>
  (values.ENABLE_RATE_LIMIT && values.RATE_LIMIT_STORE === 'redis') ||
  CACHES.some((cache) => values[`${cache}_TYPE`] !== 'memory') ||
  (values.TOKEN_CACHE_ENABLED && values.TOKEN_CACHE_TYPE !== 'memory')

function checkCaches(check: Check): void {
  const { values, given, problem, warn } = check
  for (const cache of CACHES) {
    if (cache !== 'METRICS_CACHE') requirePositive(check, `${cache}_TTL`)
    if (values[`${cache}_TYPE`] === 'redis-aside')
      requirePositive(check, `${cache}_CLIENT_TTL`, ` when ${cache}_TYPE="redis-aside"`)
  }
  if (!values.TOKEN_CACHE_ENABLED) return
  const type = values.TOKEN_CACHE_TYPE
  if (!['memory', 'redis', 'redis-aside'].includes(type))
    problem(`invalid TOKEN_CACHE_TYPE value: "${type}" (must be "memory", "redis", or "redis-aside")`)
  requirePositive(check, 'TOKEN_CACHE_TTL', ' when TOKEN_CACHE_ENABLED=true')
  if (type === 'redis-aside') requirePositive(check, 'TOKEN_CACHE_CLIENT_TTL', ' when TOKEN_CACHE_TYPE="redis-aside"')
  // With a Redis address evictions reach the memories of other processes.
  if (type === 'memory' && values.DATABASE_DRIVER === 'postgres' && !usesRedis(values) && !hasRedisAddress(given))
    warn(
      'TOKEN_CACHE_TYPE=memory with PostgreSQL: other processes accept a revoked token until TOKEN_CACHE_TTL; set REDIS_ADDR, or TOKEN_CACHE_TTL to 60s at most',
    )
}

function checkMetrics(check: Check): void {
  const { values, production, problem, warn } = check
  warnShortSecret(check, 'METRICS_TOKEN')
  if (values.METRICS_ADDR !== '') checkMetricsAddress(check)
  if (!values.METRICS_ENABLED) return
  if (values.METRICS_TOKEN === '' && !values.METRICS_ALLOW_ANONYMOUS) {
    if (production) problem('METRICS_TOKEN must be set in production, or METRICS_ALLOW_ANONYMOUS=true')
    else warn('METRICS_TOKEN is not set: everybody who reaches the server can read /metrics')
  }
  if (values.METRICS_GAUGE_UPDATE_ENABLED)
    requirePositive(check, 'METRICS_GAUGE_UPDATE_INTERVAL', ' when METRICS_GAUGE_UPDATE_ENABLED=true')
}

function checkMetricsAddress(check: Check): void {
  const { values, problem } = check
  requireListenAddress(check, 'METRICS_ADDR')
  if (values.METRICS_ADDR === values.SERVER_ADDR && !values.METRICS_ADDR.endsWith(':0'))
    problem('METRICS_ADDR must differ from SERVER_ADDR; leave it empty to serve /metrics on SERVER_ADDR')
}
