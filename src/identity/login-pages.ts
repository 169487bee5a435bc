/** GET and POST `/login`. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import type { Context } from '../context'
import { secondStepPathTo } from '../edge/browser-session'
import { deviceCookieName, readCookie } from '../edge/cookies'
import { requireLoginToken } from '../edge/csrf'
import { redirectTo } from '../edge/page'
import { pageSurface } from '../edge/surfaces/page'
import { logIn } from './login'
import { DEFAULT_TARGET, hintedName, loginForm } from './login-form'
import { safeRedirect } from './redirect-target'
import { signedInAnswer } from './signed-in'

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
      async ({ ctx, session, halfway, body, request }) => {
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
          replaces: session ?? halfway,
          gone: request.signal,
        })
        if (outcome.kind === 'signed_in') return signedInAnswer(ctx, outcome, target)
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
