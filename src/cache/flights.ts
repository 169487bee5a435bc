/** Concurrent look-ups of one key share one fetch. */

interface Flight<V> {
  readonly value: Promise<V>
  readonly startedMs: number
}

export interface Flights<V> {
  /**
   * The fetch of a key that has just begun, or a new one. `isCurrent` tells the fetch whether its result may be kept:
   * not after the key was evicted, since the row may have been read before the change.
   */
  join(key: string, fetch: (isCurrent: () => boolean) => Promise<V>): Promise<V>
  /** Nobody joins what has begun by now, and its result is not kept. */
  forget(key: string): void
  forgetAll(): void
}

/** An older fetch is not joined: another process may have changed the row since it began. */
const JOINABLE_MS = 100

export function createFlights<V>(): Flights<V> {
  const flights = new Map<string, Flight<V>>()
  return {
    join: (key, fetch) => {
      const running = flights.get(key)
      const startedMs = performance.now()
      if (running && startedMs - running.startedMs < JOINABLE_MS) return running.value
      let flight: Flight<V> | undefined
      const isCurrent = () => flights.get(key) === flight
      const run = async () => {
        try {
          return await fetch(isCurrent)
        } finally {
          if (isCurrent()) flights.delete(key)
        }
      }
      // The fetch begins after the flight is registered, or an eviction in between would miss it.
      const value = Promise.resolve().then(run)
      flight = { value, startedMs }
      flights.set(key, flight)
      return value
    },
    forget: (key) => {
      flights.delete(key)
    },
    forgetAll: () => flights.clear(),
  }
}
