/** Bearer tokens in the `Authorization` header, and the challenges that answer bad ones (RFC 6750 §2.1, §3). */
import type { Context } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { checkAccessToken, type LiveToken, type TokenCheck, type TokenRefusal } from '../tokens/validate'

export type PresentedBearer =
  | { readonly form: 'none' }
  /** Another scheme, several headers, or characters no token has. */
  | { readonly form: 'unreadable' }
  | { readonly form: 'bearer'; readonly token: string }
  /** A compact JWS without a scheme. */
  | { readonly form: 'naked'; readonly token: string }

/** RFC 6750 §2.1, with any blanks between scheme and token. Several headers arrive joined by a comma, which no token has. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/

export function presentedBearer(headers: Pick<Headers, 'get'>): PresentedBearer {
  const value = headers.get('authorization')?.trim() ?? ''
  if (value === '') return { form: 'none' }
  const token = BEARER.exec(value)?.[1]
  if (token !== undefined) return { form: 'bearer', token }
  return COMPACT_JWS.test(value) ? { form: 'naked', token: value } : { form: 'unreadable' }
}

/** The one text for every token that is not accepted: what is wrong with it helps only somebody who guesses. */
const NOT_ACCEPTED = 'Token is invalid or expired'

/** 401 `invalid_token` with its challenge. */
export const invalidToken = (description = NOT_ACCEPTED): OAuthError =>
  new OAuthError('invalid_token', description, 401, {
    'WWW-Authenticate': `Bearer error="invalid_token", error_description="${description}"`,
  })

/** 401 when no credentials were sent: the challenge names no error (RFC 6750 §3). */
export const missingToken = (error: string, description: string): OAuthError =>
  new OAuthError(error, description, 401, { 'WWW-Authenticate': 'Bearer realm="authgate"' })

/** The live access token of a request, counted. Throws `invalidToken()`, or `DatabaseUnavailable`. */
export async function requireAccessToken(ctx: Context, token: string): Promise<LiveToken> {
  const check = await countValidation(ctx, checkAccessToken(ctx, token))
  if (!check.live) throw invalidToken()
  return check.token
}

/** Resolves to the outcome of a validation that has just begun, once it is counted. */
export async function countValidation(ctx: Context, validation: Promise<TokenCheck>): Promise<TokenCheck> {
  const started = performance.now()
  const check = await validation
  const seconds = (performance.now() - started) / 1000
  ctx.metrics.observe('oauth_token_validation_duration_seconds', seconds, { provider: 'local' })
  ctx.metrics.count('oauth_token_validation_total', { result: check.live ? 'valid' : counted(check.reason) })
  return check
}

const counted = (reason: TokenRefusal): 'expired' | 'invalid' => (reason === 'expired' ? 'expired' : 'invalid')
