/** The browser sessions of another user, ended by an administrator. */
import { audit } from '../audit/audit'
import type { RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { Conflict, commit } from '../db/commit'
import type { Statement } from '../db/statements'
import type { SessionRow } from '../identity/session-records'
import { endSessionBySid, endSessionsOfUser, isLive, listSessions } from '../identity/sessions'
import type { User } from '../identity/users'
import type { Actor } from './administrators'

/** The live ones, most recently used first. Throws `DatabaseUnavailable`. */
export async function liveSessions(ctx: RequestContext, user: User): Promise<SessionRow[]> {
  const rows = await listSessions(ctx, user.id)
  return rows.filter((row) => isLive(ctx, row, user)).sort((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime())
}

/** False when the user has no such session any more. Throws `DatabaseUnavailable`. */
export async function endSessionOf(ctx: RequestContext, actor: Actor, user: User, sid: string): Promise<boolean> {
  try {
    await commit(ctx, [
      ...endSessionBySid(ctx, { userId: user.id, sid }),
      ...auditEnd(ctx, actor, user, 'Browser session ended by admin', { sid }),
    ])
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
  ctx.metrics.count('sessions_expired_total', { reason: 'admin' })
  return true
}

/** Resolves to how many were ended. Throws `DatabaseUnavailable`. */
export async function endAllSessionsOf(ctx: RequestContext, actor: Actor, user: User): Promise<number> {
  const statements = [
    ...endSessionsOfUser(ctx, user.id),
    ...auditEnd(ctx, actor, user, 'All browser sessions ended by admin', {}),
  ]
  const ended = rowsChanged(statements, await commit(ctx, statements), 'delete_sessions_of_user')
  ctx.metrics.count('sessions_expired_total', { reason: 'admin' }, ended)
  return ended
}

const auditEnd = (
  ctx: RequestContext,
  actor: Actor,
  { id, username }: User,
  action: string,
  details: Readonly<Record<string, string>>,
): Statement[] =>
  audit(ctx, {
    event: 'LOGOUT',
    severity: 'WARNING',
    action,
    actor,
    resource: { type: 'USER', id, name: username },
    details,
  })
