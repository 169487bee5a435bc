/** Puts together what every function of the server may use. Nothing is opened or started here. */
import { createAuditWriter } from './audit/writer'
import { createCaches } from './cache/caches'
import type { EvictionBus } from './cache/eviction-bus'
import { withEvictions } from './cache/with-evictions'
import { systemClock, systemRandom } from './clock'
import { hasRedisAddress } from './config/rules/redis'
import type { Settings } from './config/settings'
import type { Clock, Context, Logger, Random } from './context'
import type { Database } from './db/database'
import { createHttpApi } from './identity/http-api/call'
import { createPasswordHasher, HASHES } from './identity/password'
import { createProviders } from './identity/providers'
import { createLimits } from './limits/limits'
import { createMetrics, type Metrics } from './metrics/registry'
import { createPollPace } from './oauth/device/poll-pace'
import { createOutgoing, type Outgoing } from './outgoing/outgoing'
import { deriveSecrets } from './secrets'
import { createCurrentKeyRing } from './tokens/current-key-ring'
import { type KeyRing, loadKeyRing } from './tokens/keys'
import { createTraceExporter } from './traces/exporter'
import type { WorkerParts } from './workers/shared-state'

export interface ContextParts {
  /** Open and migrated before the first request. */
  readonly db: Database
  readonly log: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** Default: read from what the settings name. */
  readonly keys?: KeyRing
  /** Default: what the settings allow, found by the resolver of this machine. */
  readonly outgoing?: Outgoing
  /** How the processes of this machine tell each other what they evict. Default: over Redis where it is configured. */
  readonly evictionBus?: EvictionBus
  /** When several processes serve together. */
  readonly worker?: WorkerParts | undefined
}

/** Throws what `loadKeyRing` throws. */
export function createContext(settings: Settings, parts: ContextParts): Context {
  const {
    log,
    clock = systemClock,
    random = systemRandom,
    keys = loadKeyRing(settings),
    outgoing = createOutgoing(settings),
    worker,
  } = parts
  const metrics = metricsOf(settings, worker)
  const secrets = deriveSecrets(settings)
  const caches = createCaches(settings, {
    clock,
    random,
    log,
    metrics,
    secrets,
    db: parts.db,
    bus: parts.evictionBus ?? busOf(settings, worker),
  })
  const db = withEvictions(parts.db, caches, log)
  return {
    settings,
    clock,
    random,
    log,
    db,
    caches,
    keys: createCurrentKeyRing(keys),
    metrics,
    traces: createTraceExporter({ settings, random, log, metrics }),
    limits: createLimits(settings, { clock, log, metrics, beyond: worker?.createLimits }),
    devicePolls: createPollPace(worker?.polls),
    outgoing,
    providers: createProviders(settings, clock),
    siblings: worker?.siblings,
    secrets,
    passwords: createPasswordHasher(Math.ceil(HASHES / (worker?.count ?? 1))),
    httpApi: createHttpApi({ settings, clock, random, log, metrics }, worker?.count),
    audit: createAuditWriter({ settings, db, log, metrics }),
  }
}

/** Whichever process is asked tells of all of them. */
function metricsOf(settings: Settings, worker: WorkerParts | undefined): Metrics {
  const own = createMetrics(settings)
  return worker ? { ...own, text: async () => (await worker.allMetrics()) ?? (await own.text()) } : own
}

/** Redis reaches the processes of other machines too. */
function busOf(settings: Settings, worker: WorkerParts | undefined): EvictionBus | undefined {
  const hasRedis = hasRedisAddress(settings.given) || settings.RATE_LIMIT_STORE === 'redis'
  return hasRedis ? undefined : worker?.evictions
}
