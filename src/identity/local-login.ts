/** Signing in with a password that this server keeps. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { Conflict, must, type Statement } from '../db/commit'
import { param, write } from '../db/definitions'
import { noteSuccess } from './attempt-delays'
import { newKnownDevice } from './known-device'
import type { LoginAttempt } from './login'
import { auditRefusal, type LoginOutcome, type LoginProblem, type RefusalReason, refused } from './login-outcome'
import { auditFirstStep } from './second-factor/first-step'
import { lastLoginAfter } from './second-factor/required'
import { startSession } from './sessions'
import type { User } from './users'

/** Takes one hash computation, whether there is such an account or not. */
export async function logInLocally(
  ctx: RequestContext,
  attempt: LoginAttempt,
  user: User | undefined,
): Promise<LoginOutcome> {
  const { username, password, subject, device, remember, replaces } = attempt
  if (!user) {
    await ctx.passwords.burn(password)
    return refuse(ctx, 'unknown_user', username)
  }
  const { matches, needsRehash } = await ctx.passwords.verify(password, user.passwordHash)
  if (!matches) return refuse(ctx, 'wrong_password', user)
  if (!user.isActive) return refuse(ctx, 'account_disabled', user, 'disabled')

  const newHash = needsRehash ? await ctx.passwords.hash(password) : user.passwordHash
  const lastLoginAt = lastLoginAfter(user, now(ctx))
  const claim = must(noteLogin, { id: user.id, version: user.version, passwordHash: newHash, lastLoginAt }, 'user')
  const recorded = auditFirstStep(ctx, user, { auth_source: user.authSource, provider: 'local' }) ?? success(ctx, user)
  const proven = { user, remember, amr: 'pwd', idp: 'local', ...(replaces && { replaces }) }
  try {
    const started = await startSession(ctx, proven, { claim, alongside: [noteSuccess(subject), ...recorded] })
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

const success = (ctx: RequestContext, user: User): Statement[] =>
  audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: 'User login successful',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, provider: 'local' },
  })

/** Also replaces a hash of an older kind. */
const noteLogin = write('note_login', (q, t) =>
  q
    .update(t.users)
    .set({ lastLoginAt: param('lastLoginAt'), passwordHash: param('passwordHash') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

function refuse(ctx: RequestContext, reason: RefusalReason, who: User | string, problem?: LoginProblem): LoginOutcome {
  auditRefusal(ctx, reason, who)
  return refused(problem)
}
