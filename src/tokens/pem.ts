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
  return firstKey(text, readPrivateKey) ?? fail('no supported private key found in key data')
}

/**
 * The public half of the first RSA or EC key of any kind: public key, certificate or private key.
 *
 * Throws `no PEM block found in key data` or `no supported key found in key data`.
 */
export function firstPublicKey(text: string): FoundKey {
  const read = (base64: string) => {
    const privateKey = readPrivateKey(base64)
    return privateKey ? createPublicKey(privateKey) : (readPublicKey(base64) ?? readCertificate(base64))
  }
  return firstKey(text, read) ?? fail('no supported key found in key data')
}

function firstKey(text: string, read: (base64: string) => KeyObject | undefined): FoundKey | undefined {
  const blocks = pemBlocks(text)
  if (blocks.length === 0) fail('no PEM block found in key data')
  for (const [index, base64] of blocks.entries()) {
    const key = read(base64)
    if (key && isSupported(key)) return { key, block: index + 1 }
  }
  return undefined
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

const readPrivateKey = (base64: string) => readAs(base64, PRIVATE_FORMS, createPrivateKey)
const readPublicKey = (base64: string) => readAs(base64, PUBLIC_FORMS, createPublicKey)

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

function readCertificate(base64: string): KeyObject | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).publicKey
  } catch {
    return undefined
  }
}

function fail(message: string): never {
  throw new Error(message)
}
