import { formatDuration } from '../duration'
import type { SettingName } from '../settings'
import { isPublishedSecret } from '../weak-secrets'
import type { Check } from './check'

export function checkFeatures(check: Check): void {
  checkPasswords(check)
  checkRateLimits(check)
  checkCaches(check)
  checkJobs(check)
  checkRegistration(check)
}

function checkPasswords({ values, problem }: Check): void {
  const mode = values.AUTH_MODE
  if (mode === 'http_api' && values.HTTP_API_URL === '') problem('HTTP_API_URL is required when AUTH_MODE=http_api')
  if (mode !== 'local' && mode !== 'http_api') problem(`invalid AUTH_MODE: ${mode} (must be: local, http_api)`)
  const password = values.DEFAULT_ADMIN_PASSWORD
  if (password === '') return
  if (isPublishedSecret(password)) problem('DEFAULT_ADMIN_PASSWORD is a published example; choose another')
  else if ([...password].length < 12 || [...password].length > 256)
    problem('DEFAULT_ADMIN_PASSWORD must be 12 to 256 characters long')
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

function checkRateLimits({ values, problem, warn }: Check): void {
  for (const name of RATE_LIMITS) {
    if (values[name] < 1)
      problem(`${name} must be at least 1 (got ${values[name]}); use ENABLE_RATE_LIMIT=false to disable limits`)
  }
  for (const name of GUESSABLE) if (values[name] > HIGH_LIMIT) warn(`${name} is so high that it limits nothing`)
  if (values.RATE_LIMIT_CLEANUP_INTERVAL <= 0) problem('RATE_LIMIT_CLEANUP_INTERVAL must be a positive duration')
  if (values.REDIS_ADDR.includes(','))
    problem('REDIS_ADDR takes one address host:port or one redis:// URL; lists are not supported')
}

const CACHES = ['USER_CACHE', 'CLIENT_CACHE', 'CLIENT_COUNT_CACHE'] as const

function checkCaches({ values, problem }: Check): void {
  for (const cache of CACHES) {
    const ttl = values[`${cache}_TTL`]
    if (ttl <= 0) problem(`${cache}_TTL must be a positive duration (got ${formatDuration(ttl)})`)
    if (values[`${cache}_TYPE`] === 'redis-aside' && values[`${cache}_CLIENT_TTL`] <= 0)
      problem(
        `${cache}_CLIENT_TTL must be a positive duration when ${cache}_TYPE="redis-aside" (got ${formatDuration(values[`${cache}_CLIENT_TTL`])})`,
      )
  }
  if (!values.TOKEN_CACHE_ENABLED) return
  if (!['memory', 'redis', 'redis-aside'].includes(values.TOKEN_CACHE_TYPE))
    problem(
      `invalid TOKEN_CACHE_TYPE value: "${values.TOKEN_CACHE_TYPE}" (must be "memory", "redis", or "redis-aside")`,
    )
  if (values.TOKEN_CACHE_TTL <= 0)
    problem(
      `TOKEN_CACHE_TTL must be a positive duration when TOKEN_CACHE_ENABLED=true (got ${formatDuration(values.TOKEN_CACHE_TTL)})`,
    )
}

function checkJobs({ values, problem }: Check): void {
  if (values.EXPIRED_TOKEN_CLEANUP_INTERVAL <= 0)
    problem(
      `EXPIRED_TOKEN_CLEANUP_INTERVAL must be a positive duration (got ${formatDuration(values.EXPIRED_TOKEN_CLEANUP_INTERVAL)})`,
    )
  if (values.AUDIT_LOG_CLEANUP_INTERVAL <= 0)
    problem(
      `AUDIT_LOG_CLEANUP_INTERVAL must be a positive duration (got ${formatDuration(values.AUDIT_LOG_CLEANUP_INTERVAL)})`,
    )
  if (values.AUDIT_LOG_BUFFER_SIZE < 1) problem('AUDIT_LOG_BUFFER_SIZE must be at least 1')
  const level = values.DB_LOG_LEVEL
  if (!['silent', 'error', 'warn', 'info'].includes(level.toLowerCase()))
    problem(`invalid DB_LOG_LEVEL value: "${level}" (must be "silent", "error", "warn", or "info")`)
}

function checkRegistration({ values, problem }: Check): void {
  for (const name of ['DYNAMIC_CLIENT_REGISTRATION_TOKEN', 'METRICS_TOKEN', 'HTTP_API_AUTH_SECRET'] as const) {
    if (isPublishedSecret(values[name])) problem(`${name} is a published example or a comment; choose another`)
  }
}
