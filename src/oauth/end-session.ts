/** GET and POST `/oauth/end_session`: an application asks to sign the browser out (RP-Initiated Logout 1.0). */
import { t } from 'elysia'
import { confirmLogoutPage, signedOutPage } from '../../views/pages/end-session'
import type { Context, RequestContext } from '../context'
import { clearCookie, sessionCookieName } from '../edge/cookies'
import { requireSessionToken } from '../edge/csrf'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { pageSurface } from '../edge/surfaces/page'
import { logOut } from '../identity/logout'
import type { BrowserSession } from '../identity/sessions'
import { shownName } from './client-view'
import {
  checkLogoutRequest,
  LOGOUT_PARAMETERS,
  type LogoutParameters,
  type LogoutRequest,
  provesSession,
  readLogoutQuery,
} from './end-session/logout-request'

export const END_SESSION_PATH = '/oauth/end_session'

const text = t.Optional(t.String())
const parameters = {
  id_token_hint: text,
  client_id: text,
  post_logout_redirect_uri: text,
  state: text,
  logout_hint: text,
  ui_locales: text,
}

export const endSessionEndpoint = (context: Context) =>
  pageSurface(context)
    .get(
      END_SESSION_PATH,
      async ({ ctx, session, request }) => {
        const asked = readLogoutQuery(request)
        const logout = await checkLogoutRequest(ctx, asked)
        if (session && !provesSession(logout, session)) return askFirst(ctx, session, asked, logout)
        return await signOut(ctx, session, logout)
      },
      { query: t.Object(parameters), response: t.Any() },
    )
    .post(END_SESSION_PATH, ({ ctx, body }) => continueWithGet(ctx, body), {
      body: t.Object(parameters),
      response: t.Any(),
    })
    .post(
      `${END_SESSION_PATH}/confirm`,
      async ({ ctx, session, body, request }) => {
        if (session) requireSessionToken(ctx, request, session, body.csrf_token)
        return await signOut(ctx, session, await checkLogoutRequest(ctx, body))
      },
      { body: t.Object({ ...parameters, csrf_token: text }), response: t.Any() },
    )

/** What every browser takes in a URL. */
const LONGEST_QUERY = 8_000

/** Browsers send the session's cookie with a form of another site only after a redirect that makes it a GET. */
function continueWithGet(ctx: RequestContext, body: LogoutParameters): Response {
  const query = new URLSearchParams(fieldsOf(body)).toString()
  if (query.length > LONGEST_QUERY) throw new PageError(400, (t) => t.errors.logout.tooLong)
  return redirectTo(ctx, query === '' ? END_SESSION_PATH : `${END_SESSION_PATH}?${query}`, { status: 303 })
}

const fieldsOf = (asked: LogoutParameters): [string, string][] =>
  LOGOUT_PARAMETERS.flatMap((name) => (asked[name] === undefined ? [] : [[name, asked[name]] as [string, string]]))

function askFirst(
  ctx: RequestContext,
  session: BrowserSession,
  asked: LogoutParameters,
  logout: LogoutRequest,
): Response {
  const { client, destination, problem } = logout
  const html = confirmLogoutPage(pageFrame(ctx, session), {
    action: `${END_SESSION_PATH}/confirm`,
    fields: fieldsOf(asked),
    ...(client && { clientName: shownName(client.clientName) || client.clientId }),
    problem,
  })
  return page(html, { status: statusOf(logout), formAction: destination === undefined ? [] : [originOf(destination)] })
}

/** As the content security policy names it: an origin, or the scheme of an application on the device. */
function originOf(destination: string): string {
  const { protocol, origin } = new URL(destination)
  return protocol === 'https:' || protocol === 'http:' ? origin : protocol
}

const statusOf = ({ problem }: LogoutRequest): number => (problem === undefined ? 200 : 400)

async function signOut(
  ctx: RequestContext,
  session: BrowserSession | undefined,
  logout: LogoutRequest,
): Promise<Response> {
  if (session) await logOut(ctx, session)
  const { destination, problem } = logout
  const cookie = clearCookie(ctx.settings, sessionCookieName(ctx.settings))
  // Pages seen while signed in do not come back with the back button.
  const headers = { 'Clear-Site-Data': '"cache"' }
  if (destination === undefined)
    return page(signedOutPage(pageFrame(ctx), { problem }), { status: statusOf(logout), headers, cookies: [cookie] })
  return new Response(null, {
    status: 303,
    headers: { ...headers, Location: destination, 'Set-Cookie': cookie, 'Cache-Control': 'no-store', Vary: 'Cookie' },
  })
}
