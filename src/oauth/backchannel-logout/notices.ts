/**
 * The queue of logout tokens that wait to be delivered: one row for each ended session and application.
 *
 * Rows are written in the commit that ends the session, so neither happens without the other, whenever the process dies.
 */
import { and, asc, eq, lte, min, ne, type SQL, sql } from 'drizzle-orm'
import { type Context, now } from '../../context'
import { param, query, type Write, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import type { Tables } from '../../db/tables'

export type LogoutNotice = Tables['logoutNotices']['$inferSelect']

/** PostgreSQL wants to know the type of a parameter that is selected; SQLite keeps the number it is. */
const nowParameter = (name: string) => sql<Date>`cast(${param('now')} as timestamptz)`.as(name)

/**
 * Queues a notice to every application with a back-channel address that got tokens in the sessions `which` names. Must
 * stand before the sessions' deletion in their commit, with the parameter `now`.
 */
export const announceLogout = (name: string, which: (t: Tables) => SQL | undefined): Write =>
  write(`announce_${name}`, (q, t) =>
    q
      .insert(t.logoutNotices)
      .select(
        q
          .selectDistinct({
            sid: t.sessions.sid,
            clientId: t.oauthApplications.clientId,
            userId: t.sessions.userId,
            attempts: sql<number>`0`.as('attempts'),
            nextAttemptAt: nowParameter('next_attempt_at'),
            createdAt: nowParameter('created_at'),
          })
          .from(t.sessions)
          // As the index says it, or the index would not be used.
          .innerJoin(t.tokenFamilies, and(eq(t.tokenFamilies.sid, t.sessions.sid), sql`${t.tokenFamilies.sid} <> ''`))
          .innerJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.tokenFamilies.clientId))
          .where(and(which(t), ne(t.oauthApplications.backchannelLogoutUri, ''))),
      )
      .onConflictDoNothing(),
  )

const CLIENTS_AT_ONCE = 50
const NOTICES_AT_ONCE = 20

const clientsWithDueNotices = query('clients_with_due_logout_notices', (q, { logoutNotices }) =>
  q
    .select({ clientId: logoutNotices.clientId, since: min(logoutNotices.nextAttemptAt) })
    .from(logoutNotices)
    .where(lte(logoutNotices.nextAttemptAt, param('now')))
    .groupBy(logoutNotices.clientId)
    .orderBy(asc(min(logoutNotices.nextAttemptAt)))
    .limit(CLIENTS_AT_ONCE),
)

/** Applications that have notices to be delivered now; who has waited longest comes first. */
export async function clientsToNotify(ctx: Pick<Context, 'db' | 'clock'>): Promise<string[]> {
  const rows = await ctx.db.all(clientsWithDueNotices, { now: now(ctx) })
  return rows.map(({ clientId }) => clientId)
}

const dueNoticesOfClient = query('due_logout_notices_of_client', (q, { logoutNotices }) =>
  q
    .select()
    .from(logoutNotices)
    .where(and(eq(logoutNotices.clientId, param('clientId')), lte(logoutNotices.nextAttemptAt, param('now'))))
    .orderBy(asc(logoutNotices.nextAttemptAt))
    .limit(NOTICES_AT_ONCE),
)

export const dueNotices = (ctx: Pick<Context, 'db' | 'clock'>, clientId: string): Promise<LogoutNotice[]> =>
  ctx.db.all(dueNoticesOfClient, { clientId, now: now(ctx) })

const ofNotice = ({ logoutNotices }: Tables) =>
  and(eq(logoutNotices.sid, param('sid')), eq(logoutNotices.clientId, param('clientId')))

const deleteNotice = write('delete_logout_notice', (q, t) => q.delete(t.logoutNotices).where(ofNotice(t)))

/** The commit throws `Conflict('notice')` when it is gone already. */
export const removeNotice = ({ sid, clientId }: LogoutNotice): Statement =>
  must(deleteNotice, { sid, clientId }, 'notice')

const noteFailedAttempt = write('note_failed_logout_notice', (q, t) =>
  q
    .update(t.logoutNotices)
    .set({ attempts: param('attempts'), nextAttemptAt: param('nextAttemptAt') })
    .where(ofNotice(t)),
)

export const postponeNotice = ({ sid, clientId, attempts }: LogoutNotice, nextAttemptAt: Date): Statement =>
  run(noteFailedAttempt, { sid, clientId, attempts: attempts + 1, nextAttemptAt })

const postponeDueNotices = write('postpone_logout_notices_of_client', (q, { logoutNotices }) =>
  q
    .update(logoutNotices)
    .set({ nextAttemptAt: param('until') })
    .where(and(eq(logoutNotices.clientId, param('clientId')), lte(logoutNotices.nextAttemptAt, param('now')))),
)

/** Lets the due notices of a client that cannot be reached wait, without counting an attempt. */
export const postponeOthers = (ctx: Pick<Context, 'clock'>, clientId: string, until: Date): Statement =>
  run(postponeDueNotices, { clientId, until, now: now(ctx) })
