/** GET /metrics: the counters in the text format 0.0.4 of Prometheus. */
import type { Context } from '../context'
import type { Handler } from '../edge/pipeline'
import { plainText } from '../edge/plain-text'
import { dataHeaders } from '../edge/security-headers'
import { accepts } from '../edge/static-files'
import { infrastructureSurface } from '../edge/surfaces/infrastructure'
import { equalSecret } from '../secrets'

/** On the public listener; with `METRICS_ADDR`, or without `METRICS_ENABLED`, there is no such route. */
export function metricsEndpoint(context: Context) {
  const app = infrastructureSurface(context)
  const { METRICS_ENABLED, METRICS_ADDR } = context.settings
  if (!METRICS_ENABLED || METRICS_ADDR !== '') return app
  const answer = createMetricsAnswer(context)
  return app.get('/metrics', ({ request }) => answer(request))
}

/** What the listener of `METRICS_ADDR` serves: the metrics and nothing else. Never throws. */
export function createMetricsHandler(context: Context): Handler {
  const answer = createMetricsAnswer(context)
  const read = new Set(['GET', 'HEAD'])
  return async (request) => {
    if (pathOf(request.url) !== '/metrics') return plainText('404 page not found', 404)
    if (!read.has(request.method)) return plainText('405 method not allowed', 405, { Allow: 'GET, HEAD' })
    try {
      return await answer(request)
    } catch (error) {
      context.log.error({ reason: (error as Error).message }, 'Metrics could not be read')
      return plainText('Internal error', 500)
    }
  }
}

/** A request without Host, as HTTP/1.0 allows, has a path for a URL. */
const pathOf = (url: string): string => new URL(url, 'http://host').pathname

const BEARER = 'Bearer '

function createMetricsAnswer({ settings, metrics }: Context): (request: Request) => Promise<Response> {
  const common = { ...dataHeaders(settings), 'Cache-Control': 'no-store' }
  const refuse = (message: string) =>
    new Response(JSON.stringify({ error: 'unauthorized', message }), {
      status: 401,
      headers: {
        ...common,
        'Content-Type': 'application/json; charset=utf-8',
        'WWW-Authenticate': 'Bearer realm="Metrics"',
      },
    })
  const textHeaders = { ...common, 'Content-Type': metrics.registry.contentType, Vary: 'Accept-Encoding' }

  return async ({ headers }) => {
    if (settings.METRICS_TOKEN !== '') {
      const authorization = headers.get('authorization') ?? ''
      if (!authorization.startsWith(BEARER)) return refuse('Bearer token required')
      if (!equalSecret(authorization.slice(BEARER.length), settings.METRICS_TOKEN)) return refuse('Invalid token')
    }
    const text = await metrics.text()
    if (!accepts(headers.get('accept-encoding') ?? '', 'gzip')) return new Response(text, { headers: textHeaders })
    return new Response(Bun.gzipSync(text), { headers: { ...textHeaders, 'Content-Encoding': 'gzip' } })
  }
}
