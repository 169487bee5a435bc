/** Where the settings put each cache. */
import type { Settings } from '../config/settings'
import { redisKeyTag } from '../redis-connection'
import type { CacheName } from './eviction-bus'

/** Labels of the `cache_` metrics. */
export type CacheLabel = CacheName | 'metrics'

export interface Placement {
  readonly type: Settings['USER_CACHE_TYPE']
  /** Of its keys in Redis. */
  readonly prefix: string
  /** Milliseconds. */
  readonly ttlMs: number
  /** Life of a local copy of what is in Redis, in milliseconds. */
  readonly localTtlMs: number
  readonly localMiB: number
  /** Somebody wrote it down: copies in memory may then be as old as their life, also beside other processes. */
  readonly chosen: boolean
}

/** A count is younger than the interval of the job that shows it, so every turn shows a new one. */
const COUNT_SHARE = 0.9

export function placements(settings: Settings): Readonly<Record<CacheLabel, Placement>> {
  const start = `authgate:${redisKeyTag(settings, 'cache')}`
  return {
    user: {
      type: settings.USER_CACHE_TYPE,
      prefix: `${start}users:`,
      ttlMs: settings.USER_CACHE_TTL,
      localTtlMs: settings.USER_CACHE_CLIENT_TTL,
      localMiB: settings.USER_CACHE_SIZE_PER_CONN,
      chosen: settings.given.has('USER_CACHE_TYPE'),
    },
    client: {
      type: settings.CLIENT_CACHE_TYPE,
      prefix: `${start}clients:`,
      ttlMs: settings.CLIENT_CACHE_TTL,
      localTtlMs: settings.CLIENT_CACHE_CLIENT_TTL,
      localMiB: settings.CLIENT_CACHE_SIZE_PER_CONN,
      chosen: settings.given.has('CLIENT_CACHE_TYPE'),
    },
    client_count: {
      type: settings.CLIENT_COUNT_CACHE_TYPE,
      prefix: `${start}client-count:`,
      ttlMs: settings.CLIENT_COUNT_CACHE_TTL,
      localTtlMs: settings.CLIENT_COUNT_CACHE_CLIENT_TTL,
      localMiB: settings.CLIENT_COUNT_CACHE_SIZE_PER_CONN,
      chosen: settings.given.has('CLIENT_COUNT_CACHE_TYPE'),
    },
    token: {
      // While it is off it may name anything.
      type: settings.TOKEN_CACHE_ENABLED ? (settings.TOKEN_CACHE_TYPE as Placement['type']) : 'memory',
      prefix: `${start}tokens:`,
      ttlMs: settings.TOKEN_CACHE_TTL,
      localTtlMs: settings.TOKEN_CACHE_CLIENT_TTL,
      localMiB: settings.TOKEN_CACHE_SIZE_PER_CONN,
      chosen: settings.TOKEN_CACHE_ENABLED,
    },
    metrics: {
      type: settings.METRICS_CACHE_TYPE,
      prefix: `${start}metrics:`,
      ttlMs: settings.METRICS_GAUGE_UPDATE_INTERVAL * COUNT_SHARE,
      localTtlMs: settings.METRICS_CACHE_CLIENT_TTL,
      localMiB: settings.METRICS_CACHE_SIZE_PER_CONN,
      chosen: settings.given.has('METRICS_CACHE_TYPE'),
    },
  }
}
