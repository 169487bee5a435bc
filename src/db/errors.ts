import { Overdue } from './deadline'

/** A `must` or `guard` statement did not hold; nothing of its list was written. */
export class Conflict extends Error {
  constructor(
    /** The label of the statement that did not hold. */
    readonly label: string,
  ) {
    super(`conflict: ${label}`)
    this.name = 'Conflict'
  }
}

/** A unique index refused a row; nothing of the list was written. */
export class Duplicate extends Error {
  constructor(
    /** Constraint name on PostgreSQL, `table.column` on SQLite. */
    readonly constraint: string,
  ) {
    super(`duplicate: ${constraint}`)
    this.name = 'Duplicate'
  }
}

/** The database cannot answer now. The edge answers 503 with `Retry-After`. */
export class DatabaseUnavailable extends Error {
  constructor(
    /** Driver code such as `ECONNREFUSED` or `SQLITE_FULL`; never SQL or parameters. */
    readonly reason: string,
  ) {
    super(`database unavailable: ${reason}`)
    this.name = 'DatabaseUnavailable'
  }
}

/** A statement the database refused for another reason. Carries the driver's code only: messages quote parameters. */
export class DatabaseFault extends Error {
  constructor(
    readonly statement: string,
    readonly code: string,
  ) {
    super(`database refused statement ${statement}: ${code}`)
    this.name = 'DatabaseFault'
  }
}

const UNIQUE = new Set(['23505', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'])

/** SQLSTATE classes and driver codes that mean "not now" rather than "never". */
const UNAVAILABLE =
  /^(08|53|57P|58|25006|40|55P03|57014|CONNECT|ECONN|EPIPE|ENO(TFOUND|ENT)|E(HOST|NET)(UNREACH|DOWN)|ETIMEDOUT|EAI_|EADDR|EMFILE|ENFILE|ENOBUFS|ERR_(SOCKET|STREAM|SSL|TLS)|SQLITE_(BUSY|FULL|IOERR|READONLY|CANTOPEN|LOCKED|NOMEM|PROTOCOL))/

interface DriverError {
  code?: unknown
  message?: unknown
  constraint_name?: unknown
  cause?: unknown
}

/** Turns what a driver threw into one of the errors above, dropping every text that may quote a parameter. */
export function databaseError(thrown: unknown, statement: string): Error {
  if (thrown instanceof Conflict || thrown instanceof Duplicate || thrown instanceof DatabaseUnavailable) return thrown
  if (thrown instanceof Overdue) return new DatabaseUnavailable('no answer in time')
  const outer = thrown as DriverError
  const error = (outer?.cause ?? outer) as DriverError
  // No code: not a driver's error but a mistake of this program, such as a parameter that was not given.
  if (error?.code === undefined) return error instanceof Error ? error : new DatabaseFault(statement, 'unknown')
  const code = String(error.code)
  if (UNIQUE.has(code)) {
    const column = /constraint failed: ([\w.]+)/.exec(String(error.message))?.[1]
    return new Duplicate(String(error.constraint_name ?? column ?? 'unknown'))
  }
  if (UNAVAILABLE.test(code)) return new DatabaseUnavailable(code)
  return new DatabaseFault(statement, code)
}
