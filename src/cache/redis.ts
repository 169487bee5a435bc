/**
 * A cache in Redis that several processes share.
 *
 * Who fetches a value leaves a place-holder under its key first and keeps the value only if that still stands there, so
 * an eviction during the fetch wins. With `local`, copies of what was read stay in this process until Redis announces a
 * change, and a key that another process is fetching is waited for.
 */
import type { Context } from '../context'
import { type Cache, type CacheOperation, type CacheOptions, lifeOf } from './cache'
import { createCodec } from './codec'
import { createFlights } from './flights'
import { createLocalCopies, type LocalCopies } from './local-copies'
import type { RedisLink } from './redis-link'
import type { Kept } from './redis-values'

export interface RedisCacheOptions<V> extends CacheOptions<V> {
  /** Such as `authgate:users:`. */
  readonly prefix: string
  readonly link: RedisLink
  readonly local?: { readonly ttlMs: number; readonly maxBytes: number }
  onError(operation: CacheOperation): void
}

/** How long a value that another process fetches is waited for; then the database is asked here too. */
const WAIT_MS = 250
const WAIT_STEP_MS = 10
/** What an entry takes besides its text. */
const ENTRY_BYTES = 200

interface Found<V> {
  readonly value: V
  readonly untilMs: number
  readonly bytes: number
}

export function createRedisCache<V>(
  { clock, random, secrets, log }: Pick<Context, 'clock' | 'random' | 'secrets' | 'log'>,
  options: RedisCacheOptions<V>,
): Cache<V> {
  const { prefix, link, local, onError } = options
  const codec = createCodec<V>({ keys: secrets.cache, random, clock })
  const copies: LocalCopies<V> | undefined = local && createLocalCopies<V>({ bytes: local.maxBytes })
  const flights = createFlights<V | undefined>()
  /** Keys being read, and whether one changed since its read began. */
  const reading = new Map<string, { changed: boolean }>()

  const forget = (key: string): void => {
    copies?.delete(key)
    const read = reading.get(key)
    if (read) read.changed = true
  }
  const forgetAll = (): void => {
    copies?.clear()
    for (const read of reading.values()) read.changed = true
  }
  if (copies)
    link.onChanged((redisKey) => {
      if (redisKey === undefined) forgetAll()
      else if (redisKey.startsWith(prefix)) forget(redisKey.slice(prefix.length))
    })

  const place = (redisKey: string): string => `${redisKey}\n${link.runId}`

  /** Undefined after a failure, which is counted: the database answers then. */
  const attempt = async <T>(operation: CacheOperation, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch {
      onError(operation)
      return undefined
    }
  }

  /** What could not be opened is dropped: it was changed in Redis, or sealed under another secret. */
  const open = async (redisKey: string, text: string): Promise<Found<V> | undefined> => {
    const opened = codec.decode(place(redisKey), text)
    if (opened) return { ...opened, bytes: text.length + ENTRY_BYTES }
    log.warn({ cache: prefix }, 'A cached value could not be opened and is dropped')
    onError('get')
    await attempt('delete', () => link.drop(redisKey))
    return undefined
  }

  const keepCopy = (key: string, { value, untilMs, bytes }: Found<V>): void => {
    if (!copies || !local) return
    copies.set(key, value, Math.min(untilMs, clock.now() + local.ttlMs), bytes)
  }

  /** Reads; a value is kept here too unless it changed, or the link was interrupted, meanwhile. */
  const read = async (key: string): Promise<Found<V> | Exclude<Kept['kind'], 'value'> | undefined> => {
    const redisKey = prefix + key
    const mark = { changed: false }
    reading.set(key, mark)
    const { session } = link
    try {
      const kept = await attempt('get', () => link.read(redisKey))
      if (kept?.kind !== 'value') return kept?.kind
      const found = await open(redisKey, kept.text)
      if (!found) return 'none'
      if (!mark.changed && link.session === session && reading.get(key) === mark) keepCopy(key, found)
      return found
    } finally {
      if (reading.get(key) === mark) reading.delete(key)
    }
  }

  /** Keeps what it fetches unless the key is evicted meanwhile. */
  const fill = async (key: string, id: string, fetch: () => Promise<V | undefined>): Promise<V | undefined> => {
    const redisKey = prefix + key
    // Whose run it was when the fetch began.
    const at = place(redisKey)
    let value: V | undefined
    try {
      value = await fetch()
    } catch (error) {
      await attempt('delete', () => link.abandonFill(redisKey, id))
      throw error
    }
    const life = value === undefined ? 0 : lifeOf(options, value)
    if (value === undefined || life < 1) await attempt('delete', () => link.abandonFill(redisKey, id))
    else await attempt('set', () => link.endFill(redisKey, id, codec.encode(at, value as V, life), life))
    return value
  }

  const lookUp = async (key: string, fetch: () => Promise<V | undefined>): Promise<V | undefined> => {
    for (let waitedMs = 0; ; waitedMs += WAIT_STEP_MS) {
      const found = await read(key)
      if (typeof found === 'object') return found.value
      if (found === undefined || found === 'held') return await fetch()
      if (found === 'none') {
        const id = random.uuid()
        const mine = await attempt('set', () => link.beginFill(prefix + key, id))
        if (mine === undefined) return await fetch()
        if (mine) return await fill(key, id, fetch)
      }
      // Another process fetches it.
      if (!copies || waitedMs >= WAIT_MS) return await fetch()
      await Bun.sleep(WAIT_STEP_MS)
    }
  }

  return {
    get: async (key, fetch) => {
      if (copies && link.isSound()) {
        const copy = copies.get(key, clock.now())
        if (copy !== undefined) return copy
      }
      return await flights.join(key, () => lookUp(key, fetch))
    },
    forget: (key) => {
      forget(key)
      flights.forget(key)
    },
    forgetAll: () => {
      forgetAll()
      flights.forgetAll()
    },
  }
}
