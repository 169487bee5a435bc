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
      const method = countedMethod(info.method) ?? 'other'
      const path = routePattern(routes, info.path) ?? 'unknown'
      metrics.count('http_requests_total', { method, path, status: String(status) })
      metrics.observe('http_request_duration_seconds', durationMs / 1000, { method, path })
    },
  }
}

/** `undefined` for methods that anybody makes up. */
export const countedMethod = (method: string): string | undefined => (COUNTED_METHODS.has(method) ? method : undefined)

/** `undefined` when no route serves the path. Names of assets change with every release, so they share one pattern. */
export function routePattern(routes: RouteTable, path: string): string | undefined {
  const pattern = routes.find(path)?.pattern
  return pattern?.startsWith('/static/') ? '/static/*filepath' : pattern
}
