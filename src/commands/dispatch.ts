/** From the command line to one command. */
import { admin } from './admin/admin'
import { type OwnArguments, readArguments } from './arguments'
import { auditCommand } from './audit/audit'
import { backup, restore } from './backup/backup'
import { check } from './check'
import { client } from './client/client'
import { clients } from './clients/clients'
import { completion } from './completion/completion'
import { copy } from './copy/copy'
import { doctor } from './doctor/doctor'
import { healthcheck } from './healthcheck'
import { keys } from './keys/keys'
import { printLicenses } from './licenses/licenses'
import { migrate } from './migrate/migrate'
import type { Output } from './output'
import { server } from './server'
import { CHECK, HEALTHCHECK, VERSION } from './table'
import { token } from './token/token'
import { helpOf, USAGE } from './usage'
import { versionJson, versionText } from './version'

/** What the process gives a command. */
export interface Surroundings {
  readonly env: Record<string, string | undefined>
  readonly cwd: string
  readonly output: Output
}

/** Commands that read the arguments after their name themselves. `clients` is the former name of a part of `client`. */
const WITH_ARGUMENTS: Readonly<
  Record<OwnArguments, (rest: readonly string[], surroundings: Surroundings) => number | Promise<number>>
> = {
  ...{ admin, client, clients, token, keys, migrate, doctor, backup, restore, copy },
  audit: auditCommand,
  completion: (rest, { output }) => completion(rest, output),
  licenses: (rest, { output }) => printLicenses(rest, output),
}

/** Of the commands whose options may stand before them. */
const HELP = {
  check: helpOf(CHECK, 'Exit codes: 0 a server would accept the configuration; 1 it would not; 2 wrong usage.'),
  healthcheck: helpOf(
    HEALTHCHECK,
    'Exit codes: 0 healthy; 1 not healthy, or no answer within two seconds; 2 wrong usage.',
  ),
  version: helpOf(VERSION, 'Exit codes: 0 printed; 2 wrong usage.'),
}

/** The exit code. Throws what is a fault of this program. */
export async function dispatch(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { env, cwd, output } = surroundings
  const { out, error } = output
  const invocation = readArguments(argv)
  if ('badOption' in invocation) {
    error(invocation.badOption)
    out(USAGE)
    return 2
  }
  if ('unknownCommand' in invocation) {
    out(`Unknown command: ${invocation.unknownCommand}\n\n${USAGE}`)
    return 1
  }
  const { command } = invocation
  if (command === undefined) {
    out(USAGE)
    return 1
  }
  if ('rest' in invocation) return WITH_ARGUMENTS[invocation.command](invocation.rest, surroundings)
  switch (invocation.command) {
    case 'server':
      return server(env, cwd, output)
    case 'check':
      return check(env, cwd, output, invocation.json)
    case 'healthcheck':
      return healthcheck(env, cwd, output, invocation.json)
    case 'version':
      out(invocation.json ? versionJson() : versionText())
      return 0
    case 'help':
      out(invocation.of ? HELP[invocation.of] : USAGE)
      return 0
  }
}
