/**
 * Passwords: Argon2id for what is stored from now on, bcrypt verified for what was stored before.
 *
 * Hashing runs off the event loop and only a few at a time, so that a storm of logins slows logins and nothing else.
 */
import type { Random } from '../context'

/** More logins wait for a hash than can be served in time. The edge answers 503. */
export class PasswordQueueFull extends Error {}

export interface PasswordCheck {
  readonly matches: boolean
  /** The stored hash should be replaced by one of this password. */
  readonly needsRehash: boolean
}

export interface PasswordHasher {
  hash(password: string): Promise<string>
  /** An empty hash matches nothing. Takes one hash computation whatever the outcome. */
  verify(password: string, hash: string): Promise<PasswordCheck>
  /** The work of one verification for a name nobody has, so that its answer takes as long. */
  burn(password: string): Promise<void>
}

/** OWASP's minimum for Argon2id: 19 MiB, two passes, one lane. */
const ARGON2ID = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const
const CURRENT_PREFIX = '$argon2id$v=19$m=19456,t=2,p=1$'
const MAX_WAITING = 200
/** bcrypt reads no more than this. */
const BCRYPT_BYTES = 72

const normalise = (password: string): string => password.normalize('NFKC')

/** Hashes at once on one machine. */
export const HASHES = 2

export function createPasswordHasher(concurrency = HASHES): PasswordHasher {
  let running = 0
  const waiting: (() => void)[] = []

  const limited = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= MAX_WAITING) throw new PasswordQueueFull('too many logins wait for a hash')
      await new Promise<void>((start) => waiting.push(start))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }

  let dummyHash: Promise<string> | undefined
  const hash = (password: string) => limited(() => Bun.password.hash(normalise(password), ARGON2ID))
  const dummy = () => {
    dummyHash ??= hash(crypto.randomUUID())
    return dummyHash
  }

  return {
    hash,
    burn: async (password) => {
      const compared = await dummy()
      await limited(() => Bun.password.verify(normalise(password), compared))
    },
    verify: async (password, stored) => {
      if (stored.startsWith('$argon2id$')) {
        const matches = await limited(() => Bun.password.verify(normalise(password), stored))
        return { matches, needsRehash: matches && !stored.startsWith(CURRENT_PREFIX) }
      }
      if (/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(stored)) {
        const matches = await limited(() => Bun.password.verify(bcryptInput(password), stored))
        return { matches, needsRehash: matches }
      }
      const compared = await dummy()
      await limited(() => Bun.password.verify(normalise(password), compared))
      return { matches: false, needsRehash: false }
    },
  }
}

/** The bytes bcrypt would have read when the hash was made. */
function bcryptInput(password: string): Uint8Array {
  const bytes = Buffer.from(password)
  return bytes.length > BCRYPT_BYTES ? bytes.subarray(0, BCRYPT_BYTES) : bytes
}

/** 16 characters of the base64url alphabet, 96 random bits. */
export const generatePassword = (random: Random): string =>
  Buffer.from(random.bytes(16)).toString('base64url').slice(0, 16)

const MIN_CHARACTERS = 12
const MAX_CHARACTERS = 256

/** Words and runs that stand at the top of every list of leaked passwords, stretched to the minimum length or not. */
const COMMON = [
  ...['password', 'passwort', 'qwerty', 'qwertz', 'letmein', 'welcome', 'iloveyou', 'monkey', 'dragon', 'football'],
  ...['baseball', 'sunshine', 'princess', 'master', 'superman', 'trustno1', 'changeme', 'authgate', 'admin', 'secret'],
  ...['abc', '123456789', '1234567890', '987654321', 'asdfghjkl', 'zxcvbnm', 'test', 'login', 'hello', 'default'],
]

export type PasswordProblem = 'too_short' | 'too_long' | 'own_name' | 'repeats' | 'common'

/** Why a password may not be chosen; `undefined` when it may. */
export function passwordProblem(password: string, username: string, email: string): PasswordProblem | undefined {
  const plain = normalise(password)
  const characters = [...plain].length
  if (characters < MIN_CHARACTERS) return 'too_short'
  if (characters > MAX_CHARACTERS) return 'too_long'
  const folded = plain.toLowerCase()
  const own = [username, email, email.split('@')[0] ?? ''].map((text) => text.toLowerCase())
  if (own.includes(folded)) return 'own_name'
  if (new Set(folded).size < 5) return 'repeats'
  if (isCommon(folded)) return 'common'
  return undefined
}

/** A common word with nothing but digits and signs around it, or such words in a row. */
function isCommon(folded: string): boolean {
  let rest = folded
  for (const word of COMMON) rest = rest.replaceAll(word, '')
  return rest !== folded && /^[\d\W_]*$/.test(rest)
}
