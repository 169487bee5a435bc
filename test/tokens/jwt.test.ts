import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { type JwtExpectations, type JwtResult, signJwt, verifyJwt } from '../../src/tokens/jwt'
import { type KeyRing, loadKeyRing, type TokenTyp } from '../../src/tokens/keys'
import { ec, privatePem, publicPem, rsa } from './keys-support'

const common = { JWT_SECRET_PREVIOUS: '', JWT_PRIVATE_KEY_PATH: '', JWT_KEY_ID: '', JWT_ADDITIONAL_KEY_PATHS: [] }
const SECRET = 'a-secret-of-the-signature-tests-0123456789'
const rsaPair = rsa()
const ecPair = ec()
const rings = {
  HS256: loadKeyRing({ ...common, JWT_SIGNING_ALGORITHM: 'HS256', JWT_SECRET: SECRET, JWT_PRIVATE_KEY_PEM: '' }),
  RS256: loadKeyRing({
    ...{ ...common, JWT_SIGNING_ALGORITHM: 'RS256', JWT_SECRET: '' },
    JWT_PRIVATE_KEY_PEM: privatePem(rsaPair),
  }),
  ES256: loadKeyRing({
    ...{ ...common, JWT_SIGNING_ALGORITHM: 'ES256', JWT_SECRET: '' },
    JWT_PRIVATE_KEY_PEM: privatePem(ecPair),
  }),
} satisfies Record<string, KeyRing>

const NOW = 1_800_000_000
const expected: JwtExpectations = { typ: ['JWT'], issuer: 'https://as.example', now: NOW * 1000 }
const claims = { iss: 'https://as.example', exp: NOW + 60 }

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const check = (token: string, ring: KeyRing, changed: Partial<JwtExpectations> = {}): string => {
  const result: JwtResult = verifyJwt(ring, token, { ...expected, ...changed })
  return result.valid ? 'valid' : result.reason
}
const make = async (ring: KeyRing, payload: unknown = claims, typ: TokenTyp = 'JWT') =>
  await signJwt(ring, typ, JSON.stringify(payload))
