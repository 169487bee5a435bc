/**
 * Copies of rows, so that a look-up need not ask the database.
 *
 * A cache is never the truth. Whatever fails in it, the database answers; and a value that was read before a change is
 * never kept after the eviction of its key, however the two meet.
 */

/** Labels of `cache_errors_total`. */
export type CacheOperation = 'get' | 'set' | 'delete' | 'health' | 'get_with_fetch'

export interface Cache<V> {
  /**
   * The value of a key, fetched when there is no copy. `undefined` is never kept. Throws what `fetch` throws, and
   * nothing else.
   */
  get(key: string, fetch: () => Promise<V | undefined>): Promise<V | undefined>
  /** Forgets what this process keeps itself. */
  forget(key: string): void
  forgetAll(): void
}

export interface CacheOptions<V> {
  /** Milliseconds. */
  readonly ttlMs: number
  /** A shorter life for this value, in milliseconds. */
  lifeOf?(value: V): number
}

/** How long a value may be kept, in milliseconds; nothing below one. */
export const lifeOf = <V>({ ttlMs, lifeOf: own }: CacheOptions<V>, value: V): number =>
  Math.floor(Math.min(ttlMs, own?.(value) ?? ttlMs))
