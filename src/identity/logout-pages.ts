/** GET and POST `/logout`. */
import { t } from 'elysia'
import { logoutPage } from '../../views/pages/logout'
import type { Context, RequestContext } from '../context'
import { clearCookie, sessionCookieName } from '../edge/cookies'
import { requireSessionToken } from '../edge/csrf'
import { page, pageFrame, redirectTo } from '../edge/page'
import { pageSurface } from '../edge/surfaces/page'
import { logOut } from './logout'
import type { BrowserSession } from './sessions'

export const logoutPages = (context: Context) =>
  pageSurface(context)
    .get(
      '/logout',
      ({ ctx, session, halfway, request }) => {
        // A link on another site must not sign anybody out.
        if (session && !isOwnNavigation(request)) return page(logoutPage(pageFrame(ctx, session)))
        return signedOut(ctx, session ?? halfway)
      },
      { response: t.Any() },
    )
    .post(
      '/logout',
      ({ ctx, session, halfway, body, request }) => {
        if (session) requireSessionToken(ctx, request, session, body.csrf_token)
        return signedOut(ctx, session ?? halfway)
      },
      { body: t.Object({ csrf_token: t.Optional(t.String()) }), response: t.Any() },
    )

/** Typed, bookmarked, from a page of this server, or from a program that is no browser. */
function isOwnNavigation(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  return site === null || site === 'same-origin' || site === 'none'
}

async function signedOut(ctx: RequestContext, session: BrowserSession | undefined): Promise<Response> {
  if (session) await logOut(ctx, session)
  return redirectTo(ctx, '/login', {
    cookies: [clearCookie(ctx.settings, sessionCookieName(ctx.settings))],
    // Pages seen while signed in do not come back with the back button.
    headers: { 'Clear-Site-Data': '"cache"' },
  })
}
