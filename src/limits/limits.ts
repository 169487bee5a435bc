/** The counters that the settings ask for. */
import type { Settings } from '../config/settings'
import type { Clock } from '../context'
import { createMemoryLimits } from './memory'
import type { Limits } from './window'

/** `undefined` when `ENABLE_RATE_LIMIT` is off. */
export const createLimits = (settings: Settings, clock: Clock): Limits | undefined =>
  settings.ENABLE_RATE_LIMIT
    ? createMemoryLimits({ clock, sweepEveryMs: settings.RATE_LIMIT_CLEANUP_INTERVAL })
    : undefined
