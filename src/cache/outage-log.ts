/** One line when Redis goes, at most one a minute while it is away, and one when it is back. */
import type { Logger } from '../context'

const EVERY_MS = 60_000

export function createOutageLog(log: Pick<Logger, 'warn' | 'info'>) {
  let loggedAt: number | undefined
  return {
    away: (error: unknown): void => {
      const at = performance.now()
      if (loggedAt !== undefined && at - loggedAt < EVERY_MS) return
      loggedAt = at
      const reason = error instanceof Error ? error.message.slice(0, 100) : 'unknown'
      log.warn({ reason }, 'Redis cannot be used: caches are passed by, the database answers')
    },
    back: (): void => {
      if (loggedAt !== undefined) log.info({}, 'Redis can be used again')
      loggedAt = undefined
    },
  }
}
