/** `authgate keys`: the life of signing keys, from files to files. */
import { systemClock } from '../../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Clock } from '../../context'
import { DatabaseUnavailable } from '../../db/errors'
import { reportProblems } from '../check'
import type { Output } from '../output'
import { type KeysCommand, type KeysOptions, readKeysArguments } from './arguments'
import { generate } from './generate'
import { list, listJson } from './list'
import { KeysRefusal } from './refusal'
import { retire } from './retire'
import { withRing } from './ring'
import { rotate } from './rotate'
import { KEYS_USAGE } from './usage'

/** What a command is given by the process, or by a test. */
export interface KeysSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
}

/** Exit code: 0 when done, 1 when refused, 2 for an option there is not. */
export async function keys(argv: readonly string[], surroundings: KeysSurroundings): Promise<number> {
  const { output } = surroundings
  const invocation = readKeysArguments(argv)
  if ('badOption' in invocation) {
    output.error(invocation.badOption)
    output.out(KEYS_USAGE)
    return 2
  }
  if ('unknownCommand' in invocation) {
    output.out(`Unknown command: keys ${invocation.unknownCommand}\n\n${KEYS_USAGE}`)
    return 1
  }
  if ('help' in invocation || invocation.command === undefined) {
    output.out(KEYS_USAGE)
    return 'help' in invocation ? 0 : 1
  }
  try {
    await perform(invocation.command, invocation.options, surroundings)
    return 0
  } catch (error) {
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else if (error instanceof KeysRefusal) output.error(`authgate keys ${invocation.command}: ${error.message}`)
    else if (error instanceof DatabaseUnavailable)
      output.error(`authgate keys ${invocation.command}: the database does not answer`)
    else throw error
    return 1
  }
}

async function perform(command: KeysCommand, options: KeysOptions, surroundings: KeysSurroundings): Promise<void> {
  const { env, cwd, output, clock = systemClock } = surroundings
  if (command === 'generate') return generate(options, cwd, output)
  const { settings } = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() })
  await withRing(settings, clock, async (ring) => {
    if (command === 'list') await (options.json ? listJson : list)(ring, output)
    else if (command === 'rotate') await rotate(ring, options, clock.now(), output)
    else await retire(ring, options, clock.now(), output)
  })
}
