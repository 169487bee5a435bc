import type { Language } from '../../views/messages'

/** What is known about a request before its endpoint runs; audit rows and log lines take it from here. */
export interface RequestInfo {
  /** Request id, returned as `X-Request-ID`, logged, and stored in audit rows. */
  readonly id: string
  /** Normalised client address, or an empty string when the socket has none. */
  readonly ip: string
  readonly userAgent: string
  /** Path without query and without the prefix of `BASE_URL`. */
  readonly path: string
  readonly method: string
  /** The language to answer in while nothing else is known: the reader's own, else what the browser asks for. */
  readonly language?: () => Language
}
