/** A user's own browser sessions: the list, and ending others from here. */
import { audit } from '../audit/audit'
import type { RequestContext } from '../context'
import { Conflict, commit, type Statement } from '../db/commit'
import type { SessionRow } from './session-records'
import { type BrowserSession, endOtherSessions, endSessionBySid, isLive, listSessions } from './sessions'

/** The live ones, most recently used first. */
export async function ownSessions(ctx: RequestContext, { user }: BrowserSession): Promise<SessionRow[]> {
  const rows = await listSessions(ctx, user.id)
  return rows.filter((row) => isLive(ctx, row, user)).sort((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime())
}

/** False when the user has no such session: one of somebody else and one that has ended are the same. */
export async function endOwnSession(ctx: RequestContext, session: BrowserSession, sid: string): Promise<boolean> {
  try {
    await commit(ctx, [
      ...endSessionBySid(ctx, { userId: session.user.id, sid }),
      ...auditEnd(ctx, session, 'Browser session ended by user', { sid }),
    ])
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
  ctx.metrics.count('sessions_expired_total', { reason: 'logout' })
  return true
}

/** Resolves to how many were ended. */
export async function endOwnOtherSessions(ctx: RequestContext, session: BrowserSession): Promise<number> {
  const ends = endOtherSessions(ctx, session)
  const changed = await commit(ctx, [
    ...ends,
    ...auditEnd(ctx, session, 'All other browser sessions ended by user', { kept_sid: session.sid }),
  ])
  const ended = changed[ends.length - 1] ?? 0
  ctx.metrics.count('sessions_expired_total', { reason: 'logout' }, ended)
  return ended
}

const auditEnd = (
  ctx: RequestContext,
  { user }: BrowserSession,
  action: string,
  details: Record<string, string>,
): Statement[] =>
  audit(ctx, {
    event: 'LOGOUT',
    action,
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details,
  })
