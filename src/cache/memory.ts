/** A cache in the memory of this process. */
import type { Clock } from '../context'
import { type Cache, type CacheOptions, lifeOf } from './cache'
import { createFlights } from './flights'
import { createLocalCopies } from './local-copies'

export interface MemoryCacheOptions<V> extends CacheOptions<V> {
  readonly clock: Clock
  readonly maxEntries: number
  /** Whether copies may be used now: changes by other processes are known, or are allowed to be late. */
  mayUse(): boolean
}

export function createMemoryCache<V>(options: MemoryCacheOptions<V>): Cache<V> {
  const { clock, maxEntries, mayUse } = options
  const copies = createLocalCopies<V>({ entries: maxEntries })
  const flights = createFlights<V | undefined>()

  return {
    get: async (key, fetch) => {
      if (!mayUse()) return await fetch()
      const copy = copies.get(key, clock.now())
      if (copy !== undefined) return copy
      return await flights.join(key, async (isCurrent) => {
        const value = await fetch()
        if (value === undefined || !isCurrent()) return value
        const life = lifeOf(options, value)
        if (life >= 1) copies.set(key, value, clock.now() + life, 0)
        return value
      })
    },
    forget: (key) => {
      copies.delete(key)
      flights.forget(key)
    },
    forgetAll: () => {
      copies.clear()
      flights.forgetAll()
    },
  }
}
