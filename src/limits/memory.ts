/** Counters of this process. */
import type { Clock } from '../context'
import { type Limits, type Verdict, WINDOW_MS } from './window'

export interface MemoryLimits extends Limits {
  take(key: string, limit: number): Verdict
  look(key: string, limit: number): Verdict
}

export interface MemoryOptions {
  readonly clock: Clock
  /** How often counters that have run out are dropped, in milliseconds. */
  readonly sweepEveryMs: number
  /** Keys that are kept. Beyond that the one not seen for longest goes, so that invented addresses cost no memory. */
  readonly maxKeys?: number
}

const MAX_KEYS = 100_000

export function createMemoryLimits({ clock, sweepEveryMs, maxKeys = MAX_KEYS }: MemoryOptions): MemoryLimits {
  /** When each counted request came; oldest first, as are the keys by their last use. */
  const table = new Map<string, number[]>()
  let lastSweep = clock.now()

  const sweep = (now: number) => {
    lastSweep = now
    for (const [key, times] of table) if (!inWindow(times.at(-1), now)) table.delete(key)
  }

  const count = (key: string, limit: number, counting: boolean): Verdict => {
    const now = clock.now()
    if (Math.abs(now - lastSweep) >= sweepEveryMs) sweep(now)
    const times = table.get(key) ?? []
    dropOld(times, now)
    const admitted = times.length < limit
    if (admitted && counting) times.push(now)
    // Again at the end of the table: an address that is being refused must not be the first to be forgotten.
    table.delete(key)
    if (times.length > 0) table.set(key, times)
    if (table.size > maxKeys) table.delete(table.keys().next().value ?? '')
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
const inWindow = (time: number | undefined, now: number): boolean =>
  time !== undefined && time > now - WINDOW_MS && time <= now

function dropOld(times: number[], now: number): void {
  let gone = 0
  while (gone < times.length && !inWindow(times[gone], now)) gone += 1
  if (gone > 0) times.splice(0, gone)
}
