/** Counts requests for the metrics endpoint, under labels of few values, whatever is sent. */
import type { Context } from '../context'
import type { RequestInfo } from './request-info'
import type { RouteTable } from './route-table'

export interface HttpMetrics {
  begin(info: RequestInfo): void
  end(info: RequestInfo, status: number, durationMs: number): void
}

const COUNTED_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Reading the metrics must not change them. */
const NOT_COUNTED = '/metrics'

/** `undefined` when `METRICS_ENABLED` is off. */
export function createHttpMetrics({ settings, metrics }: Context, routes: RouteTable): HttpMetrics | undefined {
  if (!settings.METRICS_ENABLED) return undefined
  let inFlight = 0
  const isCounted = ({ path }: RequestInfo) => path !== NOT_COUNTED
  return {
    begin: (info) => {
      if (isCounted(info)) metrics.set('http_requests_in_flight', ++inFlight)
    },
    end: (info, status, durationMs) => {
      if (!isCounted(info)) return
      metrics.set('http_requests_in_flight', --inFlight)
      const method = COUNTED_METHODS.has(info.method) ? info.method : 'other'
      const path = pathLabel(routes, info.path)
      metrics.count('http_requests_total', { method, path, status: String(status) })
      metrics.observe('http_request_duration_seconds', durationMs / 1000, { method, path })
    },
  }
}

/** Names of assets change with every release, so they share one label. */
function pathLabel(routes: RouteTable, path: string): string {
  const pattern = routes.find(path)?.pattern ?? 'unknown'
  return pattern.startsWith('/static/') ? '/static/*filepath' : pattern
}
