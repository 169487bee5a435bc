/** POST /oauth/revoke: token revocation (RFC 7009). */
import { t } from 'elysia'
import type { Context, RequestContext } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { dataHeaders } from '../edge/security-headers'
import { protocolSurface } from '../edge/surfaces/protocol'
import { type Revocation, revokePresented } from '../tokens/revoke-presented'
import { authenticateClient, invalidClient, presentedCredentials } from './client-authentication'
import { Refusal, recordRefusal } from './refusal'

const parameter = t.Optional(t.String())

/** The hint is not needed: tokens of both kinds are found by their hash (RFC 7009 §2.1). */
const RevocationForm = t.Object({
  token: parameter,
  token_type_hint: parameter,
  client_id: parameter,
  client_secret: parameter,
})

export function revocationEndpoint(context: Context) {
  const headers = { ...dataHeaders(context.settings), 'Cache-Control': 'no-store', Pragma: 'no-cache' }
  return protocolSurface(context).post(
    '/oauth/revoke',
    async ({ ctx, body, request }) => {
      await revoke(ctx, request.headers, body)
      // Empty, also for tokens nobody knows (RFC 7009 §2.2).
      return new Response(null, { headers })
    },
    { body: RevocationForm },
  )
}

async function revoke(ctx: RequestContext, headers: Headers, form: typeof RevocationForm.static): Promise<void> {
  try {
    if (form.token === undefined) throw new OAuthError('invalid_request', 'token parameter is required')
    const clientId = await callingClient(ctx, headers, form)
    report(ctx, await revokePresented(ctx, { token: form.token, clientId }), clientId)
  } catch (error) {
    if (error instanceof OAuthError) recordRefusal(ctx, 'TOKEN_REVOKED', 'Revocation refused', error)
    throw error
  }
}

/**
 * Credentials that are sent must be right. Without any, possession of the token suffices: its holder could use it
 * anyway, and `REVOCATION_REQUIRES_AUTH` demands more.
 */
async function callingClient(
  ctx: RequestContext,
  headers: Headers,
  form: typeof RevocationForm.static,
): Promise<string | undefined> {
  const presented = presentedCredentials(headers, form)
  const nothing = presented.clientId === undefined && presented.secret === undefined
  if (nothing && !ctx.settings.REVOCATION_REQUIRES_AUTH) return undefined
  if (nothing) throw invalidClient('no credentials')
  const { client } = await authenticateClient(ctx, presented)
  return client.clientId
}

/** The answer is the same whatever happened; counters and the audit trail know. */
function report(ctx: RequestContext, { outcome, token, tokensRevoked = 0 }: Revocation, clientId?: string): void {
  if (outcome === 'revoked') ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' })
  if (tokensRevoked > 0) ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'replay_detection' })
  if (outcome !== 'foreign') return
  const foreign = new Refusal(
    { error: 'unauthorized_client', description: 'The token belongs to another client' },
    { reason: 'foreign client', clientId, userId: token?.userId, tokenId: token?.id },
  )
  recordRefusal(ctx, 'TOKEN_REVOKED', 'Revocation of another client’s token ignored', foreign)
}
