/** What applications may learn of a user, and whether the account is in use, perhaps from a copy. */
import { userKey } from '../cache/evicting-writes'
import type { Context } from '../context'
import type { DescribedUser } from './user-claims'
import { findUser, type User } from './users'

/** Named one by one: a column that is added later, which may be a secret, is not copied by itself. */
export type UserFacts = DescribedUser & Pick<User, 'id' | 'isActive' | 'tokenEpoch'>

const factsOf = (user: User): UserFacts => ({
  id: user.id,
  username: user.username,
  fullName: user.fullName,
  avatarUrl: user.avatarUrl,
  email: user.email,
  emailVerified: user.emailVerified,
  isActive: user.isActive,
  tokenEpoch: user.tokenEpoch,
  updatedAt: user.updatedAt,
})

/** Never decides who may sign in or administer: sessions and guards read the database. Throws `DatabaseUnavailable`. */
export const findUserFacts = (ctx: Pick<Context, 'db' | 'caches'>, id: string): Promise<UserFacts | undefined> =>
  ctx.caches.user.get(userKey(id).key, async () => {
    const user = await findUser(ctx, id)
    return user && factsOf(user)
  })
