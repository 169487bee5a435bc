import { describe, expect, test } from 'bun:test'
import { systemRandom } from '../../../src/clock'
import { formatUserCode, generateUserCode, readUserCode } from '../../../src/oauth/device/user-code'

const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'

describe('user codes (RFC 8628 §6.1)', () => {
  test('eight characters, each equally likely, none that looks like another', () => {
    const counts = new Map([...ALPHABET].map((character) => [character, 0]))
    const codes = Array.from({ length: 20_000 }, () => generateUserCode(systemRandom))
    for (const code of codes) {
      expect(code).toMatch(/^[A-HJKMNP-Z2-9]{8}$/)
      for (const character of code) counts.set(character, (counts.get(character) ?? 0) + 1)
    }
    const expected = (codes.length * 8) / ALPHABET.length
    const deviations = [...counts.values()].map((count) => (count - expected) ** 2 / expected)
    // χ² of 30 degrees of freedom exceeds 80 once in half a million runs.
    expect(deviations.reduce((sum, each) => sum + each, 0)).toBeLessThan(80)
    expect(new Set(codes).size).toBe(codes.length)
  })

  test('bytes that would favour the first letters are skipped', () => {
    const scripted = [new Uint8Array([248, 255, 0, 1, 2, 3, 4, 5]), new Uint8Array([247, 30, 9, 9, 9, 9, 9, 9])]
    const random = { ...systemRandom, bytes: () => scripted.shift() ?? new Uint8Array(8) }
    expect(formatUserCode(generateUserCode(random))).toBe('ABCD-EF99')
  })

  test.each(['ABCD-EFGH', 'abcdefgh', ' a b c d e f g h ', 'ab–cd—ef.gh', 'ＡＢＣＤ-ＥＦＧＨ'])(
    '%p is understood',
    (typed) => {
      expect(String(readUserCode(typed))).toBe('ABCDEFGH')
    },
  )

  test.each(['', 'ABCD-EFG', 'ABCD-EFGHJ', 'ABCD-EFG0', 'ABCD-EFGO', 'ABCD-EFGI', 'ABCDÉFGH'])(
    '%p is none',
    (typed) => {
      expect(readUserCode(typed)).toBeUndefined()
    },
  )
})
