/** Documents that are equal for everybody: rendered once for a key ring, cacheable. */
import { createHash } from 'node:crypto'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { namesEtag } from '../edge/etag'
import { dataHeaders } from '../edge/security-headers'

/** How long consumers may keep such a document. A new key is not used before they all know it. */
export const MAX_AGE_SECONDS = 3600

type Answer = (request: Request) => Response

/** Answers GET and HEAD with the JSON text of `render`, which is asked again after the key ring was exchanged. */
export function publicDocument({ settings, keys }: Context, render: () => string): Answer {
  let renderedFor = keys.ring
  let answer = staticDocument(settings, render())
  return (request) => {
    if (keys.ring !== renderedFor) {
      renderedFor = keys.ring
      answer = staticDocument(settings, render())
    }
    return answer(request)
  }
}

/**
 * Answers GET and HEAD with a JSON text: strong validator, an hour of caching, readable from every origin
 * (RFC 9110 §8.8.3, §13.1.2).
 */
function staticDocument(settings: Settings, json: string): Answer {
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
