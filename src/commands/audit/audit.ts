/** `authgate audit`: verifies and exports the audit trail. */
import { systemClock, systemRandom } from '../../clock'
import { ConfigurationError, type Environment, loadConfiguration } from '../../config/load'
import type { Clock } from '../../context'
import { DatabaseUnavailable } from '../../db/errors'
import { deriveSecrets } from '../../secrets'
import { reportProblems } from '../check'
import { DatabaseRefusal, withDatabase } from '../database'
import type { Output } from '../output'
import { type ProgressTarget, standardError } from '../progress'
import { readAuditArguments } from './arguments'
import { ExportRefusal, exportRecords } from './export'
import { AUDIT_USAGE } from './usage'
import { verify } from './verify'

/** What a command is given by the process, or by a test. */
export interface AuditSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly output: Output
  readonly clock?: Clock
  readonly progress?: ProgressTarget
}

/** Could not be done: by its arguments, by the configuration, or by the database. */
const NOT_DONE = 2

/** Exit code: 0 when done, 1 when the trail was tampered with, 2 when it could not be looked at. */
export async function auditCommand(argv: readonly string[], surroundings: AuditSurroundings): Promise<number> {
  const { env, cwd, output, clock = systemClock, progress = standardError } = surroundings
  const invocation = readAuditArguments(argv)
  if ('badOption' in invocation || 'unknownCommand' in invocation) {
    output.error(
      'badOption' in invocation ? invocation.badOption : `Unknown command: audit ${invocation.unknownCommand}`,
    )
    output.out(AUDIT_USAGE)
    return NOT_DONE
  }
  if ('help' in invocation || invocation.command === undefined) {
    output.out(AUDIT_USAGE)
    return 'help' in invocation ? 0 : NOT_DONE
  }
  try {
    const { settings } = loadConfiguration({ env, cwd, write: false, nowMs: clock.now() })
    return await withDatabase(settings, async (db) => {
      const ctx = { settings, db, clock, random: systemRandom, secrets: deriveSecrets(settings) }
      if (invocation.command === 'verify') return verify(ctx, invocation, output, progress)
      await exportRecords(ctx, invocation, { cwd, output, progress })
      return 0
    })
  } catch (error) {
    const name = `authgate audit ${invocation.command}`
    if (error instanceof ConfigurationError) reportProblems(error, output)
    else if (error instanceof DatabaseRefusal || error instanceof ExportRefusal)
      output.error(`${name}: ${error.message}`)
    else if (error instanceof DatabaseUnavailable) output.error(`${name}: the database does not answer`)
    else throw error
    return NOT_DONE
  }
}
