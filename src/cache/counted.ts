/** Counts what a cache does. */
import type { Metrics } from '../metrics/registry'
import type { Cache, CacheOperation } from './cache'
import type { CacheLabel } from './placement'

const OPERATIONS: readonly CacheOperation[] = ['get', 'set', 'delete', 'health', 'get_with_fetch']

export const countCacheError = (metrics: Metrics, cache_name: CacheLabel) => (operation: CacheOperation) =>
  metrics.count('cache_errors_total', { cache_name, operation })

/** Every series is there from the start, at zero. */
export function announceCacheMetrics(metrics: Metrics, labels: readonly CacheLabel[]): void {
  for (const cache_name of labels) {
    metrics.count('cache_hits_total', { cache_name }, 0)
    metrics.count('cache_misses_total', { cache_name }, 0)
    for (const operation of OPERATIONS) metrics.count('cache_errors_total', { cache_name, operation }, 0)
  }
}

/** A look-up without a fetch of its own is a hit, also when it waited for that of another. */
export function counted<V>(cache: Cache<V>, metrics: Metrics, label: CacheLabel): Cache<V> {
  const labels = { cache_name: label }
  const failed = countCacheError(metrics, label)
  return {
    ...cache,
    get: async (key, fetch) => {
      let missed = false
      const value = await cache.get(key, async () => {
        missed = true
        metrics.count('cache_misses_total', labels)
        try {
          return await fetch()
        } catch (error) {
          failed('get_with_fetch')
          throw error
        }
      })
      if (!missed) metrics.count('cache_hits_total', labels)
      return value
    },
  }
}
