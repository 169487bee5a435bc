/** Rows of presented tokens, found by what a token proves: the id and the hash. */
import { and, eq, type GetColumnData, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { param, type Query, type QueryBuilder, query } from '../db/definitions'
import type { Tables } from '../db/tables'

/** A column of the one row that belongs to a token, or null when there is none. */
const partyOf = <C extends PgColumn>(q: QueryBuilder, column: C, belongs: SQL) =>
  sql<GetColumnData<C> | null>`(${q.select({ value: column }).from(column.table).where(belongs)})`.mapWith(column)

const ofToken = (t: Tables) => ({
  id: t.accessTokens.id,
  tokenCategory: t.accessTokens.tokenCategory,
  status: t.accessTokens.status,
  userId: t.accessTokens.userId,
  clientId: t.accessTokens.clientId,
  scopes: t.accessTokens.scopes,
  expiresAt: t.accessTokens.expiresAt,
  createdAt: t.accessTokens.createdAt,
  tokenFamilyId: t.accessTokens.tokenFamilyId,
  imported: t.accessTokens.imported,
})

const ofClient = (t: Tables) => eq(t.oauthApplications.clientId, t.accessTokens.clientId)
const ofUser = (t: Tables) => eq(t.users.id, t.accessTokens.userId)

const selectWithParties = (q: QueryBuilder, t: Tables) =>
  q
    .select({
      ...ofToken(t),
      // Selections of one value each: SQLite answers them several times faster than a join of the three tables.
      clientStatus: partyOf(q, t.oauthApplications.status, ofClient(t)),
      username: partyOf(q, t.users.username, ofUser(t)),
      userIsActive: partyOf(q, t.users.isActive, ofUser(t)),
    })
    .from(t.accessTokens)

/** Keys of a row: of a token of this server's own, and of one taken over, whose `jti` is not the row's id. */
export const tokenKey = {
  own: (t: Tables) => and(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.tokenHash, param('hash'))),
  imported: (t: Tables) => and(eq(t.accessTokens.tokenHash, param('hash')), sql`${t.accessTokens.imported}`),
}

export const ownToken = query('token_with_parties', (q, t) => selectWithParties(q, t).where(tokenKey.own(t)))
export const importedToken = query('imported_token_with_parties', (q, t) =>
  selectWithParties(q, t).where(tokenKey.imported(t)),
)

/** For a copy: without what belongs to user and client, but with their epochs. */
export const ownTokenWithEpochs = query('token_with_epochs', (q, t) =>
  q
    .select({
      ...ofToken(t),
      clientEpoch: partyOf(q, t.oauthApplications.tokenEpoch, ofClient(t)),
      userEpoch: partyOf(q, t.users.tokenEpoch, ofUser(t)),
    })
    .from(t.accessTokens)
    .where(tokenKey.own(t)),
)

type RowOf<Q> = Q extends Query<infer Row> ? Row : never

type WithNulls<Row, Names extends keyof Row> = Omit<Row, Names> & { readonly [Name in Names]: Row[Name] | null }

/** User and client may be gone, and machine tokens have no user. */
export type TokenWithParties = WithNulls<RowOf<typeof ownToken>, 'clientStatus' | 'username' | 'userIsActive'>
export type OwnToken = WithNulls<RowOf<typeof ownTokenWithEpochs>, 'clientEpoch' | 'userEpoch'>
