/**
 * An authenticator in software (W3C Web Authentication §6): ES256 keys, CBOR as authenticators write it, attestation
 * `none`. It also tells whatever lies a test wants told.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

interface Options {
  readonly challenge: string
}

export interface CreationOptions extends Options {
  readonly rp: { readonly id: string }
  readonly user: { readonly id: string }
}

export interface RequestOptions extends Options {
  readonly rpId: string
}

/** What differs from an honest answer. */
export interface Lies {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  readonly topOrigin?: string
  readonly userVerified?: boolean
  readonly userPresent?: boolean
  /** May be copied to other devices, and was. */
  readonly copied?: boolean
  readonly userHandle?: string | undefined
  readonly counter?: number
  readonly credentialId?: string
  /** Another key signs. */
  readonly key?: KeyObject
  readonly alg?: number
  /** Says by which certificate it was made, although nobody asked. */
  readonly format?: string
  readonly certificate?: Buffer
}

export interface SoftPasskey {
  readonly credentialId: string
  /** JSON as the scripts of the pages send it. */
  readonly attestation: string
  assert(options: RequestOptions, lies?: Lies): string
}

const FLAGS = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, credential: 0x40 }

export interface AuthenticatorKind {
  readonly origin: string
  /** Default: a security key, whose keys never leave it. */
  readonly synced?: boolean
  /** Default: it counts. */
  readonly counts?: boolean
}

export function softAuthenticator({ origin, synced = false, counts = true }: AuthenticatorKind) {
  const create = (options: CreationOptions, lies: Lies = {}): SoftPasskey => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const id = lies.credentialId ?? base64url(crypto.getRandomValues(new Uint8Array(32)))
    let signed = counts ? 1 : 0
    const authData = (rpId: string, told: Lies, counter: number, credential: Buffer = Buffer.alloc(0)) =>
      Buffer.concat([
        sha256(told.rpId ?? rpId),
        flagsOf(told, told.copied ?? synced, credential.length > 0),
        uint32(counter),
        credential,
      ])

    const attestationObject = cborMap([
      ['fmt', cborText(lies.format ?? 'none')],
      ['attStmt', lies.certificate ? statement(lies.certificate) : cborMap([])],
      ['authData', cborBytes(authData(options.rp.id, lies, signed, credentialData(id, publicKey, lies.alg)))],
    ])
    const attestation = JSON.stringify({
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: clientData('webauthn.create', origin, options, lies),
        attestationObject: base64url(attestationObject),
        transports: synced ? ['internal', 'hybrid'] : ['usb'],
      },
    })
    const handle = options.user.id
    const assert = (request: RequestOptions, told: Lies = {}): string => {
      if (counts) signed += 1
      const data = authData(request.rpId, told, told.counter ?? signed)
      const clientDataJSON = clientData('webauthn.get', origin, request, told)
      const signature = sign(
        'sha256',
        Buffer.concat([data, sha256(Buffer.from(clientDataJSON, 'base64url'))]),
        told.key ?? privateKey,
      )
      return JSON.stringify({
        id: told.credentialId ?? id,
        rawId: told.credentialId ?? id,
        type: 'public-key',
        response: {
          clientDataJSON,
          authenticatorData: base64url(data),
          signature: base64url(signature),
          userHandle: 'userHandle' in told ? told.userHandle : handle,
        },
      })
    }
    return { credentialId: id, attestation, assert }
  }
  return { create }
}

function clientData(type: string, origin: string, { challenge }: Options, lies: Lies): string {
  const { crossOrigin = false, topOrigin } = lies
  const data = { type: lies.type ?? type, challenge: lies.challenge ?? challenge, origin: lies.origin ?? origin }
  return base64url(Buffer.from(JSON.stringify({ ...data, crossOrigin, ...(topOrigin && { topOrigin }) })))
}

function flagsOf({ userPresent = true, userVerified = true }: Lies, synced: boolean, credential: boolean): Buffer {
  const flags = [
    userPresent && FLAGS.userPresent,
    userVerified && FLAGS.userVerified,
    synced && FLAGS.backupEligible | FLAGS.backedUp,
    credential && FLAGS.credential,
  ]
  return Buffer.from([flags.reduce<number>((all, flag) => all | Number(flag), 0)])
}

/** §6.5.1: model, id and public key. */
function credentialData(id: string, publicKey: KeyObject, alg = -7): Buffer {
  const bytes = Buffer.from(id, 'base64url')
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinate = (text: string) => cborBytes(Buffer.from(text, 'base64url'))
  const key = cborMap([
    [1, cborInt(2)],
    [3, cborInt(alg)],
    [-1, cborInt(1)],
    [-2, coordinate(x)],
    [-3, coordinate(y)],
  ])
  return Buffer.concat([Buffer.alloc(16), Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes, key])
}

/** §8.2, with one certificate. */
const statement = (certificate: Buffer): Buffer =>
  cborMap([
    ['alg', cborInt(-7)],
    ['sig', cborBytes(Buffer.alloc(8))],
    ['x5c', Buffer.concat([cborHead(4, 1), cborBytes(certificate)])],
  ])

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** RFC 8949 §3: the major type and a number of up to 16 bits. */
function cborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 256) return Buffer.from([(major << 5) | 24, value])
  return Buffer.from([(major << 5) | 25, value >> 8, value & 0xff])
}

const cborInt = (value: number): Buffer => (value >= 0 ? cborHead(0, value) : cborHead(1, -1 - value))
const cborBytes = (bytes: Buffer): Buffer => Buffer.concat([cborHead(2, bytes.length), bytes])
const cborText = (text: string): Buffer => Buffer.concat([cborHead(3, Buffer.byteLength(text)), Buffer.from(text)])
const cborMap = (entries: readonly (readonly [string | number, Buffer])[]): Buffer =>
  Buffer.concat([
    cborHead(5, entries.length),
    ...entries.flatMap(([key, value]) => [typeof key === 'string' ? cborText(key) : cborInt(key), value]),
  ])
