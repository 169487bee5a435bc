/**
 * `/swagger/`: the API browser, and the description it is made of. Off by default. In production only administrators
 * see it: a list of every endpoint with its parameters is nothing strangers need.
 */
import { type AnyElysia, t } from 'elysia'
import { messagesOf } from '../../../views/messages'
import { apiPage } from '../../../views/pages/api'
import type { Context, RequestContext } from '../../context'
import { sessionCookieName } from '../../edge/cookies'
import { page, pageFrame, redirectTo } from '../../edge/page'
import { dataHeaders } from '../../edge/security-headers'
import { adminSurface } from '../../edge/surfaces/admin'
import { pageSurface } from '../../edge/surfaces/page'
import type { BrowserSession } from '../../identity/sessions'
import { apiEndpoints, openApiDocument, type Route } from './openapi'

const INDEX = '/swagger/index.html'
const DOCUMENT = '/swagger/doc.json'

/** `routes` are asked for with each request: the server is composed by then. */
export const apiBrowser = (context: Context, routes: () => readonly Route[]): AnyElysia =>
  context.settings.production
    ? adminSurface(context)
        .get('/swagger', ({ ctx }) => redirectTo(ctx, INDEX), { response: t.Any() })
        .get('/swagger/', ({ ctx }) => redirectTo(ctx, INDEX), { response: t.Any() })
        .get(INDEX, ({ ctx, session }) => show(ctx, session, routes()), { response: t.Any() })
        .get(DOCUMENT, ({ ctx }) => document(ctx, routes()), { response: t.Any() })
    : pageSurface(context)
        .get('/swagger', ({ ctx }) => redirectTo(ctx, INDEX), { response: t.Any() })
        .get('/swagger/', ({ ctx }) => redirectTo(ctx, INDEX), { response: t.Any() })
        .get(INDEX, ({ ctx, session }) => show(ctx, session, routes()), { response: t.Any() })
        .get(DOCUMENT, ({ ctx }) => document(ctx, routes()), { response: t.Any() })

const show = (ctx: RequestContext, session: BrowserSession | undefined, routes: readonly Route[]): Response =>
  page(
    apiPage(pageFrame(ctx, session), {
      endpoints: apiEndpoints(routes),
      origin: ctx.settings.BASE_URL.replace(/\/+$/, ''),
      description: DOCUMENT,
    }),
  )

function document(ctx: RequestContext, routes: readonly Route[]): Response {
  const { settings } = ctx
  const body = openApiDocument(routes, messagesOf('en'), settings.basePath, sessionCookieName(settings))
  const headers = {
    ...dataHeaders(settings),
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
  }
  return new Response(JSON.stringify(body), { headers })
}
