/**
 * The two connections to Redis that all caches of a process share: one for values, and one that hears what others change.
 *
 * After an error nothing is asked any more until a probe, which belongs to no request, was answered. What this process
 * could not evict is evicted before anything is read again.
 */
import { Redis } from 'ioredis'
import type { Settings } from '../config/settings'
import type { Logger } from '../context'
import { redisPlace, redisStartError, withinStart } from '../redis-connection'
import type { Distrust } from './distrust'
import type { EvictedKey, EvictionBus, EvictionListener } from './eviction-bus'
import { createHearing } from './hearing'
import { noMark, watchMark } from './mark-watch'
import { createOutageLog } from './outage-log'
import { createPendingEvictions } from './pending-evictions'
import { type Message, readMessage } from './redis-messages'
import { readRun } from './redis-run'
import { createRedisValues, createValueConnection, type RedisValues } from './redis-values'

class CacheUnavailable extends Error {}

export interface RedisLink extends EvictionBus, RedisValues {
  /**
   * Identifies the run of the server, the line of primaries its data comes from, and the mark of copies: what was kept
   * before one of them changed is not used, since evictions may be lost.
   */
  readonly runId: string
  /** Changes with every interruption: what was read before one may have been changed unheard. */
  readonly session: number
  /** Drops the keys and tells the other processes. When that fails it is tried again until it succeeds, and this throws. */
  evict(redisKeys: readonly string[], keys: readonly EvictedKey[]): Promise<void>
  /** Whether an eviction that failed has not been made up for. */
  hasPending(): boolean
  /** Every process forgets what it keeps, and what Redis keeps is not used any more. */
  forgetEverything(): Promise<void>
  /** Calls back for every key that was read over this link and then changed by anybody; undefined: any may have been. */
  onChanged(callback: (redisKey: string | undefined) => void): void
  open(): Promise<void>
  close(): Promise<void>
}

/** Longer than any answer of a healthy Redis; a request waits no longer than this for one that hangs. */
const COMMAND_TIMEOUT_MS = 250
const SOCKET_TIMEOUT_MS = 3_000
const LONGEST_RECONNECT_PAUSE_MS = 1_000
const PROBE_INTERVAL_MS = 250
/** After an outage other processes first evict what they could not evict during it. */
const SETTLE_MS = 1_000
/** Local copies are used only while everything that was changed longer ago than this was heard of. */
const SOUND_MS = 900
/** A connection that says nothing for so long is replaced. */
const SILENCE_MS = 2_500
const INVALIDATED = '__redis__:invalidate'

export interface RedisLinkOptions {
  readonly settings: Settings
  readonly log: Pick<Logger, 'warn' | 'info'>
  /** Names this process among those that publish. */
  readonly processId: string
  /** Whether the start fails without Redis. */
  readonly required: boolean
  /** Present where copies that Redis was not told to drop could keep something alive that was ended. */
  readonly distrust?: Distrust | undefined
}

