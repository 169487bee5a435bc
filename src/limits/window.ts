/** What is counted how: at most `limit` admitted requests of one key in any 60 seconds; refused ones do not count. */

export const WINDOW_MS = 60_000

export interface Verdict {
  readonly admitted: boolean
  /** Requests that would still be admitted now. */
  readonly remaining: number
  /** Milliseconds until the oldest counted request leaves the window; 0 when none is counted. */
  readonly resetInMs: number
}

export interface Limits {
  /** Counts a request of `key` if fewer than `limit` are counted. Never rejects. */
  take(key: string, limit: number): Verdict | Promise<Verdict>
  /** What `take` would say, without counting. */
  look(key: string, limit: number): Verdict | Promise<Verdict>
  /** Done before the first request where counters are kept elsewhere. Throws `StartError`. */
  open?(): Promise<void>
  close?(): Promise<void>
}
