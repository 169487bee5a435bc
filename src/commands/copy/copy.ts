/** `authgate copy`: a whole database into an empty one. */
import { resolve } from 'node:path'
import { systemClock } from '../../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Clock } from '../../context'
import { type CopiedTable, copyDatabase } from '../../transfer/copy'
import { type Place, placeText, TransferRefusal } from '../../transfer/place'
import { reportProblems } from '../check'
import type { Output } from '../output'
import { createProgress, type ProgressTarget, standardError } from '../progress'
import { type CopyOptions, readCopyArguments } from './arguments'
import { readPlace } from './place'
import { COPY_USAGE } from './usage'

/** What the command is given by the process, or by a test. */
export interface CopySurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
  readonly progress?: ProgressTarget
}

/** Exit code as in `COPY_USAGE`. */
export async function copy(argv: readonly string[], surroundings: CopySurroundings): Promise<number> {
  const { output } = surroundings
  const invocation = readCopyArguments(argv)
  if ('badOption' in invocation) {
    output.error(invocation.badOption)
    output.out(COPY_USAGE)
    return 2
  }
  if ('help' in invocation) {
    output.out(COPY_USAGE)
    return 0
  }
  try {
    await perform(invocation, surroundings)
    return 0
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else output.error(`authgate copy: ${reasonOf(error)}; nothing was copied`)
    return 1
  }
}

async function perform(options: CopyOptions, surroundings: CopySurroundings): Promise<void> {
  const { env, cwd, output, clock = systemClock } = surroundings
  const from = options.from === undefined ? settingsPlace(surroundings, clock) : readPlace('from', options.from, env)
  const to = readPlace('to', options.to, env)
  if (from.sqlite && to.sqlite && resolve(cwd, from.sqlite.path) === resolve(cwd, to.sqlite.path))
    throw new TransferRefusal('-from and -to are the same file')
  const asOf = new Date(clock.now())
  const progress = createProgress(clock, surroundings.progress ?? standardError)
  const tables = await copyDatabase(from, to, progress.show).finally(progress.end)
  show({ from, to, asOf, tables }, options.json, output)
}

function settingsPlace({ env, cwd }: CopySurroundings, clock: Clock): Place {
  const { settings } = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() })
  if (settings.sqlite?.path === ':memory:') throw new TransferRefusal('a database in memory cannot be copied')
  return settings
}

interface Outcome {
  readonly from: Place
  readonly to: Place
  readonly asOf: Date
  readonly tables: readonly CopiedTable[]
}

function show({ from, to, asOf, tables }: Outcome, json: boolean, output: Output): void {
  const [source, target] = [placeText(from), placeText(to)]
  if (json) {
    output.out(JSON.stringify({ from: source, to: target, asOf: asOf.toISOString(), tables }))
    return
  }
  output.out('table                          rows  checksum')
  for (const { table, rows, checksum } of tables)
    output.out(`${table.padEnd(24)}${String(rows).padStart(11)}  ${checksum.slice(0, 16)}`)
  output.out(`Copied from ${source} to ${target}: rows and checksums are equal`)
  output.out(`What is written to the source after ${asOf.toISOString()} is not in the copy`)
}

/** Drivers' messages may quote values and stay out; their codes say enough. */
function reasonOf(error: unknown): string {
  if (error instanceof TransferRefusal) return error.message
  const code = (error as { code?: unknown }).code
  if (code !== undefined) return `the database refused: ${String(code)}`
  return error instanceof Error ? error.message : 'unexpected error'
}
