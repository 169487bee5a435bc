/**
 * The buffered writer, for events that change nothing (a failed login, a refused token).
 *
 * Recording never waits. A flood of ordinary events cannot push out the others: half of the queue is kept for events
 * that are not INFO, and a CRITICAL event that finds the queue full is written by itself at once.
 */
import type { Context } from '../context'
import { commit, run } from '../db/commit'
import { insertAuditRow } from './audit'
import type { AuditEvent } from './events'
import { createRepetitionFilter } from './repetition'
import { type AuditRow, auditRow } from './row'

export interface AuditWriter {
  /** Queues an event. `ctx` is the request's, so that the row says where it came from. */
  record(ctx: Context, event: AuditEvent): void
  /**
   * Queues an event that anybody can cause at will. Equal ones (type, client, address, `details.reason`) within a
   * minute become one more row with their number in `details.repetitions`.
   */
  recordRepeatable(ctx: Context, event: AuditEvent): void
  /** Stops accepting and writes what waits. Throws when that takes longer than `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>
}

const BATCH = 100
const FLUSH_INTERVAL_MS = 1_000

type WriterContext = Pick<Context, 'settings' | 'db' | 'log' | 'metrics'>

export function createAuditWriter(ctx: WriterContext): AuditWriter {
  if (!ctx.settings.ENABLE_AUDIT_LOGGING) return { record: () => {}, recordRepeatable: () => {}, stop: async () => {} }

  const limit = ctx.settings.AUDIT_LOG_BUFFER_SIZE
  const ordinaryLimit = Math.ceil(limit / 2)
  let queue: AuditRow[] = []
  let stopped = false
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const drop = (row: AuditRow, why: string) => {
    ctx.metrics.count('audit_events_dropped_total')
    ctx.log.warn({ event: row.eventType, action: row.action }, `${why}, dropping event`)
  }

  /** The row is not in the database: the log is the last place where it can survive. */
  const spill = (row: AuditRow, error: unknown) => {
    ctx.metrics.count('audit_events_write_failed_total')
    ctx.log.error({ audit: row, reason: (error as Error).message }, 'Failed to write audit event')
  }

  const writeRows = async (rows: AuditRow[]): Promise<void> => {
    const statements = rows.map((row) => run(insertAuditRow, row))
    try {
      await commit(ctx, statements)
    } catch {
      // One bad row must not take its neighbours with it.
      for (const row of rows) await commit(ctx, [run(insertAuditRow, row)]).catch((error) => spill(row, error))
    }
  }

  const drain = async (): Promise<void> => {
    while (queue.length > 0) await writeRows(queue.splice(0, BATCH))
  }

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    writing ??= drain().finally(() => {
      writing = undefined
      if (queue.length > 0) flush()
    })
  }

  const enqueue = (row: AuditRow) => {
    if (stopped) {
      drop(row, 'Audit service stopped')
      return
    }
    const room = row.severity === 'INFO' ? ordinaryLimit : limit
    if (queue.length >= room) {
      if (row.severity === 'CRITICAL') void writeRows([row])
      else drop(row, 'Audit log buffer full')
      return
    }
    queue.push(row)
    if (queue.length >= BATCH) flush()
    else timer ??= setTimeout(flush, FLUSH_INTERVAL_MS)
  }
  const repetitions = createRepetitionFilter(enqueue)

  return {
    record: (requestContext, event) => enqueue(auditRow(requestContext, event)),
    recordRepeatable: (requestContext, event) => repetitions.add(auditRow(requestContext, event)),
    stop: async (timeoutMs) => {
      repetitions.close()
      stopped = true
      flush()
      const finished = (async () => {
        while (writing) await writing
      })()
      const expired = Bun.sleep(timeoutMs).then(() => 'expired')
      if ((await Promise.race([finished, expired])) === 'expired' && queue.length + (writing ? 1 : 0) > 0) {
        const left = queue
        queue = []
        for (const row of left) spill(row, new Error('audit service shutdown timeout'))
        throw new Error('audit service shutdown timeout')
      }
    },
  }
}
