/**
 * The buffered writer, for events that change nothing (a failed login, a refused token).
 *
 * Recording never waits. A flood of ordinary events cannot push out the others: half of the queue is kept for events
 * that are not INFO, and a CRITICAL event that finds the queue full is written by itself at once. While the database is
 * away, events wait in the queue; what cannot be written in the end goes to the log, whole.
 */
import type { Context } from '../context'
import { commit, DatabaseUnavailable, Duplicate, run } from '../db/commit'
import { insertAuditRow } from './audit'
import type { AuditEvent } from './events'
import { createRepetitionFilter } from './repetition'
import { type AuditRow, auditRow } from './row'

export interface AuditWriter {
  /** Queues an event. `ctx` is the request's, so that the row says where it came from. */
  record(ctx: Context, event: AuditEvent): void
  /**
   * Queues an event that is caused at will or by every request. Equal ones (type, action, client, address, resource,
   * `details.reason`) within a minute become one more row with their number in `details.repetitions`.
   */
  recordRepeatable(ctx: Context, event: AuditEvent): void
  /** Stops accepting and writes what waits. Throws when that takes longer than `timeoutMs`; the rest is in the log. */
  stop(timeoutMs: number): Promise<void>
}

const BATCH = 100
const FLUSH_INTERVAL_MS = 1_000
/** Pauses between attempts to reach a database that is away; after the last the rows go to the log. */
const RETRY_PAUSES_MS = [200, 1_000, 3_000, 10_000]

type WriterContext = Pick<Context, 'settings' | 'db' | 'log' | 'metrics'>

export function createAuditWriter(ctx: WriterContext): AuditWriter {
  if (!ctx.settings.ENABLE_AUDIT_LOGGING) return { record: () => {}, recordRepeatable: () => {}, stop: async () => {} }

  const limit = ctx.settings.AUDIT_LOG_BUFFER_SIZE
  const ordinaryLimit = Math.ceil(limit / 2)
  let queue: AuditRow[] = []
  const unwritten = new Set<AuditRow>()
  const urgent = new Set<Promise<void>>()
  let stopped = false
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const drop = (row: AuditRow, why: string) => {
    ctx.metrics.count('audit_events_dropped_total')
    ctx.log.warn({ event: row.eventType, action: row.action }, `${why}, dropping event`)
  }

  /** The row is not in the database: the log is the last place where it can survive. */
  const spill = (row: AuditRow, error: unknown) => {
    // A duplicate is there already: an earlier attempt was durable although its answer got lost.
    if (!unwritten.delete(row) || error instanceof Duplicate) return
    ctx.log.error({ audit: row, reason: (error as Error).message }, 'Failed to write audit event')
  }

  const insert = async (rows: readonly AuditRow[]): Promise<void> => {
    await commit(
      ctx,
      rows.map((row) => run(insertAuditRow, row)),
    )
    for (const row of rows) unwritten.delete(row)
  }

  /** Waits for a database that is away. Throws what the last attempt came to. */
  const insertPatiently = async (rows: readonly AuditRow[]): Promise<void> => {
    for (const pause of RETRY_PAUSES_MS) {
      try {
        return await insert(rows)
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable)) throw error
        await Bun.sleep(pause)
      }
    }
    await insert(rows)
  }

  const writeRows = async (rows: readonly AuditRow[]): Promise<void> => {
    for (const row of rows) unwritten.add(row)
    try {
      await insert(rows)
    } catch {
      ctx.metrics.count('audit_events_write_failed_total', {}, rows.length)
      await insertPatiently(rows).catch(async (error) => {
        if (error instanceof DatabaseUnavailable) for (const row of rows) spill(row, error)
        // One bad row must not take its neighbours with it.
        else for (const row of rows) await insert([row]).catch((reason) => spill(row, reason))
      })
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

  const writeNow = (row: AuditRow) => {
    const written: Promise<void> = writeRows([row]).finally(() => urgent.delete(written))
    urgent.add(written)
  }

  const enqueue = (row: AuditRow) => {
    if (stopped) {
      drop(row, 'Audit service stopped')
      return
    }
    const room = row.severity === 'INFO' ? ordinaryLimit : limit
    if (queue.length >= room) {
      if (row.severity === 'CRITICAL') writeNow(row)
      else drop(row, 'Audit log buffer full')
      return
    }
    queue.push(row)
    if (queue.length >= BATCH) flush()
    else timer ??= setTimeout(flush, FLUSH_INTERVAL_MS)
  }
  // A repetition costs no row: most requests of a busy resource server are one.
  const repetitions = createRepetitionFilter(({ ctx: requestContext, event, atMs }) =>
    enqueue(auditRow(requestContext, event, new Date(atMs))),
  )

  const finish = async (): Promise<void> => {
    while (writing || urgent.size > 0) await Promise.all([writing, ...urgent])
  }

  return {
    record: (requestContext, event) => enqueue(auditRow(requestContext, event)),
    recordRepeatable: (requestContext, event) =>
      repetitions.add({ ctx: requestContext, event, atMs: requestContext.clock.now() }),
    stop: async (timeoutMs) => {
      repetitions.close()
      stopped = true
      flush()
      const late = Promise.withResolvers<never>()
      const limitTimer = setTimeout(() => late.reject(new Error('audit service shutdown timeout')), timeoutMs)
      try {
        await Promise.race([finish(), late.promise])
      } catch (error) {
        for (const row of queue) unwritten.add(row)
        queue = []
        for (const row of [...unwritten]) spill(row, error)
        throw error
      } finally {
        clearTimeout(limitTimer)
      }
    },
  }
}
