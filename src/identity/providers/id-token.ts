/** Validation of ID tokens of other providers (OIDC Core §3.1.3.7). */
import type { Context } from '../../context'
import { equalSecret } from '../../secrets'
import type { Json } from './client'
import type { Jwk, OpenIdServer } from './discovery'
import { ProviderFailure } from './provider'

/** Loaded at the first sign-in: a start does not wait for it. */
const jose = () => import('./jose')

/** Signatures that only the provider can make. Symmetric ones and `none` are not among them. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
/** Seconds that the clocks of two servers may differ. */
const LEEWAY = 60

export interface Expected {
  readonly clientId: string
  readonly nonce: string
  /** The one issuer such claims may have; `undefined` when these claims are of nobody who may sign in. */
  issuerOf(claims: Json): string | undefined
  /** For keys that are good for some issuers only. Default: all are good. */
  isKeyOf?(key: Jwk, claims: Json): boolean
}

export interface IdTokenClaims extends Json {
  readonly iss: string
  readonly sub: string
}

/** Throws `ProviderFailure`. */
export async function verifyIdToken(
  ctx: Pick<Context, 'clock'>,
  server: OpenIdServer,
  token: string | undefined,
  expected: Expected,
): Promise<IdTokenClaims> {
  if (token === undefined) throw refused('no ID token')
  const { claims, key } = await verifySignature(ctx, server, token, expected.clientId)
  const { iss, sub, aud, azp, nonce } = claims
  if (typeof iss !== 'string' || iss !== expected.issuerOf(claims)) throw refused('iss')
  if (expected.isKeyOf && !expected.isKeyOf(key, claims)) throw refused('a key of another issuer')
  if (typeof sub !== 'string' || sub === '') throw refused('sub')
  // Made for several parties, it must have been given to this one.
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== expected.clientId) throw refused('azp')
  if (typeof nonce !== 'string' || !equalSecret(nonce, expected.nonce)) throw refused('nonce')
  return claims as IdTokenClaims
}

const refused = (reason: string): ProviderFailure => new ProviderFailure('profile', `ID token refused: ${reason}`)

async function verifySignature(ctx: Pick<Context, 'clock'>, server: OpenIdServer, token: string, clientId: string) {
  const { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify } = await jose()
  const options = {
    algorithms: ALGORITHMS,
    audience: clientId,
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
    clockTolerance: LEEWAY,
    currentDate: new Date(ctx.clock.now()),
  }
  const attempt = async (keys: readonly Jwk[]) => {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys] as never }), options)
    const { kid } = decodeProtectedHeader(token)
    return { claims: payload as Json, key: keys.find((key) => key.kid === kid) ?? {} }
  }
  try {
    const known = await server.keys()
    return await attempt(known).catch(async (error: unknown) => {
      // Keys are replaced from time to time, and then the list that is known here is old.
      if (error instanceof errors.JWKSNoMatchingKey) return attempt(await server.keys(true))
      throw error
    })
  } catch (error) {
    if (error instanceof ProviderFailure) throw error
    throw refused(error instanceof errors.JOSEError ? error.code : 'unreadable')
  }
}
