/** Deleting a user, with everything that only they had. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import type { RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { endSessionsOfUser } from '../identity/session-records'
import type { User } from '../identity/users'
import { countLiveTokens, revokeTokensOfUser } from '../tokens/revoke'
import { type Actor, anotherAdministrator, asAdministrator, commitChange } from './administrators'
import type { Ended } from './ended'
import { type AppsChoice, choiceHolds, type OwnedApp, ownedApps, settleApp } from './owned-apps'
import { UserRefused } from './refused'
import { retireUsername } from './retired-usernames'

/** Connections, consents, codes and sessions go with the row. */
const deleteRow = write('delete_user', (q, t) => q.delete(t.users).where(eq(t.users.id, param('id'))))

/** Takes the row, so that nothing is issued to it any more, only while it is what was read. */
const claimRow = write('claim_user_to_delete', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: false })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

export interface DeletedUser extends Ended {
  readonly apps: number
}

/**
 * The rows of tokens stay until they expire, revoked, and the name stays taken. A user who owns applications needs a
 * `choice` for them.
 *
 * Throws `UserRefused` and `DatabaseUnavailable`.
 */
export async function deleteUser(
  ctx: RequestContext,
  actor: Actor,
  user: User,
  choice: AppsChoice | undefined,
): Promise<DeletedUser> {
  if (actor.id === user.id) throw new UserRefused('own_account')
  const apps = await ownedApps(ctx, user.id)
  if (apps.length > 0 && !choice) throw new UserRefused('apps_undecided')
  if (choice?.kind === 'transfer' && choice.to.id === user.id) throw new UserRefused('new_owner_unknown')
  const liveTokens = await countLiveTokens(ctx, { userId: user.id })
  const statements = [
    ...asAdministrator(actor),
    must(claimRow, { id: user.id, version: user.version }, 'user'),
    ...(await anotherAdministrator(ctx, user)),
    ...revokeTokensOfUser(ctx, user.id),
    ...endSessionsOfUser(ctx, user.id),
    ...choiceHolds(choice),
    ...(choice ? apps.flatMap((app) => settleApp(ctx, actor, user, app, choice)) : []),
    retireUsername(ctx, user),
    must(deleteRow, { id: user.id }, 'user'),
    ...auditDeletion(ctx, actor, user, { liveTokens, apps, choice }),
  ]
  const changed = await commitChange(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return {
    tokensRevoked: rowsChanged(statements, changed, 'revoke_tokens_of_user'),
    sessionsEnded: rowsChanged(statements, changed, 'delete_sessions_of_user'),
    apps: apps.length,
  }
}

const auditDeletion = (
  ctx: RequestContext,
  actor: Actor,
  { id, username, email, role, authSource }: User,
  facts: { liveTokens: number; apps: readonly OwnedApp[]; choice: AppsChoice | undefined },
): Statement[] =>
  audit(ctx, {
    event: 'USER_DELETED',
    severity: 'WARNING',
    action: 'User deleted by admin',
    actor,
    resource: { type: 'USER', id, name: username },
    details: {
      ...{ username, email, role, auth_source: authSource, tokens_revoked: facts.liveTokens },
      ...(facts.apps.length > 0 && { apps: facts.choice?.kind, client_ids: facts.apps.map((app) => app.clientId) }),
    },
  })
