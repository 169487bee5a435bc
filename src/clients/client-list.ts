/** Clients as somebody looks through them: an owner through the own ones, an administrator through all. */
import { and, count, desc, eq, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Context } from '../context'
import type { Client } from './clients'

export const CLIENT_FILTERS = { status: ['pending', 'active', 'inactive'] } as const

export interface ClientSelection {
  readonly search: string
  readonly filters: { readonly status?: string | undefined }
  /** Undefined = of every owner and of none. */
  readonly ownerId?: string
}

/** Case does not matter, and the signs with a meaning in patterns stand for themselves. */
const contains = (column: PgColumn, text: string): SQL =>
  sql`lower(${column}) like ${`%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`

function condition({ db: { t } }: Pick<Context, 'db'>, { search, filters, ownerId }: ClientSelection): SQL | undefined {
  const { clientName, clientId, description, userId, status } = t.oauthApplications
  // PostgreSQL takes no NUL, and no text that is stored has one.
  const text = search.replaceAll('\u0000', '')
  return and(
    ownerId === undefined ? undefined : eq(userId, ownerId),
    filters.status === undefined ? undefined : eq(status, filters.status as Client['status']),
    text === '' ? undefined : or(...[clientName, clientId, description].map((column) => contains(column, text))),
  )
}

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
