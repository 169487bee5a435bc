/** `authgate keys generate`: a new private key in a file of its own. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { resolve } from 'node:path'
import { type AsymmetricAlgorithm, keyThumbprint } from '../../tokens/jwk'
import type { Output } from '../output'
import { print } from '../report'
import type { KeysOptions } from './arguments'
import { createKeyFile, textOf } from './key-file'
import { KeysRefusal } from './refusal'

const RSA_BITS = 2048

/** Needs no configuration. Throws `KeysRefusal`. */
export function generate(options: KeysOptions, cwd: string, output: Output): void {
  const algorithm = requireAlgorithm(options.algorithm || 'ES256')
  if (options.out === '') throw new KeysRefusal('--out is required: the file to write the key to')
  const path = resolve(cwd, options.out)
  const privateKey = newKey(algorithm)
  const publicKey = createPublicKey(privateKey)
  const kid = keyThumbprint(publicKey)
  createKeyFile(path, textOf([{ algorithm, kid, privateKey, publicKey }]))
  print(options.json, output, { algorithm, kid, file: path }, [
    `${algorithm} key kid=${kid} written to ${path}`,
    'As the next key: name the file in JWT_ADDITIONAL_KEY_PATHS and restart every process;',
    '  if it is named there already, reload every process (SIGHUP). After an hour: authgate keys rotate',
    `As the first key: JWT_SIGNING_ALGORITHM=${algorithm} JWT_PRIVATE_KEY_PATH=${path}`,
  ])
}

function requireAlgorithm(name: string): AsymmetricAlgorithm {
  if (name === 'ES256' || name === 'RS256') return name
  throw new KeysRefusal(`invalid --algorithm value: ${JSON.stringify(name)} (must be "ES256" or "RS256")`)
}

const newKey = (algorithm: AsymmetricAlgorithm): KeyObject =>
  algorithm === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey
