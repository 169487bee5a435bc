/** What a rule sees, and where it puts what it finds. */
import { formatDuration } from '../duration'
import type { SettingName, Values } from '../settings'

export interface Check {
  readonly values: Values
  /** Names that were set explicitly. */
  readonly given: ReadonlySet<SettingName>
  readonly production: boolean
  /** Host of `BASE_URL`, lower case; an empty string when it is invalid. */
  readonly host: string
  problem(message: string): void
  warn(message: string): void
}

const LOOPBACK_HOSTS = new Set(['localhost', '::1', '[::1]'])

export const isLoopbackHost = (host: string): boolean => LOOPBACK_HOSTS.has(host) || /^127(\.\d{1,3}){3}$/.test(host)

/** `condition` completes the sentence: when it must hold. */
export function requirePositive({ values, problem }: Check, name: SettingName, condition = ''): void {
  const value = values[name] as number
  if (value <= 0) problem(`${name} must be a positive duration${condition} (got ${formatDuration(value)})`)
}

const SHORT_SECRET = 16

export function warnShortSecret({ values, warn }: Check, name: SettingName): void {
  const { length } = values[name] as string
  if (length > 0 && length < SHORT_SECRET) warn(`${name} is short: use at least 32 random characters`)
}
