/** The answer to the client: a redirect, or a page whose form the browser sends on (RFC 6749 §4.1.2, RFC 9207). */
import { formPostPage } from '../../../views/pages/form-post'
import type { RequestContext } from '../../context'
import { page, pageFrame } from '../../edge/page'
import { isLoopbackHost, type ValidatedRedirectUri } from '../redirect-uri'
import type { AuthorizationRefused } from './request'
import { isWebAddress, type Target } from './target'

type Answer = { readonly code: string } | { readonly error: string; readonly error_description: string }

/** The only place that sends a browser away from this server, and only to what `matchRedirectUri` made. */
export function answerClient(ctx: RequestContext, target: Target, answer: Answer): Response {
  const { redirectUri, mode, state } = target
  const parameters = { ...answer, ...(state !== undefined && { state }), iss: ctx.settings.issuer }
  if (mode === 'form_post') {
    const view = formPostPage(pageFrame(ctx), { action: redirectUri, host: shownTarget(redirectUri), parameters })
    return page(view, { formAction: formActionOf(redirectUri) })
  }
  const headers = {
    Location: withParameters(redirectUri, parameters),
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    Vary: 'Cookie',
  }
  // After a form, 303 makes every browser go on with GET, so that nothing of the form reaches the client (RFC 9700 §4.12).
  return new Response(null, { status: ctx.request.method === 'POST' ? 303 : 302, headers })
}

export const answerRefusal = (ctx: RequestContext, { target, error, description }: AuthorizationRefused): Response =>
  answerClient(ctx, target, { error, error_description: description })

/** The registered query stays as it is, but for parameters of the same name. */
function withParameters(redirectUri: ValidatedRedirectUri, parameters: Record<string, string>): string {
  const [beforeFragment = ''] = redirectUri.split('#', 1)
  const mark = beforeFragment.indexOf('?')
  const path = mark === -1 ? beforeFragment : beforeFragment.slice(0, mark)
  const query = mark === -1 ? [] : beforeFragment.slice(mark + 1).split('&')
  const kept = query.filter(
    (pair) => pair !== '' && !new URLSearchParams(pair).keys().some((name) => name in parameters),
  )
  const location = `${path}?${[...kept, new URLSearchParams(parameters).toString()].join('&')}`
  // Headers are ASCII; names of hosts and paths need not be.
  return /^[\u0021-\u007e]*$/.test(location) ? location : new URL(location).href
}

/** Where a page's form may lead besides this server: browsers apply `form-action` to the redirect after it. */
export function formActionOf(redirectUri: ValidatedRedirectUri): string[] {
  const { protocol, origin, hostname } = new URL(redirectUri)
  if (protocol !== 'http:' && protocol !== 'https:') return [protocol]
  // The policy's grammar has no addresses in brackets (CSP3 §2.3.1).
  return [hostname.startsWith('[') ? protocol : origin]
}

/** What to call the place the browser goes to next. */
export function shownTarget(redirectUri: ValidatedRedirectUri): string {
  const { protocol, host } = new URL(redirectUri)
  return isWebAddress(redirectUri) ? host : protocol.slice(0, -1)
}

export function kindOfTarget(redirectUri: ValidatedRedirectUri): 'website' | 'this computer' | 'installed' {
  if (!isWebAddress(redirectUri)) return 'installed'
  return isLoopbackHost(new URL(redirectUri).hostname) ? 'this computer' : 'website'
}
