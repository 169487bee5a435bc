/** What a user has allowed applications: one grant is one family of tokens. */
import { and, desc, eq, gt, inArray, isNull, max } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { commit, must } from '../db/commit'
import { param, query, write } from '../db/definitions'
import type { BrowserSession } from '../identity/sessions'
import type { FamilyRow } from '../tokens/records'
import { revokeFamily } from '../tokens/revoke'

export interface OwnGrant {
  readonly family: FamilyRow
  /** Undefined when the application was deleted. */
  readonly clientName: string | undefined
  /** When the last of its tokens ends; undefined when none is left. */
  readonly expiresAt: Date | undefined
}

const LIST_LIMIT = 200

const grantsOfUser = query('grants_of_user', (q, t) =>
  q
    .select({ family: t.tokenFamilies, clientName: t.oauthApplications.clientName })
    .from(t.tokenFamilies)
    .leftJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.tokenFamilies.clientId))
    .where(
      and(
        eq(t.tokenFamilies.userId, param('userId')),
        isNull(t.tokenFamilies.revokedAt),
        gt(t.tokenFamilies.expiresAt, param('now')),
      ),
    )
    .orderBy(desc(t.tokenFamilies.createdAt), t.tokenFamilies.id)
    .limit(LIST_LIMIT),
)

const lastExpiries = query('last_expiries_of_user', (q, t) =>
  q
    .select({ familyId: t.accessTokens.tokenFamilyId, expiresAt: max(t.accessTokens.expiresAt) })
    .from(t.accessTokens)
    .where(
      and(
        eq(t.accessTokens.userId, param('userId')),
        inArray(t.accessTokens.status, ['active', 'disabled']),
        gt(t.accessTokens.expiresAt, param('now')),
      ),
    )
    .groupBy(t.accessTokens.tokenFamilyId),
)

/** The newest grants of a user that were not revoked, with the end of what was issued from them. */
export async function listGrants(ctx: RequestContext, userId: string): Promise<OwnGrant[]> {
  const parameters = { userId, now: now(ctx) }
  const [rows, expiries] = await Promise.all([
    ctx.db.all(grantsOfUser, parameters),
    ctx.db.all(lastExpiries, parameters),
  ])
  const lastExpiry = new Map(expiries.map(({ familyId, expiresAt }) => [familyId, expiresAt ?? undefined]))
  return rows.map(({ family, clientName }) => ({
    family,
    clientName: clientName ?? undefined,
    expiresAt: lastExpiry.get(family.id),
  }))
}

const grantOfUser = query('grant_of_user', (q, t) =>
  q
    .select({ family: t.tokenFamilies, clientName: t.oauthApplications.clientName })
    .from(t.tokenFamilies)
    .leftJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.tokenFamilies.clientId))
    .where(and(eq(t.tokenFamilies.id, param('id')), eq(t.tokenFamilies.userId, param('userId')))),
)

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

/**
 * Revokes everything issued from one grant. Undefined when there is no such grant of this user: one that belongs to
 * somebody else and one that does not exist are the same.
 *
 * Throws `Conflict('grant')` when it was revoked meanwhile, and `DatabaseUnavailable`.
 */
export async function revokeOwnGrant(
  ctx: RequestContext,
  { user }: BrowserSession,
  id: string,
): Promise<{ clientName: string; tokensRevoked: number } | undefined> {
  const found = await ctx.db.one(grantOfUser, { id, userId: user.id })
  if (!found) return undefined
  const { family } = found
  if (family.revokedAt !== null) return { clientName: found.clientName ?? family.clientId, tokensRevoked: 0 }

  const [, , tokensRevoked = 0] = await commit(ctx, [
    must(endLiveGrant, { id, userId: user.id, now: now(ctx) }, 'grant'),
    ...revokeFamily(ctx, id),
    ...audit(ctx, {
      event: 'TOKEN_REVOKED',
      action: 'Grant revoked by user',
      actor: { id: user.id, username: user.username },
      resource: { type: 'TOKEN', id },
      clientId: family.clientId,
      details: { client_id: family.clientId, token_user_id: user.id, token_category: 'grant', family_id: id },
    }),
  ])
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' })
  return { clientName: found.clientName ?? family.clientId, tokensRevoked }
}
