/**
 * Client secrets: how they are made, stored and compared.
 *
 * A secret has 256 random bits, so a slow password hash would cost every token request dearly and protect nothing. It
 * is stored as `hmac-sha256$<key>$<digest>` with a random key per record, both base64url: equal secrets do not show,
 * and no server-wide secret is needed to verify, so rotating one never disables a client. Records taken over from an
 * earlier deployment may hold bcrypt hashes; they verify, and the caller replaces them on use.
 */
import type { Context } from '../context'
import { equalDigest } from '../secrets'

const PREFIX = 'ago_'
const REGISTRATION_PREFIX = 'agr_'
const SECRET_BYTES = 32
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

const SCHEME = 'hmac-sha256'
const KEY_BYTES = 16
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
/** bcrypt looks at no more; nothing this server or its predecessors made is longer. */
const BCRYPT_INPUT_LIMIT = 72

/** A stored form no secret matches, compared with when there is none. */
const NOBODY = `${SCHEME}$AAAAAAAAAAAAAAAAAAAAAA$${'A'.repeat(43)}`

export interface SecretCheck {
  readonly matches: boolean
  /** The stored form is an old one: replace it with `hashClientSecret` of the secret that matched. */
  readonly needsRehash: boolean
}

/** `ago_` and 52 characters of lower-case base32 (RFC 4648 §6, unpadded): 256 random bits. Shown once, never stored. */
export function generateClientSecret(ctx: Pick<Context, 'random'>): string {
  return PREFIX + base32(ctx.random.bytes(SECRET_BYTES))
}

/** `agr_` and as many random bits: a registration access token (RFC 7592 §1.2). Stored as `sha256Hex`. */
export function generateRegistrationToken(ctx: Pick<Context, 'random'>): string {
  return REGISTRATION_PREFIX + base32(ctx.random.bytes(SECRET_BYTES))
}

/** The stored form of a secret. */
export function hashClientSecret(ctx: Pick<Context, 'random'>, secret: string): string {
  const key = Buffer.from(ctx.random.bytes(KEY_BYTES)).toString('base64url')
  return `${SCHEME}$${key}$${keyedDigest(key, secret)}`
}

/**
 * Compares a presented secret with the stored form, in constant time. An absent stored form (unknown client, public
 * client) takes the same path and never matches; an empty secret never matches. Throws `PasswordQueueFull` when too many
 * old forms are being compared.
 */
export async function verifyClientSecret(
  ctx: Pick<Context, 'passwords'>,
  stored: string | null | undefined,
  presented: string,
): Promise<SecretCheck> {
  if (stored && BCRYPT.test(stored)) {
    const plausible = presented !== '' && Buffer.byteLength(presented) <= BCRYPT_INPUT_LIMIT
    // Slow: waits in the line of password checks, so that guesses at one client cannot occupy the machine.
    return plausible ? await ctx.passwords.verify(presented, stored) : { matches: false, needsRehash: false }
  }
  const [scheme, key, digest] = (stored || NOBODY).split('$')
  const same = equalDigest(keyedDigest(key ?? '', presented), digest ?? '')
  return { matches: same && scheme === SCHEME && presented !== '', needsRehash: false }
}

const keyedDigest = (key: string, secret: string): string =>
  new Bun.CryptoHasher('sha256', Buffer.from(key, 'base64url')).update(secret).digest('base64url')

function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let pending = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(pending >> bits) & 31]
    }
    pending &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET[(pending << (5 - bits)) & 31] : text
}
