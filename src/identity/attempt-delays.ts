/**
 * Progressive delays after wrong guesses, kept in the database so that they hold on every process and across restarts.
 *
 * An attempt is counted before the secret is looked at and taken back when it was right. Counting afterwards would let
 * any number of simultaneous guesses pass before the first of them is counted.
 */
import { and, eq, gt, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { Conflict, commit, Duplicate, must, run, type Statement } from '../db/commit'
import { param, query, rowParameters, write } from '../db/definitions'
import type { Tables } from '../db/tables'

type DelayRow = Tables['attemptDelays']['$inferSelect']
type DelayContext = Pick<Context, 'db' | 'clock'>

/** All times in milliseconds. */
export interface DelayPolicy {
  /** Failures within `windowMs` that cost nothing; each further one doubles the delay. */
  readonly freeFailures: number
  readonly windowMs: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

/** After five failures in 15 minutes: 1 s, 2 s, 4 s, … up to 15 minutes. */
export const PASSWORD_POLICY: DelayPolicy = {
  freeFailures: 5,
  windowMs: 15 * 60_000,
  firstDelayMs: 1_000,
  maxDelayMs: 15 * 60_000,
}

const delayOfSubject = query('attempt_delay', (q, t) =>
  q
    .select()
    .from(t.attemptDelays)
    .where(eq(t.attemptDelays.subject, param('subject'))),
)

const insertDelay = write('insert_attempt_delay', (q, t) =>
  q.insert(t.attemptDelays).values(rowParameters(t.attemptDelays)),
)

const replaceDelay = write('replace_attempt_delay', (q, t) =>
  q
    .update(t.attemptDelays)
    .set({
      failures: param('failures'),
      firstFailedAt: param('firstFailedAt'),
      lastFailedAt: param('lastFailedAt'),
      blockedUntil: param('blockedUntil'),
      expiresAt: param('expiresAt'),
    })
    .where(
      and(
        eq(t.attemptDelays.subject, param('subject')),
        eq(t.attemptDelays.failures, param('seenFailures')),
        eq(t.attemptDelays.lastFailedAt, param('seenLastFailedAt')),
      ),
    ),
)

const deleteDelay = write('delete_attempt_delay', (q, t) =>
  q.delete(t.attemptDelays).where(eq(t.attemptDelays.subject, param('subject'))),
)

const waitOf = (ctx: DelayContext, row: DelayRow | undefined): number =>
  row ? Math.max(0, row.blockedUntil.getTime() - ctx.clock.now()) : 0

/** Milliseconds until the subject may try again, 0 when it may now. Throws `DatabaseUnavailable`. */
export const attemptDelay = async (ctx: DelayContext, subject: string): Promise<number> =>
  waitOf(ctx, await ctx.db.one(delayOfSubject, { subject }))

function afterFailure(ctx: DelayContext, subject: string, policy: DelayPolicy, seen: DelayRow | undefined): DelayRow {
  const at = ctx.clock.now()
  const scattered = seen && seen.failures < policy.freeFailures && seen.firstFailedAt.getTime() <= at - policy.windowMs
  const before = seen && !scattered && seen.expiresAt.getTime() > at ? seen : undefined
  const failures = (before?.failures ?? 0) + 1
  const doublings = failures - policy.freeFailures
  const delay = doublings < 0 ? 0 : Math.min(policy.firstDelayMs * 2 ** doublings, policy.maxDelayMs)
  return {
    subject,
    failures,
    firstFailedAt: before?.firstFailedAt ?? new Date(at),
    lastFailedAt: new Date(at),
    blockedUntil: new Date(at + delay),
    // Forgotten after a quiet window, not when the delay ends: patience must not buy five free guesses each time.
    expiresAt: new Date(at + delay + policy.windowMs),
  }
}

const writeOver = (next: DelayRow, seen: DelayRow | undefined): Statement =>
  seen
    ? must(replaceDelay, { ...next, seenFailures: seen.failures, seenLastFailedAt: seen.lastFailedAt }, 'attempt')
    : run(insertDelay, next)

/** Each lost round means that another attempt was counted, and those soon lead to a delay. */
const ROUNDS = 50

/**
 * Counts an attempt as failed before its outcome is known. 0: the attempt may go on (and `noteSuccess` belongs into the
 * commit of its success). Otherwise the milliseconds to wait; nothing was counted and the secret must not be looked at.
 *
 * Throws `DatabaseUnavailable`.
 */
export async function claimAttempt(ctx: DelayContext, subject: string, policy: DelayPolicy): Promise<number> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const seen = await ctx.db.one(delayOfSubject, { subject })
    const wait = waitOf(ctx, seen)
    if (wait > 0) return wait
    if (await written(ctx, writeOver(afterFailure(ctx, subject, policy, seen), seen))) return 0
  }
  return policy.firstDelayMs
}

/** Forgets the failures of a subject: part of the commit of its success. */
export const noteSuccess = (subject: string): Statement => run(deleteDelay, { subject })

const forgetOneAttempt = write('forget_one_attempt', (q, t) =>
  q
    .update(t.attemptDelays)
    .set({ failures: sql`${t.attemptDelays.failures} - 1`, blockedUntil: param('now') })
    .where(and(eq(t.attemptDelays.subject, param('subject')), gt(t.attemptDelays.failures, 0))),
)

/**
 * Takes back the one attempt that was right and leaves the failures before it: where anybody can make secrets of their
 * own, `noteSuccess` would let one of those wipe out every wrong guess. Part of the commit of the success.
 */
export const takeBackAttempt = (ctx: Pick<Context, 'clock'>, subject: string): Statement =>
  run(forgetOneAttempt, { subject, now: now(ctx) })

/** False when another attempt came between the read and the write. */
async function written(ctx: DelayContext, statement: Statement): Promise<boolean> {
  try {
    await commit(ctx, [statement])
    return true
  } catch (error) {
    if (error instanceof Conflict || error instanceof Duplicate) return false
    throw error
  }
}
