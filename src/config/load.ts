/** From the environment to frozen settings, with all problems reported at once. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadKeyRing } from '../tokens/keys'
import { DotenvError, parseDotenv } from './dotenv'
import { DsnError, type PostgresConnection, parsePostgresDsn, parseSqliteDsn, type SqliteConnection } from './dsn'
import { unknownNameWarnings } from './known-names'
import { type Check, isLoopbackHost } from './rules/check'
import { checkFeatures } from './rules/features'
import { checkServer } from './rules/server'
import { checkTokens } from './rules/tokens'
import { type GeneratedSecrets, generateSecrets, keepSecrets, secretsFilePath } from './secrets-file'
import type { Setting } from './setting'
import { type Derived, type SettingName, type Settings, settingsTable, type TlsFiles, type Values } from './settings'
import { loadTls } from './tls'
import { readSetting } from './units'

export type Environment = Readonly<Record<string, string | undefined>>

/** Everything that is wrong, one line each. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

export interface Configuration {
  readonly settings: Settings
  readonly warnings: readonly string[]
  /** Names that were set explicitly. */
  readonly given: ReadonlySet<SettingName>
}

export interface LoadOptions {
  readonly env: Environment
  readonly cwd: string
  /** False only looks: nothing is written, and secrets that would be generated are passing ones. */
  readonly write: boolean
  readonly nowMs?: number
}

const NAMES = Object.keys(settingsTable) as SettingName[]
const PRODUCTION = new Set(['production', 'prod', 'true', '1'])
const NOT_PRODUCTION = new Set(['', 'development', 'dev', 'test', 'staging', 'false', '0'])

/** Throws `ConfigurationError`. Nothing is opened, and nothing is written unless everything is valid. */
export function loadConfiguration({ env, cwd, write, nowMs = Date.now() }: LoadOptions): Configuration {
  const problems: string[] = []
  const warnings: string[] = []
  const environment = mergeDotenv(env, cwd)
  warnings.push(...unknownNameWarnings(Object.keys(environment)))

  const { values, given } = readValues(environment, problems)
  const production = readEnvironmentKind(values.ENVIRONMENT, problems)
  const host = URL.canParse(values.BASE_URL) ? new URL(values.BASE_URL).hostname.toLowerCase() : ''
  applyDependentDefaults(values, given)
  const check: Check = {
    values,
    given,
    production,
    host,
    problem: (message) => problems.push(message),
    warn: (message) => warnings.push(message),
  }
  checkServer(check)
  checkTokens(check)
  checkFeatures(check)
  refusePlanned(values, given, problems)
  if (production) refuseEmptySecrets(env, problems)

  const connections = readConnections(check, environment)
  const tls = readTls(check, nowMs)
  const missing = values.SESSION_SECRET === '' || (values.JWT_SECRET === '' && values.JWT_SIGNING_ALGORITHM === 'HS256')
  const makeSecrets = missing && problems.length === 0
  if (problems.length === 0) checkKeyRing(makeSecrets ? withSecrets(values, generateSecrets()) : values, problems)
  if (problems.length > 0) throw new ConfigurationError(problems)

  const complete = makeSecrets ? fillSecrets(values, connections.sqlite, cwd, write, warnings) : values
  const settings: Settings = Object.freeze({ ...complete, ...derive(complete, production, tls, connections) })
  return { settings, warnings, given }
}

/** The real environment wins; an empty value there does not hide one of the file. */
function mergeDotenv(env: Environment, cwd: string): Record<string, string> {
  const real = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  )
  let source: string
  try {
    source = readFileSync(join(cwd, '.env'), 'utf8')
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === 'ENOENT') return Object.fromEntries(real)
    throw new ConfigurationError([`cannot read the .env file: ${code}`])
  }
  try {
    return { ...Object.fromEntries(parseDotenv(source, env)), ...Object.fromEntries(real) }
  } catch (error) {
    if (error instanceof DotenvError) throw new ConfigurationError([error.message])
    throw error
  }
}

