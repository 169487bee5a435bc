/** Ends the waiting that wrong passwords and codes brought about, for somebody who is known to be the owner of the account. */
import { and, eq, gte, lt, or } from 'drizzle-orm'
import { audit } from '../audit/audit'
import type { Context } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { run } from '../db/statements'
import { delaySubject, factorDelaySubject } from '../identity/known-device'
import type { User } from '../identity/users'
import { type Actor, asAdministrator, commitChange } from './administrators'

const forgetFailures = write('forget_failures_of_user', (q, t) =>
  q
    .delete(t.attemptDelays)
    .where(
      or(
        ...['account', 'factor', 'change', 'confirm', 'setup'].map((name) => eq(t.attemptDelays.subject, param(name))),
        ...['Devices', 'FactorDevices'].map((name) =>
          and(gte(t.attemptDelays.subject, param(`first${name}`)), lt(t.attemptDelays.subject, param(`after${name}`))),
        ),
      ),
    ),
)

/**
 * Forgets every wrong password and code of the account: at the sign-in, in browsers it knows, and where a signed-in person
 * types one again. Resolves to how many counts were forgotten. Throws `UserRefused` and `DatabaseUnavailable`.
 */
export async function unlockUser(ctx: Context, actor: Actor, user: User): Promise<number> {
  const account = delaySubject(user.username, undefined)
  const factor = factorDelaySubject(user.id, undefined)
  const statements = [
    ...asAdministrator(actor),
    run(forgetFailures, {
      ...{ account, factor },
      change: `password-change:${user.id}`,
      confirm: `password-confirm:${user.id}`,
      setup: `second-factor-setup:${user.id}`,
      // Those of devices follow after a colon, and the semicolon is the next sign.
      firstDevices: `${account}:`,
      afterDevices: `${account};`,
      firstFactorDevices: `${factor}:`,
      afterFactorDevices: `${factor};`,
    }),
    ...audit(ctx, {
      event: 'USER_UNLOCKED',
      severity: 'WARNING',
      action: 'Wrong passwords of user forgotten by admin',
      actor,
      resource: { type: 'USER', id: user.id, name: user.username },
      details: { username: user.username },
    }),
  ]
  return rowsChanged(statements, await commitChange(ctx, statements), 'forget_failures_of_user')
}
