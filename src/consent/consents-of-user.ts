/** What a user allows now, as the user and administrators look through it. */
import { and, count, desc, eq, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import { type Found, MOST_LISTED, type Window } from '../db/found'
import type { Tables } from '../db/tables'

type Reader = Pick<Context, 'db'>

const activeOf = ({ userAuthorizations: consent }: Tables) =>
  and(eq(consent.userId, param('userId')), eq(consent.isActive, true))

/** An index has all that is counted. */
const countConsents = query('count_consents_of_user', (q, t) => {
  const some = q
    .select({ one: sql<number>`1`.as('one') })
    .from(t.userAuthorizations)
    .where(activeOf(t))
    .limit(MOST_LISTED)
    .as('some')
  return q.select({ count: count() }).from(some)
})

/** Up to `MOST_LISTED`. Throws `DatabaseUnavailable`. */
export const countConsentsOfUser = async (ctx: Reader, userId: string): Promise<number> =>
  (await ctx.db.one(countConsents, { userId }))?.count ?? 0

const consentsOfUser = query('consents_of_user', (q, t) => {
  const { userAuthorizations: consent, oauthApplications: client } = t
  return q
    .select({
      ...{ uuid: consent.uuid, clientId: consent.clientId, scopes: consent.scopes, grantedAt: consent.grantedAt },
      clientName: client.clientName,
    })
    .from(consent)
    .innerJoin(client, eq(client.clientId, consent.clientId))
    .where(activeOf(t))
    .orderBy(desc(consent.grantedAt), desc(consent.uuid))
    .limit(param('limit'))
    .offset(param('offset'))
})

export interface ConsentOfUser {
  readonly uuid: string
  readonly clientId: string
  readonly clientName: string
  readonly scopes: string
  readonly grantedAt: Date
}

/** The latest first. Throws `DatabaseUnavailable`. */
export async function findConsentsOfUser(ctx: Reader, userId: string): Promise<Found<ConsentOfUser>> {
  const total = await countConsentsOfUser(ctx, userId)
  return {
    total,
    cut: total === MOST_LISTED,
    select: (window: Window) => ctx.db.all(consentsOfUser, { userId, ...window }),
  }
}
