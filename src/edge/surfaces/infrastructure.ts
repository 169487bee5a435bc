/** What machines fetch to operate or discover the server: health, metadata, keys, assets. No session, no cookies. */
import { Elysia } from 'elysia'
import type { Context } from '../../context'
import { isUnavailable, logFailure, RETRY_AFTER_SECONDS } from '../failures'

/** A new plugin for one feature. Handlers answer with `Response` objects; there is no context per request. */
export function infrastructureSurface(context: Context) {
  return new Elysia().onError(({ error, request }) => {
    logFailure(context, request, error)
    if (isUnavailable(error))
      return plain('Service temporarily unavailable. Please try again.', 503, { 'Retry-After': RETRY_AFTER_SECONDS })
    return plain('Internal error', 500)
  })
}

const plain = (text: string, status: number, headers: Record<string, string> = {}): Response =>
  new Response(text, {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  })
