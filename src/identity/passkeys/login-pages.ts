/** POST `/login/passkey/options` and `/login/passkey`: signing in with a passkey from the login form. */
import { t } from 'elysia'
import type { Context, RequestContext } from '../../context'
import { loginCookieName, readCookie } from '../../edge/cookies'
import { requireLoginToken } from '../../edge/csrf'
import { jsonHeaders } from '../../edge/json-refusal'
import { PageError } from '../../edge/page-error'
import { pageSurface } from '../../edge/surfaces/page'
import { DEFAULT_TARGET, loginForm } from '../login-form'
import { safeRedirect } from '../redirect-target'
import { signedInAnswer } from '../signed-in'
import { beginPasskeyLogin, logInWithPasskey } from './log-in'

const optionalText = t.Optional(t.String())

export const passkeyLoginPages = (context: Context) =>
  pageSurface(context)
    .post(
      '/login/passkey/options',
      async ({ ctx, body, request }) => {
        requireLoginToken(ctx, request, body.csrf_token)
        const options = await beginPasskeyLogin(ctx, loginCookie(ctx, request))
        if (!options) throw new PageError(404, (text) => text.errors.notFound)
        return new Response(JSON.stringify(options), { headers: jsonHeaders(ctx) })
      },
      { body: t.Object({ csrf_token: optionalText }), response: t.Any() },
    )
    .post(
      '/login/passkey',
      async ({ ctx, session, halfway, body, request }) => {
        requireLoginToken(ctx, request, body.csrf_token)
        const target = safeRedirect(ctx.settings, body.redirect) ?? DEFAULT_TARGET
        const remember = body.remember_me === '1' && ctx.settings.SESSION_REMEMBER_ME_ENABLED
        const outcome = await logInWithPasskey(ctx, {
          credential: body.credential ?? '',
          loginCookie: loginCookie(ctx, request),
          remember,
          replaces: session ?? halfway,
        })
        if (outcome.kind === 'refused')
          return loginForm(ctx, request, {
            ...{ redirect: target, remember, status: 401 },
            error: (text) => text.login.problems[outcome.problem],
          })
        return signedInAnswer(ctx, outcome, target)
      },
      {
        body: t.Object({
          csrf_token: optionalText,
          redirect: optionalText,
          remember_me: optionalText,
          credential: optionalText,
        }),
        response: t.Any(),
      },
    )

const loginCookie = ({ settings }: RequestContext, request: Request): string =>
  readCookie(request, loginCookieName(settings)) ?? ''
