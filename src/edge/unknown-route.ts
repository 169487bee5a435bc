/** Answers to what no route serves: 404, 405 with `Allow`, and redirects to the path without its final slash. */
import type { Context } from '../context'
import { errorPageAnswer } from './error-page'
import { PageError } from './page-error'
import { requestContext, requestInfo } from './request-context'

interface Route {
  readonly method: string
  readonly path: string
}

/** `routes` are all routes of the server. */
export function createUnknownRouteAnswer(context: Context, routes: readonly Route[]): (request: Request) => Response {
  const { basePath } = context.settings
  const methodsOf = methodLookup(routes)

  return (request) => {
    const { path, method } = requestInfo(request)
    const methods = methodsOf(path)
    if (methods.length > 0)
      return refusal(context, request, 405, { text: '405 method not allowed', Allow: allowed(methods) })

    const shorter = path.replace(/\/+$/, '')
    if (shorter !== path && shorter !== '' && methodsOf(shorter).length > 0) {
      // 307 keeps the method and body of a form.
      const status = method === 'GET' || method === 'HEAD' ? 301 : 307
      return new Response(null, { status, headers: { Location: basePath + shorter + new URL(request.url).search } })
    }
    return refusal(context, request, 404, { text: '404 page not found' })
  }
}

function methodLookup(routes: readonly Route[]): (path: string) => string[] {
  const fixed = new Map<string, string[]>()
  const patterns: { pattern: RegExp; method: string }[] = []
  for (const { method, path } of routes) {
    if (path.includes(':') || path.includes('*')) patterns.push({ pattern: patternOf(path), method })
    else fixed.set(path, [...(fixed.get(path) ?? []), method])
  }
  return (path) => fixed.get(path) ?? patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
}

function patternOf(path: string): RegExp {
  const source = path
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[^/]+/g, '[^/]+')
    .replace(/\*$/, '.+')
  return new RegExp(`^${source}$`)
}

function allowed(methods: readonly string[]): string {
  const all = new Set(methods)
  if (all.has('GET')) all.add('HEAD')
  return [...all].sort().join(', ')
}

function refusal(context: Context, request: Request, status: 404 | 405, { text, ...headers }: Record<string, string>) {
  const { path } = requestInfo(request)
  if (/^\/(oauth|\.well-known)(\/|$)/.test(path)) {
    const body = {
      error: status === 404 ? 'not_found' : 'invalid_request',
      error_description: status === 404 ? 'There is no such endpoint' : 'Method not allowed',
    }
    return new Response(JSON.stringify(body), {
      status,
      headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
    })
  }
  if (request.headers.get('accept')?.includes('text/html')) {
    const title = status === 404 ? 'Page not found' : 'Method not allowed'
    const explanation =
      status === 404 ? 'There is no page at this address.' : 'This address does not take requests of this kind.'
    return errorPageAnswer(
      requestContext(context, request),
      new PageError(status, title, explanation, undefined, headers),
    )
  }
  return new Response(text, {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  })
}
