/** Who allows a client something, as an administrator looks through them. */
import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Context } from '../context'
import { param, type QueryBuilder, query } from '../db/definitions'
import { countsOf, type Found, MOST_LISTED } from '../db/found'
import type { Tables } from '../db/tables'
import type { Consent } from './consents'

/** The newest consents of the client that are valid now: an index has all that is asked for. */
const looked = (q: QueryBuilder, { userAuthorizations: consent }: Tables) =>
  q
    .select({ uuid: consent.uuid, grantedAt: consent.grantedAt })
    .from(consent)
    .where(and(eq(consent.clientId, param('clientId')), eq(consent.isActive, true)))
    .orderBy(desc(consent.grantedAt), desc(consent.uuid))
    .limit(MOST_LISTED)
    .as('looked')

const countConsents = query('count_consents_of_client', (q, t) => {
  const some = looked(q, t)
  return q.select(countsOf(undefined)).from(some)
})

const idsOfConsents = query('ids_of_consents_of_client', (q, t) => {
  const some = looked(q, t)
  return q
    .select({ uuid: some.uuid })
    .from(some)
    .orderBy(desc(some.grantedAt), desc(some.uuid))
    .limit(param('limit'))
    .offset(param('offset'))
})

/** `email` is empty when the account is gone. */
type NamedConsent = Consent & { readonly username: string; readonly email: string }

/** What is allowed now, the latest first. Throws `DatabaseUnavailable`. */
export async function findConsentsOf(ctx: Pick<Context, 'db'>, clientId: string): Promise<Found<NamedConsent>> {
  const counts = await ctx.db.one(countConsents, { clientId })
  return {
    total: counts?.total ?? 0,
    cut: counts?.looked === MOST_LISTED,
    select: async (window) => {
      const ids = await ctx.db.all(idsOfConsents, { clientId, ...window })
      return consentsOfIds(
        ctx,
        ids.map(({ uuid }) => uuid),
      )
    },
  }
}

async function consentsOfIds({ db: { q, t } }: Pick<Context, 'db'>, ids: readonly string[]): Promise<NamedConsent[]> {
  if (ids.length === 0) return []
  const { userAuthorizations: consent, users } = t
  const rows = await q
    .select({ consent, username: users.username, email: users.email })
    .from(consent)
    .leftJoin(users, eq(users.id, consent.userId))
    .where(inArray(consent.uuid, [...ids]))
    .orderBy(desc(consent.grantedAt), desc(consent.uuid))
  return rows.map(({ consent: row, username, email }) => ({
    ...row,
    username: username ?? row.userId,
    email: email ?? '',
  }))
}
