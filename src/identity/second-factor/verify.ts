/** Checking what somebody typed as second factor. */
import type { RequestContext } from '../../context'
import type { Statement } from '../../db/statements'
import { claimAttempt, noteSuccess, PASSWORD_POLICY } from '../attempt-delays'
import { type User, userUnchanged } from '../users'
import { openTotpSecret, readRecoveryCode, useRecoveryCode, useTotpStep } from './records'
import { stepOf } from './totp'

/** A second factor that was shown. */
export interface ShownFactor {
  readonly kind: 'right'
  readonly method: 'totp' | 'recovery_code' | 'passkey'
  /** Methods of RFC 8176. */
  readonly amr: readonly string[]
  /** Comes first in the commit of what was asked for; with `alongside` it uses the proof up. `Conflict` when too late. */
  readonly claim: Statement
  readonly alongside: readonly Statement[]
}

export type FactorVerification =
  | ShownFactor
  | { readonly kind: 'wrong' }
  | { readonly kind: 'delayed'; readonly waitMs: number }

/**
 * Guesses are counted before they are looked at, apart from those of passwords: only who knows the password gets here. A
 * browser the account is known in has a count of its own, so that a thief of the password locks nobody out.
 *
 * Throws `DatabaseUnavailable`.
 */
export async function verifySecondFactor(
  ctx: RequestContext,
  user: User,
  typed: string,
  device: string | undefined,
): Promise<FactorVerification> {
  const subject = `second-factor:${user.id}${device === undefined ? '' : `:${device}`}`
  const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (waitMs > 0) return { kind: 'delayed', waitMs }
  const digits = typed.replaceAll(/\s/g, '')
  const right = /^\d{6}$/.test(digits) ? checkTotp(ctx, user, digits) : await checkRecovery(ctx, user, typed)
  if (!right) return { kind: 'wrong' }
  return { ...right, kind: 'right', alongside: [...right.alongside, noteSuccess(subject)] }
}

type Right = Omit<ShownFactor, 'kind'>

function checkTotp(ctx: RequestContext, user: User, code: string): Right | undefined {
  const secret = openTotpSecret(ctx, user)
  if (secret === undefined) return undefined
  const step = stepOf(secret, code, ctx.clock.now(), user.totpLastStep)
  if (step === undefined) return undefined
  return { method: 'totp', amr: ['otp'], claim: useTotpStep(ctx, user, secret, step), alongside: [] }
}

async function checkRecovery(ctx: RequestContext, user: User, typed: string): Promise<Right | undefined> {
  const code = readRecoveryCode(typed)
  const use = code === undefined ? undefined : await useRecoveryCode(ctx, user.id, code)
  return use && { method: 'recovery_code', amr: ['otp'], claim: userUnchanged(user), alongside: [use] }
}
