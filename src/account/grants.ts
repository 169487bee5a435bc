/** What a user does about their own grants: revoke, disable, enable; always access and refresh tokens together. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { commit, must, type Statement } from '../db/commit'
import { param, query, write } from '../db/definitions'
import type { BrowserSession } from '../identity/sessions'
import type { FamilyRow } from '../tokens/records'
import { countLiveTokens, revokeFamily, revokeTokensOfUser } from '../tokens/revoke'
import { disableFamily, enableOwnFamily } from '../tokens/status'

/** What became of a grant, for the message about it. */
export interface GrantChange {
  readonly clientName: string
  readonly tokens: number
}

const grantOfUser = query('grant_of_user', (q, t) =>
  q
    .select({ family: t.tokenFamilies, clientName: t.oauthApplications.clientName })
    .from(t.tokenFamilies)
    .leftJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.tokenFamilies.clientId))
    .where(and(eq(t.tokenFamilies.id, param('id')), eq(t.tokenFamilies.userId, param('userId')))),
)

/** Undefined also when it is somebody else's: nobody learns which ids exist. */
async function findGrant(ctx: RequestContext, { user }: BrowserSession, id: string) {
  const found = id.includes('\u0000') ? undefined : await ctx.db.one(grantOfUser, { id, userId: user.id })
  return found && { family: found.family, clientName: found.clientName ?? found.family.clientId }
}

const endLiveGrant = write('end_own_grant', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ revokedAt: param('now') })
    .where(
      and(
        eq(t.tokenFamilies.id, param('id')),
        eq(t.tokenFamilies.userId, param('userId')),
        isNull(t.tokenFamilies.revokedAt),
      ),
    ),
)

/** Changes nothing; takes the row's lock, for which the other actions on the grant wait. */
const lockLiveGrant = write('lock_own_grant', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ reuseCount: sql`${t.tokenFamilies.reuseCount}` })
    .where(
      and(
        eq(t.tokenFamilies.id, param('id')),
        eq(t.tokenFamilies.userId, param('userId')),
        isNull(t.tokenFamilies.revokedAt),
      ),
    ),
)

/**
 * Revokes everything issued from one grant. Undefined when there is no such grant of this user.
 *
 * Throws `Conflict('grant')` when it was revoked meanwhile, and `DatabaseUnavailable`.
 */
export async function revokeOwnGrant(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
): Promise<GrantChange | undefined> {
  const found = await findGrant(ctx, session, id)
  if (!found) return undefined
  const { family, clientName } = found
  if (family.revokedAt !== null) return { clientName, tokens: 0 }
  const [, , tokens = 0] = await commit(ctx, [
    must(endLiveGrant, { id, userId: session.user.id, now: now(ctx) }, 'grant'),
    ...revokeFamily(ctx, id),
    ...auditGrant(ctx, session, family, 'TOKEN_REVOKED', 'Grant revoked by user'),
  ])
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' })
  return { clientName, tokens }
}

/**
 * Stops everything issued from one grant until the user enables it. Undefined when there is no such grant of this user;
 * `tokens` is 0 when nothing of it was active.
 *
 * Throws `Conflict('grant')` when it was revoked meanwhile, and `DatabaseUnavailable`.
 */
export const disableOwnGrant = (ctx: RequestContext, session: BrowserSession, id: string) =>
  change(ctx, session, id, {
    concerns: ({ status }) => status === 'active',
    writes: (family) => [
      ...disableFamily(ctx, id, 'owner'),
      ...auditGrant(ctx, session, family, 'TOKEN_DISABLED', 'Grant disabled by user'),
    ],
  })

/** The way back. `tokens` is 0 when the user had disabled nothing of it: what an administrator disabled stays so. */
export const enableOwnGrant = (ctx: RequestContext, session: BrowserSession, id: string) =>
  change(ctx, session, id, {
    concerns: ({ status, disabledBy }) => status === 'disabled' && disabledBy === 'owner',
    writes: (family) => [
      enableOwnFamily(ctx, id),
      ...auditGrant(ctx, session, family, 'TOKEN_ENABLED', 'Grant enabled by user'),
    ],
  })

const tokensOfGrant = query('token_states_of_grant', (q, t) =>
  q
    .select({ status: t.accessTokens.status, disabledBy: t.accessTokens.disabledBy })
    .from(t.accessTokens)
    .where(eq(t.accessTokens.tokenFamilyId, param('id'))),
)

interface StatusChange {
  readonly concerns: (token: { readonly status: string; readonly disabledBy: string | null }) => boolean
  readonly writes: (family: FamilyRow) => readonly Statement[]
}

async function change(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
  { concerns, writes }: StatusChange,
): Promise<GrantChange | undefined> {
  const found = await findGrant(ctx, session, id)
  if (!found) return undefined
  const { family, clientName } = found
  const tokens = await ctx.db.all(tokensOfGrant, { id })
  // Nothing is recorded where nothing would change.
  if (!tokens.some(concerns)) return { clientName, tokens: 0 }
  const statements = [must(lockLiveGrant, { id, userId: session.user.id }, 'grant'), ...writes(family)]
  const changed = await commit(ctx, statements)
  const count = (name: string) => rowsChanged(statements, changed, name)
  return { clientName, tokens: count('disable_tokens') + count('enable_tokens') }
}

/** Revokes everything that applications have of this user. Resolves to the number of tokens. */
export async function revokeAllOwnGrants(ctx: RequestContext, session: BrowserSession): Promise<number> {
  const { user } = session
  const live = await countLiveTokens(ctx, { userId: user.id })
  const statements = [
    ...revokeTokensOfUser(ctx, user.id),
    ...audit(ctx, {
      event: 'TOKEN_REVOKED',
      severity: 'WARNING',
      action: 'All grants revoked by user',
      actor: { id: user.id, username: user.username },
      resource: { type: 'USER', id: user.id, name: user.username },
      details: { token_user_id: user.id, token_category: 'all', revoked_count: live },
    }),
  ]
  const tokens = rowsChanged(statements, await commit(ctx, statements), 'revoke_tokens_of_user')
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' }, tokens)
  return tokens
}

const auditGrant = (
  ctx: RequestContext,
  { user }: BrowserSession,
  { id, clientId }: FamilyRow,
  event: 'TOKEN_REVOKED' | 'TOKEN_DISABLED' | 'TOKEN_ENABLED',
  action: string,
): Statement[] =>
  audit(ctx, {
    event,
    action,
    actor: { id: user.id, username: user.username },
    resource: { type: 'TOKEN', id },
    clientId,
    details: { client_id: clientId, token_user_id: user.id, token_category: 'grant', family_id: id },
  })
