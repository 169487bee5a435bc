/** A server that starts on the database of an AuthGate 0.x deployment takes it over first, and says so in its log. */
import { systemClock } from '../clock'
import { createProgress, logLines } from '../commands/progress'
import type { Settings } from '../config/settings'
import type { Logger } from '../context'
import type { TakeoverReport } from './report'
import { inspectDatabase, requireUsable, takeOver } from './take-over'

/** How the start is told: a conversion takes as long as it takes, and a signal ends it. */
export interface Takeover {
  readonly signal: AbortSignal
  begins(): void
  ended(): void
}

/** Does nothing to any other database. Throws `StartError` for one of something else, and what the driver throws. */
export async function takeOverAtStart(settings: Settings, log: Logger, takeover: Takeover): Promise<void> {
  const recognition = await inspectDatabase(settings)
  requireUsable(recognition)
  if (recognition.kind !== 'existing') return
  takeover.begins()
  log.info({}, 'The database is of AuthGate 0.x: backing it up and converting it')
  const progress = createProgress(systemClock, logLines(log, 'Conversion'))
  const report = await takeOver({
    settings,
    tell: ({ step, done, total }) => progress.show(done, Math.max(total, 1), step),
    signal: takeover.signal,
    nowMs: systemClock.now(),
  })
  takeover.ended()
  if (report) logReport(log, report)
}

/** Ids stay out of the log; `authgate migrate up --dry-run` prints them. */
function logReport(log: Logger, { tables, surplusColumns, backup }: TakeoverReport): void {
  for (const { table, found, kept, changed, notKept } of tables) {
    log.info({ table, found, kept }, `Converted ${table}: ${kept} of ${found} rows`)
    for (const { what, rows } of changed) log.info({ table, rows }, `${table}: ${rows} rows: ${what}`)
    for (const { what, rows } of notKept) log.warn({ table, rows }, `${table}: ${rows} rows are not kept: ${what}`)
  }
  if (surplusColumns.length > 0) log.warn({}, `Columns that are not kept: ${surplusColumns.join(', ')}`)
  log.info({}, `The database was converted. As it was before: ${backup}`)
}
