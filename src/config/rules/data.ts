/** The database's jobs, and secrets of features that have no rules of their own. */
import { isPublishedSecret } from '../weak-secrets'
import { type Check, requirePositive, warnShortSecret } from './check'

export function checkData(check: Check): void {
  const { values, problem, warn } = check
  requirePositive(check, 'EXPIRED_TOKEN_CLEANUP_INTERVAL')
  requirePositive(check, 'AUDIT_LOG_CLEANUP_INTERVAL')
  for (const name of ['DYNAMIC_CLIENT_REGISTRATION_TOKEN', 'METRICS_TOKEN', 'HTTP_API_AUTH_SECRET'] as const) {
    if (isPublishedSecret(values[name]))
      problem(
        `${name} is a published example or a comment; set a random value (generate one with: openssl rand -hex 32)`,
      )
  }
  if (values.REDIS_PASSWORD.startsWith('# '))
    problem('REDIS_PASSWORD is a comment; set the password or remove the line')
  warnShortSecret(check, 'DYNAMIC_CLIENT_REGISTRATION_TOKEN')
  if (values.ENABLE_DYNAMIC_CLIENT_REGISTRATION && values.DYNAMIC_CLIENT_REGISTRATION_TOKEN === '')
    warn('DYNAMIC_CLIENT_REGISTRATION_TOKEN is not set: everybody who reaches the server can register clients')
}
