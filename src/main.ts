/** The executable: from the command line to one command. */
import { admin } from './commands/admin/admin'
import { type OwnArguments, readArguments } from './commands/arguments'
import { auditCommand } from './commands/audit/audit'
import { backup, restore } from './commands/backup/backup'
import { check } from './commands/check'
import { client } from './commands/client/client'
import { clients } from './commands/clients/clients'
import { completion } from './commands/completion/completion'
import { copy } from './commands/copy/copy'
import { doctor } from './commands/doctor/doctor'
import { healthcheck } from './commands/healthcheck'
import { keys } from './commands/keys/keys'
import { printLicenses } from './commands/licenses/licenses'
import { migrate } from './commands/migrate/migrate'
import { type Output, terminal } from './commands/output'
import { server } from './commands/server'
import { token } from './commands/token/token'
import { USAGE } from './commands/usage'
import { versionText } from './commands/version'
import { errorText } from './log'

interface Surroundings {
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

async function main(argv: readonly string[]): Promise<number> {
  const { out, error } = terminal
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
  if ('rest' in invocation)
    return WITH_ARGUMENTS[invocation.command](invocation.rest, {
      env: process.env,
      cwd: process.cwd(),
      output: terminal,
    })
  switch (invocation.command) {
    case 'server':
      return server(process.env, process.cwd(), terminal)
    case 'check':
      return check(process.env, process.cwd(), terminal)
    case 'healthcheck':
      return healthcheck(process.env, process.cwd(), terminal)
    case 'version':
      out(versionText())
      return 0
    case 'help':
      out(USAGE)
      return 0
  }
}

process.exit(
  await main(process.argv.slice(2)).catch((thrown) => {
    terminal.error(`authgate: unexpected error ${errorText(thrown)}`)
    return 1
  }),
)
