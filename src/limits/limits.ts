/** The counters that the settings ask for. */
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { createMemoryLimits } from './memory'
import { createRedisLimits } from './redis'
import type { Limits } from './window'

/** `undefined` when `ENABLE_RATE_LIMIT` is off. */
export function createLimits(
  settings: Settings,
  { clock, log, metrics }: Pick<Context, 'clock' | 'log' | 'metrics'>,
): Limits | undefined {
  if (!settings.ENABLE_RATE_LIMIT) return undefined
  const local = createMemoryLimits({ clock, sweepEveryMs: settings.RATE_LIMIT_CLEANUP_INTERVAL })
  return settings.RATE_LIMIT_STORE === 'redis' ? createRedisLimits(settings, { log, metrics, local }) : local
}
