/** When an attempt is repeated, and after which pause. */
import type { Settings } from '../../config/settings'

/** The service has trouble of its own (5xx), or wants to be asked less often (429). */
export const isRepeatable = (status: number): boolean => status >= 500 || status === 429

export interface PauseRequest {
  /** 1 after the first attempt. */
  readonly attempt: number
  /** The answer's `Retry-After`. */
  readonly retryAfter: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Uniform in [0, 1). */
  readonly fraction: number
}

type PauseSettings = Pick<Settings, 'HTTP_API_RETRY_DELAY' | 'HTTP_API_MAX_RETRY_DELAY'>

/** Many logins that failed together must not come back together. */
const JITTER = 0.25

/**
 * Milliseconds before the next attempt: twice the one before, give or take a quarter, at most
 * `HTTP_API_MAX_RETRY_DELAY`. What the service asked for takes the place of that and is never shortened by chance.
 */
export function retryPause(settings: PauseSettings, { attempt, retryAfter, now, fraction }: PauseRequest): number {
  const { HTTP_API_RETRY_DELAY: first, HTTP_API_MAX_RETRY_DELAY: longest } = settings
  const asked = retryAfterMs(retryAfter, now)
  if (asked !== undefined) return Math.min(asked * (1 + JITTER * fraction), longest)
  const doubled = Math.min(first * 2 ** (attempt - 1), longest)
  return Math.min(doubled * (1 + JITTER * (2 * fraction - 1)), longest)
}

/** RFC 9110 §10.2.3: seconds or an HTTP date; `undefined` for anything that lies not in the future. */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const wait = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now
  return wait > 0 ? wait : undefined
}
