import { describe, expect, test } from 'bun:test'
import { systemRandom } from '../src/clock'
import { deriveSecrets, equalDigest, equalSecret, seal, sha256Hex, unseal } from '../src/secrets'

const first = 'the-first-session-secret-0123456789-abcd'
const second = 'the-second-session-secret-0123456789-abc'
const derive = (current: string, previous = '') =>
  deriveSecrets({ SESSION_SECRET: current, SESSION_SECRET_PREVIOUS: previous })

describe('keyed digests', () => {
  test('one purpose proves nothing for another [SEC]', () => {
    const digests = Object.values(derive(first)).map((purpose) => purpose.digest('value'))
    expect(new Set(digests).size).toBe(digests.length)
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/)
  })

  test('the secret decides: without it a stored digest cannot be made [SEC]', () => {
    expect(derive(first).userCode.digest('ABCDEFGH')).not.toBe(derive(second).userCode.digest('ABCDEFGH'))
    expect(derive(first).userCode.digest('ABCDEFGH')).not.toBe(sha256Hex('ABCDEFGH'))
    expect(derive(first).userCode.digest('ABCDEFGH')).toBe(derive(first).userCode.digest('ABCDEFGH'))
  })

  test('rotation: new digests under the new secret, old ones still match, and no others', () => {
    const old = derive(first).browserSession.digest('cookie')
    const rotated = derive(second, first).browserSession
    expect(rotated.digest('cookie')).toBe(derive(second).browserSession.digest('cookie'))
    expect(rotated.candidates('cookie')).toEqual([rotated.digest('cookie'), old])
    expect([rotated.matches('cookie', old), rotated.matches('cookie', rotated.digest('cookie'))]).toEqual([true, true])
    expect([
      rotated.matches('other', old),
      rotated.matches('cookie', ''),
      rotated.matches('cookie', old.slice(1)),
    ]).toEqual([false, false, false])
    expect(derive(second).browserSession.matches('cookie', old)).toBe(false)
  })

  test('without a secret there is no server', () => {
    expect(() => derive('')).toThrow('SESSION_SECRET must be set')
  })
})

test('sha256Hex: the vector of FIPS 180-4, and UTF-8', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256Hex('ü')).toBe(new Bun.CryptoHasher('sha256').update(Buffer.from('ü', 'utf8')).digest('hex'))
})

test('comparisons: equal only when every byte is', () => {
  expect([equalDigest('aa', 'aa'), equalDigest('aa', 'ab'), equalDigest('aa', 'aaa'), equalDigest('', 'a')]).toEqual([
    ...([true, false, false, false] as const),
  ])
  expect([
    equalSecret('long secret', 'long secret'),
    equalSecret('', ''),
    equalSecret('a', 'b'),
    equalSecret('a', 'aa'),
  ]).toEqual([true, true, false, false])
})

describe('sealing', () => {
  const key = sha256Hex('key')

  test('opens under its key only, and no two are alike', () => {
    const sealed = seal(key, 'täxt', systemRandom)
    expect(unseal(key, sealed)).toBe('täxt')
    expect(unseal(sha256Hex('other'), sealed)).toBeUndefined()
    expect(seal(key, 'täxt', systemRandom)).not.toBe(sealed)
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('xt')
  })

  test('a changed, cut or foreign text does not open [SEC]', () => {
    const bytes = Buffer.from(seal(key, 'text', systemRandom), 'base64url')
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(unseal(key, changed.toString('base64url'))).toBeUndefined()
    }
    for (const text of ['', 'x', bytes.subarray(0, -1).toString('base64url'), Buffer.alloc(40).toString('base64url')])
      expect(unseal(key, text)).toBeUndefined()
  })
})
