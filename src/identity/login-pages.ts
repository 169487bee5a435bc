/** GET and POST `/login`. */
import { t } from 'elysia'
import { loginPage } from '../../views/pages/login'
import type { Settings } from '../config/settings'
import type { Context, RequestContext } from '../context'
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
import type { LoginOutcome, LoginProblem } from './login-outcome'
import { safeRedirect } from './redirect-target'
import type { BrowserSession } from './sessions'

const DEFAULT_TARGET = '/account/sessions'

/** What `?error=` may say. Anything else shows nothing, so that no link can put words into the page. */
const NOTICES = new Map([
  ['session_timeout', 'Your session has expired due to inactivity. Please sign in again.'],
  [
    'session_invalid',
    'Your session is invalid or may have been accessed from a different device. Please sign in again.',
  ],
])

const TOO_MANY = 'Too many requests. Please try again later.'
const UNAVAILABLE = 'Your password cannot be checked at the moment. Please try again in a little while.'

const PROBLEMS: Readonly<Record<LoginProblem, string>> = {
  invalid: 'Invalid username or password',
  disabled: 'Your account has been disabled. Please contact your administrator.',
  username_conflict: 'Username conflict with existing user. Please contact administrator.',
  email_conflict: 'Your account could not be set up. Please contact your administrator.',
}

const optionalText = t.Optional(t.String())

export const loginPages = (context: Context) =>
  pageSurface(context)
    .get(
      '/login',
      ({ ctx, session, query, request }) => {
        const target = safeRedirect(ctx.settings, query.redirect)
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
          return loginForm(ctx, request, { ...again, status: 401, error: PROBLEMS[outcome.problem] })
        if (outcome.kind === 'unavailable')
          return loginForm(ctx, request, {
            ...again,
            status: 503,
            error: UNAVAILABLE,
            headers: { 'Retry-After': String(outcome.retryAfterSeconds) },
          })
        const headers = { 'Retry-After': String(Math.ceil(outcome.waitMs / 1000)) }
        return loginForm(ctx, request, { ...again, status: 429, error: TOO_MANY, headers })
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
  if (!target?.startsWith('/oauth/authorize?')) return ''
  const hint = new URLSearchParams(target.slice(target.indexOf('?'))).get('login_hint') ?? ''
  return hint.length > LONGEST_HINT ? '' : hint
}

interface FormState {
  readonly redirect: string
  readonly username?: string
  readonly remember?: boolean
  readonly notice?: string | undefined
  readonly error?: string
  readonly status?: number
  readonly headers?: Record<string, string>
}

/** The form as it was left, without the password. */
async function loginForm(ctx: RequestContext, request: Request, state: FormState): Promise<Response> {
  const { redirect, username = '', remember = false, notice, error, status = 200, headers = {} } = state
  const { token, cookie } = loginToken(ctx, request)
  const html = loginPage(pageFrame(ctx), {
    redirect,
    username,
    loginToken: token,
    rememberChecked: remember,
    ...(ctx.settings.SESSION_REMEMBER_ME_ENABLED && { rememberDays: rememberDays(ctx.settings) }),
    ...(notice !== undefined && { notice }),
    ...(error !== undefined && { error }),
    ...(/^\/device(?=[/?#]|$)/.test(redirect) && { signingInFor: 'your device' }),
  })
  const formAction = await formTargets(ctx, redirect)
  return page(html, { status, headers, cookies: cookie === undefined ? [] : [cookie], formAction })
}

const DAY_SECONDS = 86_400

const rememberDays = ({ SESSION_REMEMBER_ME_MAX_AGE }: Settings): number =>
  Math.max(1, Math.ceil(SESSION_REMEMBER_ME_MAX_AGE / DAY_SECONDS))

/** A password that somebody else chose is replaced first. */
const nextPage = ({ user }: BrowserSession, target: string): string =>
  user.mustChangePassword ? `/account/change-password?redirect=${encodeURIComponent(target)}` : target

/** The new session takes the place of the old one; the form's own token has done its work. */
function signedInCookies(settings: Settings, { started, knownDevice }: LoginOutcome & { kind: 'signed_in' }): string[] {
  const { cookieValue, maxAgeSeconds } = started
  const cookies = [
    setCookie(settings, sessionCookieName(settings), cookieValue, { maxAgeSeconds }),
    clearCookie(settings, loginCookieName(settings)),
  ]
  if (knownDevice !== undefined) {
    const lasting = { maxAgeSeconds: KNOWN_DEVICE_MAX_AGE }
    cookies.push(setCookie(settings, deviceCookieName(settings), knownDevice, lasting))
  }
  return cookies
}
