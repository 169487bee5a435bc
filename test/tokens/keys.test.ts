import { afterAll, describe, expect, test } from 'bun:test'
import { createPublicKey } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyThumbprint } from '../../src/tokens/jwk'
import { signJwt, verifyJwt } from '../../src/tokens/jwt'
import { type KeyRing, type KeySettings, loadKeyRing } from '../../src/tokens/keys'
import { selfSignedCertificate } from '../support/certificate'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { EC_PARAMETERS, ec, type Pair, pem, privatePem, publicPem, rsa } from './keys-support'

const folder = temporaryFolder('keys')
afterAll(() => removeFolder(folder))

const settings = (changed: Partial<KeySettings>): KeySettings => ({
  JWT_SIGNING_ALGORITHM: 'HS256',
  JWT_SECRET: 'a-secret-of-the-key-ring-tests-0123456789',
  JWT_SECRET_PREVIOUS: '',
  JWT_PRIVATE_KEY_PEM: '',
  JWT_PRIVATE_KEY_PATH: '',
  JWT_KEY_ID: '',
  JWT_ADDITIONAL_KEY_PATHS: [],
  ...changed,
})

const load = (changed: Partial<KeySettings>): KeyRing => loadKeyRing(settings(changed))
const refusal = (changed: Partial<KeySettings>): string => {
  try {
    load(changed)
  } catch (error) {
    return (error as Error).message
  }
  return 'loaded'
}
const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const rsaPair = rsa()
const ecPair = ec()
const RS256 = { JWT_SIGNING_ALGORITHM: 'RS256' } as const
const ES256 = { JWT_SIGNING_ALGORITHM: 'ES256' } as const
const thumbprint = ({ publicKey }: Pair) => keyThumbprint(publicKey)

/** Signs with one ring and verifies with the other: the keys are equal. */
async function works(signing: KeyRing, verifying = signing): Promise<boolean> {
  const token = await signJwt(signing, 'JWT', '{"iss":"i","exp":2000000000}')
  return verifyJwt(verifying, token, { typ: ['JWT'], issuer: 'i', now: 1_800_000_000_000 }).valid
}

describe('signing key: every PEM form an operator may have', () => {
  const forms: [string, 'RS256' | 'ES256', string][] = [
    ['RSA, PKCS#8', 'RS256', privatePem(rsaPair)],
    ['RSA, PKCS#1', 'RS256', privatePem(rsaPair, 'pkcs1')],
    ['EC P-256, PKCS#8', 'ES256', privatePem(ecPair)],
    ['EC P-256, SEC1', 'ES256', privatePem(ecPair, 'sec1')],
    ['EC PARAMETERS before the key', 'ES256', EC_PARAMETERS + privatePem(ecPair, 'sec1')],
    ['a public key before the private one', 'RS256', publicPem(rsaPair) + privatePem(rsaPair)],
    [
      'garbage blocks and text between',
      'RS256',
      `# key\n${pem('PRIVATE KEY', Buffer.from('no'))}x\n${privatePem(rsaPair)}`,
    ],
    ['a label that lies', 'RS256', privatePem(rsaPair, 'pkcs1').replaceAll('RSA PRIVATE KEY', 'EC PRIVATE KEY')],
    ['CRLF line ends', 'ES256', privatePem(ecPair).replaceAll('\n', '\r\n')],
    ['line feeds written as \\n on one line', 'ES256', privatePem(ecPair).trim().replaceAll('\n', '\\n')],
    ['indented', 'ES256', privatePem(ecPair).replace(/^/gm, '  ')],
    ['an Ed25519 key first', 'ES256', ED25519() + privatePem(ecPair)],
  ]
  test.each(forms)('%s', async (_name, algorithm, text) => {
    const ring = load({ JWT_SIGNING_ALGORITHM: algorithm, JWT_PRIVATE_KEY_PEM: text })
    expect(ring.active.kid).toBe(thumbprint(algorithm === 'RS256' ? rsaPair : ecPair))
    expect(await works(ring)).toBe(true)
  })

  test('certificate and key in one file; the notice names file, block and kind, and never the key', async () => {
    const { certFile, keyFile } = selfSignedCertificate(folder, 'localhost')
    const path = file('both.pem', readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'))
    const ring = load({ ...ES256, JWT_PRIVATE_KEY_PATH: path })
    expect(await works(ring)).toBe(true)
    const text = ring.notices.map((notice) => notice.text).join('\n')
    expect(text).toContain(`Token signing key: EC P-256 from ${path}, block 2`)
    expect(text).toContain(`Token signing: ES256 (kid=${ring.active.kid})`)
    expect(text).not.toContain('PRIVATE')
  })

  test('PEM wins over the path, with a warning', () => {
    const ring = load({ ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ecPair), JWT_PRIVATE_KEY_PATH: '/nowhere' })
    expect(ring.notices).toContainEqual({
      level: 'warn',
      text: 'Warning: both JWT_PRIVATE_KEY_PEM and JWT_PRIVATE_KEY_PATH are set; using PEM',
    })
  })

  test('a key file that others can read is used, with a warning [SEC]', () => {
    const path = file('open.pem', privatePem(ecPair), 0o644)
    const ring = load({ ...ES256, JWT_PRIVATE_KEY_PATH: path })
    expect(ring.notices.find(({ level }) => level === 'warn')?.text).toContain(`${path} can be read by others`)
  })

  test('HS256 says so and needs no key file', () => {
    const { notices, alg } = load({})
    expect([alg, notices.map(({ text }) => text)]).toEqual(['HS256', ['Token signing: HS256 (symmetric)']])
  })
})

