/**
 * Limits on guessing user codes (RFC 8628 §5.1): per user and per address, kept in the database.
 *
 * Every entry counts before it is looked up, and a right one takes back its own count only. Anybody can ask for codes
 * of their own and enter those, so a right entry must not make the wrong ones before it forgotten.
 */
import type { RequestContext } from '../../context'
import { commit, type Statement } from '../../db/commit'
import { claimAttempt, type DelayPolicy, takeBackAttempt } from '../../identity/attempt-delays'

const MINUTES = 60_000

const PER_USER: DelayPolicy = { freeFailures: 5, windowMs: 15 * MINUTES, firstDelayMs: 1_000, maxDelayMs: 15 * MINUTES }
/** Many people may share an address. */
const PER_ADDRESS: DelayPolicy = { ...PER_USER, freeFailures: 20 }

const userSubject = (userId: string) => `user_code:user:${userId}`
const addressSubject = ({ request }: RequestContext) => `user_code:address:${request.ip}`

/**
 * Counts an entry as wrong before it is looked up. 0: it may be looked up. Otherwise the milliseconds to wait; the code
 * must not be looked at. Throws `DatabaseUnavailable`.
 */
export async function claimGuess(ctx: RequestContext, userId: string): Promise<number> {
  const address = addressSubject(ctx)
  const addressWaitMs = await claimAttempt(ctx, address, PER_ADDRESS)
  if (addressWaitMs > 0) return addressWaitMs
  const userWaitMs = await claimAttempt(ctx, userSubject(userId), PER_USER)
  // Nothing was looked up, so the neighbours of an impatient person need not wait.
  if (userWaitMs > 0) await commit(ctx, [takeBackAttempt(ctx, address)])
  return userWaitMs
}

/** The entry was right: part of the commit that goes on with it. */
export const takeBackGuess = (ctx: RequestContext, userId: string): Statement[] => [
  takeBackAttempt(ctx, addressSubject(ctx)),
  takeBackAttempt(ctx, userSubject(userId)),
]
