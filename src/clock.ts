/** The real time and the real randomness. */
import { randomBytes } from 'node:crypto'
import type { Clock, Random } from './context'

export const systemClock: Clock = { now: () => Date.now() }

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  uuid: () => crypto.randomUUID(),
  orderedUuid: () => Bun.randomUUIDv7(),
  fraction: () => Math.random(),
}
