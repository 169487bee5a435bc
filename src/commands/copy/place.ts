/** Which database a DSN on the command line means. */
import { DsnError } from '../../config/dsn-error'
import { parsePostgresDsn } from '../../config/postgres-dsn'
import type { Environment } from '../../config/sources'
import { parseSqliteDsn } from '../../config/sqlite-dsn'
import { type Place, TransferRefusal } from '../../transfer/place'

const CONNECT_TIMEOUT_MS = 10_000
const POSTGRES = /^postgres(?:ql)?:\/\/|(?:^|\s)(?:host|hostaddr|port|user|dbname|database)\s*=/i

/** Throws `TransferRefusal`; never quotes the text, which may hold a password. */
export function readPlace(option: string, given: string, environment: Environment): Place {
  const [, variable] = /^env:(.*)$/s.exec(given) ?? []
  const dsn = variable === undefined ? given : environment[variable]
  if (!dsn) throw new TransferRefusal(`-${option}: the variable ${variable} is not set`)
  try {
    if (POSTGRES.test(dsn) && !dsn.startsWith('file:'))
      return { postgres: parsePostgresDsn(dsn, environment, CONNECT_TIMEOUT_MS), sqlite: undefined }
    const { connection } = parseSqliteDsn(dsn)
    if (connection.path === ':memory:') throw new TransferRefusal(`-${option}: a database in memory cannot be copied`)
    return { sqlite: connection, postgres: undefined }
  } catch (error) {
    if (error instanceof DsnError)
      throw new TransferRefusal(`-${option}: ${error.message.replaceAll('DATABASE_DSN', 'the DSN')}`)
    throw error
  }
}
