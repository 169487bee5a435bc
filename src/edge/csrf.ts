/**
 * Forms that other sites make a browser send (cross-site request forgery).
 *
 * Two independent proofs are asked of every request that changes something: where the browser says it comes from, and
 * a token only our own pages know. The token belongs to the session; on the login form, where there is none yet, to a
 * short-lived cookie.
 */
import type { RequestContext } from '../context'
import type { BrowserSession } from '../identity/sessions'
import { equalSecret } from '../secrets'
import { loginCookieName, readCookie, setCookie } from './cookies'
import { isOwnOrigin } from './own-origin'
import { PageError } from './page-error'

const LOGIN_COOKIE_SECONDS = 3600
const LOGIN_COOKIE = /^[\w-]{43}$/

/** Whether the browser says that the request comes from a page of this server, or does not say. */
function comesFromHere(ctx: RequestContext, request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') return false
  const origin = request.headers.get('origin')
  // `null` is what browsers send with forms of our own pages under Referrer-Policy: no-referrer. It proves nothing,
  // and the token decides.
  return origin === null || origin === 'null' || isOwnOrigin(ctx, request, origin)
}

/** Throws the 403 page unless request and token belong to the session. */
export function requireSessionToken(
  ctx: RequestContext,
  request: Request,
  session: BrowserSession,
  field: string | undefined,
): void {
  const token = field || request.headers.get('x-csrf-token') || ''
  if (comesFromHere(ctx, request) && token !== '' && equalSecret(token, session.csrfToken)) return
  refuse(ctx, session)
}

/**
 * Of a form that is on every page, for strangers too: they have no token, and what the form does to them needs none.
 * Throws the 403 page.
 */
export function requireOwnForm(
  ctx: RequestContext,
  request: Request,
  session: BrowserSession | undefined,
  field: string | undefined,
): void {
  if (session) requireSessionToken(ctx, request, session, field)
  else if (!comesFromHere(ctx, request)) refuse(ctx)
}

/** The token of the login form, and the cookie it belongs to as a `Set-Cookie` value. */
export function loginToken(ctx: RequestContext, request: Request): { token: string; cookie?: string } {
  const { settings, secrets, random } = ctx
  const name = loginCookieName(settings)
  const known = readCookie(request, name)
  const value = known && LOGIN_COOKIE.test(known) ? known : Buffer.from(random.bytes(32)).toString('base64url')
  // Set again each time: its life counts from the latest form that was shown.
  const cookie = setCookie(settings, name, value, { maxAgeSeconds: LOGIN_COOKIE_SECONDS })
  return { token: secrets.csrf.digest(`login ${value}`), cookie }
}

/** Throws the 403 page unless the token was made for this browser's cookie. */
export function requireLoginToken(ctx: RequestContext, request: Request, token: string | undefined): void {
  const cookie = readCookie(request, loginCookieName(ctx.settings)) ?? ''
  const presented = token || request.headers.get('x-csrf-token') || ''
  const matches = LOGIN_COOKIE.test(cookie) && ctx.secrets.csrf.matches(`login ${cookie}`, presented)
  if (comesFromHere(ctx, request) && matches) return
  refuse(ctx)
}

function refuse(ctx: RequestContext, session?: BrowserSession): never {
  ctx.audit.recordRepeatable(ctx, {
    event: 'SUSPICIOUS_ACTIVITY',
    severity: 'WARNING',
    success: false,
    action: 'Form refused: not sent from a page of this server',
    actor: session && { id: session.user.id, username: session.user.username },
    details: { reason: 'csrf' },
  })
  throw new PageError(403, (t) => t.errors.formExpired)
}
