/** An account of the authentication API whose person has another id there now: the name was created anew. */
import { and, eq, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { must } from '../db/statements'
import { endSessionsOfUser } from '../identity/session-records'
import type { User } from '../identity/users'
import { countLiveTokens, revokeTokensOfUser } from '../tokens/revoke'
import { type Actor, asAdministrator, commitChange } from './administrators'
import type { Ended } from './ended'
import { UserRefused } from './refused'

/** Whether there is an id to forget. */
export const isBound = ({ authSource, externalId }: Pick<User, 'authSource' | 'externalId'>): boolean =>
  authSource === 'http_api' && Boolean(externalId)

const forgetExternalId = write('forget_external_id', (q, t) =>
  q
    .update(t.users)
    .set({ externalId: null, version: sql`${t.users.version} + 1`, updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

/**
 * Forgets the external id: the next login that the API accepts under this name binds the account again. Whoever had it
 * until now loses everything that is open.
 *
 * Throws `UserRefused` and `DatabaseUnavailable`.
 */
export async function rebindUser(ctx: RequestContext, actor: Actor, user: User): Promise<Ended> {
  if (!isBound(user)) throw new UserRefused('changed_meanwhile')
  const liveTokens = await countLiveTokens(ctx, { userId: user.id })
  const statements = [
    ...asAdministrator(actor),
    must(forgetExternalId, { id: user.id, version: user.version, now: now(ctx) }, 'user'),
    ...revokeTokensOfUser(ctx, user.id),
    ...endSessionsOfUser(ctx, user.id),
    ...audit(ctx, {
      event: 'USER_UPDATED',
      severity: 'WARNING',
      action: 'External identity of user forgotten by admin',
      actor,
      resource: { type: 'USER', id: user.id, name: user.username },
      details: { old_external_id: user.externalId, tokens_revoked: liveTokens },
    }),
  ]
  const changed = await commitChange(ctx, statements)
  return {
    tokensRevoked: rowsChanged(statements, changed, 'revoke_tokens_of_user'),
    sessionsEnded: rowsChanged(statements, changed, 'delete_sessions_of_user'),
  }
}
