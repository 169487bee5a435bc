/** The counters that the settings ask for. */
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { createMemoryLimits, type MemoryLimits } from './memory'
import { createRedisLimits } from './redis'
import type { Limits } from './window'

type Parts = Pick<Context, 'clock' | 'log' | 'metrics'> & {
  /** Counters of several processes in place of those of this one, which count while the others are away. */
  readonly beyond?: ((local: MemoryLimits) => Limits) | undefined
}

/** `undefined` when `ENABLE_RATE_LIMIT` is off. */
export function createLimits(
  settings: Settings,
  { clock, log, metrics, beyond = (local) => local }: Parts,
): Limits | undefined {
  if (!settings.ENABLE_RATE_LIMIT) return undefined
  const local = beyond(createMemoryLimits({ clock, sweepEveryMs: settings.RATE_LIMIT_CLEANUP_INTERVAL }))
  return settings.RATE_LIMIT_STORE === 'redis' ? createRedisLimits(settings, { log, metrics, local }) : local
}
