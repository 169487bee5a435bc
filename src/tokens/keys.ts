/**
 * The key ring: one active key signs; it and any number of further keys verify and are published.
 *
 * Every key is bound to one algorithm, and a token's header must name the algorithm of the key that verifies it: a
 * public RSA key can never be used as an HMAC secret (RFC 8725 §3.1). Keys are read once, at start.
 */
import { createPublicKey, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Settings } from '../config/settings'
import { type Algorithm, type AsymmetricAlgorithm, algorithmOf, keyThumbprint, publicJwk, requireFit } from './jwk'
import { firstPrivateKey, firstPublicKey } from './pem'

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

export interface KeyRing {
  readonly alg: Algorithm
  readonly active: SigningKey
  /** Active first. */
  readonly verifyKeys: readonly VerificationKey[]
  /** Headers this ring writes, encoded, with the keys that may verify a token that carries them. */
  readonly knownHeaders: ReadonlyMap<string, { readonly typ: TokenTyp; readonly keys: readonly VerificationKey[] }>
  /** The JWK set as JSON text (RFC 7517 §5), active first; `{"keys":[]}` when there is nothing to publish. */
  readonly jwks: string
  /** Whether the JWK set has members. */
  readonly published: boolean
  /** Lines for the log at start. */
  readonly notices: readonly { readonly level: 'info' | 'warn'; readonly text: string }[]
}

export type KeySettings = Pick<
  Settings,
  | 'JWT_SIGNING_ALGORITHM'
  | 'JWT_SECRET'
  | 'JWT_SECRET_PREVIOUS'
  | 'JWT_PRIVATE_KEY_PEM'
  | 'JWT_PRIVATE_KEY_PATH'
  | 'JWT_KEY_ID'
  | 'JWT_ADDITIONAL_KEY_PATHS'
>

interface PublishedKey extends VerificationKey {
  readonly kid: string
  readonly thumbprint: string
  readonly jwk: Record<string, unknown>
}

type Notice = KeyRing['notices'][number]

/** Reads every key the settings name. Throws an `Error` whose message is meant for the operator. */
export function loadKeyRing(settings: KeySettings): KeyRing {
  const notices: Notice[] = []
  const own = settings.JWT_SIGNING_ALGORITHM === 'HS256' ? undefined : loadPrivateKey(settings, notices)
  const active = own ?? secretKey(settings.JWT_SECRET)
  notices.push({
    level: 'info',
    text: own ? `Token signing: ${own.algorithm} (kid=${own.kid})` : 'Token signing: HS256 (symmetric)',
  })

  const published: PublishedKey[] = own ? [own] : []
  for (const entry of settings.JWT_ADDITIONAL_KEY_PATHS) {
    const key = loadAdditionalKey(entry, notices)
    const known = published.find(({ kid }) => kid === key.kid)
    if (known && known.thumbprint !== key.thumbprint) throw new Error(`Two signing keys have the same kid: ${key.kid}`)
    if (!known) published.push(key)
  }
  const secrets = [...(own ? [] : [active]), ...previousSecret(settings)]
  const verifyKeys = own ? [...published, ...secrets] : [...secrets, ...published]

  return {
    alg: active.algorithm,
    active,
    verifyKeys,
    knownHeaders: knownHeaders(verifyKeys),
    jwks: JSON.stringify({ keys: published.map(({ jwk }) => jwk) }),
    published: published.length > 0,
    notices,
  }
}

const TYPES: readonly TokenTyp[] = ['JWT', 'at+jwt', 'rt+jwt', 'logout+jwt']

const encodeHeader = (alg: Algorithm, kid: string | undefined, typ: TokenTyp): string =>
  Buffer.from(JSON.stringify({ alg, kid, typ })).toString('base64url')

const encodeHeaders = (alg: Algorithm, kid?: string): Record<TokenTyp, string> => ({
  JWT: encodeHeader(alg, kid, 'JWT'),
  'at+jwt': encodeHeader(alg, kid, 'at+jwt'),
  'rt+jwt': encodeHeader(alg, kid, 'rt+jwt'),
  'logout+jwt': encodeHeader(alg, kid, 'logout+jwt'),
})

