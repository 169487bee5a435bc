/** Checking what somebody typed as second factor. */
import type { RequestContext } from '../../context'
import { commit } from '../../db/commit'
import type { Statement } from '../../db/statements'
import { subscriberOf } from '../../limits/subscriber'
import { claimAttempt, type DelayPolicy, noteSuccess, PASSWORD_POLICY, takeBackAttempt } from '../attempt-delays'
import { factorDelaySubject } from '../known-device'
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
  | { readonly kind: 'wrong'; readonly method: TypedFactor }
  | { readonly kind: 'delayed'; readonly method: TypedFactor; readonly waitMs: number }

export type TypedFactor = Exclude<ShownFactor['method'], 'passkey'>

/** Many people share the address of an office: it may be wrong more often than one account. */
const ADDRESS_POLICY: DelayPolicy = { ...PASSWORD_POLICY, freeFailures: 20 }

/**
 * Guesses are counted before they are looked at, apart from those of passwords: only who knows the password gets here.
 * They are counted for the account and for the address, so that neither many addresses guess at one account nor one
 * address at many. A browser the account is known in has a count of its own and is asked for no other, so that neither
 * a thief of the password nor a neighbour locks anybody out there.
 *
 * Throws `DatabaseUnavailable`.
 */
export async function verifySecondFactor(
  ctx: RequestContext,
  user: User,
  typed: string,
  device: string | undefined,
): Promise<FactorVerification> {
  const digits = typed.replaceAll(/\s/g, '')
  const isTotp = /^\d{6}$/.test(digits)
  const method = isTotp ? 'totp' : 'recovery_code'
  const guess = await claimGuess(ctx, user, device)
  if (guess.waitMs > 0) return { kind: 'delayed', method, waitMs: guess.waitMs }
  const right = isTotp ? checkTotp(ctx, user, digits) : await checkRecovery(ctx, user, typed)
  if (!right) return { kind: 'wrong', method }
  return { ...right, kind: 'right', alongside: [...right.alongside, ...guess.forgiven] }
}

interface Guess {
  readonly waitMs: number
  /** Part of the commit of a right one. */
  readonly forgiven: readonly Statement[]
}

async function claimGuess(ctx: RequestContext, user: User, device: string | undefined): Promise<Guess> {
  const subject = factorDelaySubject(user.id, device)
  const claimed = () => claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (device !== undefined) return { waitMs: await claimed(), forgiven: [noteSuccess(subject)] }
  const address = `second-factor-from:${subscriberOf(ctx.request.ip)}`
  const waitThere = await claimAttempt(ctx, address, ADDRESS_POLICY)
  if (waitThere > 0) return { waitMs: waitThere, forgiven: [] }
  const waitMs = await claimed()
  // Nothing was guessed.
  if (waitMs > 0) await commit(ctx, [takeBackAttempt(ctx, address)])
  // A factor of one's own must not wipe out the wrong guesses at those of others.
  return { waitMs, forgiven: [noteSuccess(subject), takeBackAttempt(ctx, address)] }
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
