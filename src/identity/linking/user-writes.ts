/** Writes to the rows of users who come from a provider. */
import { and, eq } from 'drizzle-orm'
import { now, type RequestContext } from '../../context'
import { param, rowParameters, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import { lastLoginAfter } from '../second-factor/required'
import type { User } from '../users'

const insertUser = write('insert_provider_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))

/** Conflict label: `user`. */
export const insertProviderUser = (user: User): Statement => must(insertUser, user, 'user')

const dropClaim = write('drop_address_claim', (q, t) =>
  q
    .update(t.users)
    .set({ email: '', version: param('nextVersion'), updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

/** The owner of the mailbox has come: the account that only said it was theirs is left without an address. */
export const dropAddressClaim = (ctx: Pick<RequestContext, 'clock'>, { id, version }: User): Statement =>
  run(dropClaim, { id, version, nextVersion: version + 1, now: now(ctx) })

const updateUserRow = write('update_user_from_provider', (q, t) =>
  q
    .update(t.users)
    .set({
      username: param('username'),
      usernameNorm: param('usernameNorm'),
      fullName: param('fullName'),
      avatarUrl: param('avatarUrl'),
      emailVerified: param('emailVerified'),
      emailVouchedBy: param('emailVouchedBy'),
      emailNorm: param('emailNorm'),
      version: param('version'),
      lastLoginAt: param('lastLoginAt'),
      updatedAt: param('updatedAt'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('seenVersion')))),
)

const EDITED = [
  ...(['username', 'usernameNorm', 'fullName', 'avatarUrl'] as const),
  ...(['emailVerified', 'emailVouchedBy', 'emailNorm'] as const),
]

/** Conflict label: `user`. */
export function updateUser(ctx: Pick<RequestContext, 'clock'>, seen: User, wanted: User) {
  const at = now(ctx)
  const isEdited = EDITED.some((column) => wanted[column] !== seen[column])
  const user: User = {
    ...wanted,
    version: isEdited ? seen.version + 1 : seen.version,
    lastLoginAt: lastLoginAfter(seen, at),
    updatedAt: isEdited ? at : seen.updatedAt,
  }
  return { user, claim: must(updateUserRow, { ...user, seenVersion: seen.version }, 'user') }
}
