/** Signing in with a name and a password. */
import type { RequestContext } from '../context'
import { claimAttempt, PASSWORD_POLICY } from './attempt-delays'
import { logInExternally } from './http-api/log-in'
import { delaySubject, knownDevice } from './known-device'
import { logInLocally } from './local-login'
import { auditRefusal, type LoginOutcome, type PasswordSource, refused } from './login-outcome'
import { isHalfway } from './second-factor/required'
import type { BrowserSession } from './sessions'
import { findUserByUsername, type User } from './users'

export interface PasswordLogin {
  readonly username: string
  readonly password: string
  readonly remember: boolean
  /** Value of the cookie that marks browsers where somebody signed in before. */
  readonly knownDevice: string | undefined
  /** The session this browser has now; it ends when the login succeeds. */
  readonly replaces: BrowserSession | undefined
  /** Aborted when the browser is gone: nobody waits for further attempts to reach the service. */
  readonly gone?: AbortSignal
}

/** A login that was counted and may go on. */
export interface LoginAttempt extends Omit<PasswordLogin, 'knownDevice'> {
  /** What the attempt was counted under. */
  readonly subject: string
  /** The known device it comes from. */
  readonly device: string | undefined
}

const MAX_USERNAME_CHARACTERS = 255
const MAX_PASSWORD_BYTES = 1_024

/**
 * Checks the password and starts a session. Names that exist, names that do not, and accounts without a password here
 * take the same path: one counted attempt, one look-up, one check, one text. That an account is disabled is told only
 * to who knows its password.
 *
 * Throws `DatabaseUnavailable` and `PasswordQueueFull`.
 */
export async function logIn(ctx: RequestContext, login: PasswordLogin): Promise<LoginOutcome> {
  const startedAt = ctx.clock.now()
  const { outcome, method } = await attemptLogin(ctx, login)
  const result = outcome.kind === 'signed_in' ? 'success' : 'failure'
  ctx.metrics.count('auth_attempts_total', { method, result })
  // Not yet when the second factor is still to come.
  const isPending = outcome.kind === 'signed_in' && isHalfway(outcome.started.session)
  if (!isPending) ctx.metrics.count('auth_login_total', { auth_source: method, result })
  ctx.metrics.observe('auth_login_duration_seconds', (ctx.clock.now() - startedAt) / 1000, { method })
  return outcome
}

async function attemptLogin(
  ctx: RequestContext,
  login: PasswordLogin,
): Promise<{ readonly outcome: LoginOutcome; readonly method: PasswordSource }> {
  const { username, password } = login
  if (username === '' || password === '' || username.length > MAX_USERNAME_CHARACTERS || tooLong(password)) {
    auditRefusal(ctx, 'invalid_input', username)
    return { outcome: refused(), method: 'local' }
  }
  const device = knownDevice(ctx, username, login.knownDevice)
  const subject = delaySubject(username, device)
  const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (waitMs > 0) {
    auditRefusal(ctx, 'throttled', username)
    return { outcome: { kind: 'delayed', waitMs }, method: 'local' }
  }

  const user = await findUserByUsername(ctx, username)
  const method = passwordSource(ctx, user)
  const attempt = { ...login, subject, device }
  const outcome = await (method === 'http_api' ? logInExternally : logInLocally)(ctx, attempt, user)
  return { outcome, method }
}

const tooLong = (password: string): boolean => Buffer.byteLength(password) > MAX_PASSWORD_BYTES

/** Existing accounts stay with whoever has their password, whatever the mode; it decides about unknown names only. */
function passwordSource({ settings }: RequestContext, user: User | undefined): PasswordSource {
  const source = user ? user.authSource : settings.AUTH_MODE
  return source === 'http_api' ? 'http_api' : 'local'
}
