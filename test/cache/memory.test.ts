/** Copies in the memory of one process. */
import { describe, expect, test } from 'bun:test'
import { createLocalCopies } from '../../src/cache/local-copies'
import { createMemoryCache } from '../../src/cache/memory'

const open = (options: { ttlMs?: number; maxEntries?: number; lifeOf?: (value: string) => number } = {}) => {
  const clock = { at: 0, now: () => clock.at }
  const state = { usable: true }
  const cache = createMemoryCache<string>({
    ...{ clock, ttlMs: 1_000, maxEntries: 10, mayUse: () => state.usable },
    ...options,
  })
  let fetches = 0
  const read = (key: string, value: string | undefined = `${key}-value`) =>
    cache.get(key, async () => {
      fetches += 1
      return value
    })
  return { cache, clock, state, read, fetches: () => fetches }
}

describe('bounds', () => {
  test('the entry that was not used for longest goes first', () => {
    const copies = createLocalCopies<number>({ entries: 3 })
    for (const [n, key] of ['a', 'b', 'c'].entries()) copies.set(key, n, 100, 0)
    copies.get('a', 0)
    copies.set('d', 3, 100, 0)
    expect(['a', 'b', 'c', 'd'].map((key) => copies.get(key, 0))).toEqual([0, undefined, 2, 3])
  })

  test('no more bytes than allowed, whatever is set, replaced, deleted or expires', () => {
    const copies = createLocalCopies<number>({ bytes: 100 })
    copies.set('a', 1, 100, 60)
    copies.set('b', 2, 100, 60)
    expect([copies.size, copies.bytes, copies.get('a', 0)]).toEqual([1, 60, undefined])
    copies.set('b', 3, 100, 10)
    expect(copies.bytes).toBe(10)
    copies.set('c', 4, 100, 101)
    expect(copies.get('c', 0)).toBeUndefined()
    expect(copies.get('b', 100)).toBeUndefined()
    expect([copies.size, copies.bytes]).toEqual([0, 0])
  })

  test('a hundred thousand keys leave CACHE_MAX_ENTRIES of them', async () => {
    const copies = createLocalCopies<number>({ entries: 500 })
    for (let n = 0; n < 100_000; n += 1) copies.set(`key-${n}`, n, 100, 1)
    expect([copies.size, copies.bytes, copies.get('key-99999', 0)]).toEqual([500, 500, 99_999])
  })
})

describe('memory cache', () => {
  test('one fetch per life; what does not exist and what failed is fetched again', async () => {
    const { cache, clock, read, fetches } = open()
    expect([await read('a'), await read('a'), fetches()]).toEqual(['a-value', 'a-value', 1])
    clock.at = 1_000
    await read('a')
    expect(fetches()).toBe(2)
    await cache.get('b', async () => undefined)
    await read('b')
    expect(fetches()).toBe(3)
    const failing = cache.get('c', async () => {
      throw new Error('away')
    })
    await expect(failing).rejects.toThrow('away')
    await failing.catch(() => {})
    expect(await read('c')).toBe('c-value')
  })

  test('a value lives no longer than it says', async () => {
    const { clock, read, fetches } = open({ lifeOf: () => 10 })
    await read('a')
    clock.at = 9
    await read('a')
    expect(fetches()).toBe(1)
    clock.at = 10
    await read('a')
    expect(fetches()).toBe(2)
  })

  test('sixty-four look-ups at once are one fetch', async () => {
    const { read, fetches } = open()
    const values = await Promise.all(Array.from({ length: 64 }, () => read('a')))
    expect([new Set(values).size, fetches()]).toEqual([1, 1])
  })

  test('a value that was read before its eviction is not kept, and nobody who comes after it gets it [SEC]', async () => {
    const { cache, read } = open()
    const gate = Promise.withResolvers<string>()
    const before = cache.get('a', () => gate.promise)
    await Bun.sleep(1)
    cache.forget('a')
    expect(await read('a', 'after')).toBe('after')
    gate.resolve('before')
    expect(await before).toBe('before')
    expect(await read('a', 'unused')).toBe('after')
  })

  test('the same when everything is forgotten', async () => {
    const { cache, read } = open()
    const gate = Promise.withResolvers<string>()
    const before = cache.get('a', () => gate.promise)
    await Bun.sleep(1)
    cache.forgetAll()
    gate.resolve('before')
    await before
    expect(await read('a', 'after')).toBe('after')
  })

  test('while changes of others may go unheard the source answers', async () => {
    const { state, read, fetches } = open()
    await read('a')
    state.usable = false
    await read('a')
    await read('a')
    expect(fetches()).toBe(3)
  })
})
