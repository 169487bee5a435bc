/** Whether an origin that a browser names is this server's. */
import type { RequestContext } from '../context'

/**
 * The origin of `BASE_URL`. On plain http, as on a developer's machine that goes by several names, also the host the
 * request was sent to; on https that would let a page of the same host, delivered in plain text, pass for ours.
 */
export function isOwnOrigin({ settings }: RequestContext, request: Request, origin: string): boolean {
  if (origin === settings.origin) return true
  return settings.origin.startsWith('http:') && origin === `http://${request.headers.get('host')}`
}
