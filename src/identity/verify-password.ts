/** Whether somebody who is signed in still knows the password: before actions that a borrowed browser must not do. */
import type { RequestContext } from '../context'
import { commit } from '../db/commit'
import type { Statement } from '../db/statements'
import { claimAttempt, noteSuccess, PASSWORD_POLICY, takeBackAttempt } from './attempt-delays'
import { isSamePerson, reportMismatch } from './http-api/mismatch'
import { auditRefusal, type RefusalReason } from './login-outcome'
import { type User, userUnchanged } from './users'

export type PasswordVerification =
  /** `alongside` belongs into the commit of what the password was asked for; `Conflict('user')` when it came too late. */
  | { readonly kind: 'right'; readonly alongside: readonly Statement[] }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'delayed'; readonly waitMs: number }
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }

const MAX_PASSWORD_BYTES = 1_024

/**
 * Asks whoever has the account's password: this server, or the service of `HTTP_API_URL`. Guesses are counted apart from
 * those of the login, so that they do not lock the owner out there. Accounts without a password never match.
 *
 * Throws `DatabaseUnavailable` and `PasswordQueueFull`.
 */
export async function verifyPassword(
  ctx: RequestContext,
  user: User,
  password: string,
  gone?: AbortSignal,
): Promise<PasswordVerification> {
  if (password === '' || Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return wrong(ctx, user, 'invalid_input')
  const subject = `password-confirm:${user.id}`
  const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (waitMs > 0) {
    wrong(ctx, user, 'throttled')
    return { kind: 'delayed', waitMs }
  }
  const right: PasswordVerification = { kind: 'right', alongside: [userUnchanged(user), noteSuccess(subject)] }
  if (user.authSource !== 'http_api') {
    const { matches } = await ctx.passwords.verify(password, user.passwordHash)
    return matches ? right : wrong(ctx, user, 'wrong_password')
  }
  if (!ctx.httpApi) return wrong(ctx, user, 'not_configured')

  const verdict = await ctx.httpApi.check({ username: user.username, password }, gone)
  if (verdict.kind === 'rejected') return wrong(ctx, user, 'wrong_password')
  if (verdict.kind === 'accepted') {
    if (isSamePerson(user, verdict.identity)) return right
    await reportMismatch(ctx, user, verdict.identity)
    return wrong(ctx, user, 'external_id_mismatch')
  }
  await commit(ctx, [takeBackAttempt(ctx, subject)])
  wrong(ctx, user, 'external_unavailable')
  return { kind: 'unavailable', retryAfterSeconds: verdict.kind === 'unavailable' ? verdict.retryAfterSeconds : 5 }
}

function wrong(ctx: RequestContext, user: User, reason: RefusalReason): PasswordVerification {
  const source = user.authSource === 'http_api' ? 'http_api' : 'local'
  auditRefusal(ctx, reason, user, source, 'Password confirmation refused')
  return { kind: 'wrong' }
}
