import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatDuration, parseDuration } from '../../src/config/duration'

describe('durations', () => {
  test.each<[string, number]>([
    ['0', 0],
    ['+0', 0],
    ['-0', 0],
    ['0s', 0],
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['90m', 5_400_000],
    ['5400s', 5_400_000],
    ['5400000ms', 5_400_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['+15m', 900_000],
    ['-1m', -60_000],
    ['1m1m', 120_000],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1500ns', 0.0015],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBeCloseTo(milliseconds, 9)
  })

  test.each([
    ...['', ' ', '1', '30', '1d', '1w', '1H', '10 h', '10h ', ' 10h', 'h', '.h', '1..5h', '1h-30m', '--1h', '1e3s'],
    ...['1,5h', '0x1h', '１h', 'NaNs', '300000000h', '1h30'],
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test.each<[number, string]>([
    [0, '0s'],
    [172_800_000, '48h0m0s'],
    [900_000, '15m0s'],
    [60_000, '1m0s'],
    [-60_000, '-1m0s'],
    [1_500, '1.5s'],
    [5_400_500, '1h30m0.5s'],
    [20, '20ms'],
    [0.001, '1µs'],
    [0.0000015, '1.5ns'],
  ])('%d ms are written as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })

  test('every whole number of milliseconds survives being written and read', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBeCloseTo(milliseconds, 6)
      }),
    )
  })

  test('the value is the sum of its groups', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
    const group = fc.tuple(fc.nat(10_000), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])))
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 5 }), (groups) => {
        const sum = groups.reduce((total, [amount, unit]) => total + amount * units[unit], 0)
        expect(parseDuration(groups.map(([amount, unit]) => `${amount}${unit}`).join(''))).toBe(sum)
      }),
    )
  })

  test('a text is either refused or made of digits, points and units', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789.-+hmsnuµ d'), maxLength: 8 })
    fc.assert(
      fc.property(text, (candidate) => {
        const read = parseDuration(candidate)
        if (read === undefined) return
        expect(Number.isFinite(read)).toBe(true)
        expect(candidate).toMatch(/^[+-]?(0|([\d.]+(ns|us|µs|ms|s|m|h))+)$/)
      }),
    )
  })
})
