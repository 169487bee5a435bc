/** Request ids: one per request, returned, logged and kept in audit records. */
import type { Random } from '../context'

const ACCEPTABLE = /^[A-Za-z0-9._-]{1,128}$/

/** The id a trusted proxy gave the request; otherwise a new one: nobody else may choose what our records say. */
export function requestId(random: Random, headers: Headers, fromTrustedProxy: boolean): string {
  if (fromTrustedProxy) {
    const given = headers.get('x-request-id')
    if (given !== null && ACCEPTABLE.test(given)) return given
  }
  return random.uuid()
}
