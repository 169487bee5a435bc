/** Tokens as an administrator looks through them: of every user and of the clients themselves, dead ones too. */
import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import { findClients } from '../clients/client-list'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import { contains, searchable } from '../db/folded-text'
import { countsOf, type Found, foundRows, MOST_LISTED, type Window } from '../db/found'
import { findUsers } from '../users/user-list'
import type { TokenRow } from './records'

export const TOKEN_FILTERS = { status: ['active', 'disabled', 'revoked'], category: ['access', 'refresh'] } as const

interface TokenFilters {
  readonly status?: string | undefined
  readonly category?: string | undefined
  readonly user_id?: string | undefined
  readonly client_id?: string | undefined
}

export interface TokenSelection {
  readonly search: string
  readonly filters: TokenFilters
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

type Reader = Pick<Context, 'db'>

/** The newest first; equal times are told apart by their id. Throws `DatabaseUnavailable`. */
export const findTokens = (ctx: Reader, { search, filters }: TokenSelection): Promise<Found<ListedToken>> => {
  const text = searchable(search)
  return text === '' ? narrowed(ctx, filters) : named(ctx, text, filters)
}

async function narrowed(ctx: Reader, filters: TokenFilters): Promise<Found<ListedToken>> {
  const { q, t } = ctx.db
  const { accessTokens: token } = t
  const lead = leadOf(filters)
  const looked = q
    .select({
      ...{ id: token.id, createdAt: token.createdAt, userId: token.userId, clientId: token.clientId },
      ...{ status: token.status, tokenCategory: token.tokenCategory },
    })
    .from(token)
    .where(conditionOf(ctx, filters, lead))
    .orderBy(desc(token.createdAt), desc(token.id))
    .limit(MOST_LISTED)
    .as('looked')
  const rest = and(
    ...FILTER_NAMES.filter((name) => name !== lead).map((name) => {
      const value = filters[name]
      return value === undefined ? undefined : sql`${looked[COLUMNS[name]]} = ${value}`
    }),
  )
  const [counts] = await q.select(countsOf(rest)).from(looked)
  return {
    total: counts?.total ?? 0,
    cut: counts?.looked === MOST_LISTED,
    select: async ({ limit, offset }: Window) => {
      const ids = await q
        .select({ id: looked.id })
        .from(looked)
        .where(rest)
        .orderBy(desc(looked.createdAt), desc(looked.id))
        .limit(limit)
        .offset(offset)
      return tokensOfIds(
        ctx,
        ids.map(({ id }) => id),
      )
    },
  }
}

const COLUMNS = { user_id: 'userId', client_id: 'clientId', status: 'status', category: 'tokenCategory' } as const
type FilterName = keyof typeof COLUMNS
const FILTER_NAMES = Object.keys(COLUMNS) as readonly FilterName[]

/** The filter with the fewest tokens, as far as can be told beforehand. Active and access tokens are most of them all. */
function leadOf({ status, user_id, client_id, category }: TokenFilters): FilterName | undefined {
  if (status === 'disabled') return 'status'
  if (user_id !== undefined) return 'user_id'
  if (client_id !== undefined) return 'client_id'
  if (status === 'revoked') return 'status'
  return category === 'refresh' ? 'category' : undefined
}

/** Written as the partial indexes are, so that the planner recognises them. */
function conditionOf({ db: { t } }: Reader, filters: TokenFilters, lead: FilterName | undefined) {
  const { status, userId, clientId, tokenCategory } = t.accessTokens
  switch (lead) {
    case undefined:
      return undefined
    case 'user_id':
      return eq(userId, filters.user_id ?? '')
    case 'client_id':
      return eq(clientId, filters.client_id ?? '')
    case 'status':
      return and(sql`${status} <> 'active'`, sql`${status} = ${filters.status}`)
    case 'category':
      return sql`${tokenCategory} = 'refresh'`
  }
}

async function tokensOfIds(ctx: Reader, ids: readonly string[]): Promise<ListedToken[]> {
  if (ids.length === 0) return []
  const { q, t } = ctx.db
  const { accessTokens: token, users, oauthApplications: client } = t
  return q
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
    .where(inArray(token.id, [...ids]))
    .orderBy(desc(token.createdAt), desc(token.id))
}

/** A search is for some users and clients, not for all whose name has an `a`. */
const MOST_NAMED = 30
/** Tokens of each of them, the newest. */
const NEWEST_OF_EACH = 250

type Key = Pick<TokenRow, 'id' | 'createdAt' | 'userId' | 'clientId' | 'status' | 'tokenCategory'>

const newestOf = (name: string, column: 'userId' | 'clientId') =>
  query<Key>(`newest_tokens_of_${name}`, (q, { accessTokens: token }) =>
    q
      .select({
        ...{ id: token.id, createdAt: token.createdAt, userId: token.userId, clientId: token.clientId },
        ...{ status: token.status, tokenCategory: token.tokenCategory },
      })
      .from(token)
      .where(eq(token[column], param('of')))
      .orderBy(desc(token.createdAt), desc(token.id))
      .limit(NEWEST_OF_EACH),
  )
const newestOfUser = newestOf('user', 'userId')
const newestOfClient = newestOf('client', 'clientId')

/** By the names of users and clients, by scope among the newest, and by id. */
async function named(ctx: Reader, text: string, filters: TokenFilters): Promise<Found<ListedToken>> {
  const [users, clients] = await Promise.all([
    findUsers(ctx, { search: text, filters: {} }),
    findClients(ctx, { search: text, filters: {} }),
  ])
  const some = { limit: MOST_NAMED, offset: 0 }
  const [userRows, clientRows] = await Promise.all([users.select(some), clients.select(some)])
  const [scoped, one, ...ofNames] = await Promise.all([
    withScope(ctx, text),
    findTokenRow(ctx, text),
    ...userRows.map(({ id }) => ctx.db.all(newestOfUser, { of: id })),
    ...clientRows.map(({ clientId }) => ctx.db.all(newestOfClient, { of: clientId })),
  ])
  const keys = new Map([...ofNames.flat(), ...scoped, ...(one ? [one] : [])].map((key) => [key.id, key]))
  const wanted = [...keys.values()]
    .filter((key) => FILTER_NAMES.every((name) => filters[name] === undefined || key[COLUMNS[name]] === filters[name]))
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1))
  const cut =
    users.total > MOST_NAMED || clients.total > MOST_NAMED || ofNames.some(({ length }) => length === NEWEST_OF_EACH)
  const { total, select } = foundRows(wanted, cut)
  return {
    total,
    cut,
    select: async (window) =>
      tokensOfIds(
        ctx,
        (await select(window)).map(({ id }) => id),
      ),
  }
}

function withScope({ db: { q, t } }: Reader, text: string): PromiseLike<Key[]> {
  const { accessTokens: token } = t
  const looked = q
    .select({
      ...{ id: token.id, createdAt: token.createdAt, userId: token.userId, clientId: token.clientId },
      ...{ status: token.status, tokenCategory: token.tokenCategory, scopes: token.scopes },
    })
    .from(token)
    .orderBy(desc(token.createdAt), desc(token.id))
    .limit(MOST_LISTED)
    .as('looked')
  return q
    .select()
    .from(looked)
    .where(contains([looked.scopes], text))
}

const tokenById = query('token_by_row_id', (q, t) =>
  q
    .select()
    .from(t.accessTokens)
    .where(eq(t.accessTokens.id, param('id'))),
)

/** Of any state. Throws `DatabaseUnavailable`. */
export const findTokenRow = (ctx: Reader, id: string): Promise<TokenRow | undefined> => ctx.db.one(tokenById, { id })