export function createRedisLink({ settings, log, processId, required, distrust }: RedisLinkOptions): RedisLink {
  const place = redisPlace(settings, 'cache')
  const channel = `authgate:evictions:${place.db}`
  const probeKey = `authgate:${place.tag}probe`
  const common = {
    ...place.options,
    lazyConnect: true,
    connectTimeout: settings.CACHE_INIT_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) => (running ? Math.min(attempt * 100, LONGEST_RECONNECT_PAUSE_MS) : null),
  }
  let running = false
  let closed = false
  const { data, scripts } = createValueConnection(common)
  // Announcements of changed keys reach subscribers of a channel in the older protocol only.
  const ears = new Redis({ ...common, protocol: 2 })
  let lastError: unknown
  for (const connection of [data, ears])
    connection.on('error', (error) => {
      lastError = error
    })

  const listeners: EvictionListener[] = []
  const changed: ((redisKey: string | undefined) => void)[] = []
  let up = false
  let wasUp = false
  let readableFrom = Number.NEGATIVE_INFINITY
  let listening = false
  let session = 0
  let runId = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const hearing = createHearing()
  const outage = createOutageLog(log)
  const pending = createPendingEvictions()

  const report = (error: unknown): void => {
    if (!closed) outage.away(error)
  }

  const failed = (error: unknown): CacheUnavailable => {
    up = false
    report(error)
    return new CacheUnavailable()
  }

  const outdateCopies = (): void => {
    session += 1
    for (const callback of changed) callback(undefined)
    for (const listener of listeners) listener.evictAll()
  }
  const watch = distrust ? watchMark(distrust, outdateCopies) : noMark

  const interrupt = (): void => {
    if (!listening && !up) return
    up = false
    listening = false
    report(new Error('connection closed'))
    hearing.lost()
    outdateCopies()
  }
  data.on('close', () => {
    interrupt()
    // A connection that has subscribed can do nothing else any more; listening begins anew with another.
    if (ears.status === 'ready') ears.disconnect(true)
  })
  ears.on('close', interrupt)

  /** Throws `CacheUnavailable`, at once while Redis is known not to answer. */
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!up) throw new CacheUnavailable()
    try {
      return await work()
    } catch (error) {
      throw failed(error)
    }
  }

  const onMessage = (text: string): void => {
    const message = readMessage(text)
    if (!message) return
    if (message.from === processId) {
      if (message.probe !== undefined && listening) hearing.cameBack(message.probe)
      return
    }
    for (const listener of listeners) {
      if (message.everything) listener.evictAll()
      else if (message.evicted) listener.evict(message.evicted)
    }
  }

  ears.on('messageBuffer', (from: Buffer, body: Buffer | Buffer[] | null) => {
    if (from.toString() !== INVALIDATED) {
      if (Buffer.isBuffer(body)) onMessage(body.toString())
      return
    }
    // Without keys: the server forgot what was read, or its databases were emptied.
    const keys = Array.isArray(body) ? body.map(String) : [undefined]
    for (const key of keys) for (const callback of changed) callback(key)
  })

  const send = (message: Omit<Message, 'from'>): Promise<number> =>
    data.publish(channel, JSON.stringify({ from: processId, ...message }))

  /** From here on every change is heard of. */
  const listen = async (): Promise<void> => {
    const before = session
    const [run, id] = [await readRun(data), await ears.client('ID')]
    // While another server takes over, each may have found another one.
    if (run !== (await readRun(ears))) throw new Error('connected to two servers')
    await ears.subscribe(channel, INVALIDATED)
    // Only where copies are kept: the server remembers every key that is read under tracking.
    if (changed.length > 0) await data.client('TRACKING', 'ON', 'REDIRECT', id)
    if (session !== before) throw new Error('interrupted')
    runId = run
    listening = true
    hearing.began()
  }

  const listenAnew = async (): Promise<void> => {
    try {
      await listen()
    } catch (error) {
      ears.disconnect(true)
      throw error
    }
  }

  const dropAndTell = async (redisKeys: readonly string[], evicted: readonly EvictedKey[]): Promise<void> => {
    for (let start = 0; start < redisKeys.length; start += CHUNK)
      await data.unlink(...redisKeys.slice(start, start + CHUNK))
    for (let start = 0; start < evicted.length; start += CHUNK)
      await send({ evicted: evicted.slice(start, start + CHUNK) })
  }

  const flushPending = (): Promise<void> =>
    pending.flush({ evictEverything: () => send({ everything: true }), evict: dropAndTell })

  const probe = async (): Promise<void> => {
    if (data.status !== 'ready' || ears.status !== 'ready') return
    try {
      if (!listening) await listenAnew()
      await flushPending()
      await send({ probe: hearing.probe() })
      // One that is full, or a replica, can be read.
      if (!up) await data.set(probeKey, '1', 'PX', PROBE_LIFE_MS)
      // What failed while this probe was under way is made up for by the next one.
      if (!up && listening && pending.isEmpty()) {
        up = true
        if (wasUp) readableFrom = performance.now() + SETTLE_MS
        wasUp = true
        outage.back()
      }
    } catch (error) {
      failed(error)
    }
    if (listening && hearing.silentFor() > SILENCE_MS) {
      interrupt()
      ears.disconnect(true)
    }
  }

  const probeForever = async (): Promise<void> => {
    await probe()
    if (closed) return
    timer = setTimeout(probeForever, PROBE_INTERVAL_MS)
    timer.unref()
  }

  const connect = async (): Promise<void> => {
    await Promise.all([data.connect(), ears.connect()])
    // A database that does not exist is no error to the driver: it would keep everything in database 0.
    await data.select(place.db)
    await listen()
    up = true
    wasUp = true
    await data.set(probeKey, '1', 'PX', PROBE_LIFE_MS)
    await scripts.ifStillMine(probeKey, '1', '', '')
    await send({ probe: hearing.probe() })
  }

  let opening: Promise<void> | undefined
  const openOnce = (): Promise<void> => {
    opening ??= withinStart(settings.CACHE_INIT_TIMEOUT, connect())
    return opening
  }
  /** A command only evicts: it connects when it does. */
  const openToEvict = async (): Promise<void> => {
    if (running || closed) return
    await openOnce().catch((error) => {
      for (const connection of [data, ears]) connection.disconnect()
      failed(error)
    })
  }

  const values = createRedisValues({
    ...{ data, scripts, ask, beforeHold: openToEvict },
    mayBeStale: (redisKey) => pending.has(redisKey) || performance.now() < readableFrom || !watch.isFresh(),
  })

  return {
    ...values,
    reachesAll: true,
    get runId() {
      return `${runId} ${watch.mark}`
    },
    get session() {
      return session
    },
    isSound: () => listening && hearing.lateBy() < SOUND_MS && performance.now() >= readableFrom && watch.isFresh(),
    subscribe: (listener) => {
      listeners.push(listener)
    },
    onChanged: (callback) => {
      changed.push(callback)
    },
    forgetEverything: () =>
      ask(async () => {
        let cursor = '0'
        do {
          const [next, keys] = await data.scan(cursor, 'MATCH', 'authgate:*', 'COUNT', CHUNK)
          if (keys.length > 0) await data.unlink(...keys)
          cursor = next
        } while (cursor !== '0')
        await send({ everything: true })
      }),
    hasPending: () => !pending.isEmpty(),
    publish: (evicted) =>
      ask(async () => {
        await send({ evicted })
      }),
    evict: async (redisKeys, evicted) => {
      await openToEvict()
      try {
        await ask(() => dropAndTell(redisKeys, evicted))
      } catch (error) {
        pending.add(redisKeys, evicted)
        throw error
      }
    },
    open: async () => {
      await watch.start()
      if (!required) {
        running = true
        for (const connection of [data, ears]) if (!up) connection.connect().catch(() => {})
        void probeForever()
        return
      }
      try {
        await openOnce()
        running = true
        void probeForever()
      } catch (error) {
        closed = true
        watch.stop()
        data.disconnect()
        ears.disconnect()
        const isClosed = error instanceof Error && error.message.startsWith('Connection is closed')
        throw redisStartError(place, isClosed ? (lastError ?? error) : error, FOR_CACHES)
      }
    },
    close: async () => {
      closed = true
      running = false
      watch.stop()
      clearTimeout(timer)
      for (const connection of [data, ears]) connection.options.commandTimeout = settings.CACHE_CLOSE_TIMEOUT
      try {
        if (up) await flushPending()
        for (const connection of [ears, data]) if (connection.status === 'ready') await connection.quit()
      } finally {
        data.disconnect()
        ears.disconnect()
      }
    },
  }
}

const PROBE_LIFE_MS = 1_000

/** Keys of one command. */
const CHUNK = 500

const FOR_CACHES = {
  what: 'caches',
  timeout: 'CACHE_INIT_TIMEOUT',
  permission:
    'the user of REDIS_USERNAME needs keys and channels beginning with authgate:, and the channel __redis__:invalidate',
}
