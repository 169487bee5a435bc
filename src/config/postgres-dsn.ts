/** Connection strings of PostgreSQL: `key=value` text and `postgres://` URLs, as libpq reads them. */
import { existsSync } from 'node:fs'
import type { Options } from 'postgres'
import { DsnError } from './dsn-error'
import { isTlsMode, TLS_MODES, tlsOptions } from './postgres-tls'

export interface PostgresConnection {
  readonly options: Options<Record<string, never>>
  /** Whether statements may be prepared; false behind transaction poolers. */
  readonly prepare: boolean
  readonly hosts: readonly string[]
  /** Whether the text says how TLS is used. */
  readonly sslmodeGiven: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

const PARSING = 'cannot parse DATABASE_DSN'

/**
 * White space; a key; `=`; a value in single quotes, or up to white space. A backslash protects what follows it.
 */
const PAIR = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:(?:[^\s\\']|\\.)(?:[^\s\\]|\\.)*)?))(?=\s|$)/sy

function parseKeywords(dsn: string): Map<string, string> {
  const found = new Map<string, string>()
  const text = dsn.trimEnd()
  let at = 0
  while (at < text.length) {
    PAIR.lastIndex = at
    const pair = PAIR.exec(text)
    if (!pair) {
      const reason = `failed to parse as keyword/value (${keywordProblem(text.slice(at))})`
      throw new DsnError(`${PARSING}: ${reason}; it must be key=value pairs, or a postgres:// URL`)
    }
    at = PAIR.lastIndex
    const value = (pair[2] ?? pair[3] ?? '').replace(/\\([\\'])/g, '$1')
    found.set((pair[1] as string).toLowerCase(), value)
  }
  return found
}

function keywordProblem(rest: string): string {
  if (/^\s*[^\s=]+\s*=\s*'(?:[^'\\]|\\.)*\\?$/s.test(rest))
    return 'unterminated quoted string in connection info string'
  if (/\\$/.test(rest)) return 'invalid backslash'
  return 'invalid keyword/value'
}

const URL_FORM = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/

/** Query parameters override the part before them. Of a repeated one the first counts. */
function parseUrl(dsn: string): Map<string, string> {
  const parts = URL_FORM.exec(dsn)
  if (!parts)
    throw new DsnError(`${PARSING}: failed to parse as URL; it must be postgres://user:password@host:port/name`)
  const [, credentials, authority = '', database = '', query = ''] = parts
  const found = new Map<string, string>()
  if (credentials !== undefined) {
    const [user = '', ...password] = credentials.split(':')
    found.set('user', decode(user))
    if (password.length > 0) found.set('password', decode(password.join(':')))
  }
  readAuthority(authority, found)
  const name = database.replace(/^\/+/, '')
  if (name !== '') found.set('database', decode(name))
  const fromQuery = new Map<string, string>()
  for (const [key, value] of new URLSearchParams(query)) {
    const lower = key.toLowerCase()
    if (!fromQuery.has(lower)) fromQuery.set(lower, value)
  }
  return new Map([...found, ...fromQuery])
}

function readAuthority(authority: string, found: Map<string, string>): void {
  const places = authority
    .split(',')
    .filter((text) => text !== '')
    .map((text) => /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text))
  const hosts = places.map((place) => {
    if (!place) throw new DsnError(`${PARSING}: bad host or port; it must be host:port, IPv6 in brackets`)
    return decode((place[1] as string).replace(/^\[|\]$/g, ''))
  })
  if (hosts.some((host) => host !== '')) found.set('host', hosts.join(','))
  if (places.some((place) => place?.[2])) found.set('port', places.map((place) => place?.[2] || '5432').join(','))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new DsnError(`${PARSING}: bad percent-encoding; write % as %25`)
  }
}

const FROM_ENVIRONMENT: Readonly<Record<string, string>> = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGDATABASE: 'database',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGPASSFILE: 'passfile',
  PGSERVICE: 'service',
  PGSERVICEFILE: 'servicefile',
  PGAPPNAME: 'application_name',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLPASSWORD: 'sslpassword',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGTZ: 'timezone',
  PGOPTIONS: 'options',
}

/** Keys of libpq whose meaning could not be kept: refused, rather than ignored. */
const REFUSED = ['service', 'servicefile', 'krbsrvname', 'krbspn', 'passfile', 'sslpassword']
/** Keys that tune a driver, or ask for what is done anyway. */
const DRIVER_KEYS = ['description_cache_capacity', 'sslsni', 'min_protocol_version', 'max_protocol_version']

const EXEC_MODES = ['cache_statement', 'cache_describe', 'describe_exec', 'exec', 'simple_protocol']
const UNPREPARED = new Set(['describe_exec', 'exec', 'simple_protocol'])
const SESSIONS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby']

const SOCKET_FOLDERS = ['/var/run/postgresql', '/private/tmp', '/tmp']

/** As libpq does: the local socket where there is one, else the loopback interface. */
const defaultHost = (port: string): string =>
  SOCKET_FOLDERS.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost'

/**
 * Options for the `postgres` package. Keys that are not about the connection itself are sent to the server as run-time
 * parameters. `connectTimeoutMs` applies when the text sets none. Throws `DsnError`.
 */
export function parsePostgresDsn(dsn: string, environment: Environment, connectTimeoutMs: number): PostgresConnection {
  const values = readValues(dsn, environment)
  const take = (key: string): string | undefined => {
    const value = values.get(key)
    values.delete(key)
    return value
  }
  const takeOneOf = (key: string, accepted: readonly string[]): string | undefined => {
    const value = take(key)
    if (value !== undefined && !accepted.includes(value))
      throw new DsnError(`DATABASE_DSN: ${key} is invalid (must be one of ${accepted.join(', ')})`)
    return value
  }
  for (const key of REFUSED)
    if (values.has(key)) throw new DsnError(`DATABASE_DSN: ${key} is not supported; give the values themselves`)
  if (take('channel_binding') === 'require')
    throw new DsnError('DATABASE_DSN: channel_binding=require is not supported; use sslmode=verify-full')
  for (const key of DRIVER_KEYS) take(key)

  const port = take('port') || '5432'
  const hosts = (take('host') || defaultHost(port)).split(',')
  const ports = portNumbers(port, hosts.length)
  const socket = hosts[0]?.startsWith('/') ? `${hosts[0]}/.s.PGSQL.${ports[0]}` : undefined
  const sslmode = take('sslmode')
  if (sslmode !== undefined && !isTlsMode(sslmode))
    throw new DsnError(`DATABASE_DSN: sslmode is invalid (must be one of ${TLS_MODES.join(', ')})`)
  const rootCertificate = take('sslrootcert')
  const ssl = tlsOptions(sslmode, rootCertificate, take('sslcert'), take('sslkey'))
  const negotiation = takeOneOf('sslnegotiation', ['postgres', 'direct'])
  const connectTimeout = take('connect_timeout')
  if (connectTimeout !== undefined && !/^\d{1,9}$/.test(connectTimeout))
    throw new DsnError('DATABASE_DSN: connect_timeout must be a number of seconds')
  const execMode = takeOneOf('default_query_exec_mode', EXEC_MODES) ?? 'cache_statement'
  const statementCache = take('statement_cache_capacity')
  const session = takeOneOf('target_session_attrs', SESSIONS)
  const zone = take('timezone') ?? take('time_zone')
  const [user, password, database] = [take('user'), take('password'), take('database')]

  return {
    hosts,
    prepare: !UNPREPARED.has(execMode) && statementCache !== '0',
    sslmodeGiven: sslmode !== undefined || rootCertificate === 'system',
    options: {
      // The package takes lists too, which its types do not say.
      ...(socket ? { path: socket } : { host: hosts as unknown as string, port: ports as unknown as number }),
      ...(user && { user }),
      ...(password !== undefined && { password }),
      ...(database && { database }),
      ...(session !== undefined && session !== 'any' && { target_session_attrs: session as 'read-write' }),
      ...(negotiation === 'direct' && { sslnegotiation: negotiation }),
      ssl: socket ? false : ssl,
      connect_timeout: connectTimeout === undefined ? connectTimeoutMs / 1000 : Number(connectTimeout),
      connection: { application_name: 'authgate', ...Object.fromEntries(values), ...(zone && { TimeZone: zone }) },
    },
  }
}

/** `PG*` variables, overridden by the text. */
function readValues(dsn: string, environment: Environment): Map<string, string> {
  const given = /^postgres(ql)?:\/\//.test(dsn) ? parseUrl(dsn) : parseKeywords(dsn)
  const alias = given.get('dbname')
  if (alias !== undefined) given.set('database', alias)
  given.delete('dbname')
  if (given.get('user') === '') given.delete('user')
  const values = new Map<string, string>()
  for (const [variable, key] of Object.entries(FROM_ENVIRONMENT)) {
    const value = environment[variable]
    if (value) values.set(key, value)
  }
  return new Map([...values, ...given])
}

/** A shorter list repeats its first port. */
function portNumbers(text: string, count: number): number[] {
  const ports = text.split(',')
  const numbers = Array.from({ length: count }, (_, index) => Number(ports[index] ?? ports[0]))
  if (numbers.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535))
    throw new DsnError('DATABASE_DSN: port must be a number from 1 to 65535')
  return numbers
}

/**
 * The same connection for the programs of PostgreSQL, as variables: a password on a command line is seen by everybody.
 * Keys that are run-time parameters become `PGOPTIONS`.
 */
export function libpqVariables(dsn: string, environment: Environment): Record<string, string> {
  const values = readValues(dsn, environment)
  for (const key of [...DRIVER_KEYS, 'default_query_exec_mode', 'statement_cache_capacity']) values.delete(key)
  const { PGOPTIONS: _, ...named } = FROM_ENVIRONMENT
  const variables: Record<string, string> = {}
  for (const [variable, key] of Object.entries(named)) {
    const value = values.get(key)
    if (value !== undefined) variables[variable] = value
    values.delete(key)
  }
  const given = values.get('options')
  values.delete('options')
  const parameters = [...values].map(([key, value]) => `-c ${key}=${value.replace(/[\\ ]/g, '\\$&')}`)
  const all = [...(given ? [given] : []), ...parameters].join(' ')
  return all === '' ? variables : { ...variables, PGOPTIONS: all }
}
