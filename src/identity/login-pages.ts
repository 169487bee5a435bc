/** GET and POST `/login`. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { loginPage } from '../../views/pages/login'
import type { Settings } from '../config/settings'
import type { Context, RequestContext } from '../context'
import { secondStepPathTo } from '../edge/browser-session'
import {
  clearCookie,
  deviceCookieName,
  loginCookieName,
  readCookie,
  sessionCookieName,
  setCookie,
} from '../edge/cookies'
import { loginToken, requireLoginToken } from '../edge/csrf'
import { page, pageFrame, redirectTo } from '../edge/page'
import { pageSurface } from '../edge/surfaces/page'
import { formTargets } from '../oauth/authorize/form-targets'
import { KNOWN_DEVICE_MAX_AGE } from './known-device'
import { logIn } from './login'
import type { LoginOutcome } from './login-outcome'
import { safeRedirect } from './redirect-target'
import { isHalfway } from './second-factor/required'
import type { BrowserSession } from './sessions'

const DEFAULT_TARGET = '/account/sessions'

/** What `?error=` may say. Anything else shows nothing, so that no link can put words into the page. */
const NOTICES: ReadonlyMap<string, (t: Messages) => string> = new Map([
  ['session_timeout', (t: Messages) => t.login.sessionTimeout],
  ['session_invalid', (t: Messages) => t.login.sessionInvalid],
  ['oauth_denied', (t: Messages) => t.providers.cancelled],
])

const optionalText = t.Optional(t.String())

export const loginPages = (context: Context) =>
  pageSurface(context)
    .get(
      '/login',
      ({ ctx, session, halfway, query, request }) => {
        const target = safeRedirect(ctx.settings, query.redirect)
        if (halfway && query.prompt !== 'login') return redirectTo(ctx, secondStepPathTo(target ?? DEFAULT_TARGET))
        // An application may want to see a login although there was one before, perhaps of somebody else.
        if (session && query.prompt !== 'login') return redirectTo(ctx, target ?? DEFAULT_TARGET)
        const notice = NOTICES.get(query.error ?? '')
        return loginForm(ctx, request, { redirect: target ?? '', username: hintedName(target), notice })
      },
      {
        query: t.Object({ redirect: optionalText, error: optionalText, prompt: optionalText }),
        response: t.Any(),
      },
    )
    .post(
      '/login',
      async ({ ctx, session, body, request }) => {
        requireLoginToken(ctx, request, body.csrf_token)
        const { settings } = ctx
        const target = safeRedirect(settings, body.redirect) ?? DEFAULT_TARGET
        const username = body.username ?? ''
        const remember = body.remember_me === '1' && settings.SESSION_REMEMBER_ME_ENABLED

        const outcome = await logIn(ctx, {
          username,
          password: body.password ?? '',
          remember,
          knownDevice: readCookie(request, deviceCookieName(settings)),
          replaces: session,
          gone: request.signal,
        })
        if (outcome.kind === 'signed_in')
          return redirectTo(ctx, nextPage(outcome.started.session, target), {
            cookies: signedInCookies(settings, outcome),
          })
        const again = { redirect: target, username, remember }
        if (outcome.kind === 'refused')
          return loginForm(ctx, request, { ...again, status: 401, error: (t) => t.login.problems[outcome.problem] })
        if (outcome.kind === 'unavailable')
          return loginForm(ctx, request, {
            ...again,
            status: 503,
            error: (t) => t.login.unavailable,
            headers: { 'Retry-After': String(outcome.retryAfterSeconds) },
          })
        const headers = { 'Retry-After': String(Math.ceil(outcome.waitMs / 1000)) }
        return loginForm(ctx, request, { ...again, status: 429, error: (t) => t.login.tooMany, headers })
      },
      {
        body: t.Object({
          csrf_token: optionalText,
          redirect: optionalText,
          username: optionalText,
          password: optionalText,
          remember_me: optionalText,
        }),
        response: t.Any(),
      },
    )

const LONGEST_HINT = 255

/** Whom the application that asks for the login expects (OIDC Core §3.1.2.1 `login_hint`). */
function hintedName(target: string | undefined): string {
  const hint = requestParameter(target, 'login_hint')
  return hint.length > LONGEST_HINT ? '' : hint
}

/** Of the authorization request that goes on after the login; empty where there is none. */
function requestParameter(target: string | undefined, name: string): string {
  if (!target?.startsWith('/oauth/authorize?')) return ''
  return new URLSearchParams(target.slice(target.indexOf('?'))).get(name) ?? ''
}

interface FormState {
  readonly redirect: string
  readonly username?: string
  readonly remember?: boolean
  readonly notice?: ((t: Messages) => string) | undefined
  readonly error?: (t: Messages) => string
  readonly status?: number
  readonly headers?: Record<string, string>
}

/** The form as it was left, without the password. */
async function loginForm(ctx: RequestContext, request: Request, state: FormState): Promise<Response> {
  const { redirect, username = '', remember = false, notice, error, status = 200, headers = {} } = state
  const { token, cookie } = loginToken(ctx, request)
  const frame = pageFrame(ctx, undefined, {
    here: redirect === '' ? '/login' : `/login?${new URLSearchParams({ redirect })}`,
    uiLocales: requestParameter(redirect, 'ui_locales'),
  })
  const html = loginPage(frame, {
    redirect,
    username,
    loginToken: token,
    rememberChecked: remember,
    ...(ctx.settings.SESSION_REMEMBER_ME_ENABLED && { rememberDays: rememberDays(ctx.settings) }),
    providers: ctx.providers.all.map(({ name, label }) => ({
      label,
      href: `${ctx.settings.basePath}/auth/login/${name}?${new URLSearchParams({ redirect })}`,
    })),
    ...(notice !== undefined && { notice: notice(frame.t) }),
    ...(error !== undefined && { error: error(frame.t) }),
    ...(/^\/device(?=[/?#]|$)/.test(redirect) && { signingInFor: frame.t.login.yourDevice }),
  })
  const formAction = await formTargets(ctx, redirect)
  return page(html, { status, headers, cookies: cookie === undefined ? [] : [cookie], formAction })
}

const DAY_SECONDS = 86_400

const rememberDays = ({ SESSION_REMEMBER_ME_MAX_AGE }: Settings): number =>
  Math.max(1, Math.ceil(SESSION_REMEMBER_ME_MAX_AGE / DAY_SECONDS))

/** The second factor, if the account has one; then a password that somebody else chose is replaced. */
export const nextPage = (session: BrowserSession, target: string): string =>
  isHalfway(session) ? secondStepPathTo(target) : afterSecondStep(session, target)

const afterSecondStep = ({ user }: BrowserSession, target: string): string =>
  user.mustChangePassword ? `/account/change-password?redirect=${encodeURIComponent(target)}` : target

/** The new session takes the place of the old one; the form's own token has done its work. */
export function signedInCookies(
  settings: Settings,
  { started, knownDevice }: Pick<LoginOutcome & { kind: 'signed_in' }, 'started' | 'knownDevice'>,
): string[] {
  const { cookieValue, maxAgeSeconds } = started
  const cookies = [
    setCookie(settings, sessionCookieName(settings), cookieValue, { maxAgeSeconds }),
    clearCookie(settings, loginCookieName(settings)),
  ]
  // Only who got in all the way: with a device of its own for each login, guesses at the second factor would be free.
  if (knownDevice !== undefined && !isHalfway(started.session)) {
    const lasting = { maxAgeSeconds: KNOWN_DEVICE_MAX_AGE }
    cookies.push(setCookie(settings, deviceCookieName(settings), knownDevice, lasting))
  }
  return cookies
}
