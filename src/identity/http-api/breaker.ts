/**
 * Circuit breaker: a service that fails every call is left alone for a while. Without it each login would wait for its
 * whole time budget, and a service that comes back would meet all of them at once.
 */
import type { Clock, Logger } from '../../context'

/** Permission to make one call; tell how it went. */
export interface Passage {
  /** `healthy`: the service answered, whatever it said about the password. */
  done(healthy: boolean): void
}

export interface Breaker {
  /** `undefined`: do not call. */
  enter(): Passage | undefined
  /** Whole seconds until the next call is let through, at least 1. */
  retryAfterSeconds(): number
}

const FAILURES_TO_OPEN = 5
const FIRST_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 60_000

/** Time is the context's clock. While the breaker is open, one call at a time tries whether the service is back. */
export function createBreaker({ clock, log }: { clock: Clock; log: Logger }): Breaker {
  let failures = 0
  let pauseMs = 0
  let openUntil = 0
  let probing = false

  const fail = (wasProbe: boolean) => {
    failures += 1
    // Calls that began before it opened prove nothing new.
    const opens = wasProbe || (pauseMs === 0 && failures >= FAILURES_TO_OPEN)
    if (!opens) return
    pauseMs = Math.min(pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2, LONGEST_PAUSE_MS)
    openUntil = clock.now() + pauseMs
    log.warn({ failures, pause_ms: pauseMs }, 'The authentication API fails; it is not called for a while')
  }
  const close = () => {
    if (pauseMs > 0) log.info({}, 'The authentication API answers again')
    failures = 0
    pauseMs = 0
    openUntil = 0
  }

  return {
    enter: () => {
      const isProbe = pauseMs > 0
      if (isProbe && (probing || clock.now() < openUntil)) return undefined
      if (isProbe) probing = true
      return {
        done: (healthy) => {
          if (isProbe) probing = false
          if (healthy) close()
          else fail(isProbe)
        },
      }
    },
    retryAfterSeconds: () => Math.max(1, Math.ceil((openUntil - clock.now()) / 1000)),
  }
}
