import type { Language } from '../../views/messages'
import type { Peer } from './client-address'

/** What is known about a request before its endpoint runs; audit rows and log lines take it from here. */
export interface RequestInfo {
  /** Request id, returned as `X-Request-ID`, logged, and stored in audit rows. */
  readonly id: string
  /** Normalised client address, or an empty string when the socket has none. */
  readonly ip: string
  /** The other end of the socket. */
  readonly peer?: Peer
  readonly userAgent: string
  /** Path without query and without the prefix of `BASE_URL`. */
  readonly path: string
  readonly method: string
  /** From the question mark on, or empty. May carry secrets: neither logged nor kept. */
  readonly search?: string
  /** Name of the error that the request failed with. */
  readonly failure?: string
  /** Of the session, once it was looked up. */
  readonly csrfToken?: string
  /** For administrators: how many applications and changes wait for a decision. */
  readonly waitingReviews?: number
  /**
   * The language to answer in: the signed-in person's own, else what the browser asks for. `uiLocales` is what an
   * application asks for (OIDC Core §3.1.2.1); it counts more than the browser's preferences, less than a choice.
   */
  readonly language?: (uiLocales?: string) => Language
}
