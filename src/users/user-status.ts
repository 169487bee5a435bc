/** Disabling a user, and enabling again. */
import { and, eq, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { endSessionsOfUser } from '../identity/session-records'
import type { User } from '../identity/users'
import { countLiveTokens, revokeTokensOfUser } from '../tokens/revoke'
import { type Actor, anotherAdministrator, asAdministrator, commitChange } from './administrators'
import type { Ended } from './ended'
import { UserRefused } from './refused'

const setActive = write('set_user_active', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: param('isActive'), version: sql`${t.users.version} + 1`, updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

const mark = (ctx: Context, { id, version }: User, isActive: boolean): Statement =>
  must(setActive, { id, version, isActive, now: now(ctx) }, 'user')

/**
 * Ends everything the user has: tokens, codes that wait for their redemption, device approvals, browser sessions.
 *
 * Throws `UserRefused` and `DatabaseUnavailable`.
 */
export async function disableUser(ctx: Context, actor: Actor, user: User): Promise<Ended> {
  if (actor.id === user.id) throw new UserRefused('own_status')
  if (!user.isActive) throw new UserRefused('already_disabled')
  const liveTokens = await countLiveTokens(ctx, { userId: user.id })
  const statements = [
    ...asAdministrator(actor),
    mark(ctx, user, false),
    ...(await anotherAdministrator(ctx, user)),
    ...revokeTokensOfUser(ctx, user.id),
    ...endSessionsOfUser(ctx, user.id),
    ...auditStatus(ctx, actor, user, { is_active: false, tokens_revoked: liveTokens }),
  ]
  const changed = await commitChange(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return {
    tokensRevoked: rowsChanged(statements, changed, 'revoke_tokens_of_user'),
    sessionsEnded: rowsChanged(statements, changed, 'delete_sessions_of_user'),
  }
}

/** Gives nothing back: the user signs in again. Throws `UserRefused` and `DatabaseUnavailable`. */
export async function enableUser(ctx: Context, actor: Actor, user: User): Promise<void> {
  if (actor.id === user.id) throw new UserRefused('own_status')
  if (user.isActive) throw new UserRefused('already_active')
  await commitChange(ctx, [
    ...asAdministrator(actor),
    mark(ctx, user, true),
    ...auditStatus(ctx, actor, user, { is_active: true }),
  ])
}

const auditStatus = (
  ctx: Context,
  actor: Actor,
  user: User,
  details: { readonly is_active: boolean; readonly tokens_revoked?: number },
): Statement[] =>
  audit(ctx, {
    event: details.is_active ? 'USER_ENABLED' : 'USER_DISABLED',
    severity: details.is_active ? 'INFO' : 'WARNING',
    action: `User account ${details.is_active ? 'enabled' : 'disabled'} by admin`,
    actor,
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { username: user.username, ...details },
  })
