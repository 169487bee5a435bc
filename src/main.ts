/** The executable: from the command line to one command. */
import { admin } from './commands/admin/admin'
import { readArguments } from './commands/arguments'
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
import { terminal } from './commands/output'
import { server } from './commands/server'
import { token } from './commands/token/token'
import { USAGE } from './commands/usage'
import { versionText } from './commands/version'
import { errorText } from './log'

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
  switch (invocation.command) {
    case 'server':
      return server(process.env, process.cwd(), terminal)
    case 'check':
      return check(process.env, process.cwd(), terminal)
    case 'healthcheck':
      return healthcheck(process.env, process.cwd(), terminal)
    case 'admin':
      return admin(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'client':
      return client(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'token':
      return token(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'completion':
      return completion(invocation.rest, terminal)
    case 'licenses':
      return printLicenses(invocation.rest, terminal)
    case 'keys':
      return keys(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'clients':
      return clients(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'audit':
      return auditCommand(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'migrate':
      return migrate(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'doctor':
      return doctor(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'backup':
      return backup(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'restore':
      return restore(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'copy':
      return copy(invocation.rest, { env: process.env, cwd: process.cwd(), output: terminal })
    case 'version':
      out(versionText())
      return 0
    case 'help':
      out(USAGE)
      return 0
    case undefined:
      out(USAGE)
      return 1
  }
}

process.exit(
  await main(process.argv.slice(2)).catch((thrown) => {
    terminal.error(`authgate: unexpected error ${errorText(thrown)}`)
    return 1
  }),
)
