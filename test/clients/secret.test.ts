import { describe, expect, test } from 'bun:test'
import { generateClientSecret, hashClientSecret, verifyClientSecret } from '../../src/clients/secret'
import { systemRandom } from '../../src/clock'
import { createPasswordHasher } from '../../src/identity/password'

const ctx = { random: systemRandom, passwords: createPasswordHasher() }

describe('client secrets', () => {
  test('ago_ and 52 characters of base32, every one another', () => {
    const secrets = Array.from({ length: 500 }, () => generateClientSecret(ctx))
    for (const secret of secrets) expect(secret).toMatch(/^ago_[a-z2-7]{52}$/)
    expect(new Set(secrets).size).toBe(500)
  })

  test('all 256 random bits are in it: RFC 4648 §6', () => {
    const of = (byte: number) =>
      generateClientSecret({ random: { ...systemRandom, bytes: () => new Uint8Array(32).fill(byte) } })
    expect(of(0)).toBe(`ago_${'a'.repeat(52)}`)
    expect(of(255)).toBe(`ago_${'7'.repeat(51)}q`)
    expect(of(0x66)).toBe(`ago_${'mztgmztg'.repeat(6)}mzta`)
  })

  test('the stored form holds no secret, and equal secrets do not show (W26) [SEC]', async () => {
    const secret = generateClientSecret(ctx)
    const stored = [hashClientSecret(ctx, secret), hashClientSecret(ctx, secret)]
    expect(stored[0]).not.toBe(stored[1])
    for (const text of stored) {
      expect(text).toMatch(/^hmac-sha256\$[\w-]{22}\$[\w-]{43}$/)
      expect(text).not.toContain(secret.slice(4, 20))
      expect(await verifyClientSecret(ctx, text, secret)).toEqual({ matches: true, needsRehash: false })
    }
  })

  test('anything but the secret does not match [SEC]', async () => {
    const secret = generateClientSecret(ctx)
    const stored = hashClientSecret(ctx, secret)
    for (const wrong of [
      '',
      ' ',
      secret.slice(0, -1),
      `${secret}a`,
      secret.toUpperCase(),
      stored,
      generateClientSecret(ctx),
    ])
      expect((await verifyClientSecret(ctx, stored, wrong)).matches).toBe(false)
  })

  test('without a stored form nothing matches, the empty secret neither [SEC]', async () => {
    for (const stored of [null, undefined, '', 'x', '$', '$$', 'hmac-sha256$$', 'other$AAAA$AAAA'])
      for (const presented of ['', 'x', 'ago_x'])
        expect((await verifyClientSecret(ctx, stored, presented)).matches).toBe(false)
    expect((await verifyClientSecret(ctx, hashClientSecret(ctx, ''), '')).matches).toBe(false)
  })

  test('a stored form of another scheme is not read as ours [SEC]', async () => {
    const secret = generateClientSecret(ctx)
    const [, key, digest] = hashClientSecret(ctx, secret).split('$')
    expect((await verifyClientSecret(ctx, `hmac-md5$${key}$${digest}`, secret)).matches).toBe(false)
  })

  test('an imported bcrypt hash verifies and asks to be replaced', async () => {
    const secret = generateClientSecret(ctx)
    const bcrypt = await Bun.password.hash(secret, { algorithm: 'bcrypt', cost: 4 })
    for (const prefix of ['$2a$', '$2b$', '$2y$']) {
      const stored = bcrypt.replace(/^\$2[aby]\$/, prefix)
      expect([prefix, await verifyClientSecret(ctx, stored, secret)]).toEqual([
        prefix,
        { matches: true, needsRehash: true },
      ])
    }
    expect(await verifyClientSecret(ctx, bcrypt, generateClientSecret(ctx))).toEqual({
      matches: false,
      needsRehash: false,
    })
    expect(await verifyClientSecret(ctx, '$2a$04$broken', secret)).toEqual({ matches: false, needsRehash: false })
    const empty = await Bun.password.hash('x', { algorithm: 'bcrypt', cost: 4 })
    expect((await verifyClientSecret(ctx, empty, '')).matches).toBe(false)
  })

  test('bcrypt: what is longer than 72 bytes does not match by its beginning [SEC]', async () => {
    const beginning = 'a'.repeat(72)
    const stored = await Bun.password.hash(beginning, { algorithm: 'bcrypt', cost: 4 })
    expect((await verifyClientSecret(ctx, stored, beginning)).matches).toBe(true)
    expect((await verifyClientSecret(ctx, stored, `${beginning}b`)).matches).toBe(false)
  })
})