function knownHeaders(verifyKeys: readonly VerificationKey[]): KeyRing['knownHeaders'] {
  const known = new Map<string, { typ: TokenTyp; keys: VerificationKey[] }>()
  for (const key of verifyKeys) {
    const headers = encodeHeaders(key.algorithm, key.kid)
    for (const typ of TYPES) {
      const keys = known.get(headers[typ])?.keys ?? []
      known.set(headers[typ], { typ, keys: [...keys, key] })
    }
  }
  return known
}

const previousSecret = (settings: KeySettings): VerificationKey[] =>
  settings.JWT_SECRET_PREVIOUS === '' ? [] : [secretKey(settings.JWT_SECRET_PREVIOUS)]

/** The raw bytes of the setting are the key: neither decoded nor trimmed. */
function secretKey(secret: string): SigningKey {
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

function loadPrivateKey(settings: KeySettings, notices: Notice[]): SigningKey & PublishedKey {
  const algorithm = settings.JWT_SIGNING_ALGORITHM as AsymmetricAlgorithm
  const { key, source } = findPrivateKey(settings, notices)
  try {
    requireFit(key, algorithm)
    const publicKey = createPublicKey(key)
    const verification = publicKeyOf(publicKey, algorithm, settings.JWT_KEY_ID || keyThumbprint(publicKey))
    requirePair(key, verification)
    notices.push({ level: 'info', text: `Token signing key: ${describe(publicKey)} from ${source}` })
    return { ...verification, headers: encodeHeaders(algorithm, verification.kid), sign: signerOf(key, algorithm) }
  } catch (error) {
    throw new Error(`Failed to create token provider: ${messageOf(error)}`)
  }
}

function findPrivateKey(settings: KeySettings, notices: Notice[]): { key: KeyObject; source: string } {
  const { JWT_PRIVATE_KEY_PEM: inline, JWT_PRIVATE_KEY_PATH: path } = settings
  if (inline !== '') {
    if (path !== '')
      notices.push({
        level: 'warn',
        text: 'Warning: both JWT_PRIVATE_KEY_PEM and JWT_PRIVATE_KEY_PATH are set; using PEM',
      })
    try {
      // One-line environment files can only write the line feeds of a PEM text as \n.
      const { key, block } = firstPrivateKey(inline.includes('\n') ? inline : inline.replaceAll('\\n', '\n'))
      return { key, source: `JWT_PRIVATE_KEY_PEM, block ${block}` }
    } catch (error) {
      throw new Error(`Failed to parse JWT_PRIVATE_KEY_PEM: ${messageOf(error)}`)
    }
  }
  const { key, block } = readKeyFile(path, firstPrivateKey, `Failed to load JWT private key from ${path}`)
  if ((statSync(path).mode & 0o077) !== 0)
    notices.push({ level: 'warn', text: `Warning: ${path} can be read by others than its owner; use chmod 600` })
  return { key, source: `${path}, block ${block}` }
}

/**
 * A file with a public key, certificate or private key, of which only the public half is kept. `kid=path` names the
 * `kid` the key was published under when that was not derived from the key.
 */
function loadAdditionalKey(entry: string, notices: Notice[]): PublishedKey {
  const [, kid = '', path = entry] = /^([^/\\=]+)=(.+)$/.exec(entry) ?? []
  const what = `Failed to load additional JWT key from ${path}`
  const { key, block } = readKeyFile(path, firstPublicKey, what)
  const algorithm = algorithmOf(key)
  try {
    requireFit(key, algorithm)
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`)
  }
  const loaded = publicKeyOf(key, algorithm, kid || keyThumbprint(key))
  const text = `Token verification: ${algorithm} (kid=${loaded.kid}), ${describe(key)} from ${path}, block ${block}`
  notices.push({ level: 'info', text })
  return loaded
}

function readKeyFile<T>(path: string, read: (text: string) => T, what: string): T {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${what}: read key file: ${messageOf(error)}`)
  }
  try {
    return read(text)
  } catch (error) {
    throw new Error(`${what}: parse key file ${path}: ${messageOf(error)}`)
  }
}

function publicKeyOf(key: KeyObject, algorithm: AsymmetricAlgorithm, kid: string): PublishedKey {
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

function describe(key: KeyObject): string {
  return key.asymmetricKeyType === 'rsa' ? `RSA ${key.asymmetricKeyDetails?.modulusLength}` : 'EC P-256'
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
