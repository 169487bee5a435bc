/** Who allows a client something, as an administrator looks through them. */
import { and, count, desc, eq } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import type { Tables } from '../db/tables'
import type { Consent } from './consents'

const valid = ({ userAuthorizations }: Tables) =>
  and(eq(userAuthorizations.clientId, param('clientId')), eq(userAuthorizations.isActive, true))

const consentsOfClient = query('consents_of_client', (q, t) =>
  q
    .select({ consent: t.userAuthorizations, username: t.users.username })
    .from(t.userAuthorizations)
    .leftJoin(t.users, eq(t.users.id, t.userAuthorizations.userId))
    .where(valid(t))
    .orderBy(desc(t.userAuthorizations.grantedAt), desc(t.userAuthorizations.uuid))
    .limit(param('limit'))
    .offset(param('offset')),
)

const countConsents = query('count_consents_of_client', (q, t) =>
  q.select({ count: count() }).from(t.userAuthorizations).where(valid(t)),
)

/** Throws `DatabaseUnavailable`. */
export const countConsentsOf = async ({ db }: Pick<Context, 'db'>, clientId: string): Promise<number> =>
  (await db.one(countConsents, { clientId }))?.count ?? 0

/** What is allowed now, the latest first. Throws `DatabaseUnavailable`. */
export async function selectConsentsOf(
  { db }: Pick<Context, 'db'>,
  clientId: string,
  window: { readonly limit: number; readonly offset: number },
): Promise<(Consent & { readonly username: string })[]> {
  const rows = await db.all(consentsOfClient, { clientId, ...window })
  return rows.map(({ consent, username }) => ({ ...consent, username: username ?? consent.userId }))
}
