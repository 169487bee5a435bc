/** Names of deleted and renamed users, which nobody else gets unless an administrator says so. */
import { eq } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, query, write } from '../db/definitions'
import { run, type Statement } from '../db/statements'
import { normaliseUsername, type User } from '../identity/users'

const retiredName = query('retired_username', (q, t) =>
  q
    .select({ userId: t.retiredUsernames.userId })
    .from(t.retiredUsernames)
    .where(eq(t.retiredUsernames.usernameNorm, param('name'))),
)

/** Whether the name belonged to another user than `except`, who was deleted or renamed. Throws `DatabaseUnavailable`. */
export async function isRetired(ctx: Pick<Context, 'db'>, username: string, except = ''): Promise<boolean> {
  const found = await ctx.db.one(retiredName, { name: normaliseUsername(username) })
  return found !== undefined && found.userId !== except
}

const insertRetired = write('retire_username', (q, t) =>
  q
    .insert(t.retiredUsernames)
    .values({ usernameNorm: param('name'), userId: param('userId'), retiredAt: param('now') })
    .onConflictDoUpdate({
      target: t.retiredUsernames.usernameNorm,
      set: { userId: param('userId'), retiredAt: param('now') },
    }),
)

/** Part of the commit that deletes or renames the user; `user` as before it. */
export const retireUsername = (ctx: Pick<Context, 'clock'>, user: Pick<User, 'id' | 'username'>): Statement =>
  run(insertRetired, { name: normaliseUsername(user.username), userId: user.id, now: now(ctx) })
