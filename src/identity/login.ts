/** Signing in with a name and a password. */

import { and, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { Conflict, must, type Statement } from '../db/commit'
import { param, write } from '../db/definitions'
import { claimAttempt, noteSuccess, PASSWORD_POLICY } from './attempt-delays'
import { delaySubject, knownDevice, newKnownDevice } from './known-device'
import { type BrowserSession, type StartedSession, startSession } from './sessions'
import { findUserByUsername, type User } from './users'

export interface PasswordLogin {
  readonly username: string
  readonly password: string
  readonly remember: boolean
  /** Value of the cookie that marks browsers where somebody signed in before. */
  readonly knownDevice: string | undefined
  /** The session this browser has now; it ends when the login succeeds. */
  readonly replaces: BrowserSession | undefined
}

export type LoginOutcome =
  | {
      readonly kind: 'signed_in'
      readonly started: StartedSession
      /** New value for the cookie of known devices, when this browser is not one yet. */
      readonly knownDevice: string | undefined
    }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'delayed'; readonly waitMs: number }

const INVALID = 'Invalid username or password'
const DISABLED = 'Your account has been disabled. Please contact your administrator.'

const MAX_USERNAME_CHARACTERS = 255
const MAX_PASSWORD_BYTES = 1_024

/**
 * Checks the password and starts a session. Names that exist, names that do not, and accounts without a password here
 * take the same path: one counted attempt, one look-up, one hash, one text. That an account is disabled is told only to
 * who knows its password.
 *
 * Throws `DatabaseUnavailable` and `PasswordQueueFull`.
 */
export async function logIn(ctx: RequestContext, login: PasswordLogin): Promise<LoginOutcome> {
  const startedAt = ctx.clock.now()
  const outcome = await attempt(ctx, login)
  const result = outcome.kind === 'signed_in' ? 'success' : 'failure'
  ctx.metrics.count('auth_attempts_total', { method: 'local', result })
  ctx.metrics.count('auth_login_total', { auth_source: 'local', result })
  ctx.metrics.observe('auth_login_duration_seconds', (ctx.clock.now() - startedAt) / 1000, { method: 'local' })
  return outcome
}

async function attempt(ctx: RequestContext, login: PasswordLogin): Promise<LoginOutcome> {
  const { username, password } = login
  if (username === '' || password === '' || username.length > MAX_USERNAME_CHARACTERS || tooLong(password))
    return refuse(ctx, 'invalid_input', username)

  const device = knownDevice(ctx, username, login.knownDevice)
  const subject = delaySubject(username, device)
  const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (waitMs > 0) {
    refuse(ctx, 'throttled', username)
    return { kind: 'delayed', waitMs }
  }

  const user = await findUserByUsername(ctx, username)
  if (!user) {
    await ctx.passwords.burn(password)
    return refuse(ctx, 'unknown_user', username)
  }
  if (user.authSource === 'http_api') {
    await ctx.passwords.burn(password)
    return refuse(ctx, 'not_configured', user)
  }
  const { matches, needsRehash } = await ctx.passwords.verify(password, user.passwordHash)
  if (!matches) return refuse(ctx, 'wrong_password', user)
  if (!user.isActive) return refuse(ctx, 'account_disabled', user, DISABLED)

  const newHash = needsRehash ? await ctx.passwords.hash(password) : user.passwordHash
  const claim = must(noteLogin, { id: user.id, version: user.version, passwordHash: newHash, now: now(ctx) }, 'user')
  const alongside = [noteSuccess(subject), ...auditSuccess(ctx, user)]
  try {
    const { remember, replaces } = login
    const proven = { user, remember, amr: 'pwd', idp: 'local', ...(replaces && { replaces }) }
    const started = await startSession(ctx, proven, { claim, alongside })
    return {
      kind: 'signed_in',
      started,
      knownDevice: device === undefined ? newKnownDevice(ctx, username) : undefined,
    }
  } catch (error) {
    // Disabled, or given another password, while this one was being checked.
    if (error instanceof Conflict) return refuse(ctx, 'account_changed', user)
    throw error
  }
}

const tooLong = (password: string): boolean => Buffer.byteLength(password) > MAX_PASSWORD_BYTES

/** Also replaces a hash of an older kind. */
const noteLogin = write('note_login', (q, t) =>
  q
    .update(t.users)
    .set({ lastLoginAt: param('now'), passwordHash: param('passwordHash') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

const auditSuccess = (ctx: RequestContext, user: User): Statement[] =>
  audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: 'User login successful',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, provider: 'local' },
  })

/** Reasons are for the audit trail; the person at the browser never learns them. */
const REASONS = {
  invalid_input: 'Missing or oversized user name or password',
  throttled: 'Too many requests',
  unknown_user: 'Unknown user',
  not_configured: 'No way to check this account’s password is configured',
  wrong_password: 'Invalid credentials',
  account_disabled: 'Account disabled',
  account_changed: 'Account changed during the login',
}

const TYPED_NAME_LIMIT = 100

function refuse(
  ctx: RequestContext,
  reason: keyof typeof REASONS,
  who: User | string,
  text: string = INVALID,
): LoginOutcome {
  const known = typeof who === 'string' ? undefined : who
  const actor =
    typeof who === 'string' ? { username: who.slice(0, TYPED_NAME_LIMIT) } : { id: who.id, username: who.username }
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action: 'User login attempt failed',
    actor,
    ...(known && { resource: { type: 'USER', id: known.id } }),
    details: { auth_source: known?.authSource ?? 'local', provider: 'local', reason },
    errorMessage: REASONS[reason],
  })
  return { kind: 'refused', text }
}
