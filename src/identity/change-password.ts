/** Choosing a new password: because one wants to, or because somebody else chose the present one. */
import { and, eq, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { Conflict, must, type Statement } from '../db/commit'
import { param, write } from '../db/definitions'
import { messagesFor } from '../edge/language'
import { claimAttempt, noteSuccess, PASSWORD_POLICY } from './attempt-delays'
import { type PasswordProblem, passwordProblem } from './password'
import { hasSecondFactor } from './second-factor/required'
import {
  type BrowserSession,
  endSessionsOfUser,
  mustReplacePassword,
  type StartedSession,
  sessionGoesOn,
  startSession,
} from './sessions'

export interface PasswordChange {
  /** Not asked for when the change is forced: it was typed to sign in a moment ago. */
  readonly currentPassword: string
  readonly password: string
  readonly confirmation: string
}

export type ChangeProblem = PasswordProblem | 'not_the_same' | 'unchanged' | 'account_changed' | 'wrong_current'

export type ChangeOutcome =
  | { readonly kind: 'changed'; readonly started: StartedSession }
  | { readonly kind: 'problem'; readonly problem: ChangeProblem }
  | { readonly kind: 'delayed'; readonly waitMs: number }

/** Whether this server keeps a password for the account at all. */
export const hasPassword = ({ user }: BrowserSession): boolean =>
  user.passwordHash !== '' && user.authSource !== 'http_api'

/**
 * Replaces the password, ends every session of the user and starts a new one here, in one commit: whoever knew the old
 * password or holds a copied cookie is out.
 *
 * Throws `DatabaseUnavailable` and `PasswordQueueFull`.
 */
export async function changePassword(
  ctx: RequestContext,
  session: BrowserSession,
  change: PasswordChange,
): Promise<ChangeOutcome> {
  const { user } = session
  const forced = mustReplacePassword(session)
  const subject = `password-change:${user.id}`

  if (change.password !== change.confirmation) return problem('not_the_same')
  const unfit = passwordProblem(change.password, user.username, user.email)
  if (unfit) return problem(unfit)
  if (forced) {
    const kept = await ctx.passwords.verify(change.password, user.passwordHash)
    if (kept.matches) return problem('unchanged')
  } else {
    if (change.password === change.currentPassword) return problem('unchanged')
    // A borrowed browser must not become a place to guess the password at.
    const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
    if (waitMs > 0) return { kind: 'delayed', waitMs }
    const { matches } = await ctx.passwords.verify(change.currentPassword, user.passwordHash)
    if (!matches) return refuseCurrent(ctx, session)
  }

  const passwordHash = await ctx.passwords.hash(change.password)
  const login = {
    user,
    remember: session.remember,
    amr: session.amr,
    idp: session.idp,
    // The password alone does not renew what password and second factor proved together.
    ...((forced || hasSecondFactor(user)) && { authTime: session.authTime }),
    flash: messagesFor(ctx, session).password.changed,
  }
  try {
    const started = await startSession(ctx, login, {
      claim: must(setPassword, { id: user.id, version: user.version, passwordHash, now: now(ctx) }, 'user'),
      alongside: [
        // Where no password was asked for, the change rests on the session.
        ...(forced ? [sessionGoesOn(session)] : []),
        ...endSessionsOfUser(ctx, user.id),
        noteSuccess(subject),
        ...auditChange(ctx, session, forced),
      ],
    })
    return { kind: 'changed', started }
  } catch (error) {
    if (error instanceof Conflict) return problem('account_changed')
    throw error
  }
}

const problem = (code: ChangeProblem): ChangeOutcome => ({ kind: 'problem', problem: code })

const setPassword = write('set_own_password', (q, t) =>
  q
    .update(t.users)
    .set({
      passwordHash: param('passwordHash'),
      mustChangePassword: false,
      version: sql`${t.users.version} + 1`,
      updatedAt: param('now'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

const auditChange = (ctx: RequestContext, { user }: BrowserSession, forced: boolean): Statement[] =>
  audit(ctx, {
    event: 'USER_UPDATED',
    severity: 'WARNING',
    action: 'Password changed by user',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { forced },
  })

function refuseCurrent(ctx: RequestContext, { user, sid }: BrowserSession): ChangeOutcome {
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action: 'Password change refused',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, provider: 'local', reason: 'wrong_current_password', sid },
    errorMessage: 'Invalid credentials',
  })
  return problem('wrong_current')
}
