/** The database at start: taken over, opened, migrated, and, when that fails, one line that says what to do about it. */
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from './clock'
import { createProgress, logLines } from './commands/progress'
import type { Settings } from './config/settings'
import type { Logger } from './context'
import type { Database } from './db/database'
import { openDatabase } from './db/open'
import { withStatementLog } from './db/statement-log'
import { StartError } from './start-error'
import { type Takeover, takeOverAtStart } from './takeover/at-start'

/** Throws `StartError`. The caller closes what is returned. */
export async function openStore(settings: Settings, log: Logger, takeover: Takeover): Promise<Database> {
  let db: Database | undefined
  try {
    await takeOverAtStart(settings, log, takeover)
    db = openDatabase(settings)
    const progress = createProgress(systemClock, logLines(log, 'Schema'))
    const applied = await db.migrate((done, of, tag) => progress.show(done, of, `applying ${tag}`))
    if (applied.length > 0) log.info({ migrations: applied.join(',') }, 'Database schema updated')
    return withStatementLog(db, settings.DB_LOG_LEVEL, log)
  } catch (error) {
    await db?.close().catch(() => {})
    throw databaseStartError(settings, error)
  }
}

/** For a process whose supervisor has prepared the database. Throws `StartError`. */
export async function openPreparedStore(settings: Settings, log: Logger): Promise<Database> {
  let db: Database | undefined
  try {
    db = openDatabase(settings, { migrated: true })
    await db.ping()
    return withStatementLog(db, settings.DB_LOG_LEVEL, log)
  } catch (error) {
    await db?.close().catch(() => {})
    throw databaseStartError(settings, error)
  }
}

/** Throws `StartError` when the folder of the SQLite file cannot take one. Creates nothing. */
export function requireDatabaseFolder({ sqlite }: Pick<Settings, 'sqlite'>): void {
  if (!sqlite || sqlite.path === ':memory:') return
  const folder = dirname(sqlite.path)
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    const what = codeOf(error) === 'ENOENT' ? 'does not exist' : 'cannot be written'
    throw new StartError(`${PREFIX}: the folder ${folder} of DATABASE_PATH ${what}; create it or name another`)
  }
}

const PREFIX = 'failed to initialize database'

const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? '')

/** What `error` means for somebody who can only change settings. Drivers' messages may quote secrets and stay out. */
export function databaseStartError(settings: Settings, error: unknown): StartError {
  if (error instanceof StartError) return error
  const code = codeOf(error) || codeOf((error as Error).cause) || (error as { reason?: string }).reason || ''
  if (settings.postgres) {
    const place = settings.postgres.hosts.join(',')
    const [what, remedy] = POSTGRES[code] ?? [code === '' ? safeMessage(error) : `error ${code}`, CHECK_DSN]
    return new StartError(`${PREFIX}: PostgreSQL at ${place}: ${what}; ${remedy}`)
  }
  const [what, remedy] = SQLITE[code] ??
    SQLITE[primary(code)] ?? [code === '' ? safeMessage(error) : `error ${code}`, CHECK_PATH]
  return new StartError(`${PREFIX}: SQLite file ${settings.sqlite?.path}: ${what}; ${remedy}`)
}

/** `SQLITE_CANTOPEN` of `SQLITE_CANTOPEN_ISDIR`. */
const primary = (code: string): string => code.split('_').slice(0, 2).join('_')

/** Errors without a driver's code are this program's own, such as a database that is newer than the program. */
const safeMessage = (error: unknown): string => (error instanceof Error ? error.message : 'unknown error')

const CHECK_DSN = 'check DATABASE_DSN'
const CHECK_PATH = 'check DATABASE_PATH'
const CHECK_HOST = 'check host and port in DATABASE_DSN, and that the server runs'
const CHECK_LOGIN = 'check user and password in DATABASE_DSN'
const CHECK_TLS = 'check sslmode and sslrootcert in DATABASE_DSN'

type Diagnosis = readonly [what: string, remedy: string]

const POSTGRES: Readonly<Record<string, Diagnosis>> = {
  ECONNREFUSED: ['connection refused', CHECK_HOST],
  ENOENT: ['no such socket', CHECK_HOST],
  ENOTFOUND: ['host not found', CHECK_HOST],
  EAI_AGAIN: ['host not found', CHECK_HOST],
  EHOSTUNREACH: ['host unreachable', CHECK_HOST],
  CONNECT_TIMEOUT: ['timeout, no answer', CHECK_HOST],
  CONNECTION_CLOSED: ['connection closed by the other side', CHECK_HOST],
  ECONNRESET: ['connection closed by the other side', CHECK_TLS],
  '28P01': ['password authentication failed', CHECK_LOGIN],
  '28000': ['login refused', CHECK_LOGIN],
  '3D000': ['the database does not exist', 'create it, or correct dbname in DATABASE_DSN'],
  '42501': ['permission denied', 'the user of DATABASE_DSN must be allowed to create tables'],
  '25006': ['the database is read-only', 'name the primary in DATABASE_DSN, or set target_session_attrs=read-write'],
  '55P03': ['its tables are in use by another process', 'stop every process of the former version'],
  '53300': ['too many connections', 'lower DB_MAX_OPEN_CONNS, or raise max_connections of the server'],
  '57P03': ['it is starting up', 'try again'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate is not trusted', CHECK_TLS],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is not trusted', CHECK_TLS],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is not trusted', CHECK_TLS],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is not trusted', CHECK_TLS],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host', CHECK_TLS],
}

const SQLITE: Readonly<Record<string, Diagnosis>> = {
  ENOENT: ['its folder does not exist', 'create it, or set DATABASE_PATH'],
  EACCES: ['permission denied', 'make it readable and writable for this user, or set DATABASE_PATH'],
  EROFS: ['the file system is read-only', 'set DATABASE_PATH to a file on a writable one'],
  ENOSPC: ['no space left', 'make room, or set DATABASE_PATH to another file system'],
  SQLITE_CANTOPEN: ['it cannot be opened', CHECK_PATH],
  SQLITE_READONLY: ['it is read-only', 'make it writable for this user, or set DATABASE_PATH'],
  SQLITE_NOTADB: ['it is not a SQLite database', 'move it away, or set DATABASE_PATH'],
  SQLITE_CORRUPT: ['it is damaged', 'restore a backup, or set DATABASE_PATH'],
  SQLITE_FULL: ['no space left', 'make room, or set DATABASE_PATH to another file system'],
  SQLITE_BUSY: ['another process holds it', 'stop that process, or set DATABASE_PATH'],
}
