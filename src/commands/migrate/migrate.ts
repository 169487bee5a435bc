/** `authgate migrate`: what the database is, and how it becomes what this version needs. */
import { systemClock } from '../../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import { openDatabase } from '../../db/open'
import { databaseStartError } from '../../open-store'
import type { ConversionProgress } from '../../takeover/progress'
import { inspectDatabase, requireUsable, takeOver, tryTakeover } from '../../takeover/take-over'
import { reportProblems } from '../check'
import type { Output } from '../output'
import { createProgress, type Progress, type ProgressTarget, standardError } from '../progress'
import { type MigrateOptions, readMigrateArguments } from './arguments'
import { showReport, showStatus, stateOf } from './show'
import { MIGRATE_USAGE } from './usage'

/** What the command is given by the process, or by a test. */
export interface MigrateSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
  readonly progress?: ProgressTarget
}

const SOMETHING_TO_DO = 3

/** Exit code as in `MIGRATE_USAGE`. */
export async function migrate(argv: readonly string[], surroundings: MigrateSurroundings): Promise<number> {
  const { env, cwd, output, clock = systemClock } = surroundings
  const invocation = readMigrateArguments(argv)
  if ('badOption' in invocation) {
    output.error(invocation.badOption)
    output.out(MIGRATE_USAGE)
    return 2
  }
  if ('unknownCommand' in invocation) {
    output.out(`Unknown command: migrate ${invocation.unknownCommand}\n\n${MIGRATE_USAGE}`)
    return 1
  }
  if ('help' in invocation || invocation.command === undefined) {
    output.out(MIGRATE_USAGE)
    return 'help' in invocation ? 0 : 1
  }
  const { command, options } = invocation
  let settings: Settings
  try {
    // User codes are stored under a secret: one that was only made up for this run would be worth nothing.
    const write = command === 'up' && !options.dryRun
    settings = loadConfiguration({ env, cwd, write, nowMs: clock.now() }).settings
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    reportProblems(error, output)
    return 1
  }
  try {
    return command === 'status'
      ? await status(settings, options, output)
      : await up(settings, options, { ...surroundings, clock })
  } catch (error) {
    const { message } = databaseStartError(settings, error)
    output.error(`authgate migrate ${command}: ${message}`)
    return 1
  }
}

async function status(settings: Settings, { json }: MigrateOptions, output: Output): Promise<number> {
  const recognition = await inspectDatabase(settings)
  showStatus(settings, recognition, json, output)
  switch (stateOf(recognition)) {
    case 'current':
      return 0
    case 'unusable':
      return 1
    default:
      return SOMETHING_TO_DO
  }
}

async function up(
  settings: Settings,
  { json, dryRun }: MigrateOptions,
  surroundings: MigrateSurroundings & { readonly clock: Clock },
): Promise<number> {
  const { output, clock } = surroundings
  const recognition = await inspectDatabase(settings)
  requireUsable(recognition)
  if (recognition.kind === 'existing') {
    const progress = createProgress(clock, surroundings.progress ?? standardError)
    const options = {
      settings,
      nowMs: clock.now(),
      tell: ({ step, done, total }: ConversionProgress) => progress.show(done, Math.max(total, 1), step),
    }
    const report = await (dryRun ? tryTakeover(options) : takeOver(options)).finally(() => progress.end())
    if (report) showReport(report, json, output)
    if (dryRun) return 0
  } else if (dryRun) {
    showStatus(settings, recognition, json, output)
    return stateOf(recognition) === 'unusable' ? 1 : 0
  }
  const applied = await applyMigrations(settings, createProgress(clock, surroundings.progress ?? standardError))
  if (recognition.kind !== 'existing') sayApplied(applied, json, output)
  return 0
}

/** Also after a conversion, which leaves nothing to apply: another process may have converted meanwhile. */
async function applyMigrations(settings: Settings, progress: Progress): Promise<readonly string[]> {
  const db = openDatabase(settings)
  try {
    return await db.migrate((done, of, tag) => progress.show(done, of, `applying ${tag}`))
  } finally {
    progress.end()
    await db.close().catch(() => {})
  }
}

function sayApplied(applied: readonly string[], json: boolean, output: Output): void {
  if (json) output.out(JSON.stringify({ applied }))
  else output.out(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'Nothing to do: the database is up to date')
}
