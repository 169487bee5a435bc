/** What every request passes, from the listener to its route and back. */
import type { AnyElysia } from 'elysia'
import type { Context } from '../context'
import { createAdmission } from './admission'
import { logFailure } from './failures'
import { requestInfo } from './request-context'
import { createResponseFinish } from './response-headers'

/** `peerAddress` is the other end of the socket. Never throws. */
export type Handler = (request: Request, peerAddress?: string) => Promise<Response>

export function createPipeline(ctx: Context, app: AnyElysia): Handler {
  const admit = createAdmission(ctx)
  const finish = createResponseFinish(ctx)
  const route = app.compile().fetch as (request: Request) => Response | Promise<Response>

  return async (incoming, peerAddress) => {
    const started = performance.now()
    const request = admit(incoming, peerAddress)
    const info = requestInfo(request)
    let response: Response
    try {
      response = await route(request)
    } catch (error) {
      logFailure(ctx, request, error)
      response = new Response(null, { status: 500 })
    }
    finish(response, info)
    const { id, method, path, ip } = info
    const duration_ms = Math.round((performance.now() - started) * 1000) / 1000
    ctx.log.info({ request_id: id, method, path, status: response.status, duration_ms, ip }, 'request')
    return response
  }
}
