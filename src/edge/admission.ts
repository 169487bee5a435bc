/** The first look at a request: where it comes from, what it is for, and under which id it goes on. */
import type { Context } from '../context'
import { createAddressReader, type Peer } from './client-address'
import { browserLanguage } from './language'
import { attachRequestInfo } from './request-context'
import { requestId } from './request-id'
import type { RouteTable } from './route-table'

/** Elysia looks for the path from this character of the URL on; shorter hosts would make it see another path. */
const SHORTEST_ORIGIN = 'http://host'.length

/**
 * Returns the request to route: the one that came in, or a copy of it without the prefix of `BASE_URL`. Requests are
 * served with the prefix and without it, because a proxy may have taken it off.
 */
export function createAdmission(
  ctx: Context,
  routes: RouteTable,
): (request: Request, peerAddress: string | undefined) => Request {
  const { settings, random } = ctx
  const { basePath } = settings
  const addresses = createAddressReader(settings.TRUSTED_PROXIES)
  const warnOnce = createForwardedWarning(ctx)

  return (request, peerAddress) => {
    const { headers, url } = request
    const peer = addresses.peer(peerAddress)
    warnOnce(peer, headers)

    // A request without Host, as health checks over HTTP/1.0 are, has a path for a URL.
    const pathStart = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2)
    const queryStart = url.indexOf('?', pathStart)
    const pathEnd = queryStart === -1 ? url.length : queryStart
    const sentPath = url.slice(pathStart, pathEnd)
    const path = basePath === '' ? sentPath : withoutPrefix(routes, sentPath, basePath)
    const asSent = path === sentPath && pathStart >= SHORTEST_ORIGIN
    const routed = asSent ? request : new Request(settings.origin + path + url.slice(pathEnd), request)
    attachRequestInfo(routed, {
      id: requestId(random, headers, peer.trusted),
      ip: addresses.client(peer, headers),
      peer,
      userAgent: headers.get('user-agent') ?? '',
      path,
      method: request.method,
      search: url.slice(pathEnd).replace(/#.*/, ''),
      language: (uiLocales) => browserLanguage(routed, uiLocales),
    })
    return routed
  }
}

/** A prefix may be the first part of routes too, such as `/oauth`; then the path that is a route is meant. */
function withoutPrefix(routes: RouteTable, path: string, prefix: string): string {
  if (path === prefix) return '/'
  if (!path.startsWith(`${prefix}/`)) return path
  const shorter = path.slice(prefix.length)
  return !routes.find(shorter) && routes.find(path) ? path : shorter
}

/** An untrusted peer that forwards addresses is either a proxy nobody listed, or somebody lying. Said once. */
function createForwardedWarning({ log }: Context): (peer: Peer, headers: Headers) => void {
  let warned = false
  return (peer, headers) => {
    if (warned || peer.trusted || (!headers.has('x-forwarded-for') && !headers.has('x-real-ip'))) return
    warned = true
    log.warn({ peer: peer.address }, 'Ignored X-Forwarded-For of a peer that TRUSTED_PROXIES does not list')
  }
}
