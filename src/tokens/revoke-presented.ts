/** Revocation of one token by whoever presents it (RFC 7009 §2.1), without HTTP. */
import { type AuditEvent, audit } from '../audit/audit'
import type { Context } from '../context'
import { commit } from '../db/commit'
import type { TokenRow } from './records'
import { findToken, type Presented, rotates } from './refresh-presented'
import { burnFamily, familyOf } from './refresh-reuse'
import { revokeGrantOf, revokeToken } from './revoke'

export interface RevocationRequest {
  readonly token: string
  /** The client that authenticated or named itself; absent when possession of the token is all there is. */
  readonly clientId?: string
}

export interface Revocation {
  /**
   * `revoked`: it was live or disabled. `reused`: it had been rotated out, so its family ended. `none`: there is no
   * such token, or it had ended before. `foreign`: it is another client's and lives on.
   */
  readonly outcome: 'revoked' | 'reused' | 'none' | 'foreign'
  readonly token?: TokenRow
  /** Tokens that died because a rotated-out one was presented. */
  readonly tokensRevoked?: number
}

/** Resolves after the revocation is durable. Throws `DatabaseUnavailable`. */
export async function revokePresented(ctx: Context, { token, clientId }: RevocationRequest): Promise<Revocation> {
  const found = await findToken(ctx, token)
  if (!found) return { outcome: 'none' }
  if (clientId !== undefined && found.token.clientId !== clientId) return { outcome: 'foreign', token: found.token }
  if (wasRotatedOut(ctx, found)) {
    const tokensRevoked = await burnFamily(ctx, found, familyOf(ctx, found.token, found.family))
    return { outcome: 'reused', token: found.token, tokensRevoked }
  }
  if (found.token.status === 'revoked') {
    // Perhaps by this very request, sent again because copies could not be evicted.
    await ctx.caches.requireConfirmed()
    return { outcome: 'none' }
  }
  // A refresh token takes everything with it that was issued from its grant; an access token ends alone.
  const end =
    found.token.tokenCategory === 'refresh' ? revokeGrantOf(ctx, found.token) : [revokeToken(ctx, found.token.id)]
  await commit(ctx, [...end, ...auditRevocation(ctx, found.token, clientId)])
  return { outcome: 'revoked', token: found.token }
}

/**
 * Presenting a rotated-out refresh token is reuse here as it is at the token endpoint: otherwise a thief could quietly
 * use up the evidence. Tokens of a grant that was ended on purpose are no evidence.
 */
function wasRotatedOut(ctx: Context, found: Presented): boolean {
  const { token, family } = found
  if (token.tokenCategory !== 'refresh' || token.status !== 'revoked' || !rotates(ctx.settings, found)) return false
  return !family?.revokedAt || family.reuseReportedAt !== null
}

const auditRevocation = (ctx: Context, token: TokenRow, clientId: string | undefined) =>
  audit(ctx, {
    event: 'TOKEN_REVOKED',
    action: 'Token revoked',
    actor: actorOf(clientId),
    resource: { type: 'TOKEN', id: token.id },
    clientId: token.clientId,
    details: { token_category: token.tokenCategory, client_id: token.clientId, token_user_id: token.userId },
  })

const actorOf = (clientId: string | undefined): AuditEvent['actor'] =>
  clientId === undefined ? undefined : { id: `client:${clientId}` }
