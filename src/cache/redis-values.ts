/**
 * What stands in Redis under the key of a cached value, and the commands that put it there.
 *
 * A value gets there only through a fetch that nothing evicted meanwhile; while a change is under way, a mark stands in
 * its place.
 */
import { Redis, type RedisOptions } from 'ioredis'

/** What Redis keeps under a key: a value, or why there is none. */
export type Kept = { readonly kind: 'value'; readonly text: string } | { readonly kind: 'none' | 'filling' | 'held' }

/** How long a fetch may take; then another process tries. */
const FILL_MS = 5_000
/** Longer than any commit takes. */
const HOLD_MS = 30_000

const FILLING = '?'
const HELD = '!'

const IF_STILL_MINE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`

interface Scripts {
  ifStillMine(key: string, mine: string, text: string, lifeMs: number | string): Promise<number>
}

export interface RedisValues {
  read(redisKey: string): Promise<Kept>
  /** Whether the caller is the one to fetch the value. */
  beginFill(redisKey: string, id: string): Promise<boolean>
  /** Keeps the value unless the key was evicted since `beginFill`. */
  endFill(redisKey: string, id: string, text: string, lifeMs: number): Promise<void>
  /** Gives the fetch up. */
  abandonFill(redisKey: string, id: string): Promise<void>
  drop(redisKey: string): Promise<void>
  /** For a while nothing is kept under these keys: a process that dies in the middle of a change leaves nothing stale. */
  hold(redisKeys: readonly string[]): Promise<void>
}

/** The connection for values, with the script they need. */
export interface ValueConnection {
  readonly data: Redis
  readonly scripts: Scripts
}

export function createValueConnection(options: RedisOptions): ValueConnection {
  const data = new Redis({ ...options, scripts: { ifStillMine: { lua: IF_STILL_MINE, numberOfKeys: 1 } } })
  return { data, scripts: data as unknown as Scripts }
}

export interface RedisValuesOptions extends ValueConnection {
  /** Runs commands, or refuses at once while Redis is known not to answer. */
  readonly ask: <T>(work: () => Promise<T>) => Promise<T>
  /** Whether what stands under a key may not yet have been evicted although it should be. */
  readonly mayBeStale: (redisKey: string) => boolean
  /** Before something is held: a process that only changes things connects when it does. */
  readonly beforeHold: () => Promise<void>
}

export function createRedisValues({ data, scripts, ask, mayBeStale, beforeHold }: RedisValuesOptions): RedisValues {
  return {
    read: (redisKey) =>
      ask(async () => {
        if (mayBeStale(redisKey)) return { kind: 'held' }
        const text = await data.get(redisKey)
        if (text === null) return { kind: 'none' }
        if (text === HELD) return { kind: 'held' }
        return text.startsWith(FILLING) ? { kind: 'filling' } : { kind: 'value', text }
      }),
    beginFill: (redisKey, id) =>
      ask(async () => (await data.set(redisKey, FILLING + id, 'PX', FILL_MS, 'NX')) === 'OK'),
    endFill: (redisKey, id, text, lifeMs) =>
      ask(async () => {
        await scripts.ifStillMine(redisKey, FILLING + id, text, lifeMs)
      }),
    abandonFill: (redisKey, id) =>
      ask(async () => {
        await scripts.ifStillMine(redisKey, FILLING + id, '', '')
      }),
    drop: (redisKey) =>
      ask(async () => {
        await data.unlink(redisKey)
      }),
    hold: async (redisKeys) => {
      await beforeHold()
      await ask(async () => {
        const pipeline = data.pipeline()
        for (const key of redisKeys) pipeline.set(key, HELD, 'PX', HOLD_MS)
        for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
      })
    },
  }
}
