/** Where values come from: the environment, the `.env` file, and the files that `<NAME>_FILE` names. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDotenv } from './dotenv'
import type { Setting } from './setting'
import { type SettingName, settingsTable, type Values } from './settings'
import { readSetting } from './units'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The real environment wins; an empty value there does not hide one of the file. A missing file is fine; throws
 * `DotenvError` for a malformed one and the system's error for one that cannot be read.
 */
export function mergeDotenv(env: Environment, cwd: string): Record<string, string> {
  const real = onlyGiven(env)
  let source: string
  try {
    source = readFileSync(join(cwd, '.env'), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return real
    throw error
  }
  return { ...Object.fromEntries(parseDotenv(source, env)), ...real }
}

/** Without what is empty, which means the default. */
export const onlyGiven = (env: Environment): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])))

/** Everything that was set, with the contents of the files that `<NAME>_FILE` names in their place. */
export function resolvedEnvironment(env: Environment, cwd: string): Record<string, string> {
  const environment = mergeDotenv(env, cwd)
  for (const name of NAMES) {
    if (!settingsTable[name].secret || !environment[`${name}_FILE`]) continue
    const text = readSecretText(name, environment, () => {})
    delete environment[`${name}_FILE`]
    if (text) environment[name] = text
  }
  return environment
}

export type MutableValues = { -readonly [Name in SettingName]: Values[Name] }

const NAMES = Object.keys(settingsTable) as SettingName[]

/** Every setting by its type, and the names of those that were set; what cannot be read keeps its default. */
export function readValues(environment: Record<string, string>, problem: (text: string) => void) {
  const found: Record<string, unknown> = {}
  const given = new Set<SettingName>()
  for (const name of NAMES) {
    const setting: Setting = settingsTable[name]
    found[name] = setting.default
    const raw = setting.secret ? readSecretText(name, environment, problem) : environment[name]
    if (!raw) continue
    given.add(name)
    const reading = readSetting(name, setting, raw)
    if ('problem' in reading) problem(reading.problem)
    else if (setting.type === 'integer' && isOutside(setting, reading.value as number))
      problem(`${name} must be ${rangeText(setting)} (got ${reading.value})`)
    else found[name] = reading.value
  }
  const values = found as unknown as MutableValues
  // A PEM given on one line carries its line ends as \n.
  if (!values.JWT_PRIVATE_KEY_PEM.includes('\n'))
    values.JWT_PRIVATE_KEY_PEM = values.JWT_PRIVATE_KEY_PEM.replaceAll('\\n', '\n')
  return { values, given }
}

interface Range {
  min?: number
  max?: number
}

const isOutside = ({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Range, value: number): boolean =>
  value < min || value > max

const rangeText = ({ min, max }: Range): string => (max === undefined ? `at least ${min}` : `from ${min} to ${max}`)

/** A secret comes from its variable or from the file `<NAME>_FILE` names, not from both. */
function readSecretText(
  name: string,
  environment: Record<string, string>,
  problem: (text: string) => void,
): string | undefined {
  const file = environment[`${name}_FILE`]
  if (!file) return environment[name]
  if (environment[name]) {
    problem(`${name} and ${name}_FILE are both set; use one`)
    return undefined
  }
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    if (text === '') problem(`${name}_FILE ${file} is empty; it must hold the value of ${name}`)
    return text
  } catch (error) {
    problem(`cannot read ${name}_FILE ${file}: ${codeOf(error)}; it must name a file this user can read`)
    return undefined
  }
}

const MUST_NOT_BE_BLANK = [
  ...['JWT_SECRET', 'SESSION_SECRET', 'DEFAULT_ADMIN_PASSWORD', 'METRICS_TOKEN', 'DYNAMIC_CLIENT_REGISTRATION_TOKEN'],
  ...[
    'HTTP_API_AUTH_SECRET',
    'REDIS_PASSWORD',
    'REDIS_SENTINEL_PASSWORD',
    'GITHUB_CLIENT_SECRET',
    'GITEA_CLIENT_SECRET',
  ],
  ...['GITLAB_CLIENT_SECRET', 'MICROSOFT_CLIENT_SECRET', 'OIDC_CLIENT_SECRET'],
]

/** In production: an empty secret in the environment is most often a substitution that failed. */
export function refuseEmptySecrets(env: Environment, problem: (text: string) => void): void {
  for (const name of MUST_NOT_BE_BLANK) {
    if (env[name] === '') problem(`${name} is set to an empty value; remove it or give it a value`)
  }
}

/** Takes the secrets out of the process environment, where crash reports and child processes would find them. */
export function forgetSecrets(env: Record<string, string | undefined>): void {
  for (const name of NAMES) if (settingsTable[name].secret) delete env[name]
  delete env.PGPASSWORD
}

export const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)
