/** Taking the second factor off an account whose owner lost it: an administrator's decision. */
import { audit } from '../audit/audit'
import type { Context } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { canSignIn } from '../identity/can-sign-in'
import { listConnections } from '../identity/linking/records'
import { deletePasskeysOf } from '../identity/passkeys/records'
import { dropRecoveryCodes, removeFactors } from '../identity/second-factor/records'
import { hasSecondFactor, hasTotp } from '../identity/second-factor/required'
import { endSessionsOfUser } from '../identity/sessions'
import type { User } from '../identity/users'
import { type Actor, anotherAdministrator, asAdministrator, COMMAND_LINE, commitChange } from './administrators'
import { UserRefused } from './refused'

/** Resolves to the number of sessions that ended. Throws `UserRefused` and `DatabaseUnavailable`. */
export async function resetSecondFactor(ctx: Context, actor: Actor, user: User): Promise<number> {
  if (!hasSecondFactor(user)) throw new UserRefused('changed_meanwhile')
  // The passkeys may be the only way in; whoever is at the server can give a password afterwards.
  const isStranded = !canSignIn(ctx, { ...user, passkeyCount: 0 }, await listConnections(ctx, user.id))
  const statements = [
    ...asAdministrator(actor),
    removeFactors(ctx, user),
    ...(isStranded && actor !== COMMAND_LINE ? await anotherAdministrator(ctx, user) : []),
    deletePasskeysOf(user.id),
    dropRecoveryCodes(user.id),
    ...endSessionsOfUser(ctx, user.id),
    ...audit(ctx, {
      event: 'SECOND_FACTOR_DISABLED',
      action: 'Second factor removed by administrator',
      actor,
      resource: { type: 'USER', id: user.id, name: user.username },
      details: { totp: hasTotp(user), passkeys: user.passkeyCount, last: true },
    }),
  ]
  return rowsChanged(statements, await commitChange(ctx, statements), 'delete_sessions_of_user')
}
