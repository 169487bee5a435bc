/** Documents that are equal for everybody and do not change while the server runs: rendered once, cacheable. */
import { createHash } from 'node:crypto'
import type { Settings } from '../config/settings'
import { namesEtag } from '../edge/etag'
import { dataHeaders } from '../edge/security-headers'

const MAX_AGE_SECONDS = 3600

/**
 * Answers GET and HEAD with a JSON text: strong validator, an hour of caching, readable from every origin
 * (RFC 9110 §8.8.3, §13.1.2).
 */
export function publicDocument(settings: Settings, json: string): (request: Request) => Response {
  const etag = `"${createHash('sha256').update(json).digest('base64url')}"`
  const validators = {
    ...dataHeaders(settings),
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}`,
    ETag: etag,
    'Access-Control-Allow-Origin': '*',
  }
  // Headers objects, because copying one costs a third of reading a record.
  const unchanged = { status: 304, headers: new Headers(validators) }
  const whole = { headers: new Headers({ ...validators, 'Content-Type': 'application/json; charset=utf-8' }) }
  return (request) => {
    const known = request.headers.get('if-none-match')
    if (known !== null && namesEtag(known, etag)) return new Response(null, unchanged)
    return new Response(json, whole)
  }
}