describe('signing key: what stops the start', () => {
  const noKey = 'Failed to parse JWT_PRIVATE_KEY_PEM: no supported private key found in key data'
  const provider = 'Failed to create token provider: '
  test.each([
    ['no block', 'ES256', 'not a key', 'Failed to parse JWT_PRIVATE_KEY_PEM: no PEM block found in key data'],
    ['a public key only', 'RS256', publicPem(rsaPair), noKey],
    ['an encrypted PKCS#8 key', 'ES256', encrypted('pkcs8'), noKey],
    ['an encrypted SEC1 key', 'ES256', encrypted('sec1'), noKey],
    ['an Ed25519 key', 'ES256', ED25519(), noKey],
    [
      '1024-bit RSA',
      'RS256',
      privatePem(rsa(1024)),
      `${provider}RS256 requires at least 2048-bit RSA key, got 1024-bit`,
    ],
    ['P-384', 'ES256', privatePem(ec('P-384')), `${provider}ES256 requires P-256 curve, got P-384`],
    ['RSA for ES256', 'ES256', privatePem(rsaPair), `${provider}ES256 requires an EC key, got RSA`],
    ['EC for RS256', 'RS256', privatePem(ecPair), `${provider}RS256 requires an RSA key, got EC`],
  ] as const)('%s', (_name, algorithm, text, message) => {
    expect(refusal({ JWT_SIGNING_ALGORITHM: algorithm, JWT_PRIVATE_KEY_PEM: text })).toBe(message)
  })

  test('a private key with the public part of another', () => {
    const der = ecPair.privateKey.export({ format: 'der', type: 'sec1' })
    const other = ec().privateKey.export({ format: 'der', type: 'sec1' })
    const spliced = Buffer.concat([der.subarray(0, -65), other.subarray(-65)])
    const message = refusal({ ...ES256, JWT_PRIVATE_KEY_PEM: pem('EC PRIVATE KEY', spliced) })
    expect(message).toMatch(/no supported private key|signing and verification keys do not match/)
  })

  test('a file that is not there, and one without a key', () => {
    const gone = join(folder, 'gone.pem')
    const message = refusal({ ...RS256, JWT_PRIVATE_KEY_PATH: gone })
    expect(message).toStartWith(`Failed to load JWT private key from ${gone}: read key file: `)
    const empty = file('empty.pem', '')
    expect(refusal({ ...RS256, JWT_PRIVATE_KEY_PATH: empty })).toBe(
      `Failed to load JWT private key from ${empty}: parse key file ${empty}: no PEM block found in key data`,
    )
  })

  test('no error message quotes the key [SEC]', () => {
    const text = privatePem(rsa(1024))
    const secretPart = text.split('\n')[1] ?? 'x'
    expect(refusal({ ...RS256, JWT_PRIVATE_KEY_PEM: text })).not.toContain(secretPart)
  })
})

