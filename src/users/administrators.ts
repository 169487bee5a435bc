/**
 * What holds for every change an administrator makes to users.
 *
 * All of these changes queue up behind each other on the rows of the active administrators, so what one of them saw of
 * the others still holds when it commits: of two administrators who demote each other at once, one is refused.
 */
import { and, eq, ne } from 'drizzle-orm'
import type { Context } from '../context'
import { Conflict, commit, Duplicate } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { guard, run, type Statement } from '../db/statements'
import { canSignIn } from '../identity/can-sign-in'
import type { User } from '../identity/users'
import { UserRefused } from './refused'

type SignInContext = Pick<Context, 'db' | 'settings' | 'providers'>

/** The administrator who acts. */
export interface Actor {
  readonly id: string
  readonly username: string
}

/** Whoever may run commands beside the server: known to the system they run on, and above every account here. */
export const COMMAND_LINE: Actor = { id: '', username: 'authgate command' }

/** Changes nothing; takes the locks, for which every other change of users waits on PostgreSQL. */
const lockAdministrators = write('lock_administrators', (q, t) =>
  q
    .update(t.users)
    .set({ role: 'admin' })
    .where(and(eq(t.users.role, 'admin'), eq(t.users.isActive, true))),
)

const activeAdministrator = query('active_administrator', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(and(eq(t.users.id, param('id')), eq(t.users.role, 'admin'), eq(t.users.isActive, true))),
)

const otherAdministrators = query('other_administrators', (q, t) =>
  q
    .select({ user: t.users, connection: t.oauthConnections })
    .from(t.users)
    .leftJoin(t.oauthConnections, eq(t.oauthConnections.userId, t.users.id))
    .where(and(ne(t.users.id, param('id')), eq(t.users.role, 'admin'), eq(t.users.isActive, true)))
    .orderBy(t.users.createdAt, t.users.id),
)

const administratorAtVersion = query('administrator_at_version', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(
      and(
        eq(t.users.id, param('id')),
        eq(t.users.version, param('version')),
        eq(t.users.role, 'admin'),
        eq(t.users.isActive, true),
      ),
    ),
)

/** Comes first in a commit with `anotherAdministrator`. */
export const queueUp = (): Statement => run(lockAdministrators, {})

/** The first statements of every change. */
export const asAdministrator = (actor: Actor): Statement[] => [
  queueUp(),
  // This very object: an account that only bears its name is checked like every other.
  ...(actor === COMMAND_LINE ? [] : [guard(activeAdministrator, { id: actor.id }, 'actor')]),
]

/**
 * For a change after which `user` is no active administrator any more, or none who can sign in: another one has to be
 * left, with a password, a passkey or a connected account that lets them in as the server is set up now. An account that
 * nobody can use would leave the server without one. Part of the change's commit, after `queueUp` or `asAdministrator`.
 *
 * Throws `UserRefused` and `DatabaseUnavailable`.
 */
export async function anotherAdministrator(ctx: SignInContext, user: User): Promise<Statement[]> {
  if (user.role !== 'admin' || !user.isActive) return []
  const found = await ctx.db.all(otherAdministrators, { id: user.id })
  const other = found.find(({ user: each, connection }) => canSignIn(ctx, each, connection ? [connection] : []))?.user
  if (!other) throw new UserRefused('last_admin')
  // All ways in are tied to the version: who loses one meanwhile is another.
  return [guard(administratorAtVersion, { id: other.id, version: other.version }, 'other_admin')]
}

/** Commits, and says in the words of this domain what did not hold. Throws `UserRefused` and `DatabaseUnavailable`. */
export async function commitChange(ctx: Pick<Context, 'db'>, statements: readonly Statement[]): Promise<number[]> {
  try {
    return await commit(ctx, statements)
  } catch (error) {
    if (error instanceof Duplicate && /username/.test(error.constraint)) throw new UserRefused('username_taken')
    if (error instanceof Duplicate && /email/.test(error.constraint)) throw new UserRefused('email_taken')
    if (!(error instanceof Conflict)) throw error
    if (error.label === 'actor') throw new UserRefused('not_admin')
    throw new UserRefused('changed_meanwhile')
  }
}
