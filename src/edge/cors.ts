/**
 * Cross-origin requests of browser applications (Fetch standard §3.2), for the endpoints that programs call. Pages,
 * assets and the authorization endpoint never take part: their cookies must not be of use to another origin.
 */
import type { Context } from '../context'
import type { RequestInfo } from './request-info'
import type { RouteTable } from './route-table'

export interface CrossOrigin {
  /** Given instead of calling the endpoint: the answer to a preflight, or a refusal. */
  readonly answer?: Response
  /** Added to the endpoint's answer. */
  readonly headers: Readonly<Record<string, string>>
}

const EXPOSED = [
  ...['Content-Length', 'Content-Type', 'WWW-Authenticate', 'Retry-After'],
  ...['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'X-Request-ID'],
].join(',')

const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'

/** What to do with a request; `undefined` for paths that take no part. */
export type CorsPolicy = (request: Request, info: RequestInfo) => CrossOrigin | undefined

/** `undefined` when `CORS_ENABLED` is off. */
export function createCorsPolicy({ settings }: Context, routes: RouteTable): CorsPolicy | undefined {
  if (!settings.CORS_ENABLED) return undefined
  const origins = new Set(settings.CORS_ALLOWED_ORIGINS.map((origin) => origin.toLowerCase()))
  const everybody = origins.has('*')
  const untouched: CrossOrigin = { headers: { Vary: 'Origin' } }

  const grant = (origin: string): Record<string, string> =>
    everybody
      ? { 'Access-Control-Allow-Origin': '*' }
      : { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' }
  const preflight = {
    'Access-Control-Allow-Methods': settings.CORS_ALLOWED_METHODS.join(','),
    'Access-Control-Allow-Headers': settings.CORS_ALLOWED_HEADERS.join(','),
    ...(settings.CORS_MAX_AGE > 0 && { 'Access-Control-Max-Age': String(Math.floor(settings.CORS_MAX_AGE / 1000)) }),
    Vary: PREFLIGHT_VARY,
  }

  return (request, { method, path }) => {
    if (!isProgramsEndpoint(path) || !routes.find(path)) return undefined
    const origin = request.headers.get('origin')
    if (origin === null || isHere(settings.origin, request, origin)) return untouched
    if (!everybody && !origins.has(origin.toLowerCase()))
      return { answer: new Response(null, { status: 403, headers: untouched.headers }), headers: {} }
    if (method === 'OPTIONS')
      return { answer: new Response(null, { status: 204, headers: { ...grant(origin), ...preflight } }), headers: {} }
    return { headers: { ...grant(origin), 'Access-Control-Expose-Headers': EXPOSED, Vary: 'Origin' } }
  }
}

/** Where browsers go with their session: another origin's script must not read these pages. */
const PAGES = /^\/oauth\/(authorize|end_session)(\/|$)/

const isProgramsEndpoint = (path: string): boolean => path.startsWith('/oauth/') && !PAGES.test(path)

function isHere(ownOrigin: string, request: Request, origin: string): boolean {
  const host = request.headers.get('host')
  return origin === ownOrigin || origin === `http://${host}` || origin === `https://${host}`
}