/** Signs any header and payload with the ring's active key, whatever they say. */
const forge = async (ring: KeyRing, header: unknown, payload: unknown = claims) => {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${await ring.active.sign(input)}`
}
const hs256 = (secret: string | Buffer, header: unknown, payload: unknown = claims) => {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe.each(Object.entries(rings))('JWT with %s', (algorithm, ring) => {
  test('a token of this ring is valid, and its claims come back', async () => {
    const token = await make(ring, { ...claims, extra: { deep: [1] } })
    expect(verifyJwt(ring, token, expected)).toEqual({
      valid: true,
      typ: 'JWT',
      claims: { ...claims, extra: { deep: [1] } },
    })
  })

  test('the signature has the form of RFC 7518', async () => {
    const length = Buffer.from((await make(ring)).split('.')[2] ?? '', 'base64url').length
    expect(length).toBe({ HS256: 32, RS256: 256, ES256: 64 }[algorithm] ?? 0)
  })

  test('alg none is refused in every spelling, with and without signature [SEC]', () => {
    const payload = encode(claims)
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined]) {
      for (const signature of ['', 'AAAA'])
        expect(check(`${encode({ alg, typ: 'JWT' })}.${payload}.${signature}`, ring)).toMatch(/malformed|algorithm/)
    }
  })

  test('every other algorithm name is refused before a key is used [SEC]', async () => {
    const { kid } = ring.active
    for (const alg of ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'PS256', 'ES256', 'ES384', 'ES256K', 'EdDSA']) {
      if (alg === algorithm) continue
      expect(check(await forge(ring, { alg, kid, typ: 'JWT' }), ring)).toBe('algorithm')
    }
    expect(check(await forge(ring, { alg: algorithm.toLowerCase(), kid, typ: 'JWT' }), ring)).toBe('algorithm')
  })

  test('a changed payload, header or signature is refused [SEC]', async () => {
    const [header = '', , signature = ''] = (await make(ring)).split('.')
    expect(check(`${header}.${encode({ ...claims, exp: NOW + 9999 })}.${signature}`, ring)).toBe('signature')
    const otherTyp = encode({ alg: algorithm, kid: ring.active.kid, typ: 'at+jwt' })
    expect(check(`${otherTyp}.${encode(claims)}.${signature}`, ring)).toBe('signature')
    for (const length of [1, 10, 31, 32, 63, 64, 65, 255, 256, 257, 1000])
      expect(check(`${header}.${encode(claims)}.${Buffer.alloc(length, 1).toString('base64url')}`, ring)).toBe(
        'signature',
      )
    expect(check(`${header}.${encode(claims)}.`, ring)).toBe('malformed')
  })

  test('truncated, extended, joined and padded tokens are refused: one token has one spelling [SEC]', async () => {
    const token = await make(ring)
    const parts = token.split('.')
    const variants = [
      ...['', '.', '..', '...', token.slice(0, -1), `${token}A`, `${token}=`, `${token}==`, `${token}.`, `.${token}`],
      ...[`${token} `, ` ${token}`, `${token}\n`, token.replace('.', '..'), token.replace('.', '.\n'), `${token}.x`],
      ...[parts.slice(0, 2).join('.'), `${parts[0]}=.${parts[1]}.${parts[2]}`, `${token}\u0000`, token.toUpperCase()],
    ]
    for (const variant of variants) expect([variant, check(variant, ring)]).not.toEqual([variant, 'valid'])
  })

  test('the unused bits of the last character must be zero [SEC]', async () => {
    const token = await make(ring)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.slice(-1))
    const twins = [1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[last + bits])
    // The same bytes in a lenient decoder.
    const lenient = twins.filter((twin) => {
      const bytes = (text: string) => Buffer.from(text.split('.')[2] ?? '', 'base64url').toString('hex')
      return bytes(twin) === bytes(token)
    })
    expect(lenient.length).toBeGreaterThan(0)
    for (const twin of lenient) expect(check(twin, ring)).toBe('malformed')
  })

  test('base64 with + and / is refused', async () => {
    for (let round = 0; round < 50; round += 1) {
      const token = await make(ring, { ...claims, round, filler: '???>>>~~~' })
      const classic = token.replaceAll('-', '+').replaceAll('_', '/')
      if (classic !== token) expect(check(classic, ring)).toBe('malformed')
    }
  })

  test('a header in another order, with further members or without kid is read', async () => {
    const { kid } = ring.active
    expect(check(await forge(ring, { typ: 'JWT', kid, alg: algorithm }), ring)).toBe('valid')
    expect(check(await forge(ring, { alg: algorithm, typ: 'JWT', x: 1, kid }), ring)).toBe('valid')
    expect(check(await forge(ring, { alg: algorithm, typ: 'JWT' }), ring)).toBe('valid')
  })

  test('an unknown kid is refused although the signature fits (T3) [SEC]', async () => {
    for (const kid of ['other', '', null, 1, ['x']])
      expect(check(await forge(ring, { alg: algorithm, kid, typ: 'JWT' }), ring)).toBe('key')
  })

  test('a critical extension is refused whatever it is (RFC 7515 §4.1.11) [SEC]', async () => {
    const { kid } = ring.active
    for (const crit of [['exp'], ['b64'], [], 'x', null, false])
      expect(check(await forge(ring, { alg: algorithm, kid, typ: 'JWT', crit }), ring)).toBe('malformed')
  })

  test('keys a header brings along are not looked at [SEC]', async () => {
    const attacker = rings[algorithm === 'ES256' ? 'RS256' : 'ES256']
    const jwk = JSON.parse(attacker.jwks).keys[0]
    const header = { alg: attacker.alg, typ: 'JWT', jwk, jku: 'https://evil.example/jwks', x5u: 'https://evil.example' }
    expect(check(await forge(attacker, header), ring)).toBe('algorithm')
  })

  test('header and payload must be JSON objects', async () => {
    for (const part of ['', 'null', '[]', '"x"', '1', 'true', '{', '{}x', '\ufeff{}']) {
      if (part !== '') expect(check(await forge(ring, part), ring)).toBe('malformed')
      const header = { alg: algorithm, kid: ring.active.kid, typ: 'JWT' }
      expect(check(await forge(ring, header, part), ring)).toBe('malformed')
    }
  })

  test('exp: refused from its second on, and when it is not a number', async () => {
    const token = await make(ring, { ...claims, exp: NOW })
    expect(check(token, ring, { now: NOW * 1000 - 1 })).toBe('valid')
    expect(check(token, ring, { now: NOW * 1000 })).toBe('expired')
    for (const exp of [undefined, null, '9999999999', {}, [], true])
      expect(check(await make(ring, { ...claims, exp }), ring)).toBe('malformed')
    const endless = await forge(
      ring,
      { alg: algorithm, kid: ring.active.kid, typ: 'JWT' },
      `{"iss":"https://as.example","exp":1e400}`,
    )
    expect(check(endless, ring)).toBe('malformed')
  })

  test('nbf: accepted from its second on, refused before and when it is no number', async () => {
    expect(check(await make(ring, { ...claims, nbf: NOW }), ring)).toBe('valid')
    expect(check(await make(ring, { ...claims, nbf: NOW + 1 }), ring)).toBe('not yet valid')
    for (const nbf of ['0', null, {}, false])
      expect(check(await make(ring, { ...claims, nbf }), ring)).toBe('not yet valid')
  })

  test('iss: exactly the issuer; a trailing slash only where it is allowed (T10, P23)', async () => {
    const slash = await make(ring, { ...claims, iss: 'https://as.example/' })
    expect(check(slash, ring)).toBe('issuer')
    expect(check(slash, ring, { issuerMayEndInSlash: true })).toBe('valid')
    for (const iss of [
      'https://as.example.evil',
      'https://AS.example',
      'https://as.example/x/',
      '',
      undefined,
      1,
      null,
    ])
      expect(check(await make(ring, { ...claims, iss }), ring, { issuerMayEndInSlash: true })).toBe('issuer')
  })

  test('typ: refresh tokens are not access tokens, nor the reverse (RFC 8725 §3.11) [SEC]', async () => {
    expect(check(await make(ring, claims, 'rt+jwt'), ring)).toBe('typ')
    expect(check(await make(ring, claims, 'at+jwt'), ring)).toBe('typ')
    expect(check(await make(ring, claims, 'JWT'), ring, { typ: ['rt+jwt'] })).toBe('typ')
    expect(check(await make(ring, claims, 'rt+jwt'), ring, { typ: ['rt+jwt'] })).toBe('valid')
    const { kid } = ring.active
    const typed = (typ: unknown) => forge(ring, { alg: algorithm, kid, typ })
    expect(check(await typed('application/at+jwt'), ring, { typ: ['at+jwt'] })).toBe('valid')
    expect(check(await typed('AT+JWT'), ring, { typ: ['at+jwt'] })).toBe('valid')
    for (const typ of [undefined, null, 1, '', 'JOSE', 'jwt2']) expect(check(await typed(typ), ring)).toBe('typ')
  })
})

describe('algorithm confusion (RFC 8725 §2.1) [SEC]', () => {
  test.each(['RS256', 'ES256'] as const)('%s: the public key is no HMAC secret', (algorithm) => {
    const pair = algorithm === 'RS256' ? rsaPair : ecPair
    const { kid } = rings[algorithm].active
    const secrets = [
      publicPem(pair),
      publicPem(pair).trim(),
      pair.publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(JSON.parse(rings[algorithm].jwks).keys[0]),
    ]
    for (const secret of secrets)
      for (const header of [
        { alg: 'HS256', typ: 'JWT' },
        { alg: 'HS256', kid, typ: 'JWT' },
        { alg: algorithm, kid, typ: 'JWT' },
      ])
        expect(check(hs256(secret, header), rings[algorithm])).toMatch(/algorithm|signature/)
  })

  test('in a ring of several algorithms a key verifies its own algorithm only', async () => {
    const both = loadKeyRing({
      ...{ ...common, JWT_SIGNING_ALGORITHM: 'ES256', JWT_SECRET: '', JWT_SECRET_PREVIOUS: SECRET },
      JWT_PRIVATE_KEY_PEM: privatePem(ecPair),
    })
    expect(check(hs256(SECRET, { alg: 'HS256', typ: 'JWT' }), both)).toBe('valid')
    const kid = both.active.kid
    expect(check(hs256(SECRET, { alg: 'ES256', kid, typ: 'JWT' }), both)).toBe('signature')
    expect(check(hs256(SECRET, { alg: 'HS256', kid, typ: 'JWT' }), both)).toBe('key')
    expect(check(hs256(publicPem(ecPair), { alg: 'HS256', typ: 'JWT' }), both)).toBe('signature')
  })

  test('HS256: an empty and a related secret do not verify', () => {
    for (const secret of ['', SECRET.slice(0, -1), `${SECRET}\n`, ` ${SECRET}`, SECRET.toUpperCase()])
      expect(check(hs256(secret, { alg: 'HS256', typ: 'JWT' }), rings.HS256)).toBe('signature')
  })

  test('ES256: a DER signature of the same key is refused (RFC 7518 §3.4)', async () => {
    const { sign } = await import('node:crypto')
    const input = `${rings.ES256.active.headers.JWT}.${encode(claims)}`
    const der = sign('sha256', Buffer.from(input), ecPair.privateKey).toString('base64url')
    expect(check(`${input}.${der}`, rings.ES256)).toMatch(/signature|malformed/)
  })
})
