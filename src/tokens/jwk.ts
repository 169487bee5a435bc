/** Algorithms and keys as JSON Web Keys (RFC 7517, RFC 7518). */
import { createHash, type KeyObject } from 'node:crypto'

export type AsymmetricAlgorithm = 'RS256' | 'ES256'
export type Algorithm = 'HS256' | AsymmetricAlgorithm

const MINIMUM_RSA_BITS = 2048
const P256 = 'prime256v1'
const CURVE_NAMES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp224r1: 'P-224',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

/** The one algorithm this server uses a key of this type for. */
export const algorithmOf = (key: KeyObject): AsymmetricAlgorithm =>
  key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256'

/** Throws when the key may not be used for the algorithm: RFC 7518 §3.3 and §3.4. */
export function requireFit(key: KeyObject, algorithm: AsymmetricAlgorithm): void {
  const type = key.asymmetricKeyType === 'rsa' ? 'RSA' : 'EC'
  const needed = algorithm === 'RS256' ? 'RSA' : 'EC'
  if (type !== needed) throw new Error(`${algorithm} requires an ${needed} key, got ${type}`)
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (type === 'RSA' && modulusLength < MINIMUM_RSA_BITS)
    throw new Error(`RS256 requires at least ${MINIMUM_RSA_BITS}-bit RSA key, got ${modulusLength}-bit`)
  if (type === 'EC' && namedCurve !== P256)
    throw new Error(`ES256 requires P-256 curve, got ${CURVE_NAMES[namedCurve] ?? namedCurve}`)
}

/** base64url SHA-256 of the DER SubjectPublicKeyInfo: 43 characters. Not the RFC 7638 thumbprint. */
export const keyThumbprint = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64url')

/** The member of a JWK set that publishes a verification key. Takes a public key; a private one would leak `d`. */
export function publicJwk(publicKey: KeyObject, algorithm: AsymmetricAlgorithm, kid: string): Record<string, unknown> {
  const { kty, n, e, crv, x, y } = publicKey.export({ format: 'jwk' })
  const common = { kty, use: 'sig', kid, alg: algorithm }
  return algorithm === 'RS256' ? { ...common, n, e } : { ...common, crv, x, y }
}
