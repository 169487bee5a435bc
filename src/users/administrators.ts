/**
 * What holds for every change an administrator makes to users.
 *
 * All of these changes queue up behind each other on the rows of the active administrators, so what one of them saw of
 * the others still holds when it commits: of two administrators who demote each other at once, one is refused.
 */
import { and, eq, exists, ne, or } from 'drizzle-orm'
import type { Context } from '../context'
import { Conflict, commit, Duplicate } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { guard, run, type Statement } from '../db/statements'
import type { User } from '../identity/users'
import { UserRefused } from './refused'

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

/** Another administrator who can sign in: an account nobody can use would leave the server without one. */
const otherAdministrator = (throughService: boolean) =>
  query(`other_administrator_${throughService ? 'of_service' : 'local'}`, (q, t) =>
    q
      .select({ id: t.users.id })
      .from(t.users)
      .where(
        and(
          ne(t.users.id, param('id')),
          eq(t.users.role, 'admin'),
          eq(t.users.isActive, true),
          or(
            and(ne(t.users.passwordHash, ''), ne(t.users.authSource, 'http_api')),
            throughService ? eq(t.users.authSource, 'http_api') : undefined,
            exists(
              q
                .select({ id: t.oauthConnections.id })
                .from(t.oauthConnections)
                .where(eq(t.oauthConnections.userId, t.users.id)),
            ),
          ),
        ),
      ),
  )

const localOnly = otherAdministrator(false)
const withService = otherAdministrator(true)

/** The first statements of every change. */
export const asAdministrator = (actor: Actor): Statement[] => [
  run(lockAdministrators, {}),
  // This very object: an account that only bears its name is checked like every other.
  ...(actor === COMMAND_LINE ? [] : [guard(activeAdministrator, { id: actor.id }, 'actor')]),
]

/** For a change after which `user` is no active administrator any more: another one has to be left. */
export const anotherAdministrator = (ctx: Pick<Context, 'settings'>, user: User): Statement[] =>
  user.role === 'admin' && user.isActive
    ? [guard(ctx.settings.AUTH_MODE === 'http_api' ? withService : localOnly, { id: user.id }, 'last_admin')]
    : []

/** Commits, and says in the words of this domain what did not hold. Throws `UserRefused` and `DatabaseUnavailable`. */
export async function commitChange(ctx: Pick<Context, 'db'>, statements: readonly Statement[]): Promise<number[]> {
  try {
    return await commit(ctx, statements)
  } catch (error) {
    if (error instanceof Duplicate && /username/.test(error.constraint)) throw new UserRefused('username_taken')
    if (error instanceof Duplicate && /email/.test(error.constraint)) throw new UserRefused('email_taken')
    if (!(error instanceof Conflict)) throw error
    if (error.label === 'last_admin') throw new UserRefused('last_admin')
    if (error.label === 'actor') throw new UserRefused('not_admin')
    throw new UserRefused('changed_meanwhile')
  }
}
