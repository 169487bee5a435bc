/** Counters of this process. */
import type { Clock } from '../context'
import { type Limits, type Verdict, WINDOW_MS } from './window'

export interface MemoryLimits extends Limits {
  take(key: string, limit: number): Verdict
  look(key: string, limit: number): Verdict
}

export interface MemoryOptions {
  readonly clock: Clock
  /** How often counters that have run out are dropped, in milliseconds; a minute at least. */
  readonly sweepEveryMs: number
  /** Keys that are kept. Beyond that those not seen for longest go, so that invented addresses cost no memory. */
  readonly maxKeys?: number
}

const MAX_KEYS = 100_000

/** When each counted request of a key came, oldest first. */
type Table = Map<string, number[]>

export function createMemoryLimits({ clock, sweepEveryMs, maxKeys = MAX_KEYS }: MemoryOptions): MemoryLimits {
  // Every key that is seen is in `recent`. When that is full or old it becomes `former`, and what was there and has not
  // been seen since is dropped at once: no step looks at more than one key, however many were invented.
  let recent: Table = new Map()
  let former: Table = new Map()
  let turnedAt = clock.now()
  const turnEveryMs = Math.max(WINDOW_MS, sweepEveryMs)

  const timesOf = (key: string, now: number): number[] => {
    if (recent.size >= maxKeys / 2 || Math.abs(now - turnedAt) >= turnEveryMs) {
      former = recent
      recent = new Map()
      turnedAt = now
    }
    let times = recent.get(key)
    if (!times) {
      times = former.get(key) ?? []
      recent.set(key, times)
    }
    return times
  }

  const count = (key: string, limit: number, counting: boolean): Verdict => {
    const now = clock.now()
    const times = timesOf(key, now)
    dropOld(times, now)
    const admitted = times.length < limit
    if (admitted && counting) times.push(now)
    const [oldest] = times
    return {
      admitted,
      remaining: Math.max(0, limit - times.length),
      resetInMs: oldest === undefined ? 0 : oldest + WINDOW_MS - now,
    }
  }

  return {
    take: (key, limit) => count(key, limit, true),
    look: (key, limit) => count(key, limit, false),
  }
}

/** A clock that was set back leaves times in the future, which would block for as long as it was wrong. */
const inWindow = (time: number, now: number): boolean => time > now - WINDOW_MS && time <= now

function dropOld(times: number[], now: number): void {
  let gone = 0
  while (gone < times.length && !inWindow(times[gone] ?? 0, now)) gone += 1
  if (gone > 0) times.splice(0, gone)
}
