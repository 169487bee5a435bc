/**
 * How fast each device polls (RFC 8628 §3.5).
 *
 * A device polls every few seconds and nearly always learns that nothing has happened. A durable write for each of
 * those polls would cost more than everything else about them, so this is kept in memory. Only when a device is told to
 * slow down is its longer interval also stored, so that it holds on every process and after a restart; and of that only
 * so much a second, so that a crowd of impatient devices cannot turn polling into writing. Whatever one process does
 * not know of another makes it more patient with a device, never less: a device that keeps its interval is never told
 * off.
 */

/** A poll may come this much early: networks and clocks are not exact. */
const TOLERANCE_SECONDS = 1
const SLOW_DOWN_SECONDS = 5
const LONGEST_INTERVAL_SECONDS = 60

/** No interval is longer, so older polls decide nothing. */
const GENERATION_MS = LONGEST_INTERVAL_SECONDS * 1000
const STORED_PER_SECOND = 20

/** What the code's row says. */
interface StoredPace {
  readonly id: string
  /** Seconds. */
  readonly pollInterval: number
  readonly lastPolledAt: Date | null
}

interface Pace {
  readonly tooFast: boolean
  /** Seconds the device has to wait between polls from now on. */
  readonly interval: number
  /** Whether the interval should be stored. */
  readonly store: boolean
}

export interface PollPace {
  /** Notes a poll at `at`, in milliseconds since the epoch. The first is never too fast. */
  note(code: StoredPace, at: number): Pace
}

/** One poll, as other processes hear of it. */
export interface Poll {
  readonly id: string
  readonly at: number
  readonly interval: number
}

/** Other processes of this machine that serve the same devices. */
export interface OtherProcesses {
  tell(poll: Poll): void
  onHeard(listener: (polls: readonly Poll[]) => void): void
}

interface Seen {
  at: number
  interval: number
}

/** Two generations of a minute each: the older one is dropped as a whole, so nothing has to be swept. */
export function createPollPace(others?: OtherProcesses): PollPace {
  let current = new Map<string, Seen>()
  let former = new Map<string, Seen>()
  let since = 0
  let second = 0
  let stored = 0

  const rotate = (at: number) => {
    if (at - since < GENERATION_MS) return
    former = at - since < 2 * GENERATION_MS ? current : new Map()
    current = new Map()
    since = at
  }

  const mayStore = (at: number): boolean => {
    if (at - second >= 1000) {
      second = at
      stored = 0
    }
    stored += 1
    return stored <= STORED_PER_SECOND
  }

  others?.onHeard((polls) => {
    for (const { id, at, interval } of polls) {
      const seen = current.get(id) ?? former.get(id)
      current.set(id, { at: Math.max(at, seen?.at ?? 0), interval: Math.max(interval, seen?.interval ?? 0) })
    }
  })

  return {
    note: (code, at) => {
      rotate(at)
      const seen = current.get(code.id) ?? former.get(code.id)
      const before = Math.max(seen?.at ?? 0, code.lastPolledAt?.getTime() ?? 0)
      const interval = Math.max(seen?.interval ?? 0, code.pollInterval)
      const tooFast = at - before < (interval - TOLERANCE_SECONDS) * 1000
      const next = tooFast ? Math.min(interval + SLOW_DOWN_SECONDS, LONGEST_INTERVAL_SECONDS) : interval
      current.set(code.id, { at, interval: next })
      others?.tell({ id: code.id, at, interval: next })
      return { tooFast, interval: next, store: tooFast && next > code.pollInterval && mayStore(at) }
    },
  }
}
