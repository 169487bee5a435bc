/** Puts together what every function of the server may use. Nothing is opened or started here. */
import { createAuditWriter } from './audit/writer'
import { createCaches } from './cache/caches'
import type { EvictionBus } from './cache/eviction-bus'
import { withEvictions } from './cache/with-evictions'
import { systemClock, systemRandom } from './clock'
import type { Settings } from './config/settings'
import type { Clock, Context, Logger, Random } from './context'
import type { Database } from './db/database'
import { createHttpApi } from './identity/http-api/call'
import { createPasswordHasher } from './identity/password'
import { createProviders } from './identity/providers'
import { createLimits } from './limits/limits'
import { createMetrics } from './metrics/registry'
import { createPollPace } from './oauth/device/poll-pace'
import { createOutgoing, type Outgoing } from './outgoing/outgoing'
import { deriveSecrets } from './secrets'
import { createCurrentKeyRing } from './tokens/current-key-ring'
import { type KeyRing, loadKeyRing } from './tokens/keys'
import { createTraceExporter } from './traces/exporter'

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
}

/** Throws what `loadKeyRing` throws. */
export function createContext(settings: Settings, parts: ContextParts): Context {
  const {
    log,
    clock = systemClock,
    random = systemRandom,
    keys = loadKeyRing(settings),
    outgoing = createOutgoing(settings),
  } = parts
  const metrics = createMetrics(settings)
  const secrets = deriveSecrets(settings)
  const caches = createCaches(settings, { clock, random, log, metrics, secrets, db: parts.db, bus: parts.evictionBus })
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
    limits: createLimits(settings, { clock, log, metrics }),
    devicePolls: createPollPace(),
    outgoing,
    providers: createProviders(settings, clock),
    secrets,
    passwords: createPasswordHasher(),
    httpApi: createHttpApi({ settings, clock, random, log, metrics }),
    audit: createAuditWriter({ settings, db, log, metrics }),
  }
}
