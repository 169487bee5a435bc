/** User records, as the rest of the program looks them up. */
import { and, eq, or } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import { guard, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'

export type User = Tables['users']['$inferSelect']

/** The form in which user names are compared: `Admin`, ` admin` and `ADMIN` are one name. */
export const normaliseUsername = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

/** The form in which addresses are compared: mailboxes that differ in letter case only are one mailbox in practice. */
export const normaliseEmail = (email: string): string => email.normalize('NFKC').trim().toLowerCase()

const userById = query('user_by_id', (q, t) =>
  q
    .select()
    .from(t.users)
    .where(eq(t.users.id, param('id'))),
)

/** Throws `DatabaseUnavailable`. */
export const findUser = (ctx: Pick<Context, 'db'>, id: string): Promise<User | undefined> =>
  ctx.db.one(userById, { id })

const usersByName = query('users_by_name', (q, t) =>
  q
    .select()
    .from(t.users)
    .where(or(eq(t.users.usernameNorm, param('normalised')), eq(t.users.username, param('name')))),
)

/**
 * The user of a name as it was typed. An exact match comes first: imported accounts may differ in letter case only, and
 * then all but the oldest are found by their exact name alone.
 *
 * Throws `DatabaseUnavailable`; an unanswered look-up must never look like an unknown name.
 */
export async function findUserByUsername(ctx: Pick<Context, 'db'>, name: string): Promise<User | undefined> {
  // PostgreSQL refuses NUL in any text; no name has one.
  if (name === '' || name.includes('\u0000')) return undefined
  const found = await ctx.db.all(usersByName, { name, normalised: normaliseUsername(name) })
  return found.find((user) => user.username === name) ?? found[0]
}

const userAtVersion = query('active_user_at_version', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

/** The user is active and was not edited since they were read. Conflict label: `user`. */
export const userUnchanged = (user: Pick<User, 'id' | 'version'>): Statement =>
  guard(userAtVersion, { id: user.id, version: user.version }, 'user')
