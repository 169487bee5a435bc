/** From the environment to frozen settings, with all problems reported at once. */
import { loadKeyRing } from '../tokens/keys'
import { type Connections, readConnections } from './connections'
import { DotenvError } from './dotenv'
import { unknownNameWarnings } from './known-names'
import type { Check } from './rules/check'
import { checkData } from './rules/data'
import { checkIdentity } from './rules/identity'
import { checkOutgoing } from './rules/outgoing'
import { checkProviders } from './rules/providers'
import { checkScaling } from './rules/scaling'
import { checkServer, checkSessions } from './rules/server'
import { checkLifetimes, checkTokens } from './rules/tokens'
import { checkTraces } from './rules/traces'
import {
  type GeneratedSecrets,
  generateSecrets,
  type KeptSecrets,
  keepSecrets,
  readSecrets,
  secretsFilePath,
} from './secrets-file'
import { type Derived, type SettingName, type Settings, settingsTable, type TlsFiles, type Values } from './settings'
import {
  codeOf,
  type Environment,
  type MutableValues,
  mergeDotenv,
  onlyGiven,
  readValues,
  refuseEmptySecrets,
} from './sources'
import { loadTls } from './tls'

export type { Environment }

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
  /** False when `env` is all there is. */
  readonly dotenv?: boolean
}

const PRODUCTION = new Set(['production', 'prod', 'true', '1'])
const NOT_PRODUCTION = new Set(['', 'development', 'dev', 'test', 'staging', 'false', '0'])

/** Throws `ConfigurationError`. Nothing is opened, and nothing is written unless everything is valid. */
export function loadConfiguration({ env, cwd, write, nowMs = Date.now(), dotenv = true }: LoadOptions): Configuration {
  const problems: string[] = []
  const warnings: string[] = []
  const problem = (message: string) => {
    problems.push(message)
  }
  const environment = dotenv ? readEnvironment(env, cwd) : onlyGiven(env)
  warnings.push(...unknownNameWarnings(Object.keys(environment)))

  const { values, given } = readValues(environment, problem)
  const production = readEnvironmentKind(values.ENVIRONMENT, problem)
  const host = URL.canParse(values.BASE_URL) ? new URL(values.BASE_URL).hostname.toLowerCase() : ''
  applyDependentDefaults(values, given)
  const check: Check = { values, given, production, host, problem, warn: (message) => warnings.push(message) }
  checkTokens(check)
  checkServer(check)
  checkScaling(check)
  checkSessions(check)
  checkLifetimes(check)
  checkIdentity(check)
  checkProviders(check)
  checkOutgoing(check)
  checkTraces(check)
  checkData(check)
  if (production) refuseEmptySecrets(env, problem)

  const connections = readConnections(check, environment)
  const tls = readTls(check, nowMs)
  const missing = values.SESSION_SECRET === '' || (values.JWT_SECRET === '' && values.JWT_SIGNING_ALGORITHM === 'HS256')
  const makeSecrets = missing && problems.length === 0
  checkKeyRing(makeSecrets ? withSecrets(values, generateSecrets()) : values, problem)
  if (problems.length > 0) throw new ConfigurationError(problems)

  const complete = makeSecrets ? fillSecrets(values, connections, cwd, write, warnings) : values
  const settings: Settings = Object.freeze({ ...complete, ...derive(complete, production, tls, connections), given })
  return { settings, warnings, given }
}

function readEnvironment(env: Environment, cwd: string): Record<string, string> {
  try {
    return mergeDotenv(env, cwd)
  } catch (error) {
    if (error instanceof DotenvError) throw new ConfigurationError([error.message])
    throw new ConfigurationError([`invalid .env file: cannot be read: ${codeOf(error)}`])
  }
}

function readEnvironmentKind(value: string, problem: (text: string) => void): boolean {
  const word = value.trim().toLowerCase()
  if (!PRODUCTION.has(word) && !NOT_PRODUCTION.has(word))
    problem(`invalid ENVIRONMENT value: "${value}" (must be production, development, test or staging)`)
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
  for (const name of ['DB_MAX_OPEN_CONNS', 'AUDIT_LOG_BUFFER_SIZE'] as const)
    if (values[name] <= 0) values[name] = settingsTable[name].default
  values.CORS_ALLOWED_METHODS = unique(values.CORS_ALLOWED_METHODS, (method) => method.toUpperCase())
  values.CORS_ALLOWED_HEADERS = unique(values.CORS_ALLOWED_HEADERS, canonicalHeader)
}

const unique = (texts: readonly string[], normalise: (text: string) => string): readonly string[] =>
  Object.freeze([...new Set(texts.map(normalise))])

/** `Content-Type` of `content-type`. */
const canonicalHeader = (name: string): string =>
  name.toLowerCase().replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())

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

const WANTED_KEYS: Readonly<Record<string, string>> = {
  HS256: 'JWT_ADDITIONAL_KEY_PATHS must name PEM files with RSA keys of 2048 bits or more or EC keys on P-256',
  RS256: 'JWT_PRIVATE_KEY_PATH or JWT_PRIVATE_KEY_PEM must hold an unencrypted RSA key of 2048 bits or more',
  ES256: 'JWT_PRIVATE_KEY_PATH or JWT_PRIVATE_KEY_PEM must hold an unencrypted EC key on P-256',
}

/** Key files are read here for the first time, so that an unusable one stops the start before anything is opened. */
function checkKeyRing(values: Values, problem: (text: string) => void): void {
  const algorithm = values.JWT_SIGNING_ALGORITHM
  const isComplete =
    algorithm === 'HS256' ? values.JWT_SECRET !== '' : values.JWT_PRIVATE_KEY_PATH + values.JWT_PRIVATE_KEY_PEM !== ''
  if (!isComplete) return
  try {
    loadKeyRing(values)
  } catch (error) {
    problem(`${(error as Error).message}; ${WANTED_KEYS[algorithm]}`)
  }
}

const withSecrets = (values: Values, made: GeneratedSecrets): Values => ({
  ...values,
  JWT_SECRET: values.JWT_SECRET || made.JWT_SECRET,
  SESSION_SECRET: values.SESSION_SECRET || made.SESSION_SECRET,
})

function fillSecrets(values: Values, { sqlite }: Connections, cwd: string, write: boolean, warnings: string[]): Values {
  const file = secretsFilePath(sqlite?.path, cwd)
  try {
    const kept = write ? keepSecrets(file) : readSecrets(file)
    warnings.push(secretsWarning(file, kept))
    return withSecrets(values, kept?.secrets ?? generateSecrets())
  } catch (error) {
    throw new ConfigurationError([(error as Error).message])
  }
}

const secretsWarning = (file: string, kept: KeptSecrets | undefined): string =>
  kept
    ? `${kept.created ? 'generated' : 'using generated'} secrets kept in ${file}; set JWT_SECRET and SESSION_SECRET for anything but a trial`
    : `JWT_SECRET or SESSION_SECRET is not set: the server will keep generated ones in ${file}`

function derive(
  values: Values,
  production: boolean,
  tls: TlsFiles | undefined,
  connections: Connections,
): Omit<Derived, 'given'> {
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
