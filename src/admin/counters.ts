/**
 * The counters of the dashboard. Each goes through an index, and what may be millions is counted up to a limit: nobody
 * waits for an exact number that large.
 */
import { and, eq, gt, or, type SQL, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, type Query, query } from '../db/definitions'
import type { Tables } from '../db/tables'
import { isFinished } from '../identity/session-records'

export const COUNT_LIMIT = 10_000

export interface Counters {
  /** `COUNT_LIMIT` stands for that many or more, here and below. */
  readonly users: number
  readonly admins: number
  readonly disabledUsers: number
  readonly clients: number
  readonly activeClients: number
  readonly pendingClients: number
  /** Changes of approved clients that wait for a decision. */
  readonly pendingRevisions: number
  /** Not expired. */
  readonly accessTokens: number
  readonly refreshTokens: number
  readonly sessions: number
}

const count = sql<number>`count(*)`.mapWith(Number)

/** The table's columns are not read: an index holds all that is asked for. */
const one = { one: sql<number>`1`.as('one') }

const countUsers = (name: string, only?: (t: Tables) => SQL): Query<{ count: number }> =>
  query(name, (q, t) =>
    q.select({ count }).from(q.select(one).from(t.users).where(only?.(t)).limit(COUNT_LIMIT).as('counted')),
  )
const users = countUsers('dashboard_users')
const admins = countUsers('dashboard_admins', (t) => eq(t.users.role, 'admin'))
const disabled = countUsers('dashboard_disabled_users', (t) => eq(t.users.isActive, false))
const clients = query('dashboard_clients', (q, t) =>
  q.select({ status: t.oauthApplications.status, count }).from(t.oauthApplications).groupBy(t.oauthApplications.status),
)
const revisions = query('dashboard_revisions', (q, t) =>
  q.select({ count }).from(t.clientRevisions).where(eq(t.clientRevisions.status, 'pending')),
)

const tokens = (category: 'access' | 'refresh'): Query<{ count: number }> =>
  query(`dashboard_${category}_tokens`, (q, { accessTokens }) =>
    q.select({ count }).from(
      q
        .select(one)
        .from(accessTokens)
        .where(
          and(
            gt(accessTokens.expiresAt, param('now')),
            eq(accessTokens.tokenCategory, category),
            eq(accessTokens.status, 'active'),
          ),
        )
        .limit(COUNT_LIMIT)
        .as('counted'),
    ),
  )
const accessTokens = tokens('access')
const refreshTokens = tokens('refresh')

const isLive = (tables: Tables): SQL | undefined => {
  const { sessions } = tables
  return and(
    gt(sessions.expiresAt, param('now')),
    or(eq(sessions.remember, true), gt(sessions.lastSeenAt, param('idleSince'))),
    isFinished(tables),
  )
}
const sessions = query('dashboard_sessions', (q, t) =>
  q.select({ count }).from(q.select(one).from(t.sessions).where(isLive(t)).limit(COUNT_LIMIT).as('counted')),
)

/** Throws `DatabaseUnavailable`. */
export async function readCounters(ctx: Pick<Context, 'db' | 'clock' | 'settings'>): Promise<Counters> {
  const at = now(ctx)
  const idleMs = ctx.settings.SESSION_IDLE_TIMEOUT * 1000
  const parameters = { now: at, idleSince: idleMs > 0 ? new Date(at.getTime() - idleMs) : new Date(0) }
  const counted = async (definition: Query<{ count: number }>) => (await ctx.db.one(definition, parameters))?.count ?? 0
  const [byStatus, ...rest] = await Promise.all([
    ctx.db.all(clients),
    ...[users, admins, disabled, revisions, accessTokens, refreshTokens, sessions].map(counted),
  ])
  const [allUsers = 0, allAdmins = 0, disabledUsers = 0, pendingRevisions = 0, access = 0, refresh = 0, live = 0] = rest
  const ofStatus = (status: string) => byStatus.find((row) => row.status === status)?.count ?? 0
  return {
    users: allUsers,
    admins: allAdmins,
    disabledUsers,
    clients: byStatus.reduce((sum, row) => sum + row.count, 0),
    activeClients: ofStatus('active'),
    pendingClients: ofStatus('pending'),
    pendingRevisions,
    accessTokens: access,
    refreshTokens: refresh,
    sessions: live,
  }
}
