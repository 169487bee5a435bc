/** `grant_type=refresh_token` (RFC 6749 §6, RFC 9700 §4.14). What happens to the tokens is in `tokens/refresh`. */
import type { RequestContext } from '../../context'
import { OAuthError } from '../../edge/oauth-error'
import { type Refreshed, refreshTokens } from '../../tokens/refresh'
import { RefreshRefused } from '../../tokens/refresh-refused'
import { authenticateClient, invalidClient } from '../client-authentication'
import { Refusal } from '../refusal'
import { requestedClaims } from '../requested-claims'
import { contended } from '../retry'
import { formatScope, parseScope } from '../scope'
import { countIssued, type Grant, type TokenRequest, type TokenResponse } from './grant'

export const refreshToken: Grant = {
  grantType: 'refresh_token',
  isEnabled: (settings) => settings.ENABLE_REFRESH_TOKENS,
  refusalEvent: 'TOKEN_REFRESHED',
  handle,
}

async function handle(ctx: RequestContext, { form, credentials }: TokenRequest): Promise<TokenResponse> {
  const { refresh_token: presented, scope = '' } = form
  if (presented === undefined || credentials.clientId === undefined)
    throw new OAuthError('invalid_request', 'refresh_token and client_id are required')

  const authenticated = await authenticateClient(ctx, credentials, { secretOptional: 'TOKEN_REFRESHED' })
  const claims = requestedClaims(ctx, form, authenticated)
  try {
    const { response, outcome } = await refreshTokens(ctx, {
      clientId: authenticated.client.clientId,
      refreshToken: presented,
      scope: formatScope(parseScope(scope)),
      ...claims,
    })
    countRefreshed(ctx, outcome)
    return response
  } catch (error) {
    ctx.metrics.count('oauth_tokens_refreshed_total', { result: 'error' })
    throw error instanceof RefreshRefused ? answerFor(ctx, error, authenticated.client.clientId) : error
  }
}

function countRefreshed(ctx: RequestContext, outcome: Refreshed['outcome']): void {
  ctx.metrics.count('oauth_tokens_refreshed_total', { result: 'success' })
  // An answer given again made no tokens.
  if (outcome === 'repeated') return
  if (outcome === 'rotated') ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'rotation' })
  countIssued(ctx, 'refresh_token', { access: 1, refresh: outcome === 'rotated' ? 1 : 0 })
}

/** What the client is told: never which of the reasons behind one error it was. */
function answerFor(ctx: RequestContext, refused: RefreshRefused, clientId: string): OAuthError {
  if (refused.tokensRevoked > 0) ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'replay_detection' })
  const facts = { reason: refused.reason, clientId, userId: refused.token?.userId, tokenId: refused.token?.id }
  if (refused.reason === 'contention') return contended()
  switch (refused.code) {
    case 'invalid_client':
      return invalidClient(facts.reason, facts)
    case 'invalid_scope':
      return new Refusal({ error: 'invalid_scope', description: 'Requested scope exceeds original grant' }, facts)
    case 'invalid_target':
      return new Refusal({ error: 'invalid_target', description: 'Requested resource exceeds original grant' }, facts)
    case 'invalid_grant':
      return new Refusal({ error: 'invalid_grant', description: 'Refresh token is invalid or expired' }, facts)
  }
}
