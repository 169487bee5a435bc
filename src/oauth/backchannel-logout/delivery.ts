/**
 * Delivers logout tokens (OpenID Connect Back-Channel Logout §2.5): at least once, with pauses that grow, for hours.
 *
 * One process works at a time. Applications do not wait for each other: a few are told in parallel, and one that does
 * not answer is left alone for a while.
 */
import { audit } from '../../audit/audit'
import { findClient } from '../../clients/clients'
import type { Context } from '../../context'
import { commit } from '../../db/commit'
import { OutgoingError } from '../../outgoing/outgoing-error'
import { signLogoutToken } from './logout-token'
import { clientsToNotify, dueNotices, type LogoutNotice, postponeNotice, postponeOthers, removeNotice } from './notices'

const CONCURRENCY = 4
const ATTEMPT_TIMEOUT_MS = 5_000

/** Pauses of 10 s, 30 s, 90 s, … 6 hours: the last attempt comes about nine hours after the first. */
const MOST_ATTEMPTS = 9
const FIRST_PAUSE_MS = 10_000
const PAUSE_FACTOR = 3
const UNREACHABLE_PAUSE_MS = 30_000

/** Whether there is something to deliver now. */
export const hasDueLogoutNotices = async (ctx: Context): Promise<boolean> => (await clientsToNotify(ctx)).length > 0

export async function deliverLogoutNotices(ctx: Context, signal: AbortSignal): Promise<void> {
  const waiting = await clientsToNotify(ctx)
  const worker = async () => {
    for (let client = waiting.shift(); client !== undefined && !signal.aborted; client = waiting.shift())
      await notifyClient(ctx, client, signal)
  }
  const results = await Promise.allSettled(Array.from({ length: CONCURRENCY }, worker))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function notifyClient(ctx: Context, clientId: string, signal: AbortSignal): Promise<void> {
  const client = await findClient(ctx, clientId)
  for (const notice of await dueNotices(ctx, clientId)) {
    if (signal.aborted) return
    // The application is gone, or no longer wants to know.
    const failure = client?.backchannelLogoutUri
      ? await attempt(ctx, client.backchannelLogoutUri, notice, signal)
      : undefined
    if (!failure) {
      await commit(ctx, [removeNotice(notice)])
      continue
    }
    // Ended by the shutdown, not by the application: another process goes on.
    if (signal.aborted) return
    await noteFailure(ctx, notice, client?.clientName ?? '', failure)
    if (!failure.answered) {
      await commit(ctx, [postponeOthers(ctx, clientId, later(ctx, UNREACHABLE_PAUSE_MS))])
      return
    }
  }
}

interface Failure {
  readonly reason: string
  /** Whether the application was reached. */
  readonly answered: boolean
}

async function attempt(
  ctx: Context,
  url: string,
  notice: LogoutNotice,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const body = new URLSearchParams({ logout_token: await signLogoutToken(ctx, notice) }).toString()
  try {
    const { status } = await ctx.outgoing.send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body,
      timeoutMs: ATTEMPT_TIMEOUT_MS,
      // The status says everything (§2.8), so however long an answer is, it costs nothing.
      answerLimit: 0,
      signal,
    })
    return status >= 200 && status < 300 ? undefined : { reason: `answer ${status}`, answered: true }
  } catch (error) {
    if (error instanceof OutgoingError) return { reason: error.message, answered: false }
    throw error
  }
}

/** Every failure may pass, a 400 too: applications answer it also when their logout failed (§2.8). */
async function noteFailure(ctx: Context, notice: LogoutNotice, clientName: string, { reason }: Failure): Promise<void> {
  const { clientId, userId, sid } = notice
  const attempts = notice.attempts + 1
  if (attempts < MOST_ATTEMPTS) {
    const pause = FIRST_PAUSE_MS * PAUSE_FACTOR ** notice.attempts
    await commit(ctx, [postponeNotice(notice, later(ctx, pause))])
    ctx.log.debug({ clientId, sid, attempts, reason }, 'Logout notice not delivered; trying again later')
    return
  }
  await commit(ctx, [
    removeNotice(notice),
    ...audit(ctx, {
      event: 'LOGOUT',
      severity: 'WARNING',
      success: false,
      action: 'Application could not be told about a logout; given up',
      actor: { id: userId },
      resource: { type: 'CLIENT', id: clientId, name: clientName },
      clientId,
      details: { sid, attempts },
      errorMessage: reason,
    }),
  ])
  ctx.log.warn({ clientId, sid, attempts, reason }, 'Logout notice not delivered; given up')
}

/** Spread by a fifth, so that what failed together does not come back together. */
const later = ({ clock, random }: Context, pauseMs: number): Date =>
  new Date(clock.now() + pauseMs * (0.9 + random.fraction() * 0.2))
