/** What the processes that share a Redis tell each other. */
import type { EvictedKey } from './eviction-bus'

export interface Message {
  readonly from: string
  readonly evicted?: readonly EvictedKey[]
  readonly everything?: boolean
  /** Number of a probe. */
  readonly probe?: number
}

/** `undefined` for what is no message. */
export function readMessage(text: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(text)
    if (typeof message !== 'object' || message === null || !('from' in message)) return undefined
    const { evicted } = message as { evicted?: unknown }
    return evicted === undefined || Array.isArray(evicted) ? (message as Message) : undefined
  } catch {
    return undefined
  }
}
