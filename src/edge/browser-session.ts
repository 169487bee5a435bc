/** The session of a request, and what happens where one is needed and absent. */
import { isLanguage } from '../../views/messages'
import type { RequestContext } from '../context'
import { commit } from '../db/commit'
import { mustEnrol } from '../identity/second-factor/required'
import {
  type BrowserSession,
  clearFlash,
  findSession,
  mustReplacePassword,
  type SessionLookup,
} from '../identity/sessions'
import { clearCookie, readCookie, sessionCookieName } from './cookies'
import { isOwnOrigin } from './own-origin'
import { attachRequestInfo } from './request-context'

/** A page needs a session. Answered by a redirect to the login page, or 401 for scripts. */
export class LoginRequired extends Error {
  constructor(
    readonly ended: 'session_timeout' | 'session_invalid' | undefined,
    /** Whether the browser sent a session cookie, which is of no use any more. */
    readonly staleCookie: boolean,
    /** The password was right already; the second factor is still to come. */
    readonly halfway = false,
  ) {
    super('login required')
  }
}

/** The session must not be used for anything before its password is replaced. */
export class PasswordChangeRequired extends Error {}

/** The session must not be used for anything before the account has a second factor. */
export class EnrolmentRequired extends Error {}

/** Throws `DatabaseUnavailable`: an unanswered look-up must not look like signed out. */
export async function lookUpSession(ctx: RequestContext, request: Request): Promise<SessionLookup> {
  const value = readCookie(request, sessionCookieName(ctx.settings))
  if (value === undefined || value === '') return { session: undefined }
  const lookup = await findSession(ctx, value)
  if (lookup.session) noteSession(ctx, request, lookup.session)
  return lookup
}

/** For pages that are made without the session, such as those about errors: their language and the form on them. */
function noteSession(ctx: RequestContext, request: Request, { user, csrfToken }: BrowserSession): void {
  const { language } = user
  attachRequestInfo(request, { ...ctx.request, csrfToken, ...(isLanguage(language) && { language: () => language }) })
}

/** The messages of this session are shown by the page that is asked for now, and never again. */
export async function takeFlash(ctx: RequestContext, session: BrowserSession): Promise<void> {
  if (session.flash.length > 0 && ctx.request.method === 'GET') await commit(ctx, [clearFlash(session)])
}

const CONFIRM = '/account/confirm'
const PASSWORD_PAGE = '/account/change-password'
const ALLOWED_BEFORE_PASSWORD_CHANGE = new Set([PASSWORD_PAGE, '/logout'])

export const SECOND_STEP_PATH = '/login/second-step'
export const ENROLMENT_PATH = '/account/security/totp'
export const PASSKEYS_PATH = '/account/security/passkeys'
const ALLOWED_BEFORE_ENROLMENT = new Set([
  ...ALLOWED_BEFORE_PASSWORD_CHANGE,
  ...[ENROLMENT_PATH, `${ENROLMENT_PATH}/begin`, CONFIRM, `${CONFIRM}/continue`],
  ...[PASSKEYS_PATH, `${PASSKEYS_PATH}/options`],
])

/** Throws `LoginRequired`, `PasswordChangeRequired`, `EnrolmentRequired`, `DatabaseUnavailable`. */
export async function requireSession(ctx: RequestContext, request: Request): Promise<BrowserSession> {
  const lookup = await lookUpSession(ctx, request)
  if (!lookup.session) {
    const halfway = lookup.halfway !== undefined
    const sent = readCookie(request, sessionCookieName(ctx.settings)) !== undefined && !halfway
    throw new LoginRequired(lookup.ended, sent, halfway)
  }
  if (mustReplacePassword(lookup.session) && !ALLOWED_BEFORE_PASSWORD_CHANGE.has(ctx.request.path))
    throw new PasswordChangeRequired('password change required')
  if (mustEnrol(ctx.settings, lookup.session) && !ALLOWED_BEFORE_ENROLMENT.has(ctx.request.path))
    throw new EnrolmentRequired('second factor required')
  return lookup.session
}

/** Where the login page is, told where to return to. */
export const loginPath = (ctx: RequestContext, request: Request, { ended, halfway }: LoginRequired): string => {
  const target = returnTarget(ctx, request)
  return halfway ? secondStepPathTo(target) : loginPathTo(target, { ended })
}

export const secondStepPathTo = (target: string): string =>
  `${SECOND_STEP_PATH}?${new URLSearchParams({ redirect: target })}`

/** `again` asks for a login also in a browser that is signed in. */
export function loginPathTo(
  target: string,
  { ended, again }: { ended?: LoginRequired['ended']; again?: boolean },
): string {
  const query = new URLSearchParams({ redirect: target })
  if (ended) query.set('error', ended)
  if (again) query.set('prompt', 'login')
  return `/login?${query}`
}

export const passwordChangePath = (ctx: RequestContext, request: Request): string =>
  `${PASSWORD_PAGE}?${new URLSearchParams({ redirect: returnTarget(ctx, request) })}`

export const enrolmentPath = (ctx: RequestContext, request: Request): string =>
  enrolmentPathTo(returnTarget(ctx, request))

const enrolmentPathTo = (target: string): string => `${ENROLMENT_PATH}?${new URLSearchParams({ redirect: target })}`

/** Removes the cookie of a session that has ended. */
export const staleCookies = (ctx: RequestContext, { staleCookie }: LoginRequired): string[] =>
  staleCookie ? [clearCookie(ctx.settings, sessionCookieName(ctx.settings))] : []

/** The page that was asked for; for a form, which cannot be sent again, the page it was on. */
function returnTarget(ctx: RequestContext, request: Request): string {
  const { basePath } = ctx.settings
  const { method, path } = ctx.request
  if (method === 'GET' || method === 'HEAD') return path + new URL(request.url).search
  const referer = URL.parse(request.headers.get('referer') ?? '')
  const fromHere = referer && isOwnOrigin(ctx, request, referer.origin) && referer.pathname.startsWith(`${basePath}/`)
  if (fromHere) return referer.pathname.slice(basePath.length) + referer.search
  // Forms of these pages come without Referer.
  return path.startsWith('/device/') ? '/device' : '/account/sessions'
}
