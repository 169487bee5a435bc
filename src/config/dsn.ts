/** Database connection strings: SQLite paths and URIs, PostgreSQL keyword and URL forms. */
import { readFileSync } from 'node:fs'
import type { Options } from 'postgres'
import type { SqliteOptions } from '../db/sqlite'

export type SqliteConnection = SqliteOptions

export interface PostgresConnection {
  readonly options: Options<Record<string, never>>
  /** Whether statements may be prepared; false behind transaction poolers. */
  readonly prepare: boolean
  readonly hosts: readonly string[]
  /** Whether the text says how TLS is used. */
  readonly sslmodeGiven: boolean
}

/** Says what is wrong without any value of the string but harmless ones. */
export class DsnError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>

const SQLITE_ALIASES: Readonly<Record<string, string>> = {
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
const SQLITE_IGNORED = new Set([
  ...['_locking_mode', '_cache_size', '_auto_vacuum', '_secure_delete', '_query_only', '_recursive_triggers'],
  ...['_case_sensitive_like', '_defer_foreign_keys', '_ignore_check_constraints', '_writable_schema', '_loc', '_mutex'],
  ...['_stmt_cache_size', '_txlock', '_auth', '_auth_user', '_auth_pass', '_auth_crypt', '_auth_salt'],
])

/** Reads a path, `:memory:`, or a `file:` URI with options. Unsupported options come back as warnings. */
export function parseSqliteDsn(dsn: string): { connection: SqliteConnection; warnings: string[] } {
  const warnings: string[] = []
  const [location, optionText = ''] = dsn.split('?', 2) as [string, string?]
  const isUri = location.startsWith('file:')
  const path = isUri ? decodeURIComponent(location.slice('file:'.length).replace(/^\/\/(localhost)?/, '')) : location
  const connection = { path, busyTimeoutMs: 5000 } as { -readonly [K in keyof SqliteConnection]: SqliteConnection[K] }
  for (const [givenName, value] of new URLSearchParams(optionText)) {
    const name = SQLITE_ALIASES[givenName] ?? givenName
    if (name === '_busy_timeout') connection.busyTimeoutMs = sqliteNumber(name, value)
    else if (name === '_journal_mode')
      connection.journalMode = sqliteWord(name, value, /^(wal|delete|truncate|persist)$/i)
    else if (name === '_synchronous') connection.synchronous = sqliteWord(name, value, /^(full|extra|normal|[123])$/i)
    else if (name === '_foreign_keys') connection.foreignKeys = /^(1|on|true|yes)$/i.test(value)
    else if (isUri && name === 'mode') {
      if (value === 'memory') connection.path = ':memory:'
      else if (value === 'ro') throw new DsnError('DATABASE_DSN: mode=ro: the server needs to write')
      else if (value !== 'rw' && value !== 'rwc') throw new DsnError('DATABASE_DSN: mode must be rw, rwc or memory')
    } else if (SQLITE_IGNORED.has(name) || name === 'cache')
      warnings.push(`DATABASE_DSN: option ${givenName} is recognised but has no effect`)
    else throw new DsnError(`DATABASE_DSN: unknown SQLite option ${givenName}`)
  }
  if (connection.path === '') throw new DsnError('DATABASE_DSN: no file name')
  return { connection, warnings }
}

function sqliteNumber(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new DsnError(`DATABASE_DSN: ${name} must be a number of milliseconds`)
  return Number(value)
}

function sqliteWord(name: string, value: string, accepted: RegExp): string {
  if (!accepted.test(value)) throw new DsnError(`DATABASE_DSN: ${name} has an unsupported value`)
  return value
}

const KEYWORD_PAIR = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\']|\\.)*))(?=\s|$)/y

function parseKeywords(dsn: string): Map<string, string> {
  const found = new Map<string, string>()
  const fail = (reason: string): never => {
    throw new DsnError(`cannot parse DATABASE_DSN: failed to parse as keyword/value (${reason})`)
  }
  const text = dsn.trimEnd()
  let at = 0
  while (at < text.length) {
    KEYWORD_PAIR.lastIndex = at
    const pair = KEYWORD_PAIR.exec(text)
    if (!pair) {
      const rest = text.slice(at)
      if (/\\$/.test(rest)) fail('invalid backslash')
      if (/^\s*[^\s=]+\s*=\s*'/.test(rest)) fail('unterminated quoted string in connection info string')
      return fail('invalid keyword/value')
    }
    at = KEYWORD_PAIR.lastIndex
    const value = (pair[2] ?? pair[3] ?? '').replace(/\\([\\'])/g, '$1')
    found.set((pair[1] as string).toLowerCase(), value)
  }
  return found
}

function parseUrl(dsn: string): Map<string, string> {
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(dsn)
  if (!parts) throw new DsnError('cannot parse DATABASE_DSN: failed to parse as URL')
  const [, credentials, authority = '', database = '', query = ''] = parts
  const found = new Map<string, string>()
  try {
    if (credentials !== undefined) {
      const [user = '', ...password] = credentials.split(':')
      if (user !== '') found.set('user', decodeURIComponent(user))
      if (password.length > 0) found.set('password', decodeURIComponent(password.join(':')))
    }
    const hosts: string[] = []
    const ports: string[] = []
    for (const place of authority.split(',').filter((text) => text !== '')) {
      const split = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(place)
      if (!split) throw new DsnError('cannot parse DATABASE_DSN: bad host or port')
      hosts.push(decodeURIComponent((split[1] as string).replace(/^\[|\]$/g, '')))
      ports.push(split[2] ?? '')
    }
    if (hosts.length > 0) found.set('host', hosts.join(','))
    if (ports.some((port) => port !== '')) found.set('port', ports.map((port) => port || '5432').join(','))
    if (database !== '') found.set('database', decodeURIComponent(database.replace(/^\/+/, '')))
  } catch (error) {
    if (error instanceof DsnError) throw error
    throw new DsnError('cannot parse DATABASE_DSN: bad percent-encoding')
  }
  const seen = new Set<string>()
  for (const [key, value] of new URLSearchParams(query)) {
    if (!seen.has(key)) found.set(key.toLowerCase(), value)
    seen.add(key)
  }
  return found
}

const FROM_ENVIRONMENT: Readonly<Record<string, string>> = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGDATABASE: 'database',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGAPPNAME: 'application_name',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGTZ: 'timezone',
  PGOPTIONS: 'options',
}

const REFUSED = ['service', 'servicefile', 'krbsrvname', 'krbspn', 'passfile', 'sslpassword', 'channel_binding']

/** Connection options for the `postgres` package. `connectTimeoutMs` applies when the string sets none. */
export function parsePostgresDsn(dsn: string, environment: Environment, connectTimeoutMs: number): PostgresConnection {
  const given = dsn === '' ? new Map() : /^postgres(ql)?:\/\//.test(dsn) ? parseUrl(dsn) : parseKeywords(dsn)
  const alias = given.get('dbname')
  if (alias !== undefined) given.set('database', alias)
  given.delete('dbname')
  const values = new Map<string, string>()
  for (const [variable, key] of Object.entries(FROM_ENVIRONMENT)) {
    const value = environment[variable]
    if (value) values.set(key, value)
  }
  for (const [key, value] of given) if (!(key === 'user' && value === '')) values.set(key, value)

  const take = (key: string): string | undefined => {
    const value = values.get(key)
    values.delete(key)
    return value
  }
  for (const key of REFUSED)
    if (values.has(key)) throw new DsnError(`DATABASE_DSN: ${key} is not supported; give the values themselves`)

  const hosts = (take('host') ?? 'localhost').split(',')
  const ports = (take('port') ?? '5432').split(',')
  const portNumbers = hosts.map((_, index) => Number(ports[index] ?? ports[0]))
  if (portNumbers.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535))
    throw new DsnError('DATABASE_DSN: port must be a number from 1 to 65535')
  const sslmode = take('sslmode')
  const ssl = sslOptions(sslmode, take('sslrootcert'), take('sslcert'), take('sslkey'))
  const mode = take('default_query_exec_mode') ?? 'cache_statement'
  const connectTimeout = take('connect_timeout')
  if (connectTimeout !== undefined && !/^\d+$/.test(connectTimeout))
    throw new DsnError('DATABASE_DSN: connect_timeout must be a number of seconds')
  const session = take('target_session_attrs')
  for (const key of ['statement_cache_capacity', 'description_cache_capacity', 'sslsni', 'sslnegotiation']) take(key)
  for (const key of ['min_protocol_version', 'max_protocol_version']) take(key)
  const zone = take('timezone') ?? take('time_zone')
  const user = take('user')
  const database = take('database')
  const password = take('password')
  const socket = hosts[0]?.startsWith('/') ? `${hosts[0]}/.s.PGSQL.${portNumbers[0]}` : undefined
  return {
    hosts,
    prepare: mode !== 'exec' && mode !== 'simple_protocol' && mode !== 'describe_exec',
    sslmodeGiven: sslmode !== undefined,
    options: {
      ...(socket ? { path: socket } : { host: hosts as unknown as string, port: portNumbers as unknown as number }),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(database === undefined ? {} : { database }),
      ...(session === undefined ? {} : { target_session_attrs: session as 'read-write' }),
      ssl: socket ? false : ssl,
      connect_timeout: connectTimeout === undefined ? connectTimeoutMs / 1000 : Number(connectTimeout),
      connection: { application_name: 'authgate', ...Object.fromEntries(values), ...(zone && { TimeZone: zone }) },
    },
  }
}

type SslOption = boolean | 'prefer' | 'require' | 'allow' | 'verify-full' | object

/** TLS by `sslmode`, as libpq understands it. Without a mode it is `prefer`. */
function sslOptions(
  mode: string | undefined,
  rootFile: string | undefined,
  certFile: string | undefined,
  keyFile: string | undefined,
): SslOption {
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new DsnError('DATABASE_DSN: sslcert and sslkey must be given together')
  const system = rootFile === 'system'
  const files = {
    ...(rootFile !== undefined && !system && { ca: readPem('sslrootcert', rootFile) }),
    ...(certFile !== undefined && { cert: readPem('sslcert', certFile) }),
    ...(keyFile !== undefined && { key: readPem('sslkey', keyFile) }),
  }
  const chainOnly = { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
  if (system) return { rejectUnauthorized: true, ...files }
  switch (mode) {
    case 'disable':
      return false
    case undefined:
    case 'allow':
    case 'prefer':
      return 'prefer'
    case 'require':
      return rootFile === undefined ? { ...files, rejectUnauthorized: false } : chainOnly
    case 'verify-ca':
      return chainOnly
    case 'verify-full':
      return { ...files, rejectUnauthorized: true }
    default:
      throw new DsnError('DATABASE_DSN: sslmode is invalid')
  }
}

function readPem(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new DsnError(`DATABASE_DSN: cannot read ${key} ${file}: ${(error as { code?: string }).code}`)
  }
}
