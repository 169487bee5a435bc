/** Evictions that Redis could not be told of. They come before anything is read from it again. */
import type { EvictedKey } from './eviction-bus'

/** More than this are one: everything. */
const MOST_PENDING = 100_000

export interface PendingEvictions {
  isEmpty(): boolean
  /** Whether what Redis keeps under this key may be stale. */
  has(redisKey: string): boolean
  add(redisKeys: readonly string[], evicted: readonly EvictedKey[]): void
  /** Hands over what waits. What is added meanwhile, and all of it when this throws, waits on. */
  flush(to: EvictionTarget): Promise<void>
}

export interface EvictionTarget {
  evictEverything(): Promise<unknown>
  evict(redisKeys: readonly string[], evicted: readonly EvictedKey[]): Promise<unknown>
}

export function createPendingEvictions(): PendingEvictions {
  /** Each with the number of the addition that was its last. */
  const redisKeys = new Map<string, number>()
  const evicted = new Map<string, { readonly each: EvictedKey; readonly addition: number }>()
  let addition = 0
  /** Additions that were too many, and those of them that were told. */
  let overflow = 0
  let toldOverflow = 0

  return {
    isEmpty: () => overflow === toldOverflow && redisKeys.size === 0 && evicted.size === 0,
    has: (redisKey) => redisKeys.has(redisKey),
    add: (keys, entries) => {
      addition += 1
      for (const key of keys) redisKeys.set(key, addition)
      for (const each of entries) evicted.set(`${each.cache} ${each.key}`, { each, addition })
      if (evicted.size <= MOST_PENDING) return
      evicted.clear()
      overflow = addition
    },
    flush: async (to) => {
      // What is added again while this waits for Redis belongs to a later change: it must be handed over again.
      const upTo = addition
      if (overflow > toldOverflow) {
        const told = overflow
        await to.evictEverything()
        toldOverflow = told
      }
      if (redisKeys.size === 0 && evicted.size === 0) return
      await to.evict(
        [...redisKeys.keys()],
        [...evicted.values()].map(({ each }) => each),
      )
      for (const [key, added] of redisKeys) if (added <= upTo) redisKeys.delete(key)
      for (const [name, { addition: added }] of evicted) if (added <= upTo) evicted.delete(name)
    },
  }
}
