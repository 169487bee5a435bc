/** Which database is meant, and whether the way to it is safe. */
import { DsnError } from './dsn-error'
import { type PostgresConnection, parsePostgresDsn } from './postgres-dsn'
import { type Check, isLoopbackHost } from './rules/check'
import type { Environment } from './sources'
import { parseSqliteDsn, type SqliteConnection } from './sqlite-dsn'

export interface Connections {
  readonly sqlite: SqliteConnection | undefined
  readonly postgres: PostgresConnection | undefined
}

/** `environment` may hold `PG*` variables. */
export function readConnections(check: Check, environment: Environment): Connections {
  const { values, problem } = check
  try {
    if (values.DATABASE_DRIVER === 'sqlite') return { sqlite: readSqlite(check), postgres: undefined }
    if (values.DATABASE_DRIVER === 'postgres') return { sqlite: undefined, postgres: readPostgres(check, environment) }
    problem(`unsupported database driver: ${values.DATABASE_DRIVER} (DATABASE_DRIVER must be sqlite or postgres)`)
  } catch (error) {
    if (!(error instanceof DsnError)) throw error
    problem(error.message)
  }
  return { sqlite: undefined, postgres: undefined }
}

function readSqlite({ values, warn }: Check): SqliteConnection {
  const { connection, warnings } = parseSqliteDsn(values.DATABASE_DSN || values.DATABASE_PATH)
  if (connection.path === ':memory:' && values.WORKERS > 1)
    throw new DsnError(
      `WORKERS=${values.WORKERS} needs a database that processes can share: set DATABASE_PATH to a file`,
    )
  for (const warning of warnings) warn(warning)
  return connection
}

function readPostgres({ values, production, problem, warn }: Check, environment: Environment): PostgresConnection {
  const postgres = parsePostgresDsn(values.DATABASE_DSN, environment, values.DB_INIT_TIMEOUT)
  const isRemote = postgres.hosts.some((host) => !host.startsWith('/') && !isLoopbackHost(host.toLowerCase()))
  if (isRemote && !postgres.sslmodeGiven) {
    const text = 'DATABASE_DSN names no sslmode: the connection may fall back to plain text'
    if (production) problem(`${text}; set sslmode=verify-full, or another mode explicitly`)
    else warn(text)
  }
  return postgres
}
