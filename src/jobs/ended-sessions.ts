/** Deletes browser sessions that nobody came back to, and counts how they ended. */
import { asc, inArray, lte } from 'drizzle-orm'
import type { Context } from '../context'
import { commit, run } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { BATCH_ROWS } from './batches'

/** In this time the browser of an ended session is told why its user has to sign in again. */
const NOTICE_MS = 24 * 3_600_000
const PAUSE_MS = 20

const endedSessions = query('ended_sessions', (q, { sessions }) =>
  q
    .select({ remember: sessions.remember, lastSeenAt: sessions.lastSeenAt, expiresAt: sessions.expiresAt })
    .from(sessions)
    .where(lte(sessions.expiresAt, param('before')))
    .orderBy(asc(sessions.expiresAt), asc(sessions.idHash))
    .limit(BATCH_ROWS),
)

const deleteEnded = write('delete_batch_of_sessions', (q, { sessions }) => {
  const ended = q
    .select({ key: sessions.idHash })
    .from(sessions)
    .where(lte(sessions.expiresAt, param('before')))
    .orderBy(asc(sessions.expiresAt), asc(sessions.idHash))
    .limit(BATCH_ROWS)
  return q.delete(sessions).where(inArray(sessions.idHash, ended))
})

type EndedSession = { readonly remember: boolean; readonly lastSeenAt: Date; readonly expiresAt: Date }

/** Resolves to the number of deleted rows. */
export async function deleteEndedSessions(ctx: Context, signal: AbortSignal): Promise<number> {
  const before = new Date(ctx.clock.now() - NOTICE_MS)
  let deleted = 0
  while (!signal.aborted) {
    const ended = await ctx.db.all(endedSessions, { before })
    if (ended.length === 0) break
    const [rows = 0] = await commit(ctx, [run(deleteEnded, { before })])
    for (const session of ended) ctx.metrics.count('sessions_expired_total', { reason: endOf(ctx, session) })
    deleted += rows
    if (ended.length < BATCH_ROWS) break
    await Bun.sleep(PAUSE_MS)
  }
  return deleted
}

/** The limit the session passed first. */
function endOf({ settings }: Context, { remember, lastSeenAt, expiresAt }: EndedSession): 'idle_timeout' | 'timeout' {
  const idles = settings.SESSION_IDLE_TIMEOUT > 0 && !(remember && settings.SESSION_REMEMBER_ME_ENABLED)
  const idleEnd = lastSeenAt.getTime() + settings.SESSION_IDLE_TIMEOUT * 1000
  return idles && idleEnd < expiresAt.getTime() ? 'idle_timeout' : 'timeout'
}