type MutableValues = { -readonly [Name in SettingName]: Values[Name] }

function readValues(environment: Record<string, string>, problems: string[]) {
  const found: Record<string, unknown> = {}
  const given = new Set<SettingName>()
  for (const name of NAMES) {
    const setting: Setting = settingsTable[name]
    found[name] = setting.default
    const raw = setting.secret ? readSecretText(name, environment, problems) : environment[name]
    if (raw === undefined || raw === '') continue
    given.add(name)
    const reading = readSetting(name, setting, raw)
    if ('problem' in reading) problems.push(reading.problem)
    else if (setting.type === 'integer' && outOfRange(setting, reading.value as number))
      problems.push(`${name} must be ${rangeText(setting)} (got ${reading.value})`)
    else found[name] = reading.value
  }
  const values = found as unknown as MutableValues
  // A PEM given on one line carries its line ends as \n.
  if (!values.JWT_PRIVATE_KEY_PEM.includes('\n'))
    values.JWT_PRIVATE_KEY_PEM = values.JWT_PRIVATE_KEY_PEM.replaceAll('\\n', '\n')
  return { values, given }
}

const outOfRange = (setting: { min?: number; max?: number }, value: number): boolean =>
  value < (setting.min ?? Number.NEGATIVE_INFINITY) || value > (setting.max ?? Number.POSITIVE_INFINITY)

const rangeText = ({ min, max }: { min?: number; max?: number }): string =>
  max === undefined ? `at least ${min}` : `from ${min} to ${max}`

/** A secret comes from its variable or from the file `<NAME>_FILE` names, not from both. */
function readSecretText(name: string, environment: Record<string, string>, problems: string[]): string | undefined {
  const file = environment[`${name}_FILE`]
  if (!file) return environment[name]
  if (environment[name]) {
    problems.push(`${name} and ${name}_FILE are both set; use one`)
    return undefined
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    problems.push(`cannot read ${name}_FILE ${file}: ${(error as { code?: string }).code}`)
    return undefined
  }
}

function readEnvironmentKind(value: string, problems: string[]): boolean {
  const word = value.trim().toLowerCase()
  if (!PRODUCTION.has(word) && !NOT_PRODUCTION.has(word))
    problems.push(`invalid ENVIRONMENT value: "${value}" (must be production, development, test or staging)`)
  return PRODUCTION.has(word)
}

function applyDependentDefaults(values: MutableValues, given: ReadonlySet<SettingName>): void {
  if (!given.has('JWT_EXPIRATION_JITTER') && values.JWT_EXPIRATION_JITTER >= values.JWT_EXPIRATION)
    values.JWT_EXPIRATION_JITTER = Math.max(0, Math.floor(values.JWT_EXPIRATION / 10))
  if (!given.has('TOKEN_PROFILE_STANDARD_ACCESS_TTL')) values.TOKEN_PROFILE_STANDARD_ACCESS_TTL = values.JWT_EXPIRATION
  if (!given.has('TOKEN_PROFILE_STANDARD_REFRESH_TTL'))
    values.TOKEN_PROFILE_STANDARD_REFRESH_TTL = values.REFRESH_TOKEN_EXPIRATION
  if (!given.has('SESSION_IDLE_TIMEOUT'))
    values.SESSION_IDLE_TIMEOUT = Math.min(values.SESSION_IDLE_TIMEOUT, Math.max(values.SESSION_MAX_AGE, 60))
  if (values.DB_MAX_OPEN_CONNS <= 0) values.DB_MAX_OPEN_CONNS = settingsTable.DB_MAX_OPEN_CONNS.default
}

/** A value that asks for something this version does not have must not be taken for granted. */
function refusePlanned(values: Values, given: ReadonlySet<SettingName>, problems: string[]): void {
  for (const name of given) {
    const planned = settingsTable[name].planned as ((value: unknown) => boolean) | undefined
    if (planned?.(values[name])) problems.push(`${name}=${values[name]} is not available in this version`)
  }
}

