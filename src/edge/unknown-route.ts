/** Answers to what no route serves: 404, 405 with `Allow`, and redirects to the path without its final slash. */
import { messagesOf } from '../../views/messages'
import type { Context } from '../context'
import { lookUpSession } from './browser-session'
import { errorPageAnswer } from './error-page'
import { PageError } from './page-error'
import { acceptsPages } from './page-failures'
import { plainText } from './plain-text'
import { requestContext, requestInfo } from './request-context'
import type { RouteTable } from './route-table'
import { dataHeaders } from './security-headers'

const notFound = () => new PageError(404, (t) => t.errors.notFound)

const wrongMethod = (methods: readonly string[]) =>
  new PageError(405, (t) => t.errors.wrongMethod, { Allow: allowed(methods) })

export function createUnknownRouteAnswer(context: Context, routes: RouteTable) {
  return (request: Request): Response | Promise<Response> => {
    const { path, method } = requestInfo(request)
    const known = routes.find(path)
    if (known) return refuse(context, request, wrongMethod(known.methods))

    const shorter = path.replace(/\/+$/, '')
    if (shorter !== path && routes.find(shorter)) {
      // 307 keeps the method and body of a form.
      const status = method === 'GET' || method === 'HEAD' ? 301 : 307
      const location = context.settings.basePath + shorter + new URL(request.url).search
      return new Response(null, { status, headers: { Location: location } })
    }
    return refuse(context, request, notFound())
  }
}

/** Every GET is also answered as HEAD. */
function allowed(methods: readonly string[]): string {
  const all = new Set(methods)
  if (all.has('GET')) all.add('HEAD')
  return [...all].sort().join(', ')
}

const PROTOCOL_PATH = /^\/(oauth|\.well-known)(\/|$)/

/** As JSON where programs ask, as a page where a browser does, else as text. */
function refuse(context: Context, request: Request, refusal: PageError): Response | Promise<Response> {
  const { status, message, headers } = refusal
  if (PROTOCOL_PATH.test(requestInfo(request).path)) {
    const error = status === 404 ? 'not_found' : 'invalid_request'
    return new Response(JSON.stringify({ error, error_description: message }), {
      status,
      headers: {
        ...dataHeaders(context.settings),
        'Content-Type': 'application/json; charset=utf-8',
        'Cache-Control': 'no-store',
        ...headers,
      },
    })
  }
  if (acceptsPages(request)) return refusalPage(context, request, refusal)
  const { title } = refusal.text(messagesOf('en'))
  return plainText(`${status} ${title.toLowerCase()}`, status, headers)
}

async function refusalPage(context: Context, request: Request, refusal: PageError): Promise<Response> {
  // For the language of somebody signed in. Without a database the page is in the browser's.
  await lookUpSession(requestContext(context, request), request).catch(() => undefined)
  // The page quotes nothing of an address that somebody else may have made up.
  return errorPageAnswer(requestContext(context, request), refusal, '/')
}
