/** What an administrator sees of one user beside their record. */
import { and, desc, eq, gt, sql } from 'drizzle-orm'
import type { AuditRow } from '../audit/row'
import { countConsentsOfUser } from '../consent/consents-of-user'
import { type Context, now } from '../context'
import { param, query } from '../db/definitions'

const count = sql<number>`count(*)`.mapWith(Number)

/** Nobody waits for an exact number that large. */
const MOST_COUNTED = 1_000

const activeTokens = query('count_active_tokens_of_user', (q, { accessTokens }) =>
  q.select({ count }).from(
    q
      .select({ one: sql<number>`1`.as('one') })
      .from(accessTokens)
      .where(
        and(
          eq(accessTokens.userId, param('userId')),
          eq(accessTokens.status, 'active'),
          gt(accessTokens.expiresAt, param('now')),
        ),
      )
      .limit(MOST_COUNTED)
      .as('counted'),
  ),
)
const connections = query('count_connections_of_user', (q, { oauthConnections }) =>
  q
    .select({ count })
    .from(oauthConnections)
    .where(eq(oauthConnections.userId, param('userId'))),
)
export interface UserCounts {
  /** Status active and not expired, up to 1,000. */
  readonly activeTokens: number
  readonly connections: number
  readonly consents: number
}

/** Throws `DatabaseUnavailable`. */
export async function countsOfUser(ctx: Pick<Context, 'db' | 'clock'>, userId: string): Promise<UserCounts> {
  const parameters = { userId, now: now(ctx) }
  const [tokens, connected, allowed] = await Promise.all([
    ctx.db.one(activeTokens, parameters),
    ctx.db.one(connections, parameters),
    countConsentsOfUser(ctx, userId),
  ])
  return {
    activeTokens: tokens?.count ?? 0,
    connections: connected?.count ?? 0,
    consents: allowed,
  }
}

const RECENT = 10

const eventsBy = query('recent_events_by_user', (q, { auditLogs }) =>
  q
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.actorUserId, param('userId')))
    .orderBy(desc(auditLogs.eventTime), desc(auditLogs.id))
    .limit(RECENT),
)
const eventsAbout = query('recent_events_about_user', (q, { auditLogs }) =>
  q
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.resourceId, param('userId')))
    .orderBy(desc(auditLogs.eventTime), desc(auditLogs.id))
    .limit(RECENT),
)

/** What the user did and what was done to them, the latest first. Throws `DatabaseUnavailable`. */
export async function recentEvents(ctx: Pick<Context, 'db'>, userId: string): Promise<AuditRow[]> {
  const [by, about] = await Promise.all([ctx.db.all(eventsBy, { userId }), ctx.db.all(eventsAbout, { userId })])
  const rows = new Map([...by, ...about].map((row) => [row.id, row]))
  return [...rows.values()]
    .sort((a, b) => b.eventTime.getTime() - a.eventTime.getTime() || (a.id < b.id ? 1 : -1))
    .slice(0, RECENT)
}
