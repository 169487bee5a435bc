/** Durations with unit: `30s`, `15m`, `1h30m`, `1.5h`. Read into and printed from milliseconds. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

const WHOLE = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const GROUP = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g
/** About 292 years. */
const LIMIT_MS = 9_223_372_036_854

/** Milliseconds, or `undefined` when `text` is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!WHOLE.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(GROUP)) total += Number(amount) * (UNITS_MS[unit as string] as number)
  if (total > LIMIT_MS) return undefined
  return text.startsWith('-') ? 0 - total : total
}

/** Compound form: `48h0m0s`, `15m0s`, `1.5s`, `20ms`, `0s`, `-1m0s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  const sign = milliseconds < 0 ? '-' : ''
  const total = Math.abs(milliseconds)
  if (total < 1e-3) return `${sign}${decimal(total * 1e6)}ns`
  if (total < 1) return `${sign}${decimal(total * 1e3)}µs`
  if (total < 1_000) return `${sign}${decimal(total)}ms`
  const hours = Math.floor(total / 3_600_000)
  const minutes = Math.floor((total % 3_600_000) / 60_000)
  const seconds = decimal((total % 60_000) / 1_000)
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`
  if (minutes > 0) return `${sign}${minutes}m${seconds}s`
  return `${sign}${seconds}s`
}

/** Without the last digits of a binary fraction, which nobody wrote. */
const decimal = (value: number): string => String(Number(value.toFixed(9)))
