/**
 * Counters that several processes share.
 *
 * One script does everything in one round trip, by the clock of the Redis server. A limit must neither fail nor open
 * because Redis is away: after an error the counters of this process go on, until a probe that belongs to no request
 * could write again. A Redis that can be read but refuses writes would otherwise say that nothing was counted yet.
 */
import { Redis } from 'ioredis'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { redisPlace, redisStartError, withinStart } from '../redis-connection'
import { type Limits, type Verdict, WINDOW_MS } from './window'

interface SharedLimits extends Limits {
  /** Connects and looks whether Redis can be used. Throws `StartError`. */
  open(): Promise<void>
  close(): Promise<void>
}

/** A list of the times of counted requests, oldest first, in microseconds. Answers in milliseconds. */
const SLIDING_WINDOW = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit = tonumber(ARGV[1])
local window = tonumber(ARGV[2]) * 1000
local oldest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
while oldest <= now - window or oldest > now do
  redis.call('LPOP', KEYS[1])
  oldest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
end
local counted = redis.call('LLEN', KEYS[1])
local admitted = counted < limit
if admitted and ARGV[3] == '1' then
  redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  counted = counted + 1
end
local reset = 0
if counted > 0 then reset = math.ceil((oldest + window - now) / 1000) end
return { admitted and 1 or 0, math.max(0, limit - counted), reset }
`

interface Scripts {
  slidingWindow(key: string, limit: number, windowMs: number, counting: 0 | 1): Promise<[number, number, number]>
}

/** Longer than any answer of a healthy Redis; a request waits no longer than this for one that hangs. */
const COMMAND_TIMEOUT_MS = 250
/** Between the probes of a Redis that failed. */
const PROBE_INTERVAL_MS = 500
/** Never reached, so that a probe always writes. */
const PROBE_LIMIT = 1_000_000
/** A connection on which nothing came for so long although something was asked is replaced. */
const SOCKET_TIMEOUT_MS = 3_000
const LONGEST_RECONNECT_PAUSE_MS = 1_000

export interface RedisLimitsParts extends Pick<Context, 'log' | 'metrics'> {
  /** Counts while Redis is away. */
  readonly local: Limits
}

export function createRedisLimits(settings: Settings, { log, metrics, local }: RedisLimitsParts): SharedLimits {
  const place = redisPlace(settings, 'limits')
  /** Whether lost connections are replaced. */
  let opened = false
  let lastError: unknown
  /** Whether requests are counted in Redis. */
  let available = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const redis = new Redis({
    ...place.options,
    lazyConnect: true,
    connectTimeout: settings.REDIS_CONN_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => (opened ? Math.min(attempt * 100, LONGEST_RECONNECT_PAUSE_MS) : null),
    scripts: { slidingWindow: { lua: SLIDING_WINDOW, numberOfKeys: 1 } },
  })
  redis.on('error', (error) => {
    lastError = error
  })
  const scripts = redis as unknown as Scripts

  const shared = async (key: string, limit: number, counting: 0 | 1): Promise<Verdict> => {
    const [admitted, remaining, resetInMs] = await scripts.slidingWindow(
      `ratelimit:${place.tag}${key}`,
      limit,
      WINDOW_MS,
      counting,
    )
    return { admitted: admitted === 1, remaining, resetInMs }
  }

  const noteFailure = (error: unknown): void => {
    metrics.count('ratelimit_backend_errors_total')
    if (!available) return
    available = false
    log.warn({ reason: reasonOf(error) }, 'Redis cannot be used: rate limits are counted by this process alone')
    scheduleProbe()
  }

  const probe = async (): Promise<void> => {
    try {
      await shared('probe', PROBE_LIMIT, 1)
    } catch (error) {
      noteFailure(error)
      return scheduleProbe()
    }
    if (!opened) return
    available = true
    log.info({}, 'Redis can be used again: rate limits are shared')
  }

  const scheduleProbe = (): void => {
    if (!opened) return
    timer = setTimeout(probe, PROBE_INTERVAL_MS)
    timer.unref()
  }
  redis.on('close', () => noteFailure(new Error('connection closed')))

  const count = async (key: string, limit: number, counting: 0 | 1): Promise<Verdict> => {
    if (available) {
      try {
        return await shared(key, limit, counting)
      } catch (error) {
        noteFailure(error)
      }
    }
    return counting === 1 ? local.take(key, limit) : local.look(key, limit)
  }

  const connect = async (): Promise<void> => {
    await redis.connect()
    // A database that does not exist is no error to the driver: it would count in database 0.
    await redis.select(place.db)
    await shared('probe', PROBE_LIMIT, 1)
  }

  return {
    take: (key, limit) => count(key, limit, 1),
    look: (key, limit) => count(key, limit, 0),
    open: async () => {
      try {
        await withinStart(settings.REDIS_CONN_TIMEOUT, connect())
        opened = true
        available = true
      } catch (error) {
        redis.disconnect()
        const closed = error instanceof Error && error.message.startsWith('Connection is closed')
        throw redisStartError(place, closed ? (lastError ?? error) : error)
      }
    },
    close: async () => {
      opened = false
      available = false
      clearTimeout(timer)
      redis.options.commandTimeout = settings.REDIS_CLOSE_TIMEOUT
      try {
        if (redis.status === 'ready') await redis.quit()
      } finally {
        redis.disconnect()
      }
    },
  }
}

const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : 'unknown'
  return message.startsWith("Stream isn't writeable") ? 'connection lost' : message.slice(0, 100)
}
