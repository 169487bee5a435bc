/** Key pairs in every form an operator may have them in. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'

export interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const rsa = (bits = 2048): Pair => generateKeyPairSync('rsa', { modulusLength: bits })
export const ec = (namedCurve = 'P-256'): Pair => generateKeyPairSync('ec', { namedCurve })

type Form = 'pkcs8' | 'pkcs1' | 'sec1'

export const privatePem = ({ privateKey }: Pair, type: Form = 'pkcs8'): string =>
  privateKey.export({ format: 'pem', type: type as 'pkcs8' }).toString()

export const publicPem = ({ publicKey }: Pair, type: 'spki' | 'pkcs1' = 'spki'): string =>
  publicKey.export({ format: 'pem', type: type as 'spki' }).toString()

/** What `openssl ecparam -genkey` writes before the key: the object id of P-256. */
export const EC_PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'

export const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
