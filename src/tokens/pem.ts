/**
 * Finds keys in PEM text (RFC 7468). The text may hold several blocks and anything between them; blocks are tried in
 * order, and a block's label is not believed: its bytes are read as every form in question.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'

export interface FoundKey {
  readonly key: KeyObject
  /** Position among the blocks of the text, from 1. */
  readonly block: number
}

/** PKCS#8 (RFC 5208), PKCS#1 (RFC 8017), SEC1 (RFC 5915). */
const PRIVATE_FORMS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']
/** SubjectPublicKeyInfo (RFC 5280), PKCS#1 (RFC 8017). */
const PUBLIC_FORMS = ['PUBLIC KEY', 'RSA PUBLIC KEY']

/**
 * The first RSA or EC private key. Encrypted keys, other key types, certificates and garbage are passed over.
 *
 * Throws `no PEM block found in key data` or `no supported private key found in key data`.
 */
export function firstPrivateKey(text: string): FoundKey {
  const blocks = pemBlocks(text)
  if (blocks.length === 0) fail('no PEM block found in key data')
  for (const [index, base64] of blocks.entries()) {
    const key = readAs(base64, PRIVATE_FORMS, createPrivateKey)
    if (key && isSupported(key)) return { key, block: index + 1 }
  }
  fail('no supported private key found in key data')
}

/** A key that may verify: its public half, and the private one where the text holds it. */
export interface FoundVerificationKey extends FoundKey {
  readonly privateKey: KeyObject | undefined
}

/**
 * The public halves of all RSA and EC keys, public or private. A certificate counts only in a text without any, and
 * only the first: those that follow in a chain hold the keys of others.
 *
 * Throws `no PEM block found in key data` or `no supported key found in key data`.
 */
export function verificationKeys(text: string): FoundVerificationKey[] {
  const blocks = pemBlocks(text)
  if (blocks.length === 0) fail('no PEM block found in key data')
  const keys = findKeys(blocks, readBareKey)
  const found = keys.length > 0 ? keys : findKeys(blocks, readCertificate).slice(0, 1)
  return found.length > 0 ? found : fail('no supported key found in key data')
}

interface BareKey {
  readonly key: KeyObject
  readonly privateKey: KeyObject | undefined
}

const findKeys = (blocks: string[], read: (base64: string) => BareKey | undefined): FoundVerificationKey[] =>
  blocks.flatMap((base64, index) => {
    const found = read(base64)
    return found && isSupported(found.key) ? [{ ...found, block: index + 1 }] : []
  })

function readBareKey(base64: string): BareKey | undefined {
  const privateKey = readAs(base64, PRIVATE_FORMS, createPrivateKey)
  const key = privateKey ? createPublicKey(privateKey) : readAs(base64, PUBLIC_FORMS, createPublicKey)
  return key && { key, privateKey }
}

/** Smaller RSA keys are passed over like garbage; those between this and what RS256 needs get an error of their own. */
const SMALLEST_RSA_BITS = 1024

const isSupported = ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean =>
  type === 'ec' || (type === 'rsa' && (details?.modulusLength ?? 0) >= SMALLEST_RSA_BITS)

const BLOCK = /^[ \t]*-----BEGIN ([^\r\n]*?)-----[ \t]*\r?\n((?:(?!-----BEGIN )[\s\S])*?)^[ \t]*-----END \1-----/gm
const HEADER = /^[^:\r\n]+:[^\r\n]*\r?\n(?:[ \t]+[^\r\n]*\r?\n)*/gm
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** The bodies of all blocks, as base64 on one line. */
function pemBlocks(text: string): string[] {
  return [...text.matchAll(BLOCK)]
    .map(([, , body]) => (body ?? '').replace(HEADER, '').replace(/\s+/g, ''))
    .filter((base64) => BASE64.test(base64))
}

function readAs(base64: string, labels: string[], read: (pem: string) => KeyObject): KeyObject | undefined {
  const body = base64.replace(/.{1,64}/g, '$&\n')
  for (const label of labels) {
    try {
      return read(`-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`)
    } catch {
      // Not of this form.
    }
  }
  return undefined
}

function readCertificate(base64: string): BareKey | undefined {
  try {
    return { key: new X509Certificate(Buffer.from(base64, 'base64')).publicKey, privateKey: undefined }
  } catch {
    return undefined
  }
}

function fail(message: string): never {
  throw new Error(message)
}
