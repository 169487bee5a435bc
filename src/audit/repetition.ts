/**
 * Counts repetitions of one event instead of writing each.
 *
 * The first is written at once and opens a window; those that follow in it are counted, and one row with their number
 * closes it. What counts as the same is decided by facts an attacker cannot vary at will.
 */
import type { AuditRow } from './row'

const WINDOW_MS = 60_000
/** Windows that may be open at once; beyond that every event is written, and the queue's own limits apply. */
const MOST_WINDOWS = 2_000

interface Window {
  /** The latest repetition. */
  row: AuditRow
  repetitions: number
  readonly timer: ReturnType<typeof setTimeout>
}

export interface RepetitionFilter {
  /** Writes the row now, or counts it. */
  add(row: AuditRow): void
  /** Closes every window and writes what they counted. */
  close(): void
}

export function createRepetitionFilter(write: (row: AuditRow) => void): RepetitionFilter {
  const windows = new Map<string, Window>()

  const closeWindow = (key: string) => {
    const window = windows.get(key)
    if (!window) return
    windows.delete(key)
    clearTimeout(window.timer)
    if (window.repetitions > 0)
      write({ ...window.row, details: { ...window.row.details, repetitions: window.repetitions } })
  }

  return {
    add: (row) => {
      const key = sameness(row)
      const window = windows.get(key)
      if (window) {
        window.row = row
        window.repetitions += 1
        return
      }
      write(row)
      if (windows.size >= MOST_WINDOWS) return
      const timer = setTimeout(() => closeWindow(key), WINDOW_MS)
      timer.unref()
      windows.set(key, { row, repetitions: 0, timer })
    },
    close: () => {
      for (const key of [...windows.keys()]) closeWindow(key)
    },
  }
}

/** Views of the audit log differ by who looks and at what: only administrators make them. */
const sameness = ({ eventType, action, actorIp, actorUserId, clientId, resourceId, details }: AuditRow): string =>
  JSON.stringify([
    ...[eventType, action, actorIp, clientId, resourceId, details?.reason],
    ...(eventType === 'AUDIT_LOG_VIEWED' ? [actorUserId, details?.filters] : []),
  ])
