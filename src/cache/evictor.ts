/** Carries out evictions: in this process, in Redis, and by telling the other processes. */
import type { Context } from '../context'
import type { Database } from '../db/database'
import { DatabaseUnavailable } from '../db/errors'
import type { Cache } from './cache'
import { countCacheError } from './counted'
import type { Distrust } from './distrust'
import type { Eviction } from './evicting-writes'
import type { CacheName, EvictedKey, EvictionBus } from './eviction-bus'
import type { CacheLabel, Placement } from './placement'
import type { RedisLink } from './redis-link'
import type { Evictor } from './with-evictions'
import { EvictionUnconfirmed } from './with-evictions'

interface Parts extends Pick<Context, 'clock' | 'metrics'> {
  readonly db: Database
  readonly caches: Readonly<Record<CacheName, Pick<Cache<unknown>, 'forget' | 'forgetAll'> | undefined>>
  readonly placed: Readonly<Record<CacheLabel, Placement>>
  readonly link: RedisLink | undefined
  readonly bus: EvictionBus
  /** Where every process looks at its mark. */
  readonly distrust: Distrust | undefined
}

const RETRY_MS = 500
/** Longer than a commit whose outcome is unknown can still be under way. */
const UNCERTAIN_MS = 30_000

export function createEvictor({ clock, metrics, db, caches, placed, link, bus, distrust }: Parts): Evictor & {
  /** Forgets keys in this process alone. */
  forget(keys: readonly EvictedKey[]): void
  stop(): void
} {
  let stopped = false
  /** Evictions whose tokens could not be looked up yet. */
  let unknown = 0
  const timers = new Set<ReturnType<typeof setTimeout>>()

  const forget = (keys: readonly EvictedKey[]) => {
    for (const { cache, key } of keys) caches[cache]?.forget(key)
  }
  const forgetAll = () => {
    for (const cache of Object.values(caches)) cache?.forgetAll()
  }

  /** Does not keep the process alive. */
  const later = (ms: number, work: () => Promise<void>) => {
    if (stopped) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      work().catch(() => {})
    }, ms)
    timer.unref()
    timers.add(timer)
  }

  const tokenKeys = async (evictions: readonly Eviction[]): Promise<EvictedKey[]> => {
    if (!caches.token) return []
    const now = new Date(clock.now())
    const found: EvictedKey[] = []
    for (const { tokens } of evictions) {
      if (!tokens) continue
      const rows = await db.all(tokens.hashes, { ...tokens.parameters, now })
      for (const { hash } of rows) found.push({ cache: 'token', key: hash })
    }
    return found
  }

  const inRedis = (keys: readonly EvictedKey[]): string[] =>
    keys.flatMap(({ cache, key }) => (placed[cache].type === 'memory' ? [] : placed[cache].prefix + key))

  const tell = async (keys: readonly EvictedKey[]): Promise<void> => {
    if (keys.length === 0) return
    if (bus !== link) await bus.publish(keys)
    await link?.evict(inRedis(keys), keys)
  }

  const countFailure = (keys: readonly EvictedKey[]) => {
    for (const name of new Set(keys.map(({ cache }) => cache))) countCacheError(metrics, name)('delete')
  }

  /** Whether a copy elsewhere could keep something alive: only where copies of tokens are used at all. */
  const decides = (evictions: readonly Eviction[]): boolean =>
    caches.token !== undefined && evictions.some(({ ends }) => ends === true)

  /** Each time that something ended may have lived on in a copy has a number. */
  let doubts = 0
  /** The newest that was not settled; 0 for none. */
  let unsettled = 0

  /** For what could not be evicted. Throws `EvictionUnconfirmed` when that cannot be made good either. */
  const settle = async (distrustCopies: () => Promise<void>): Promise<void> => {
    doubts += 1
    const number = doubts
    unsettled = number
    try {
      await distrustCopies()
    } catch {
      throw new EvictionUnconfirmed()
    }
    if (unsettled <= number) unsettled = 0
  }
  const beyondReach = async (): Promise<void> => {
    throw new EvictionUnconfirmed()
  }

  const evict = async (evictions: readonly Eviction[]): Promise<void> => {
    let keys = evictions.flatMap((eviction) => eviction.keys)
    forget(keys)
    try {
      keys = [...keys, ...(await tokenKeys(evictions))]
      forget(keys)
      await tell(keys)
    } catch (error) {
      countFailure(keys)
      // Which tokens it were is not known. What Redis could not be told, the link tells it later.
      if (error instanceof DatabaseUnavailable) {
        caches.token?.forgetAll()
        unknown += 1
        later(RETRY_MS, async () => {
          unknown -= 1
          await evict(evictions)
        })
      }
      if (!decides(evictions)) return
      const known = !(error instanceof DatabaseUnavailable)
      await settle((known && distrust?.distrustCopies) || beyondReach)
    }
  }

  return {
    forget,
    hold: async (evictions) => {
      if (!link || !decides(evictions)) return
      try {
        const keys = [...evictions.flatMap((eviction) => eviction.keys), ...(await tokenKeys(evictions))]
        const held = inRedis(keys)
        if (held.length > 0) await link.hold(held)
      } catch {
        // Whether it worked shows with the eviction after the commit.
      }
    },
    evict,
    evictUncertain: async (evictions) => {
      await evict(evictions).catch(() => {})
      later(UNCERTAIN_MS, () => evict(evictions))
    },
    evictEverything: async () => {
      forgetAll()
      await link?.forgetEverything().catch(async () => {
        countFailure([{ cache: 'token', key: '' }])
        await distrust?.distrustCopies().catch(() => {})
      })
    },
    requireConfirmed: async () => {
      if (unsettled === 0 || (unknown === 0 && !link?.hasPending())) return
      await settle(distrust?.distrustCopies ?? beyondReach)
    },
    stop: () => {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
