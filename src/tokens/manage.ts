/**
 * What an administrator does about a token. It concerns the whole grant: an access token that was stopped while its
 * refresh token lives would be back within the hour.
 */
import { audit } from '../audit/audit'
import type { Context, RequestContext } from '../context'
import { Conflict, commit } from '../db/commit'
import type { Statement } from '../db/statements'
import type { TokenRow } from './records'
import { revokeGrantOf } from './revoke'
import { disableFamily, disableToken, enableFamily, enableToken, lockLiveFamily } from './status'

export type TokenAction = 'revoke' | 'disable' | 'enable'

/** From which states each is possible. */
const POSSIBLE: Readonly<Record<TokenAction, readonly TokenRow['status'][]>> = {
  revoke: ['active', 'disabled'],
  disable: ['active'],
  enable: ['disabled'],
}

const RECORDED = {
  revoke: { event: 'TOKEN_REVOKED', action: 'Token revoked by administrator' },
  disable: { event: 'TOKEN_DISABLED', action: 'Token disabled by administrator' },
  enable: { event: 'TOKEN_ENABLED', action: 'Token enabled by administrator' },
} as const

/** Resolves to false when the token's state does not allow it, also when that changed meanwhile. Throws `DatabaseUnavailable`. */
export async function manageToken(
  ctx: RequestContext,
  actor: { readonly id: string; readonly username: string },
  token: TokenRow,
  action: TokenAction,
): Promise<boolean> {
  if (!POSSIBLE[action].includes(token.status)) return false
  try {
    await commit(ctx, [...writes(ctx, token, action), ...auditTokenAction(ctx, actor, token, action)])
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
  if (action === 'revoke') ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return true
}

function writes(ctx: RequestContext, token: TokenRow, action: TokenAction): Statement[] {
  const { id, tokenFamilyId: family } = token
  // Of two administrators who press at once only one revokes, and is recorded.
  if (action === 'revoke')
    return family ? [lockLiveFamily(family), ...revokeGrantOf(ctx, token)] : revokeGrantOf(ctx, token)
  if (action === 'disable')
    return family ? [lockLiveFamily(family), ...disableFamily(ctx, family, 'admin')] : [disableToken(ctx, id, 'admin')]
  return family ? [lockLiveFamily(family), enableFamily(ctx, family)] : [enableToken(ctx, id, 'admin')]
}

/** The record of what an administrator did about a token. */
export const auditTokenAction = (
  ctx: Context,
  actor: { readonly id: string; readonly username: string },
  { id, clientId, userId, tokenCategory, tokenFamilyId }: TokenRow,
  action: TokenAction,
): Statement[] =>
  audit(ctx, {
    ...RECORDED[action],
    severity: 'WARNING',
    actor,
    resource: { type: 'TOKEN', id },
    clientId,
    details: {
      client_id: clientId,
      token_user_id: userId,
      token_category: tokenFamilyId ? 'grant' : tokenCategory,
      ...(tokenFamilyId && { family_id: tokenFamilyId }),
    },
  })
