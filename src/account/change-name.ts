/** The name a person goes by. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import type { User } from '../identity/users'

const writeName = write('set_own_name', (q, t) =>
  q
    .update(t.users)
    .set({ fullName: param('fullName'), updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

/** For a commit, which throws `Conflict('user')` when the account was edited meanwhile. `fullName` as it is stored. */
export const changeName = (ctx: RequestContext, user: User, fullName: string): Statement[] => [
  must(writeName, { id: user.id, version: user.version, fullName, now: now(ctx) }, 'user'),
  ...audit(ctx, {
    event: 'USER_UPDATED',
    action: 'Profile changed by user',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { full_name: fullName, old_full_name: user.fullName },
  }),
]
