/** Requests whose facts changed between reading and writing. */
import { Conflict } from '../db/commit'
import { OAuthError } from '../edge/oauth-error'

/** Losing more often means that somebody keeps changing the client or user; the request may be repeated later. */
const ATTEMPTS = 3

/** Runs `work`, again when a condition of its commit no longer held. Throws `OAuthError` `temporarily_unavailable`. */
export async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      if (attempt === ATTEMPTS) throw contended()
    }
  }
}

/** 503 with `Retry-After`. */
export const contended = (): OAuthError =>
  new OAuthError('temporarily_unavailable', 'Please try again', 503, { 'Retry-After': '1' })
