/** The caches that the settings ask for, and the one place where copies are evicted. */
import type { ClientFacts } from '../clients/cached-client'
import { hasRedisAddress } from '../config/rules/redis'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import type { Database } from '../db/database'
import type { UserFacts } from '../identity/cached-user'
import type { CachedToken } from '../tokens/cached-token'
import type { Cache, CacheOptions } from './cache'
import { announceCacheMetrics, countCacheError, counted } from './counted'
import { createDistrust, type Distrust } from './distrust'
import { type CacheName, type EvictionBus, inProcessBus } from './eviction-bus'
import { createEvictor } from './evictor'
import { createMemoryCache } from './memory'
import { type CacheLabel, type Placement, placements } from './placement'
import { createRedisCache } from './redis'
import { createRedisLink, type RedisLink } from './redis-link'
import type { Evictor } from './with-evictions'

export interface Caches extends Evictor {
  readonly user: Cache<UserFacts>
  readonly client: Cache<ClientFacts>
  readonly clientCount: Cache<number>
  /** Absent unless `TOKEN_CACHE_ENABLED`. */
  readonly token: Cache<CachedToken> | undefined
  /** Absent where counts are not shared: the gauge itself keeps what was counted. */
  readonly metrics: Cache<number> | undefined
  /** Connects to Redis where something needs it. Throws `StartError`. */
  open(): Promise<void>
  close(): Promise<void>
}

type Parts = Pick<Context, 'clock' | 'random' | 'log' | 'metrics' | 'secrets'> & {
  readonly db: Database
  /** How processes of this machine tell each other. */
  readonly bus?: EvictionBus | undefined
}

const MIB = 2 ** 20

export function createCaches(settings: Settings, parts: Parts): Caches {
  const { clock, metrics, db } = parts
  const placed = placements(settings)
  const inRedis = Object.values(placed).some(({ type }) => type !== 'memory')
  const distrust = settings.TOKEN_CACHE_ENABLED ? createDistrust(parts) : undefined
  const link = redisLink(settings, { ...parts, distrust }, inRedis)
  const bus = parts.bus ?? link ?? inProcessBus
  announceCacheMetrics(metrics, Object.keys(placed) as CacheLabel[])

  const memories: Cache<unknown>[] = []
  const forgetMemories = () => {
    for (const cache of memories) cache.forgetAll()
  }

  const inMemory = <V>({ chosen }: Placement, options: CacheOptions<V>): Cache<V> => {
    const mayUse = mayUseMemory(db, bus, chosen, forgetMemories)
    const memory = createMemoryCache<V>({ ...options, clock, maxEntries: settings.CACHE_MAX_ENTRIES, mayUse })
    memories.push(memory as Cache<unknown>)
    return memory
  }

  const build = <V>(label: CacheLabel, lifeOf?: CacheOptions<V>['lifeOf']): Cache<V> => {
    const place = placed[label]
    const { type, prefix, ttlMs, localTtlMs, localMiB } = place
    const options = { ttlMs, ...(lifeOf && { lifeOf }) }
    if (type === 'memory' || !link) return counted(inMemory<V>(place, options), metrics, label)
    const local = type === 'redis-aside' && { ttlMs: localTtlMs, maxBytes: localMiB * MIB }
    const onError = countCacheError(metrics, label)
    const shared = createRedisCache<V>(parts, { ...options, prefix, link, ...(local && { local }), onError })
    return counted(shared, metrics, label)
  }

  const user = build<UserFacts>('user')
  const client = build<ClientFacts>('client')
  const clientCount = build<number>('client_count')
  const token = settings.TOKEN_CACHE_ENABLED
    ? build<CachedToken>('token', ({ expiresAt }) => expiresAt.getTime() - clock.now())
    : undefined
  const counts = placed.metrics.type === 'memory' ? undefined : build<number>('metrics')
  const caches: Readonly<Record<CacheName, Pick<Cache<unknown>, 'forget' | 'forgetAll'> | undefined>> = {
    user,
    client,
    client_count: clientCount,
    token,
  }

  const evictor = createEvictor({ ...parts, caches, placed, link, bus, distrust: link && distrust })
  bus.subscribe({
    evict: evictor.forget,
    // Local copies of what is in Redis hear of it from Redis itself.
    evictAll: forgetMemories,
  })

  return {
    user,
    client,
    clientCount,
    token,
    metrics: counts,
    ...evictor,
    open: async () => {
      await link?.open()
    },
    close: async () => {
      evictor.stop()
      await link?.close()
    },
  }
}

/**
 * Whether copies in memory may be used: whoever else changes the database is heard of, or may be late. `chosen`: somebody
 * wrote down that they want them.
 */
function mayUseMemory(db: Database, bus: EvictionBus, chosen: boolean, forgetAll: () => void): () => boolean {
  const { changedElsewhere } = db
  // A read of SQLite costs no more than looking whether copies are still good.
  if (!changedElsewhere) return bus.reachesAll ? bus.isSound : () => chosen
  if (!chosen) return () => false
  return () => {
    if (changedElsewhere()) forgetAll()
    return true
  }
}

/** Present when something is in Redis, and when the memories of several processes may need to hear of each other. */
function redisLink(
  settings: Settings,
  { log, random, bus, distrust }: Parts & { readonly distrust: Distrust | undefined },
  required: boolean,
): RedisLink | undefined {
  const limits = settings.ENABLE_RATE_LIMIT && settings.RATE_LIMIT_STORE === 'redis'
  const forOthers = settings.postgres !== undefined && !bus && (limits || hasRedisAddress(settings.given))
  if (!required && !forOthers) return undefined
  return createRedisLink({ settings, log, processId: random.uuid(), required, distrust })
}
