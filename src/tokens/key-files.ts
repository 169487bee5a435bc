/** The files and settings that hold the keys of the ring. */
import type { KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Settings } from '../config/settings'
import { algorithmOf, keyThumbprint, requireFit } from './jwk'
import { type PublishedKey, publishedKey } from './key'
import { type FoundKey, firstPrivateKey, verificationKeys } from './pem'

/** A line for the log at start. */
export interface Notice {
  readonly level: 'info' | 'warn'
  readonly text: string
}

type PrivateKeySettings = Pick<Settings, 'JWT_PRIVATE_KEY_PEM' | 'JWT_PRIVATE_KEY_PATH'>

/** The private key that signs. Throws an `Error` whose message is meant for the operator. */
export function findPrivateKey(settings: PrivateKeySettings, notices: Notice[]): { key: KeyObject; source: string } {
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
  const { key, block } = readPrivateKeyFile(path)
  notices.push(...readersOf(path))
  return { key, source: `${path}, block ${block}` }
}

/** A warning when others than its owner can read a file with a private key. */
export const readersOf = (path: string): Notice[] =>
  (statSync(path).mode & 0o077) === 0
    ? []
    : [{ level: 'warn', text: `Warning: ${path} can be read by others than its owner; use chmod 600` }]

export const readPrivateKeyFile = (path: string): FoundKey =>
  readKeyFile(path, firstPrivateKey, `Failed to load JWT private key from ${path}`)

export interface AdditionalKey extends PublishedKey {
  readonly publicKey: KeyObject
  /** Where the file holds it: a key that may be taken up for signing. */
  readonly privateKey: KeyObject | undefined
  /** Position among the blocks of the file, from 1. */
  readonly block: number
}

export interface AdditionalFile {
  readonly path: string
  /** Whether the entry names the `kid`, as `kid=path` does. */
  readonly namesKid: boolean
  /** Empty when the file says that it holds no key at present. */
  readonly keys: readonly AdditionalKey[]
}

/** First line of a file that is kept for a later key. A file that is merely empty has lost its key, and is refused. */
export const VACANT = '# authgate: no key at present'

/**
 * A file with public keys, a certificate or private keys, of which only the public half is published. `kid=path` names
 * the `kid` the one key in it was published under when that was not derived from the key.
 *
 * Throws an `Error` whose message is meant for the operator.
 */
export function readAdditionalFile(entry: string): AdditionalFile {
  const [, kid = '', path = entry] = /^([^/\\=]+)=(.+)$/.exec(entry) ?? []
  const what = `Failed to load additional JWT key from ${path}`
  const found = readKeyFile(path, (text) => (text.startsWith(VACANT) ? [] : verificationKeys(text)), what)
  if (kid !== '' && found.length > 1) throw new Error(`${what}: kid=${kid} needs a file with one key`)
  const keys = found.map(({ key, privateKey, block }): AdditionalKey => {
    const algorithm = algorithmOf(key)
    try {
      requireFit(key, algorithm)
    } catch (error) {
      throw new Error(`${what}: ${messageOf(error)}`)
    }
    return { ...publishedKey(key, algorithm, kid || keyThumbprint(key)), publicKey: key, privateKey, block }
  })
  return { path, namesKid: kid !== '', keys }
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

export function describeKey(key: KeyObject): string {
  return key.asymmetricKeyType === 'rsa' ? `RSA ${key.asymmetricKeyDetails?.modulusLength}` : 'EC P-256'
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
