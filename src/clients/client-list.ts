/** Clients as somebody looks through them: an owner through the own ones, an administrator through all. */
import { and, count, desc, eq, type SQL, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { beginsWith, contains, folded, searchable } from '../db/folded-text'
import { countsOf, type Found, foundRows, MOST_LISTED } from '../db/found'
import type { Client } from './clients'

export const CLIENT_FILTERS = { status: ['pending', 'active', 'inactive'] } as const

export interface ClientSelection {
  readonly search: string
  readonly filters: { readonly status?: string | undefined }
  /** Undefined = of every owner and of none. */
  readonly ownerId?: string
}

function condition({ db: { t } }: Pick<Context, 'db'>, { search, filters, ownerId }: ClientSelection): SQL | undefined {
  const { clientName, clientId, description, userId, status } = t.oauthApplications
  const text = searchable(search)
  return and(
    ownerId === undefined ? undefined : eq(userId, ownerId),
    filters.status === undefined ? undefined : eq(status, filters.status as Client['status']),
    text === '' ? undefined : contains([clientName, clientId, description], text),
  )
}

/** Looks at every one that matches: for one owner, and for commands. Throws `DatabaseUnavailable`. */
export async function countClients(ctx: Pick<Context, 'db'>, selection: ClientSelection): Promise<number> {
  const { q, t } = ctx.db
  const [row] = await q.select({ count: count() }).from(t.oauthApplications).where(condition(ctx, selection))
  return row?.count ?? 0
}

/** The newest first; equal times are told apart by their id. */
export const selectClients = (
  ctx: Pick<Context, 'db'>,
  selection: ClientSelection,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<Client[]> => {
  const { q, t } = ctx.db
  const { createdAt, clientId } = t.oauthApplications
  return q
    .select()
    .from(t.oauthApplications)
    .where(condition(ctx, selection))
    .orderBy(desc(createdAt), desc(clientId))
    .limit(limit)
    .offset(offset)
}

/** Of the newest clients, so many are searched for the text anywhere in their names. */
const SEARCHED_WHOLE = 5_000
/** Of all clients, so many are taken of those whose name begins with the text. */
const MOST_BEGINNING = 500

/** Of any owner, the newest first. Throws `DatabaseUnavailable`. */
export const findClients = (ctx: Pick<Context, 'db'>, selection: ClientSelection): Promise<Found<Client>> => {
  const text = searchable(selection.search)
  return text === '' ? narrowed(ctx, selection) : searched(ctx, selection, text)
}

async function narrowed(ctx: Pick<Context, 'db'>, selection: ClientSelection): Promise<Found<Client>> {
  const { q, t } = ctx.db
  const looked = q
    .select({ one: sql`1`.as('one') })
    .from(t.oauthApplications)
    .where(condition(ctx, selection))
    .limit(MOST_LISTED)
    .as('looked')
  const [counts] = await q.select(countsOf(undefined)).from(looked)
  return {
    total: counts?.total ?? 0,
    cut: counts?.looked === MOST_LISTED,
    select: (window) => selectClients(ctx, selection, window),
  }
}

async function searched(ctx: Pick<Context, 'db'>, selection: ClientSelection, text: string): Promise<Found<Client>> {
  const { q, t, dialect } = ctx.db
  const client = t.oauthApplications
  const newest = q
    .select()
    .from(client)
    .orderBy(desc(client.createdAt), desc(client.clientId))
    .limit(SEARCHED_WHOLE)
    .as('newest')
  const [size, byId, beginning, among] = await Promise.all([
    q.select({ one: sql`1` }).from(client).limit(1).offset(SEARCHED_WHOLE),
    q.select().from(client).where(eq(client.clientId, text)),
    q
      .select()
      .from(client)
      .where(beginsWith(dialect, folded(dialect, client.clientName), text))
      .limit(MOST_BEGINNING),
    q
      .select()
      .from(newest)
      .where(contains([newest.clientName, newest.clientId, newest.description], text)),
  ])
  const { status } = selection.filters
  const rows = [...new Map([...byId, ...beginning, ...among].map((row) => [row.clientId, row])).values()]
    .filter((row) => status === undefined || row.status === status)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.clientId < b.clientId ? 1 : -1))
  return foundRows(rows, size.length > 0)
}
