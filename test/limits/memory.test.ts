/** The exact sliding window and the size of the table. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createMemoryLimits } from '../../src/limits/memory'
import { WINDOW_MS } from '../../src/limits/window'

const start = (options: { maxKeys?: number; sweepEveryMs?: number } = {}) => {
  const time = { now: 1_000_000 }
  const clock = { now: () => time.now }
  return { time, limits: createMemoryLimits({ clock, sweepEveryMs: 300_000, ...options }) }
}

describe('sliding window in memory', () => {
  test('never more than the limit in any 60 s, and nothing is refused below it', () => {
    const steps = fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), steps, (limit, gaps) => {
        const { time, limits } = start()
        const admitted: number[] = []
        for (const gap of gaps) {
          time.now += gap
          const inWindow = admitted.filter((at) => at > time.now - WINDOW_MS)
          const verdict = limits.take('key', limit)
          expect(verdict.admitted).toBe(inWindow.length < limit)
          if (verdict.admitted) admitted.push(time.now)
          const counted = admitted.filter((at) => at > time.now - WINDOW_MS)
          expect(verdict.remaining).toBe(limit - counted.length)
          expect(verdict.resetInMs).toBe((counted[0] ?? 0) + WINDOW_MS - time.now)
        }
      }),
    )
  })

  test('keys do not touch each other; looking counts nothing', () => {
    const { limits } = start()
    expect(limits.look('a', 1)).toEqual({ admitted: true, remaining: 1, resetInMs: 0 })
    expect(limits.take('a', 1)).toEqual({ admitted: true, remaining: 0, resetInMs: WINDOW_MS })
    expect(limits.look('a', 1).admitted).toBe(false)
    expect(limits.take('b', 1).admitted).toBe(true)
  })

  test('a clock that is set back blocks nobody', () => {
    const { time, limits } = start()
    limits.take('a', 1)
    time.now -= 3_600_000
    expect(limits.take('a', 1).admitted).toBe(true)
    expect(limits.take('a', 1).admitted).toBe(false)
  })

  test('a full table forgets the key not seen for longest; one that is being refused stays [SEC]', () => {
    const { limits } = start({ maxKeys: 100 })
    limits.take('attacker', 1)
    for (let n = 0; n < 1_000; n += 1) {
      limits.take(`invented-${n}`, 1)
      expect(limits.take('attacker', 1).admitted).toBe(false)
    }
    expect(limits.take('invented-0', 1).admitted).toBe(true)
    expect(limits.take('invented-999', 1).admitted).toBe(false)
  })

  test('what is dropped from time to time is only what has run out', () => {
    for (const sweepEveryMs of [1, 30_000, 60_000, 90_000]) {
      const { time, limits } = start({ sweepEveryMs })
      limits.take('old', 1)
      time.now += 45_000
      limits.take('young', 1)
      time.now += 15_000
      expect(limits.take('other', 1).admitted).toBe(true)
      expect(limits.look('young', 1).admitted).toBe(false)
      time.now += 44_999
      expect(limits.look('young', 1).admitted).toBe(false)
      expect(limits.look('other', 1).admitted).toBe(false)
      time.now += 1
      expect(limits.look('young', 1).admitted).toBe(true)
      expect(limits.look('old', 1).admitted).toBe(true)
    }
  })

  test('a flood of invented keys costs no more time per request than one key [SEC]', () => {
    const { limits } = start()
    const before = performance.now()
    for (let n = 0; n < 300_000; n += 1) limits.take(`invented-${n}`, 20)
    // Microseconds each; a table that is searched for its oldest key takes a hundred times as long.
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})
