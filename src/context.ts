/**
 * What every function of the server may use, as its first parameter.
 *
 * There is no module-level state: a test builds two contexts with different settings, databases and clocks in one
 * process. Time and randomness come from here so that both can be fixed in a test.
 */
import type { AuditWriter } from './audit/writer'
import type { Caches } from './cache/caches'
import type { Settings } from './config/settings'
import type { Database } from './db/database'
import type { RequestInfo } from './edge/request-info'
import type { HttpApi } from './identity/http-api/call'
import type { PasswordHasher } from './identity/password'
import type { Providers } from './identity/providers'
import type { Limits } from './limits/window'
import type { Metrics } from './metrics/registry'
import type { PollPace } from './oauth/device/poll-pace'
import type { Outgoing } from './outgoing/outgoing'
import type { ServerSecrets } from './secrets'
import type { CurrentKeyRing } from './tokens/current-key-ring'
import type { TraceExporter } from './traces/exporter'
import type { Siblings } from './workers/shared-state'

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export interface Random {
  bytes(length: number): Uint8Array
  /** Random version-4 UUID, canonical lower-case form. */
  uuid(): string
  /** Time-ordered version-7 UUID: rows that are written together lie together in every index on their id. */
  orderedUuid(): string
  /** Uniform in [0, 1). */
  fraction(): number
}

export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

export interface Context {
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly db: Database
  /** Copies of rows. A commit evicts what it outdates. */
  readonly caches: Caches
  readonly secrets: ServerSecrets
  readonly keys: CurrentKeyRing
  readonly passwords: PasswordHasher
  /** Checks passwords of other accounts; present with `AUTH_MODE=http_api`. */
  readonly httpApi: HttpApi | undefined
  readonly audit: AuditWriter
  readonly metrics: Metrics
  /** Absent without `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly traces: TraceExporter | undefined
  /** Absent with `ENABLE_RATE_LIMIT=false`. */
  readonly limits: Limits | undefined
  readonly devicePolls: PollPace
  readonly outgoing: Outgoing
  /** Systems that people may sign in through. */
  readonly providers: Providers
  /** Absent when this process is alone. */
  readonly siblings: Siblings | undefined
  /** Present while a request is served; absent in jobs and commands. */
  readonly request?: RequestInfo
}

/** The context of one request. */
export interface RequestContext extends Context {
  readonly request: RequestInfo
}

/** A `Date` of the context's clock. */
export const now = (ctx: Pick<Context, 'clock'>): Date => new Date(ctx.clock.now())
