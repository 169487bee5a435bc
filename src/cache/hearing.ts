/** How far back a process has heard everything that was announced, told by announcements of its own that come back to it. */

export interface Hearing {
  /** From now on announcements arrive. */
  began(): void
  /** Nothing counts as heard any more. */
  lost(): void
  /** The number of a new announcement of one's own, to be sent after this call. */
  probe(): number
  cameBack(probe: number): void
  /** Everything announced longer ago was heard, in milliseconds. */
  lateBy(): number
  /** Since anything came back, or since it could, in milliseconds. */
  silentFor(): number
}

/** Of those that never come back, so many are remembered at most. */
const MOST_UNDER_WAY = 50

export function createHearing(): Hearing {
  /** When the newest probe that came back was sent. */
  let heardUpTo = Number.NEGATIVE_INFINITY
  let since = Number.NEGATIVE_INFINITY
  let newest = 0
  const underWay = new Map<number, number>()
  return {
    began: () => {
      since = performance.now()
    },
    lost: () => {
      heardUpTo = Number.NEGATIVE_INFINITY
      underWay.clear()
    },
    probe: () => {
      if (underWay.size >= MOST_UNDER_WAY) underWay.clear()
      underWay.set(++newest, performance.now())
      return newest
    },
    cameBack: (probe) => {
      const sentAt = underWay.get(probe)
      if (sentAt === undefined) return
      underWay.delete(probe)
      heardUpTo = Math.max(heardUpTo, sentAt)
    },
    lateBy: () => performance.now() - heardUpTo,
    silentFor: () => performance.now() - Math.max(heardUpTo, since),
  }
}
