/** What a token request asks to stand in its tokens; read after the client has authenticated. */
import type { Context } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { type ExtraClaims, ExtraClaimsError, parseExtraClaims } from '../tokens/extra-claims'
import type { AuthenticatedClient } from './client-authentication'

export interface RequestedClaims {
  readonly extraClaims: ExtraClaims
  /** Absent when the request leaves it to the server. */
  readonly audience: readonly string[] | undefined
}

/** Throws `OAuthError` `invalid_request` or `invalid_target`. */
export const requestedClaims = (
  ctx: Context,
  form: Readonly<Record<string, string>>,
  client: AuthenticatedClient,
): RequestedClaims => ({
  extraClaims: extraClaims(ctx, form.extra_claims, client),
  audience: audience(ctx, form.resource),
})

function extraClaims(ctx: Context, raw: string | undefined, { method }: AuthenticatedClient): ExtraClaims {
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

/** Resource indicators (RFC 8707 §2) narrow `JWT_AUDIENCE`; several arrive separated by blanks. */
function audience({ settings }: Context, resource: string | undefined): readonly string[] | undefined {
  if (resource === undefined) return undefined
  const names = [...new Set(resource.split(' '))]
  if (names.every((name) => settings.JWT_AUDIENCE.includes(name))) return names
  throw new OAuthError('invalid_target', 'Requested resource is not an audience of this server')
}
