/**
 * One span per request (OpenTelemetry, semantic conventions for HTTP servers). It tells the route, never the path as it
 * was sent, and nothing of query, headers, cookies or body: a span leaves this server.
 */
import type { Context } from '../context'
import { parseTraceparent } from '../traces/traceparent'
import { createAddressReader } from './client-address'
import { countedMethod, routePattern } from './http-metrics'
import type { RequestInfo } from './request-info'
import type { RouteTable } from './route-table'

export interface RequestTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  end(info: RequestInfo, status: number, durationMs: number): void
}

/** `undefined` for a request that is not traced. Never throws. */
export type BeginTrace = (headers: Headers, peerAddress: string | undefined) => RequestTrace | undefined

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8
const FAILED = 500

/** `undefined` when nothing is traced. */
export function createRequestTraces(ctx: Context, routes: RouteTable): BeginTrace | undefined {
  const { settings, traces, random, clock } = ctx
  if (!traces) return undefined
  const addresses = createAddressReader(settings.TRUSTED_PROXIES)
  const ratio = Number(settings.OTEL_TRACES_SAMPLER_ARG)

  return (headers, peerAddress) => {
    // Anybody else could attach requests to the traces of others, and decide how many are sent.
    const isTrusted = addresses.peer(peerAddress).trusted
    const parent = isTrusted ? parseTraceparent(headers.get('traceparent')) : undefined
    // Who began the trace decided whether it is kept, so that it is whole or absent.
    if (!(parent ? parent.sampled : random.fraction() < ratio)) return undefined
    const traceId = parent?.traceId ?? hex(random.bytes(TRACE_ID_BYTES))
    const startMs = clock.now()
    return {
      traceId,
      end: (info, status, durationMs) => {
        const method = countedMethod(info.method)
        const route = routePattern(routes, info.path)
        const spanMethod = method ?? 'HTTP'
        const failed = status >= FAILED
        traces.add({
          traceId,
          spanId: hex(random.bytes(SPAN_ID_BYTES)),
          parentSpanId: parent?.spanId,
          name: route ? `${spanMethod} ${route}` : spanMethod,
          startMs,
          durationMs,
          attributes: {
            'http.request.method': method ?? '_OTHER',
            'http.route': route,
            'http.response.status_code': status,
            'client.address': info.ip,
            'error.type': failed ? (info.failure ?? String(status)) : undefined,
            'authgate.request_id': info.id,
          },
          failed,
        })
      },
    }
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
