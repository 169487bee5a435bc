/** What a rule sees, and where it puts what it finds. */
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

export const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])

export const isLoopbackHost = (host: string): boolean => LOOPBACK_HOSTS.has(host) || /^127(\.\d+){3}$/.test(host)
