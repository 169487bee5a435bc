/** `authgate clients`: decides about clients that registered themselves. */
import { findSubject, type ReviewContext } from '../../clients/review'
import { systemClock, systemRandom } from '../../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Clock } from '../../context'
import { DatabaseUnavailable } from '../../db/errors'
import { reportProblems } from '../check'
import { DatabaseRefusal, withDatabase } from '../database'
import type { Output } from '../output'
import { type ClientsCommand, type ClientsOptions, readClientsArguments } from './arguments'
import { decide } from './decide'
import { ClientsRefusal } from './refusal'
import { list, listJson, quoted, show, showJson } from './show'
import { CLIENTS_USAGE } from './usage'

/** What a command is given by the process, or by a test. */
export interface ClientsSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
}

/** Exit code: 0 when done, 1 when refused, 2 for an option there is not. */
export async function clients(argv: readonly string[], surroundings: ClientsSurroundings): Promise<number> {
  const { env, cwd, output, clock = systemClock } = surroundings
  const invocation = readClientsArguments(argv)
  if ('badOption' in invocation) {
    output.error(invocation.badOption)
    output.out(CLIENTS_USAGE)
    return 2
  }
  if ('unknownCommand' in invocation) {
    output.out(`Unknown command: clients ${invocation.unknownCommand}\n\n${CLIENTS_USAGE}`)
    return 1
  }
  if ('help' in invocation || invocation.command === undefined) {
    output.out(CLIENTS_USAGE)
    return 'help' in invocation ? 0 : 1
  }
  const { command, options } = invocation
  try {
    const { settings } = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() })
    await withDatabase(settings, (db) =>
      perform({ settings, db, clock, random: systemRandom }, command, options, output),
    )
    return 0
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else if (error instanceof ClientsRefusal || error instanceof DatabaseRefusal)
      output.error(`authgate clients ${command}: ${error.message}`)
    else if (error instanceof DatabaseUnavailable)
      output.error(`authgate clients ${command}: the database does not answer`)
    else throw error
    return 1
  }
}

/** Throws `ClientsRefusal` and `DatabaseUnavailable`. */
export async function perform(
  ctx: ReviewContext,
  command: ClientsCommand,
  options: ClientsOptions,
  output: Output,
): Promise<void> {
  if (command === 'list') return await (options.json ? listJson : list)(ctx, options.all, output)
  const subject = await findSubject(ctx, options.id)
  if (!subject) throw new ClientsRefusal(`there is no client and no change with the id ${quoted(options.id)}`)
  if (command === 'show') (options.json ? showJson : show)(subject, output)
  else await decide(ctx, command, subject, options, output)
}
