/**
 * The keys this server derives from `SESSION_SECRET`, and the two primitives that use them: keyed digests and sealing.
 *
 * Each purpose has a key of its own (HKDF-SHA256, RFC 5869, one label per purpose), so a digest made for one purpose
 * proves nothing for another. `SESSION_SECRET_PREVIOUS` is tried second: a rotation logs nobody out.
 *
 * What must outlive any rotation does not depend on these keys. Tokens, authorization codes, device codes and client
 * secrets carry at least 160 random bits, which no key makes harder to guess; they are kept as plain SHA-256 (or, for
 * client secrets, HMAC under a key stored beside the digest). Otherwise the usual answer to an incident, replacing
 * `SESSION_SECRET`, would silently disable every client.
 */
import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Settings } from './config/settings'
import type { Random } from './context'

/** HMAC-SHA256 for one purpose. Digests are lower-case hexadecimal. */
export interface KeyedDigest {
  /** Under the current secret: for everything that is stored or handed out. */
  digest(value: string): string
  /** Under the current and then the previous secret: a look-up by digest tries each. */
  candidates(value: string): string[]
  /** Whether `digest` was made of `value` under either secret. Constant time. */
  matches(value: string, digest: string): boolean
}

export interface ServerSecrets {
  /** Browser session cookie → `sessions.id_hash`. */
  readonly browserSession: KeyedDigest
  /** The kind of browser a session was made with. */
  readonly browserFingerprint: KeyedDigest
  /** Marks browsers in which an account has signed in before. */
  readonly knownDevice: KeyedDigest
  /** Tokens against cross-site request forgery. */
  readonly csrf: KeyedDigest
  /** User codes have only 40 bits: without the key a stolen database would reveal them at once. */
  readonly userCode: KeyedDigest
  /** State and browser binding of a login at another provider. */
  readonly loginTransaction: KeyedDigest
  /** Ids of requests that wait for a decision in the browser. */
  readonly pendingRequest: KeyedDigest
  /** Mixed into the keys that seal short-lived answers, so that database and token together do not suffice. */
  readonly seal: KeyedDigest
  /** Seals over the audit trail: who can only write to the database cannot make one. */
  readonly auditSeal: KeyedDigest
  /** Keys that seal what caches keep in Redis: who can only write there cannot make a value. */
  readonly cache: KeyedDigest
  /** Between a server and `authgate doctor`, which asks it what arrives. */
  readonly doctor: KeyedDigest
}

export function deriveSecrets(settings: Pick<Settings, 'SESSION_SECRET' | 'SESSION_SECRET_PREVIOUS'>): ServerSecrets {
  const secrets = [settings.SESSION_SECRET, settings.SESSION_SECRET_PREVIOUS].filter((secret) => secret !== '')
  const purpose = (label: string) => keyedDigest(secrets.map((secret) => deriveKey(secret, label)))
  return {
    browserSession: purpose('browser session'),
    browserFingerprint: purpose('browser fingerprint'),
    knownDevice: purpose('known device'),
    csrf: purpose('csrf'),
    userCode: purpose('user code'),
    loginTransaction: purpose('login transaction'),
    pendingRequest: purpose('pending request'),
    seal: purpose('seal'),
    auditSeal: purpose('audit seal'),
    cache: purpose('cache'),
    doctor: purpose('doctor'),
  }
}

const deriveKey = (secret: string, label: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `authgate/${label}/1`, 32))

function keyedDigest(keys: readonly Uint8Array[]): KeyedDigest {
  const hashers = keys.map((key) => new Bun.CryptoHasher('sha256', key))
  const candidates = (value: string) => hashers.map((hasher) => hasher.copy().update(value).digest('hex'))
  const [current] = hashers
  if (!current) throw new Error('SESSION_SECRET must be set')
  return {
    digest: (value) => current.copy().update(value).digest('hex'),
    candidates,
    matches: (value, digest) => {
      let matched = false
      for (const candidate of candidates(value)) matched = equalDigest(candidate, digest) || matched
      return matched
    },
  }
}

/** Lower-case hexadecimal SHA-256 of the UTF-8 bytes: how tokens and codes of 160 random bits or more are stored. */
export const sha256Hex = (value: string): string => new Bun.CryptoHasher('sha256').update(value).digest('hex')

/** Compares two digests in constant time. Digests of different lengths are unequal. */
export function equalDigest(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Compares two secrets of any length in constant time, without revealing their lengths. */
export const equalSecret = (a: string, b: string): boolean => equalDigest(sha256Hex(a), sha256Hex(b))

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM under a hexadecimal 256-bit key. Returns base64url of nonce, ciphertext and tag. */
export function seal(key: string, plaintext: string, random: Random): string {
  const nonce = random.bytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce)
  return Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

/** Opens what `seal` made; undefined when the key is another or the text was changed. */
export function unseal(key: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), bytes.subarray(0, NONCE_BYTES))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
