/**
 * The table of settings: every environment variable the server reads.
 *
 * A variable that is not here cannot be read. Parsing, start-up errors, `<NAME>_FILE`, look-alike warnings,
 * `authgate check`, `.env.example` and the documentation come from this table.
 */
import type { PostgresConnection } from './postgres-dsn'
import type { ValueOf } from './setting'
import { auditSettings, databaseSettings } from './settings/database'
import { passwordSettings } from './settings/identity'
import { outgoingSettings } from './settings/outgoing'
import { providerSettings } from './settings/providers'
import { cacheSettings, limitSettings, metricsSettings } from './settings/scaling'
import { corsSettings, lifecycleSettings, serverSettings, sessionSettings } from './settings/server'
import { grantSettings, tokenSettings } from './settings/tokens'
import { traceSettings } from './settings/traces'
import type { SqliteConnection } from './sqlite-dsn'

/** Sections in the order they are documented. */
export const settingsSections = {
  'Server and pages': serverSettings,
  'Tokens and keys': tokenSettings,
  'Browser sessions': sessionSettings,
  'Database and first start': databaseSettings,
  'Password sign-in': passwordSettings,
  'Sign-in through other systems': providerSettings,
  'Authorization code and registration': grantSettings,
  'Rate limits and Redis': limitSettings,
  'Requests to other servers': outgoingSettings,
  'Audit trail': auditSettings,
  Metrics: metricsSettings,
  Traces: traceSettings,
  Caches: cacheSettings,
  CORS: corsSettings,
  'Time limits': lifecycleSettings,
} as const

export const settingsTable = {
  ...serverSettings,
  ...tokenSettings,
  ...sessionSettings,
  ...databaseSettings,
  ...passwordSettings,
  ...providerSettings,
  ...grantSettings,
  ...limitSettings,
  ...outgoingSettings,
  ...auditSettings,
  ...metricsSettings,
  ...traceSettings,
  ...cacheSettings,
  ...corsSettings,
  ...lifecycleSettings,
}

export type SettingName = keyof typeof settingsTable

/** Durations are milliseconds, except the three SESSION_ values, which are seconds. */
export type Values = { readonly [Name in SettingName]: ValueOf<(typeof settingsTable)[Name]> }

export interface TlsFiles {
  /** PEM texts. */
  readonly cert: string
  readonly key: string
}

/** What follows from the values. */
export interface Derived {
  /** `BASE_URL` without trailing slashes: the one issuer of everything. */
  readonly issuer: string
  /** Scheme, host and port of `BASE_URL`. */
  readonly origin: string
  /** Path prefix of `BASE_URL` without trailing slash, or an empty string. */
  readonly basePath: string
  readonly production: boolean
  /** Names that were set explicitly. */
  readonly given: ReadonlySet<SettingName>
  /** Whether cookies carry `Secure`. */
  readonly secureCookies: boolean
  readonly tls: TlsFiles | undefined
  readonly sqlite: SqliteConnection | undefined
  readonly postgres: PostgresConnection | undefined
}

/** Frozen after loading. */
export type Settings = Values & Derived
