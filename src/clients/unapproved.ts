/** What is counted and cleared away of clients that registered themselves. */
import { and, asc, count, eq, gt, lte } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'

const waitingRegistrations = query('waiting_registrations', (q, t) =>
  q
    .select({ waiting: count() })
    .from(t.oauthApplications)
    .where(and(eq(t.oauthApplications.status, 'pending'), eq(t.oauthApplications.origin, 'registration'))),
)

/** Throws `DatabaseUnavailable`. */
export const countWaiting = async (ctx: Pick<Context, 'db'>): Promise<number> =>
  (await ctx.db.one(waitingRegistrations))?.waiting ?? 0

const addressesSince = query('addresses_of_registrations', (q, t) =>
  q
    .select({ ip: t.oauthApplications.registrationIp })
    .from(t.oauthApplications)
    .where(and(gt(t.oauthApplications.createdAt, param('since')), eq(t.oauthApplications.origin, 'registration'))),
)

/** The addresses clients were registered from after a moment, one for each client. Throws `DatabaseUnavailable`. */
export const registrationAddresses = async (ctx: Pick<Context, 'db'>, since: Date): Promise<string[]> =>
  (await ctx.db.all(addressesSince, { since })).map(({ ip }) => ip)

const BATCH = 100

const isUnapproved = (t: Tables) =>
  and(
    eq(t.oauthApplications.status, 'pending'),
    eq(t.oauthApplications.origin, 'registration'),
    lte(t.oauthApplications.createdAt, param('before')),
    // Raised when tokens were revoked: somebody approved that client before it was set back.
    eq(t.oauthApplications.tokenEpoch, 0),
  )

const unapprovedBefore = query('unapproved_registrations', (q, t) =>
  q
    .select({ clientId: t.oauthApplications.clientId, clientName: t.oauthApplications.clientName })
    .from(t.oauthApplications)
    .where(isUnapproved(t))
    .orderBy(asc(t.oauthApplications.createdAt))
    .limit(BATCH),
)

/** Some of the clients that registered themselves not after `before` and were never approved. */
export const findUnapproved = (
  ctx: Pick<Context, 'db'>,
  before: Date,
): Promise<{ clientId: string; clientName: string }[]> => ctx.db.all(unapprovedBefore, { before })

const deleteUnapprovedRow = write('delete_unapproved_registration', (q, t) =>
  q.delete(t.oauthApplications).where(and(eq(t.oauthApplications.clientId, param('clientId')), isUnapproved(t))),
)

/** The commit throws `Conflict('client')` when somebody approved it in the meantime. */
export const deleteUnapproved = (clientId: string, before: Date): Statement =>
  must(deleteUnapprovedRow, { clientId, before }, 'client')
