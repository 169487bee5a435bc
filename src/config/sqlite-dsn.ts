/** Where the SQLite file is: a path, `:memory:`, or a `file:` URI, with options after `?`. */
import type { SqliteOptions } from '../db/sqlite'
import { DsnError } from './dsn-error'

export type SqliteConnection = SqliteOptions

const ALIASES: Readonly<Record<string, string>> = {
  _timeout: '_busy_timeout',
  _journal: '_journal_mode',
  _fk: '_foreign_keys',
  _sync: '_synchronous',
  _locking: '_locking_mode',
  _vacuum: '_auto_vacuum',
  _rt: '_recursive_triggers',
  _cslike: '_case_sensitive_like',
  _defer_fk: '_defer_foreign_keys',
}
/** Options that mean what the server does anyway. */
const AS_IT_IS: Readonly<Record<string, string>> = { _txlock: 'immediate', _locking_mode: 'normal', cache: 'private' }
/** Options of other programs that open such files. */
const WITHOUT_EFFECT = new Set([
  ...['_txlock', '_locking_mode', '_cache_size', '_auto_vacuum', '_secure_delete', '_query_only'],
  ...['_recursive_triggers', '_case_sensitive_like', '_defer_foreign_keys', '_ignore_check_constraints'],
  ...['_writable_schema', '_loc', '_mutex', '_stmt_cache_size'],
  ...['_auth', '_auth_user', '_auth_pass', '_auth_crypt', '_auth_salt'],
])

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Throws `DsnError`. Options that are known and have no effect come back as warnings. */
export function parseSqliteDsn(dsn: string): { connection: SqliteConnection; warnings: string[] } {
  const warnings: string[] = []
  const question = dsn.indexOf('?')
  const location = question < 0 ? dsn : dsn.slice(0, question)
  const isUri = location.startsWith('file:')
  const connection: Mutable<SqliteConnection> = {
    path: isUri ? pathOfUri(location) : location,
    busyTimeoutMs: 5000,
  }
  for (const [givenName, value] of new URLSearchParams(question < 0 ? '' : dsn.slice(question))) {
    const name = ALIASES[givenName] ?? givenName
    if (applyOption(connection, name, value)) continue
    if (isUri && name === 'mode') applyMode(connection, value)
    else if (AS_IT_IS[name] === value.toLowerCase()) continue
    else if (WITHOUT_EFFECT.has(name) || !name.startsWith('_'))
      warnings.push(`DATABASE_DSN: option ${givenName} has no effect`)
    else throw new DsnError(`DATABASE_DSN: unknown SQLite option ${givenName}; remove it`)
  }
  if (connection.path === '') throw new DsnError('DATABASE_DSN: no file name; it must name one, or :memory:')
  return { connection, warnings }
}

/** `file:name`, `file:/path`, `file:///path`, `file://localhost/path` (RFC 8089). */
function pathOfUri(uri: string): string {
  const [, authority = '', path = ''] = /^file:(?:\/\/([^/]*))?(.*)$/s.exec(uri) ?? []
  if (authority !== '' && authority !== 'localhost')
    throw new DsnError('DATABASE_DSN: the file: URI names a host; it must be file:/path or file:///path')
  try {
    return decodeURIComponent(path)
  } catch {
    throw new DsnError('DATABASE_DSN: bad percent-encoding in the file: URI; write % as %25')
  }
}

function applyOption(connection: Mutable<SqliteConnection>, name: string, value: string): boolean {
  if (name === '_busy_timeout') connection.busyTimeoutMs = milliseconds(name, value)
  else if (name === '_journal_mode')
    connection.journalMode = oneOf(name, value, ['wal', 'delete', 'truncate', 'persist'])
  else if (name === '_synchronous')
    connection.synchronous = oneOf(name, value, ['full', 'extra', 'normal', '1', '2', '3'])
  else if (name === '_foreign_keys')
    connection.foreignKeys = /^(?:1|on|true|yes)$/.test(
      oneOf(name, value, ['1', 'on', 'true', 'yes', '0', 'off', 'false', 'no']),
    )
  else return false
  return true
}

function applyMode(connection: Mutable<SqliteConnection>, mode: string): void {
  if (mode === 'memory') connection.path = ':memory:'
  else if (mode === 'ro') throw new DsnError('DATABASE_DSN: mode=ro: the server needs to write; use mode=rwc')
  else if (mode !== 'rw' && mode !== 'rwc') throw new DsnError('DATABASE_DSN: mode must be rw, rwc or memory')
}

function milliseconds(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new DsnError(`DATABASE_DSN: ${name} must be a number of milliseconds`)
  return Number(value)
}

function oneOf(name: string, value: string, accepted: readonly string[]): string {
  const word = value.toLowerCase()
  if (!accepted.includes(word)) throw new DsnError(`DATABASE_DSN: ${name} must be one of ${accepted.join(', ')}`)
  return word
}
