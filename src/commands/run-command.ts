/** What commands that work on the database of a server have in common: reading, help, refusals, exit codes. */
import { EvictionUnconfirmed } from '../cache/with-evictions'
import { ClientRefused } from '../clients/refused'
import { systemClock } from '../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../config/load'
import type { Clock, Context, Logger } from '../context'
import { createContext } from '../create-context'
import { DatabaseUnavailable } from '../db/errors'
import { UserRefused } from '../users/refused'
import { reportProblems } from './check'
import { type Given, readCommandLine } from './command-line'
import { DatabaseRefusal, withDatabase } from './database'
import type { Output } from './output'
import { refusalOf } from './refusals'
import type { CommandEntry } from './table'
import { helpOf } from './usage'

/** What a command is given by the process, or by a test. */
export interface Surroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
  /** Whole standard input as text. */
  readonly input?: () => Promise<string>
}

/** Why a command did nothing, in a line that says what to do. */
export class CommandRefusal extends Error {}

/** Nothing of the domain's own happens in a command that is worth a line, but what cannot be written is. */
const logTo = (output: Output): Logger => ({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (_, message) => output.error(message),
})

export interface Command {
  readonly entry: CommandEntry
  readonly notes: string
  /** Throws `CommandRefusal`, and what the domain throws. */
  run(ctx: Context, given: Given, surroundings: Surroundings): Promise<void>
}

/** Exit code: 0 when done, 1 when refused, 2 for a command line that is none. */
export async function runCommand(
  { entry, notes, run }: Command,
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { env, cwd, output, clock = systemClock } = surroundings
  const given = readGiven(entry, notes, argv, output)
  if (typeof given === 'number') return given
  try {
    const { settings } = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() })
    await withDatabase(settings, async (db) => {
      const ctx = createContext(settings, { db, clock, log: logTo(output) })
      try {
        await run(ctx, given, surroundings)
      } finally {
        await ctx.caches.close().catch(() => {})
      }
    })
    return 0
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else output.error(`authgate ${entry.name}${given.command && ` ${given.command}`}: ${reasonOf(error)}`)
    return 1
  }
}

/** What was given, or the exit code of a command that ends with its help text. */
export function readGiven(entry: CommandEntry, notes: string, argv: readonly string[], output: Output): Given | number {
  const line = readCommandLine(entry, argv)
  if ('options' in line) return line
  const help = helpOf(entry, notes)
  if ('badOption' in line) {
    output.error(line.badOption)
    output.out(help)
    return 2
  }
  if ('unknownCommand' in line) {
    output.out(`Unknown command: ${entry.name} ${line.unknownCommand}\n\n${help}`)
    return 1
  }
  output.out(help)
  return 'help' in line ? 0 : 1
}

/** Throws what is none of the expected refusals. */
function reasonOf(error: unknown): string {
  if (error instanceof CommandRefusal || error instanceof DatabaseRefusal) return error.message
  if (error instanceof UserRefused || error instanceof ClientRefused) return refusalOf(error)
  if (error instanceof EvictionUnconfirmed)
    return 'it is done, but the servers could not be told because Redis does not answer: until it does, they may go by their copies'
  if (error instanceof DatabaseUnavailable) return 'the database does not answer'
  throw error
}
