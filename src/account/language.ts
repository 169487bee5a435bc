/** POST `/language`: the language switch of every page. */
import { t } from 'elysia'
import { isLanguage, LANGUAGES } from '../../views/messages'
import type { Context } from '../context'
import { commit } from '../db/commit'
import { setCookie } from '../edge/cookies'
import { requireOwnForm } from '../edge/csrf'
import { LANGUAGE_COOKIE } from '../edge/language'
import { redirectTo } from '../edge/page'
import { pageAddress } from '../edge/page-address'
import { pageSurface } from '../edge/surfaces/page'
import { setLanguage } from '../identity/language'

const COOKIE_SECONDS = 365 * 86_400

export const languageSwitch = (context: Context) =>
  pageSurface(context).post(
    '/language',
    async ({ ctx, session, body, request }) => {
      requireOwnForm(ctx, request, session, body.csrf_token)
      const { settings } = ctx
      // Elsewhere the choice is this browser's; for somebody with a setting it would change nothing.
      if (session && isLanguage(session.user.language) && session.user.language !== body.language)
        await commit(ctx, setLanguage(ctx, session.user, body.language))
      const cookie = setCookie(settings, LANGUAGE_COOKIE, body.language, { maxAgeSeconds: COOKIE_SECONDS })
      return redirectTo(ctx, pageAddress(settings, body.redirect) ?? '/', { status: 303, cookies: [cookie] })
    },
    {
      body: t.Object({
        csrf_token: t.Optional(t.String()),
        redirect: t.Optional(t.String()),
        language: t.Union(LANGUAGES.map((language) => t.Literal(language))),
      }),
      response: t.Any(),
    },
  )
