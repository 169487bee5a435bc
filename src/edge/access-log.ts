/** One line per request: method, path without query, status, duration, address. Never what was sent. */
import type { Context } from '../context'
import type { RequestInfo } from './request-info'

const MAX_PATH = 500

/** `traceId`: of the trace that the request is part of. */
export function logRequest(
  { log }: Context,
  info: RequestInfo,
  status: number,
  durationMs: number,
  traceId?: string,
): void {
  const { id, method, path, ip } = info
  const fields = {
    request_id: id,
    method,
    path: path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}...` : path,
    status,
    duration_ms: Math.round(durationMs * 100) / 100,
    ip,
    trace_id: traceId,
  }
  log.info(fields, 'request')
}
