/** What one key does: it signs or verifies, under one algorithm and the headers that name it. */
import { createPublicKey, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import { type Algorithm, type AsymmetricAlgorithm, keyThumbprint, publicJwk, requireFit } from './jwk'

/**
 * `typ` headers of this server's tokens. Refresh tokens have their own, so that a resource server that checks only
 * signature, issuer and expiry cannot mistake one for an access token (RFC 8725 §3.11).
 */
export type TokenTyp = 'JWT' | 'at+jwt' | 'rt+jwt' | 'logout+jwt'

export interface VerificationKey {
  readonly algorithm: Algorithm
  /** Absent for HS256. */
  readonly kid: string | undefined
  /** base64url SHA-256 of the public key; absent for HS256. */
  readonly thumbprint: string | undefined
  /** Whether `signature` is one over `input`. Constant time for HS256. */
  verify(input: string, signature: Buffer): boolean
}

export interface SigningKey extends VerificationKey {
  /** The encoded protected header for each type of token. */
  readonly headers: Readonly<Record<TokenTyp, string>>
  /** base64url signature over `input`. RS256 signs off the event loop, where one signature would take a millisecond. */
  sign(input: string): string | Promise<string>
}

export interface PublishedKey extends VerificationKey {
  readonly kid: string
  readonly thumbprint: string
  readonly jwk: Record<string, unknown>
}

const encodeHeader = (alg: Algorithm, kid: string | undefined, typ: TokenTyp): string =>
  Buffer.from(JSON.stringify({ alg, kid, typ })).toString('base64url')

export const encodeHeaders = (alg: Algorithm, kid?: string): Record<TokenTyp, string> => ({
  JWT: encodeHeader(alg, kid, 'JWT'),
  'at+jwt': encodeHeader(alg, kid, 'at+jwt'),
  'rt+jwt': encodeHeader(alg, kid, 'rt+jwt'),
  'logout+jwt': encodeHeader(alg, kid, 'logout+jwt'),
})

/** The raw bytes of the setting are the key: neither decoded nor trimmed. */
export function secretKey(secret: string): SigningKey {
  const hmac = new Bun.CryptoHasher('sha256', secret)
  return {
    algorithm: 'HS256',
    kid: undefined,
    thumbprint: undefined,
    headers: encodeHeaders('HS256'),
    sign: (input) => hmac.copy().update(input).digest('base64url'),
    verify: (input, signature) => {
      const expected = hmac.copy().update(input).digest()
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    },
  }
}

/** The key that signs. Throws when it does not fit the algorithm, or its halves do not belong together. */
export function signingKey(key: KeyObject, algorithm: AsymmetricAlgorithm, kid: string): SigningKey & PublishedKey {
  requireFit(key, algorithm)
  const publicKey = createPublicKey(key)
  const verification = publishedKey(publicKey, algorithm, kid || keyThumbprint(publicKey))
  requirePair(key, verification)
  return { ...verification, headers: encodeHeaders(algorithm, verification.kid), sign: signerOf(key, algorithm) }
}

export function publishedKey(key: KeyObject, algorithm: AsymmetricAlgorithm, kid: string): PublishedKey {
  // JWS signatures of ES256 are R‖S, 64 bytes (RFC 7518 §3.4), not DER.
  const options = algorithm === 'ES256' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : key
  return {
    algorithm,
    kid,
    thumbprint: keyThumbprint(key),
    jwk: publicJwk(key, algorithm, kid),
    verify: (input, signature) => verify('sha256', Buffer.from(input), options, signature),
  }
}

function signerOf(key: KeyObject, algorithm: AsymmetricAlgorithm): SigningKey['sign'] {
  if (algorithm === 'ES256') {
    const options = { key, dsaEncoding: 'ieee-p1363' } as const
    return (input) => sign('sha256', Buffer.from(input), options).toString('base64url')
  }
  const scheme = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const imported = crypto.subtle.importKey('pkcs8', new Uint8Array(der), scheme, false, ['sign'])
  return async (input) => {
    const signature = await crypto.subtle.sign(scheme.name, await imported, Buffer.from(input))
    return Buffer.from(signature).toString('base64url')
  }
}

/** A key file whose public part belongs to another key would sign tokens nobody can verify. */
function requirePair(privateKey: KeyObject, { algorithm, verify: verifies }: PublishedKey): void {
  const options = algorithm === 'ES256' ? ({ key: privateKey, dsaEncoding: 'ieee-p1363' } as const) : privateKey
  if (!verifies('probe', sign('sha256', Buffer.from('probe'), options)))
    throw new Error(`${algorithm} signing and verification keys do not match`)
}