const MUST_NOT_BE_BLANK = ['JWT_SECRET', 'SESSION_SECRET', 'DEFAULT_ADMIN_PASSWORD', 'METRICS_TOKEN'] as const

function refuseEmptySecrets(env: Environment, problems: string[]): void {
  for (const name of MUST_NOT_BE_BLANK) {
    if (env[name] === '') problems.push(`${name} is set to an empty value; remove it or give it a value`)
  }
}

interface Connections {
  readonly sqlite: SqliteConnection | undefined
  readonly postgres: PostgresConnection | undefined
}

function readConnections(check: Check, environment: Environment): Connections {
  const { values, production, problem, warn } = check
  try {
    if (values.DATABASE_DRIVER === 'sqlite') {
      const { connection, warnings } = parseSqliteDsn(values.DATABASE_DSN || values.DATABASE_PATH)
      for (const warning of warnings) warn(warning)
      return { sqlite: connection, postgres: undefined }
    }
    if (values.DATABASE_DRIVER === 'postgres') {
      const postgres = parsePostgresDsn(values.DATABASE_DSN, environment, values.DB_INIT_TIMEOUT)
      const remote = postgres.hosts.some((host) => !host.startsWith('/') && !isLoopbackHost(host.toLowerCase()))
      if (remote && !postgres.sslmodeGiven) {
        const text = 'DATABASE_DSN names no sslmode: the connection may fall back to plain text'
        if (production) problem(`${text}; set sslmode=verify-full, or another mode explicitly`)
        else warn(text)
      }
      return { sqlite: undefined, postgres }
    }
    problem(`unsupported database driver: ${values.DATABASE_DRIVER} (DATABASE_DRIVER must be sqlite or postgres)`)
  } catch (error) {
    if (!(error instanceof DsnError)) throw error
    problem(error.message)
  }
  return { sqlite: undefined, postgres: undefined }
}

function readTls({ values, problem, warn }: Check, nowMs: number): TlsFiles | undefined {
  if (values.TLS_CERT_FILE === '' || values.TLS_KEY_FILE === '') return undefined
  try {
    const { files, warning } = loadTls(values.TLS_CERT_FILE, values.TLS_KEY_FILE, nowMs)
    if (warning) warn(warning)
    return files
  } catch (error) {
    problem((error as Error).message)
    return undefined
  }
}

function checkKeyRing(values: Values, problems: string[]): void {
  try {
    loadKeyRing(values)
  } catch (error) {
    problems.push((error as Error).message)
  }
}

const withSecrets = (values: Values, made: GeneratedSecrets): Values => ({
  ...values,
  JWT_SECRET: values.JWT_SECRET || made.JWT_SECRET,
  SESSION_SECRET: values.SESSION_SECRET || made.SESSION_SECRET,
})

function fillSecrets(
  values: Values,
  sqlite: SqliteConnection | undefined,
  cwd: string,
  write: boolean,
  warnings: string[],
): Values {
  const file = secretsFilePath(sqlite?.path, cwd)
  if (!write) {
    warnings.push(`JWT_SECRET or SESSION_SECRET is not set: the server will keep generated ones in ${file}`)
    return withSecrets(values, generateSecrets())
  }
  try {
    const { secrets, created } = keepSecrets(file)
    warnings.push(
      `${created ? 'generated' : 'using generated'} secrets kept in ${file}; set JWT_SECRET and SESSION_SECRET for anything but a trial`,
    )
    return withSecrets(values, secrets)
  } catch (error) {
    throw new ConfigurationError([(error as Error).message])
  }
}

function derive(values: Values, production: boolean, tls: TlsFiles | undefined, connections: Connections): Derived {
  const url = new URL(values.BASE_URL)
  const basePath = url.pathname.replace(/\/+$/, '')
  return {
    issuer: values.BASE_URL.replace(/\/+$/, ''),
    origin: url.origin,
    basePath,
    production,
    secureCookies: production || url.protocol === 'https:' || tls !== undefined,
    tls,
    ...connections,
  }
}
