/**
 * Counts repetitions of one event instead of writing each.
 *
 * The first is written at once and opens a window; those that follow in it are counted, and one row with their number
 * closes it. What counts as the same is decided by facts an attacker cannot vary at will.
 */
import type { Context } from '../context'
import type { AuditEvent } from './events'

const WINDOW_MS = 60_000
/** Windows that may be open at once; beyond that every event is written, and the queue's own limits apply. */
const MOST_WINDOWS = 2_000

/** An event, when it happened (milliseconds since the epoch), and the request it came from. */
export interface Occurrence {
  readonly ctx: Context
  readonly event: AuditEvent
  readonly atMs: number
}

interface Window {
  latest: Occurrence
  repetitions: number
  readonly timer: ReturnType<typeof setTimeout>
}

export interface RepetitionFilter {
  /** Writes the event now, or counts it. */
  add(occurrence: Occurrence): void
  /** Closes every window and writes what they counted. */
  close(): void
}

export function createRepetitionFilter(write: (occurrence: Occurrence) => void): RepetitionFilter {
  const windows = new Map<string, Window>()

  const closeWindow = (key: string) => {
    const window = windows.get(key)
    if (!window) return
    windows.delete(key)
    clearTimeout(window.timer)
    if (window.repetitions > 0) write(withRepetitions(window))
  }

  return {
    add: (occurrence) => {
      const key = sameness(occurrence)
      const window = windows.get(key)
      if (window) {
        window.latest = occurrence
        window.repetitions += 1
        return
      }
      write(occurrence)
      if (windows.size >= MOST_WINDOWS) return
      const timer = setTimeout(() => closeWindow(key), WINDOW_MS)
      timer.unref()
      windows.set(key, { latest: occurrence, repetitions: 0, timer })
    },
    close: () => {
      for (const key of [...windows.keys()]) closeWindow(key)
    },
  }
}

function withRepetitions({ latest, repetitions }: Window): Occurrence {
  const { event } = latest
  return { ...latest, event: { ...event, details: { ...event.details, repetitions } } }
}

/** Of each fact: longer ones come from a request and would only fill memory. */
const FACT_LIMIT = 255

/** Views of the audit log differ by who looks and at what: only administrators make them. */
function sameness({ ctx, event }: Occurrence): string {
  const { event: type, action, clientId, resource, details, actor } = event
  const facts = [type, action, ctx.request?.ip, clientId, resource?.id, details?.reason]
  if (type === 'AUDIT_LOG_VIEWED') facts.push(actor?.id, JSON.stringify(details?.filters))
  return facts.map((fact) => String(fact ?? '').slice(0, FACT_LIMIT)).join('\n')
}
