/** Users as an administrator looks through them. */
import { asc, desc, eq, type SQL, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { beginsWith, contains, folded, restAfter, searchable } from '../db/folded-text'
import { countsOf, type Found, foundRows, leading, MOST_LISTED } from '../db/found'
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

type Sort = (typeof USER_SORTS)[number]

export interface UserSelection {
  readonly search: string
  readonly filters: { readonly [Name in keyof typeof USER_FILTERS]?: string | undefined }
  readonly sort?: string | undefined
}

type Reader = Pick<Context, 'db'>

/** Rows in a fixed order: equal ones are told apart by their id. Throws `DatabaseUnavailable`. */
export const findUsers = (ctx: Reader, selection: UserSelection): Promise<Found<ListedUser>> => {
  const text = searchable(selection.search)
  return text === '' ? narrowed(ctx, selection) : searched(ctx, selection, text)
}

const sortOf = ({ sort }: UserSelection): Sort => USER_SORTS.find((each) => each === sort) ?? 'newest'

function columnsOf({ db: { t } }: Reader) {
  const { id, username, email, fullName, role, authSource, isActive, createdAt, lastLoginAt } = t.users
  return { id, username, email, fullName, role, authSource, isActive, createdAt, lastLoginAt }
}

async function narrowed(ctx: Reader, selection: UserSelection): Promise<Found<ListedUser>> {
  const { q, t } = ctx.db
  const { role, auth_source, status } = selection.filters
  const sort = sortOf(selection)
  // The rarest first, as far as can be told beforehand.
  const is = (columns: Pick<typeof t.users, 'isActive' | 'role' | 'authSource'>): (SQL | undefined)[] => [
    status === 'disabled' ? eq(columns.isActive, false) : undefined,
    role === 'admin' ? eq(columns.role, 'admin') : undefined,
    auth_source === undefined ? undefined : eq(columns.authSource, auth_source),
    role === 'user' ? eq(columns.role, 'user') : undefined,
    status === 'active' ? eq(columns.isActive, true) : undefined,
  ]
  const { lead } = leading(is(t.users))
  const order = (columns: Pick<typeof t.users, 'createdAt' | 'username' | 'id'>, by: Sort): SQL[] =>
    by === 'username'
      ? [asc(columns.username), asc(columns.id)]
      : [by, by].map((_, index) => {
          const column = index === 0 ? columns.createdAt : columns.id
          return by === 'oldest' ? asc(column) : desc(column)
        })
  const looked = q
    .select(columnsOf(ctx))
    .from(t.users)
    .where(lead)
    // No index of a filter is in the order of names; those of the newest that match are put into it afterwards.
    .orderBy(...order(t.users, lead && sort === 'username' ? 'newest' : sort))
    .limit(MOST_LISTED)
    .as('looked')
  const { rest } = leading(is(looked as unknown as typeof t.users))
  const [counts] = await q.select(countsOf(rest)).from(looked)
  return {
    total: counts?.total ?? 0,
    cut: counts?.looked === MOST_LISTED,
    select: ({ limit, offset }) =>
      q
        .select()
        .from(looked)
        .where(rest)
        .orderBy(...order(looked as unknown as typeof t.users, sort))
        .limit(limit)
        .offset(offset),
  }
}

/** Of the newest accounts, so many are searched for the text anywhere in their names. */
const SEARCHED_WHOLE = 5_000
/** Of all accounts, so many are taken of those that begin with the text in one of the ways. */
const MOST_OF_EACH = 500

async function searched(ctx: Reader, selection: UserSelection, text: string): Promise<Found<ListedUser>> {
  const { q, t, dialect } = ctx.db
  const { username, email, fullName } = t.users
  const columns = columnsOf(ctx)
  const newest = q
    .select(columns)
    .from(t.users)
    .orderBy(desc(t.users.createdAt), desc(t.users.id))
    .limit(SEARCHED_WHOLE)
    .as('newest')
  const beginnings = [username, email, restAfter(dialect, email, '@'), fullName, restAfter(dialect, fullName, ' ')]
  const [size, byId, among, ...begin] = await Promise.all([
    q.select({ one: sql`1` }).from(t.users).limit(1).offset(SEARCHED_WHOLE),
    q.select(columns).from(t.users).where(eq(t.users.id, text)),
    q
      .select()
      .from(newest)
      .where(contains([newest.username, newest.email, newest.fullName], text)),
    ...beginnings.map((each) =>
      q
        .select(columns)
        .from(t.users)
        .where(beginsWith(dialect, folded(dialect, each), text))
        .limit(MOST_OF_EACH),
    ),
  ])
  const found = new Map([...byId, ...among, ...begin.flat()].map((row) => [row.id, row]))
  const rows = [...found.values()].filter(matches(selection)).sort(compare[sortOf(selection)])
  return foundRows(rows, size.length > 0)
}

const matches =
  ({ filters: { role, auth_source, status } }: UserSelection) =>
  (user: ListedUser): boolean =>
    (role === undefined || user.role === role) &&
    (auth_source === undefined || user.authSource === auth_source) &&
    (status === undefined || user.isActive === (status === 'active'))

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const compare: Readonly<Record<Sort, (a: ListedUser, b: ListedUser) => number>> = {
  newest: (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || byText(b.id, a.id),
  oldest: (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || byText(a.id, b.id),
  username: (a, b) => byText(a.username, b.username) || byText(a.id, b.id),
}
