/** What every request passes, from the listener to its route and back. */
import type { AnyElysia } from 'elysia'
import type { Context } from '../context'
import { logRequest } from './access-log'
import { createAdmission } from './admission'
import { createCorsPolicy } from './cors'
import { logFailure } from './failures'
import { createHttpMetrics } from './http-metrics'
import { createRateLimit } from './rate-limit'
import { requestInfo } from './request-context'
import { createRequestTraces } from './request-traces'
import { addHeaders, createResponseFinish } from './response-headers'
import type { RouteTable } from './route-table'

/** `peerAddress` is the other end of the socket. Never throws. */
export type Handler = (request: Request, peerAddress?: string) => Promise<Response>

export function createPipeline(ctx: Context, app: AnyElysia, routes: RouteTable): Handler {
  const admit = createAdmission(ctx, routes)
  const crossOrigin = createCorsPolicy(ctx, routes)
  const rateLimit = createRateLimit(ctx)
  const metrics = createHttpMetrics(ctx, routes)
  const beginTrace = createRequestTraces(ctx, routes)
  const finish = createResponseFinish(ctx)
  const route = app.compile().fetch as (request: Request) => Response | Promise<Response>

  return async (incoming, peerAddress) => {
    const startedAt = performance.now()
    const trace = beginTrace?.(incoming.headers, peerAddress)
    const request = admit(incoming, peerAddress)
    const info = requestInfo(request)
    metrics?.begin(info)
    const crossing = crossOrigin?.(request, info)
    let response: Response
    try {
      const refusal = rateLimit && !crossing?.answer ? await rateLimit.before(request, info) : undefined
      response = crossing?.answer ?? refusal ?? (await route(request))
      if (rateLimit) response = await rateLimit.after(request, info, response)
    } catch (error) {
      logFailure(ctx, request, error)
      response = new Response(null, { status: 500 })
    }
    if (crossing) addHeaders(response.headers, crossing.headers)
    finish(response, info)
    const durationMs = performance.now() - startedAt
    logRequest(ctx, info, response.status, durationMs, trace?.traceId)
    metrics?.end(info, response.status, durationMs)
    trace?.end(requestInfo(request), response.status, durationMs)
    return response
  }
}
