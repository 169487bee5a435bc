/** What the supervisor and its workers tell each other, over the channel that the supervisor opened to each. */
import type { EvictedKey } from '../cache/eviction-bus'
import type { Verdict } from '../limits/window'
import type { Poll } from '../oauth/device/poll-pace'

/** Marks the environment of a worker; without the channel it means nothing. */
export const WORKER_VARIABLE = 'AUTHGATE_WORKER'

/** One metric with its values, as the registry writes it. */
export interface MetricSnapshot {
  readonly name: string
  readonly help: string
  readonly type: unknown
  readonly aggregator: string
  readonly values: readonly {
    readonly value: number
    readonly labels: Readonly<Record<string, unknown>>
    readonly metricName?: string
  }[]
}

export type ToWorker =
  /** The first message: the whole configuration, so that all workers have the same, whatever files say by then. */
  | { readonly kind: 'start'; readonly number: number; readonly count: number; readonly env: Record<string, string> }
  | { readonly kind: 'verdict'; readonly id: number; readonly verdict: Verdict }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  /** Of other workers. */
  | { readonly kind: 'polls'; readonly polls: readonly Poll[] }
  | { readonly kind: 'evict'; readonly keys: readonly EvictedKey[] }
  | { readonly kind: 'noted'; readonly id: number }
  /** To be answered at once. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'collect' }
  /** Keys and certificate are to be read again. */
  | { readonly kind: 'reload' }
  /** Another worker has read the key files again. */
  | { readonly kind: 'reload_keys' }
  /** The server ends. */
  | { readonly kind: 'stop' }
  /** Another worker has taken this one's place. */
  | { readonly kind: 'leave' }

export type ToSupervisor =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'limit'
      readonly id: number
      readonly key: string
      readonly limit: number
      readonly counting: boolean
    }
  | { readonly kind: 'metrics'; readonly id: number }
  | { readonly kind: 'polls'; readonly polls: readonly Poll[] }
  | { readonly kind: 'evict'; readonly id: number; readonly keys: readonly EvictedKey[] }
  /** The others are to read the key files again. */
  | { readonly kind: 'reload_keys'; readonly id: number }
  | { readonly kind: 'pong' }
  /** With an id the supervisor says that it has it: the last of a worker that ends. */
  | { readonly kind: 'collected'; readonly id?: number; readonly metrics: readonly MetricSnapshot[] }
  /** Somebody asked this worker alone to end. */
  | { readonly kind: 'signalled' }
