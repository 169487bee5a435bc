/** What machines fetch to operate or discover the server: health, metadata, keys, assets. No session, no cookies. */
import { Elysia } from 'elysia'
import type { Context } from '../../context'
import { isUnavailable, logFailure, RETRY_AFTER_SECONDS, UNAVAILABLE_TEXT } from '../failures'
import { plainText } from '../plain-text'

/** A new plugin for one feature. Handlers answer with `Response` objects; there is no context per request. */
export function infrastructureSurface(context: Context) {
  return new Elysia().onError(({ error, request }) => {
    logFailure(context, request, error)
    return isUnavailable(error)
      ? plainText(UNAVAILABLE_TEXT, 503, { 'Retry-After': RETRY_AFTER_SECONDS })
      : plainText('Internal error', 500)
  })
}
