/** Tokens as an administrator looks through them: of every user and of the clients themselves, dead ones too. */
import { and, count, desc, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { selectClients } from '../clients/client-list'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import { selectUsers } from '../users/user-list'
import type { TokenRow } from './records'

export const TOKEN_FILTERS = { status: ['active', 'disabled', 'revoked'], category: ['access', 'refresh'] } as const

export interface TokenSelection {
  readonly search: string
  readonly filters: {
    readonly status?: string | undefined
    readonly category?: string | undefined
    readonly user_id?: string | undefined
    readonly client_id?: string | undefined
  }
}

/** What a list shows of a token: nothing it could be used or found out by. */
export type ListedToken = Pick<
  TokenRow,
  'id' | 'userId' | 'clientId' | 'tokenCategory' | 'status' | 'disabledBy' | 'scopes' | 'createdAt' | 'expiresAt'
> & {
  /** Null when the account or the client is gone; machine tokens have no user. */
  readonly username: string | null
  readonly clientName: string | null
}

/** More than this many are not counted, and not listed: nobody reads that far. */
export const MOST_LISTED = 10_000
/** A search is for some users and clients, not for all whose name has an `a`. */
const MOST_NAMED = 200

interface Named {
  readonly userIds: readonly string[]
  readonly clientIds: readonly string[]
}

/** What `findTokens` made of a selection. */
export interface FoundTokens {
  readonly where: SQL | undefined
}

/**
 * The condition of a selection, for its count and its page: names are looked up first, so that tokens are found through
 * their indexes. Throws `DatabaseUnavailable`.
 */
export async function findTokens(ctx: Pick<Context, 'db'>, { search, filters }: TokenSelection): Promise<FoundTokens> {
  const { accessTokens } = ctx.db.t
  const text = search.replaceAll(/[\u0000\n]/g, '')
  const named = text === '' ? undefined : await findNamed(ctx, text)
  const where = and(
    filters.status === undefined ? undefined : eq(accessTokens.status, filters.status as TokenRow['status']),
    filters.category === undefined
      ? undefined
      : eq(accessTokens.tokenCategory, filters.category as TokenRow['tokenCategory']),
    filters.user_id === undefined ? undefined : eq(accessTokens.userId, filters.user_id),
    filters.client_id === undefined ? undefined : eq(accessTokens.clientId, filters.client_id),
    named && matches(ctx, text, named),
  )
  return { where }
}

function matches(ctx: Pick<Context, 'db'>, text: string, { userIds, clientIds }: Named): SQL | undefined {
  const { accessTokens } = ctx.db.t
  const pattern = `%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`
  return or(
    sql`lower(${accessTokens.scopes}) like ${pattern} escape '\\'`,
    eq(accessTokens.id, text),
    userIds.length > 0 ? inArray(accessTokens.userId, [...userIds]) : undefined,
    clientIds.length > 0 ? inArray(accessTokens.clientId, [...clientIds]) : undefined,
  )
}

async function findNamed(ctx: Pick<Context, 'db'>, search: string): Promise<Named> {
  const window = { limit: MOST_NAMED, offset: 0 }
  const [users, clients] = await Promise.all([
    selectUsers(ctx, { search, filters: {} }, window),
    selectClients(ctx, { search, filters: {} }, window),
  ])
  return { userIds: users.map(({ id }) => id), clientIds: clients.map(({ clientId }) => clientId) }
}

/** Up to `MOST_LISTED`. Throws `DatabaseUnavailable`. */
export async function countTokens(ctx: Pick<Context, 'db'>, { where }: FoundTokens): Promise<number> {
  const { q, t } = ctx.db
  const one = { one: sql<number>`1`.as('one') }
  const found = q.select(one).from(t.accessTokens).where(where).limit(MOST_LISTED).as('found')
  const [row] = await q.select({ count: count() }).from(found)
  return row?.count ?? 0
}

/** The newest first; equal times are told apart by their id. Throws `DatabaseUnavailable`. */
export async function selectTokens(
  ctx: Pick<Context, 'db'>,
  { where }: FoundTokens,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<ListedToken[]> {
  const { q, t } = ctx.db
  const { accessTokens: token, users, oauthApplications: client } = t
  return await q
    .select({
      id: token.id,
      userId: token.userId,
      clientId: token.clientId,
      tokenCategory: token.tokenCategory,
      status: token.status,
      disabledBy: token.disabledBy,
      scopes: token.scopes,
      createdAt: token.createdAt,
      expiresAt: token.expiresAt,
      username: users.username,
      clientName: client.clientName,
    })
    .from(token)
    .leftJoin(users, eq(users.id, token.userId))
    .leftJoin(client, eq(client.clientId, token.clientId))
    .where(where)
    .orderBy(desc(token.createdAt), desc(token.id))
    .limit(limit)
    .offset(offset)
}

const tokenById = query('token_by_row_id', (q, t) =>
  q
    .select()
    .from(t.accessTokens)
    .where(eq(t.accessTokens.id, param('id'))),
)

/** Of any state. Throws `DatabaseUnavailable`. */
export const findTokenRow = (ctx: Pick<Context, 'db'>, id: string): Promise<TokenRow | undefined> =>
  ctx.db.one(tokenById, { id })
