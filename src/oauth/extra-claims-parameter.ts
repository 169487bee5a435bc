/** The form field `extra_claims` of the token endpoint; read after the client has authenticated. */
import type { Context } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { type ExtraClaims, ExtraClaimsError, parseExtraClaims } from '../tokens/extra-claims'
import type { AuthenticatedClient } from './client-authentication'

/** The caller's claims. Throws `OAuthError` `invalid_request`. */
export function extraClaimsOf(ctx: Context, raw: string | undefined, { method }: AuthenticatedClient): ExtraClaims {
  const claims = parse(ctx, raw)
  // Anybody can speak for a client that does not prove itself.
  if (claims.size > 0 && method === 'none' && ctx.settings.EXTRA_CLAIMS_CONFIDENTIAL_ONLY)
    throw new OAuthError('invalid_request', 'extra_claims is not permitted for this client')
  return claims
}

function parse(ctx: Context, raw: string | undefined): ExtraClaims {
  try {
    return parseExtraClaims(ctx.settings, raw)
  } catch (error) {
    if (error instanceof ExtraClaimsError) throw new OAuthError('invalid_request', error.message)
    throw error
  }
}
