/** How an eviction made by one process reaches the copies that other processes keep in their memory. */

/** Caches whose entries stand for rows. */
export type CacheName = 'user' | 'client' | 'client_count' | 'token'

/** One entry that must not be used any more. */
export interface EvictedKey {
  readonly cache: CacheName
  readonly key: string
}

export interface EvictionListener {
  evict(keys: readonly EvictedKey[]): void
  /** Evictions may have been missed: nothing that is kept may be used. */
  evictAll(): void
}

export interface EvictionBus {
  /** Whether every process that may change the database publishes here. */
  readonly reachesAll: boolean
  /** Whether evictions of other processes surely arrive within a second. Copies must not be used while they do not. */
  isSound(): boolean
  /** Resolves after the others can hear of it. Throws when they cannot. */
  publish(keys: readonly EvictedKey[]): Promise<void>
  /** Calls the listener for evictions of other processes. */
  subscribe(listener: EvictionListener): void
}

/** Reaches nobody: for a process that is alone, or beside others that learn of changes by time only. */
export const inProcessBus: EvictionBus = {
  reachesAll: false,
  isSound: () => true,
  publish: async () => {},
  subscribe: () => {},
}
