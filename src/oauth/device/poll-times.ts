/**
 * When each device code was last polled, as far as this process saw.
 *
 * A device polls every few seconds and nearly always learns that nothing has happened. A durable write for each of
 * those polls would cost more than everything else about them, so the times stay in memory; the row is written only
 * when a device is told to slow down, because the longer interval must hold on every process and after a restart. That
 * happens at most eleven times in the life of a code. What several processes, or one that was restarted, do not know of
 * each other makes them more patient with a device, never less: a device that keeps its interval is never told off.
 */

/** Longer than the longest interval, in milliseconds: older polls decide nothing. */
const WINDOW_MS = 60_000

export interface PollTimes {
  /**
   * Notes a poll of the code with this row id. Returns the time of the poll before, in milliseconds since the epoch, when
   * it was less than a minute ago; older ones may be forgotten.
   */
  note(id: string, at: number): number | undefined
}

/** Two generations of a minute each: the older one is dropped as a whole, so nothing has to be swept. */
export function createPollTimes(): PollTimes {
  let current = new Map<string, number>()
  let former = new Map<string, number>()
  let since = 0
  return {
    note: (id, at) => {
      if (at - since >= WINDOW_MS) {
        former = at - since < 2 * WINDOW_MS ? current : new Map()
        current = new Map()
        since = at
      }
      const before = current.get(id) ?? former.get(id)
      current.set(id, at)
      return before
    },
  }
}
