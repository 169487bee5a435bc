/**
 * The key ring: one active key signs; it and any number of further keys verify and are published.
 *
 * Every key is bound to one algorithm, and a token's header must name the algorithm of the key that verifies it: a
 * public RSA key can never be used as an HMAC secret (RFC 8725 §3.1). A ring never changes; files that did are read
 * into a new one.
 */
import { createPublicKey } from 'node:crypto'
import type { Settings } from '../config/settings'
import type { Algorithm } from './jwk'
import {
  encodeHeaders,
  type PublishedKey,
  type SigningKey,
  secretKey,
  signingKey,
  type TokenTyp,
  type VerificationKey,
} from './key'
import { describeKey, findPrivateKey, messageOf, type Notice, readAdditionalFile, readersOf } from './key-files'

export type { SigningKey, TokenTyp, VerificationKey }

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
  readonly notices: readonly Notice[]
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
    for (const key of additionalKeys(entry, notices)) {
      const known = published.find(({ kid }) => kid === key.kid)
      if (known && known.thumbprint !== key.thumbprint)
        throw new Error(`Two signing keys have the same kid: ${key.kid}`)
      if (!known) published.push(key)
    }
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

function loadPrivateKey(settings: KeySettings, notices: Notice[]): SigningKey & PublishedKey {
  const { JWT_SIGNING_ALGORITHM: algorithm, JWT_KEY_ID: kid } = settings
  if (algorithm === 'HS256') throw new Error('HS256 has no private key')
  const { key, source } = findPrivateKey(settings, notices)
  try {
    const signing = signingKey(key, algorithm, kid)
    notices.push({ level: 'info', text: `Token signing key: ${describeKey(createPublicKey(key))} from ${source}` })
    return signing
  } catch (error) {
    throw new Error(`Failed to create token provider: ${messageOf(error)}`)
  }
}

function additionalKeys(entry: string, notices: Notice[]): readonly PublishedKey[] {
  const { path, keys } = readAdditionalFile(entry)
  if (keys.some(({ privateKey }) => privateKey)) notices.push(...readersOf(path))
  for (const { algorithm, kid, publicKey, block } of keys) {
    const text = `Token verification: ${algorithm} (kid=${kid}), ${describeKey(publicKey)} from ${path}, block ${block}`
    notices.push({ level: 'info', text })
  }
  return keys
}
