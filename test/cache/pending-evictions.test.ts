import { describe, expect, test } from 'bun:test'
import type { EvictedKey } from '../../src/cache/eviction-bus'
import { createPendingEvictions, type EvictionTarget } from '../../src/cache/pending-evictions'

const KEY = 'authgate:user:1'
const USER: EvictedKey = { cache: 'user', key: '1' }

/** Notes what it is told; `meanwhile` runs while the answer is under way. */
function target(meanwhile = () => {}) {
  const told: string[] = []
  const to: EvictionTarget = {
    evictEverything: async () => {
      await Promise.resolve()
      meanwhile()
      told.push('everything')
    },
    evict: async (keys, evicted) => {
      await Promise.resolve()
      meanwhile()
      told.push(...keys, ...evicted.map(({ cache, key }) => `${cache} ${key}`))
    },
  }
  return { told, to }
}

const many = (): EvictedKey[] => Array.from({ length: 100_001 }, (_, n) => ({ cache: 'user', key: String(n) }))

describe('evictions that wait for Redis', () => {
  test('are handed over once', async () => {
    const pending = createPendingEvictions()
    pending.add([KEY], [USER])
    expect([pending.isEmpty(), pending.has(KEY)]).toEqual([false, true])
    const { told, to } = target()
    await pending.flush(to)
    await pending.flush(to)
    expect(told).toEqual([KEY, 'user 1'])
    expect([pending.isEmpty(), pending.has(KEY)]).toEqual([true, false])
  })

  test('wait on when Redis fails again', async () => {
    const pending = createPendingEvictions()
    pending.add([KEY], [USER])
    const refusing: EvictionTarget = { evict: () => Promise.reject(new Error('away')), evictEverything: async () => {} }
    await expect(pending.flush(refusing)).rejects.toThrow('away')
    const { told, to } = target()
    await pending.flush(to)
    expect(told).toEqual([KEY, 'user 1'])
  })

  test('of the same key, added while the former is under way, are handed over again [SEC]', async () => {
    const pending = createPendingEvictions()
    pending.add([KEY], [USER])
    let first = true
    const { told, to } = target(() => {
      if (first) pending.add([KEY], [USER])
      first = false
    })
    await pending.flush(to)
    expect(pending.isEmpty()).toBe(false)
    await pending.flush(to)
    expect(told).toEqual([KEY, 'user 1', KEY, 'user 1'])
    expect(pending.isEmpty()).toBe(true)
  })

  test('too many are one: everything; also when that happens again while it is told [SEC]', async () => {
    const pending = createPendingEvictions()
    pending.add([], many())
    let first = true
    const { told, to } = target(() => {
      if (first) pending.add([], many())
      first = false
    })
    await pending.flush(to)
    expect(pending.isEmpty()).toBe(false)
    await pending.flush(to)
    expect(told).toEqual(['everything', 'everything'])
    expect(pending.isEmpty()).toBe(true)
  })
})
