/** How far the clock of this machine is from another one. */
import { type Finding, fail, ok, warn } from './finding'

const NOTICEABLE_MS = 2_000
/** Beyond this, tokens are refused elsewhere as not valid yet, or live too long. */
const HARMFUL_MS = 30_000

/** `skewMs`: how far the other clock is ahead. `grainMs`: how coarse it tells the time. */
export function skewFinding(other: string, skewMs: number, grainMs: number): Finding {
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1)
  const text = `${other} is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine`
  const remedy = 'let a time service (NTP) set the clocks of both machines'
  if (Math.abs(skewMs) <= NOTICEABLE_MS + grainMs) return ok('clock', text)
  return Math.abs(skewMs) <= HARMFUL_MS ? warn('clock', text, remedy) : fail('clock', text, remedy)
}
