/** Users as an administrator looks through them. */
import { and, asc, count, desc, eq, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Context } from '../context'
import type { User } from '../identity/users'

/** Without the password's hash, which no list needs. */
export type ListedUser = Pick<
  User,
  'id' | 'username' | 'email' | 'fullName' | 'role' | 'authSource' | 'isActive' | 'createdAt' | 'lastLoginAt'
>

export const USER_FILTERS = {
  role: ['admin', 'user'],
  auth_source: ['local', 'http_api'],
  status: ['active', 'disabled'],
} as const
export const USER_SORTS = ['newest', 'oldest', 'username'] as const

export interface UserSelection {
  readonly search: string
  readonly filters: { readonly [Name in keyof typeof USER_FILTERS]?: string | undefined }
  readonly sort?: string | undefined
}

/**
 * Whether one of the texts contains what was typed. Case does not matter, and the signs with a meaning in patterns stand
 * for themselves. The columns are compared in one go, which halves the time of a search; no text reaches from one into
 * the next over the line end between them.
 */
function contains(columns: readonly PgColumn[], text: string): SQL {
  const pattern = `%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`
  const all = sql.join(
    columns.map((column) => sql`${column}`),
    sql` || '\n' || `,
  )
  return sql`lower(${all}) like ${pattern} escape '\\'`
}

function condition({ db: { t } }: Pick<Context, 'db'>, { search, filters }: UserSelection): SQL | undefined {
  const { users } = t
  // PostgreSQL takes no NUL, and no text that is stored has one.
  const text = search.replaceAll(/[\u0000\n]/g, '')
  return and(
    filters.role === undefined ? undefined : eq(users.role, filters.role as User['role']),
    filters.auth_source === undefined ? undefined : eq(users.authSource, filters.auth_source),
    filters.status === undefined ? undefined : eq(users.isActive, filters.status === 'active'),
    text === '' ? undefined : or(eq(users.id, text), contains([users.username, users.email, users.fullName], text)),
  )
}

export async function countUsers(ctx: Pick<Context, 'db'>, selection: UserSelection): Promise<number> {
  const { q, t } = ctx.db
  const [row] = await q.select({ count: count() }).from(t.users).where(condition(ctx, selection))
  return row?.count ?? 0
}

/** Rows in a fixed order: equal times are told apart by their id. */
export const selectUsers = (
  ctx: Pick<Context, 'db'>,
  selection: UserSelection,
  { limit, offset }: { readonly limit: number; readonly offset: number },
) => {
  const { q, t } = ctx.db
  const { users } = t
  const orders = {
    newest: [desc(users.createdAt), desc(users.id)],
    oldest: [asc(users.createdAt), asc(users.id)],
    username: [asc(users.username), asc(users.id)],
  }
  return q
    .select({
      id: users.id,
      username: users.username,
      email: users.email,
      fullName: users.fullName,
      role: users.role,
      authSource: users.authSource,
      isActive: users.isActive,
      createdAt: users.createdAt,
      lastLoginAt: users.lastLoginAt,
    })
    .from(users)
    .where(condition(ctx, selection))
    .orderBy(...(orders[selection.sort as keyof typeof orders] ?? orders.newest))
    .limit(limit)
    .offset(offset)
}