describe('kid and JWK set', () => {
  test('the kid is the base64url SHA-256 of the SubjectPublicKeyInfo: vectors of RFC 7515 A.2 and A.3', () => {
    const a3 = createPublicKey({
      format: 'jwk',
      key: {
        ...{ kty: 'EC', crv: 'P-256' },
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
    })
    expect(keyThumbprint(a3)).toBe('K9G7DESol8MKeqCZHN442AYv5EHeUNoPRoJTRPYC6Cc')
    const n =
      'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC' +
      'gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6' +
      '65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW' +
      'yuXpoQ'
    const a2 = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e: 'AQAB' } })
    expect(keyThumbprint(a2)).toBe('b9E8JDWjYefFiM0X9V9a098Bd6ZsFyemogCEX016uIw')
  })

  test('HS256: nothing is published, and JWT_KEY_ID has no effect [SEC]', () => {
    const ring = load({ JWT_KEY_ID: 'mine' })
    expect([ring.jwks, ring.published, ring.active.kid]).toEqual(['{"keys":[]}', false, undefined])
  })

  test('RS256: exactly the public members of RFC 7518 §6.3', () => {
    const { keys } = JSON.parse(load({ ...RS256, JWT_PRIVATE_KEY_PEM: privatePem(rsaPair) }).jwks)
    expect(keys.length).toBe(1)
    expect(Object.keys(keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    expect(keys[0]).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', kid: thumbprint(rsaPair), e: 'AQAB' })
    expect(keys[0].n.length).toBe(342)
  })

  test('ES256: exactly the public members of RFC 7518 §6.2; coordinates are 43 characters', () => {
    for (let round = 0; round < 300; round += 1) {
      const pair = round === 0 ? ecPair : ec()
      const { keys } = JSON.parse(load({ ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(pair) }).jwks)
      expect(Object.keys(keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      expect([keys[0].x.length, keys[0].y.length, keys[0].crv]).toEqual([43, 43, 'P-256'])
    }
  })

  test('JWT_KEY_ID is used verbatim', () => {
    const ring = load({ ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ecPair), JWT_KEY_ID: 'key-2026' })
    expect(ring.active.kid).toBe('key-2026')
    expect(JSON.parse(ring.jwks).keys[0].kid).toBe('key-2026')
    expect(JSON.parse(Buffer.from(ring.active.headers['rt+jwt'], 'base64url').toString())).toEqual({
      alg: 'ES256',
      kid: 'key-2026',
      typ: 'rt+jwt',
    })
  })
})

describe('key ring: several keys', () => {
  const retiring = rsa()
  const next = ec()
  const paths = [
    file('retiring.pem', privatePem(retiring)),
    file('next.pem', publicPem(next)),
    file('next-rsa.pem', publicPem(rsaPair, 'pkcs1')),
  ]
  const ring = load({ ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ecPair), JWT_ADDITIONAL_KEY_PATHS: paths })

  test('all are published, the active one first, none with a private member [SEC]', () => {
    const { keys } = JSON.parse(ring.jwks)
    expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual([ecPair, retiring, next, rsaPair].map(thumbprint))
    for (const key of keys)
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(member)
  })

  test('tokens of a retiring and of a next key verify; those of a key that is gone do not', async () => {
    expect(await works(load({ ...RS256, JWT_PRIVATE_KEY_PEM: privatePem(retiring) }), ring)).toBe(true)
    expect(await works(load({ ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(next) }), ring)).toBe(true)
    expect(await works(load({ ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ec()) }), ring)).toBe(false)
  })

  test('kid=path keeps the kid a key was published under', async () => {
    const old = load({ ...RS256, JWT_PRIVATE_KEY_PEM: privatePem(retiring), JWT_KEY_ID: 'old' })
    const named = load({
      ...ES256,
      JWT_PRIVATE_KEY_PEM: privatePem(ecPair),
      JWT_ADDITIONAL_KEY_PATHS: [`old=${paths[0]}`],
    })
    expect(await works(old, named)).toBe(true)
    expect(await works(old, ring)).toBe(false)
  })

  test('a certificate is a public key too', async () => {
    const { certFile, keyFile } = selfSignedCertificate(folder, 'localhost')
    const signing = load({ ...ES256, JWT_PRIVATE_KEY_PATH: keyFile })
    const verifying = load({ JWT_ADDITIONAL_KEY_PATHS: [certFile] })
    expect(await works(signing, verifying)).toBe(true)
    expect(verifying.published).toBe(true)
  })

  test('a file with a next key that others can read is used, with a warning; a public one needs none [SEC]', () => {
    const active = { ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ecPair) }
    const warnings = (text: string) =>
      load({ ...active, JWT_ADDITIONAL_KEY_PATHS: [file('readable.pem', text, 0o644)] }).notices.filter(
        ({ level }) => level === 'warn',
      )
    expect(warnings(privatePem(rsaPair))).toHaveLength(1)
    expect(warnings(publicPem(rsaPair))).toHaveLength(0)
  })

  test('two keys under one kid stop the start; the same key twice is one', () => {
    const active = { ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ecPair), JWT_KEY_ID: 'k' }
    expect(refusal({ ...active, JWT_ADDITIONAL_KEY_PATHS: [`k=${paths[1]}`] })).toBe(
      'Two signing keys have the same kid: k',
    )
    const own = file('own.pem', publicPem(ecPair))
    expect(JSON.parse(load({ ...active, JWT_ADDITIONAL_KEY_PATHS: [`k=${own}`] }).jwks).keys.length).toBe(1)
  })

  test('an additional key that is unfit, missing or no key at all stops the start', () => {
    const weak = file('weak.pem', publicPem(rsa(1024)))
    const active = { ...ES256, JWT_PRIVATE_KEY_PEM: privatePem(ecPair) }
    expect(refusal({ ...active, JWT_ADDITIONAL_KEY_PATHS: [weak] })).toContain('at least 2048-bit')
    expect(refusal({ ...active, JWT_ADDITIONAL_KEY_PATHS: [join(folder, 'none')] })).toContain('read key file')
    const text = file('text.pem', 'hello')
    expect(refusal({ ...active, JWT_ADDITIONAL_KEY_PATHS: [text] })).toContain('no PEM block found')
    rmSync(text)
  })

  test('HS256: the previous secret verifies and does not sign', async () => {
    const old = load({ JWT_SECRET: 'the-former-secret-0123456789-0123456789' })
    const rotated = load({ JWT_SECRET_PREVIOUS: 'the-former-secret-0123456789-0123456789' })
    expect(await works(old, rotated)).toBe(true)
    expect(await works(rotated, old)).toBe(false)
    expect(await works(old, load({}))).toBe(false)
  })

  test('the way from HS256 to ES256 and back loses no token', async () => {
    const hs256 = load({})
    const es256 = load({
      ...ES256,
      JWT_PRIVATE_KEY_PEM: privatePem(ecPair),
      JWT_SECRET_PREVIOUS: settings({}).JWT_SECRET,
    })
    const back = load({ JWT_ADDITIONAL_KEY_PATHS: [file('former.pem', publicPem(ecPair))] })
    expect(await works(hs256, es256)).toBe(true)
    expect(await works(es256, back)).toBe(true)
    expect(await works(es256, hs256)).toBe(false)
  })
})

function ED25519(): string {
  const made = Bun.spawnSync(['openssl', 'genpkey', '-algorithm', 'ed25519'])
  return made.stdout.toString()
}

function encrypted(form: 'pkcs8' | 'sec1'): string {
  const command =
    form === 'pkcs8'
      ? ['openssl', 'pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-passout', 'pass:hidden']
      : ['openssl', 'ec', '-aes256', '-passout', 'pass:hidden']
  return Bun.spawnSync(command, { stdin: Buffer.from(privatePem(ec())) }).stdout.toString()
}
