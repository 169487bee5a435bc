/** What can come of a login, and how a refused one is recorded. */
import type { RequestContext } from '../context'
import type { StartedSession } from './sessions'
import type { User } from './users'

/** Who checks a password: this server, or the service of `HTTP_API_URL`. */
export type PasswordSource = 'local' | 'http_api'

/** What the person is told. All but `invalid` and `passkey` is told only to who knows the password or has the passkey. */
export type LoginProblem = 'invalid' | 'disabled' | 'username_conflict' | 'email_conflict' | 'passkey'

export type LoginOutcome =
  | {
      readonly kind: 'signed_in'
      readonly started: StartedSession
      /** New value for the cookie of known devices, when this browser is not one yet. */
      readonly knownDevice: string | undefined
    }
  | { readonly kind: 'refused'; readonly problem: LoginProblem }
  | { readonly kind: 'delayed'; readonly waitMs: number }
  /** The password could not be checked now. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }

/** Reasons are for the audit trail; the person at the browser never learns them. */
const REASONS = {
  invalid_input: 'Missing or oversized user name or password',
  throttled: 'Too many requests',
  unknown_user: 'Unknown user',
  not_configured: 'No way to check this account’s password is configured',
  wrong_password: 'Invalid credentials',
  account_disabled: 'Account disabled',
  account_changed: 'Account changed during the login',
  external_id_mismatch: 'The external id of the account is another',
  external_unavailable: 'The authentication API does not answer',
}

export type RefusalReason = keyof typeof REASONS

const TYPED_NAME_LIMIT = 100

export const typedName = (username: string): string => username.slice(0, TYPED_NAME_LIMIT)

/** As audit rows name them. */
export const PROVIDER_NAMES: Readonly<Record<PasswordSource, string>> = { local: 'local', http_api: 'HTTP API' }

/** Records a refused login. `who` is the account, or the name as it was typed when there is none. */
export function auditRefusal(
  ctx: RequestContext,
  reason: RefusalReason,
  who: User | string,
  source: PasswordSource = 'local',
  action = 'User login attempt failed',
): void {
  const known = typeof who === 'string' ? undefined : who
  const actor = typeof who === 'string' ? { username: typedName(who) } : { id: who.id, username: who.username }
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action,
    actor,
    ...(known && { resource: { type: 'USER', id: known.id } }),
    details: { auth_source: known?.authSource ?? source, provider: PROVIDER_NAMES[source], reason },
    errorMessage: REASONS[reason],
  })
}

export const refused = (problem: LoginProblem = 'invalid'): LoginOutcome => ({ kind: 'refused', problem })
