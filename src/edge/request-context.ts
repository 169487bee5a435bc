/** What is known about a request travels with the `Request` itself, from the handler to its endpoint. */
import type { Context, RequestContext } from '../context'
import type { RequestInfo } from './request-info'

const INFO = Symbol('request info')

type Known = Request & { [INFO]?: RequestInfo }

/** Done once, by the handler, before anything else looks at the request. */
export function attachRequestInfo(request: Request, info: RequestInfo): void {
  const known: Known = request
  known[INFO] = info
}

export function requestInfo(request: Request): RequestInfo {
  const info = (request as Known)[INFO]
  if (!info) throw new Error('the request did not come through the handler')
  return info
}

/** The context for functions that serve this request. */
export const requestContext = (ctx: Context, request: Request): RequestContext => ({
  ...ctx,
  request: requestInfo(request),
})
