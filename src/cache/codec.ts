/** Values as they are kept in Redis: sealed, so that who can write there cannot make one, and who can read learns nothing. */
import type { Clock, Random } from '../context'
import { type KeyedDigest, seal, unseal } from '../secrets'

export interface Codec<V> {
  /** `place`: everything the value belongs to. It cannot be opened as the value of another place. */
  encode(place: string, value: V, lifeMs: number): string
  /** Undefined when it was not made by this deployment for this place, or has had its time. */
  decode(place: string, text: string): { readonly value: V; readonly untilMs: number } | undefined
}

interface Parts {
  readonly keys: KeyedDigest
  readonly random: Random
  readonly clock: Clock
}

export const createCodec = <V>({ keys, random, clock }: Parts): Codec<V> => ({
  encode: (place, value, lifeMs) =>
    seal(keys.digest(place), JSON.stringify({ until: clock.now() + lifeMs, value }, dates), random),
  decode: (place, text) => {
    for (const key of keys.candidates(place)) {
      const opened = unseal(key, text)
      if (opened === undefined) continue
      const { until, value } = JSON.parse(opened, revivedDates) as { until: number; value: V }
      // The expiry of Redis could be lifted by whoever can write there.
      return until > clock.now() ? { value, untilMs: until } : undefined
    }
    return undefined
  },
})

const DATE = '$date'

/** A date's own `toJSON` has run when a replacer sees it; the holder still has the date. */
function dates(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const held = this[key]
  return held instanceof Date ? { [DATE]: held.getTime() } : value
}

function revivedDates(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(DATE in value)) return value
  return new Date(value[DATE] as number)
}
