/** GET and POST `/account/change-password`. */
import { t } from 'elysia'
import { changePasswordPage } from '../../views/pages/change-password'
import type { Context, RequestContext } from '../context'
import { sessionCookieName, setCookie } from '../edge/cookies'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { signedInSurface } from '../edge/surfaces/page'
import { formTargets } from '../oauth/authorize/form-targets'
import { changePassword, hasPassword } from './change-password'
import { safeRedirect } from './redirect-target'
import { type BrowserSession, mustReplacePassword } from './sessions'

const DEFAULT_TARGET = '/account/sessions'
const optionalText = t.Optional(t.String())

export const changePasswordPages = (context: Context) =>
  signedInSurface(context)
    .get(
      '/account/change-password',
      ({ ctx, session, query }) => {
        requirePassword(session)
        return form(ctx, session, { redirect: safeRedirect(ctx.settings, query.redirect) })
      },
      { query: t.Object({ redirect: optionalText }), response: t.Any() },
    )
    .post(
      '/account/change-password',
      async ({ ctx, session, body }) => {
        requirePassword(session)
        const { settings } = ctx
        const redirect = safeRedirect(settings, body.redirect)
        const outcome = await changePassword(ctx, session, {
          currentPassword: body.current_password ?? '',
          password: body.password ?? '',
          confirmation: body.password_confirm ?? '',
        })
        if (outcome.kind === 'changed') {
          const { cookieValue, maxAgeSeconds } = outcome.started
          const cookie = setCookie(settings, sessionCookieName(settings), cookieValue, { maxAgeSeconds })
          return redirectTo(ctx, redirect ?? DEFAULT_TARGET, { cookies: [cookie] })
        }
        const t = messagesFor(ctx, session).password
        if (outcome.kind === 'problem')
          return form(ctx, session, { redirect, problem: t.problems[outcome.problem], status: 400 })
        return form(ctx, session, {
          redirect,
          problem: t.tooMany,
          status: 429,
          headers: { 'Retry-After': String(Math.ceil(outcome.waitMs / 1000)) },
        })
      },
      {
        body: t.Object({
          csrf_token: optionalText,
          redirect: optionalText,
          current_password: optionalText,
          password: optionalText,
          password_confirm: optionalText,
        }),
        response: t.Any(),
      },
    )

function requirePassword(session: BrowserSession): void {
  if (hasPassword(session)) return
  throw new PageError(403, (t) => t.errors.noPassword)
}

interface FormState {
  readonly redirect: string | undefined
  readonly problem?: string
  readonly status?: number
  readonly headers?: Record<string, string>
}

async function form(ctx: RequestContext, session: BrowserSession, state: FormState): Promise<Response> {
  const { redirect, problem, status = 200, headers = {} } = state
  const here = `/account/change-password${redirect === undefined ? '' : `?${new URLSearchParams({ redirect })}`}`
  const html = changePasswordPage(pageFrame(ctx, session, { here }), {
    forced: mustReplacePassword(session),
    ...(redirect !== undefined && { redirect }),
    ...(problem !== undefined && { problem }),
  })
  return page(html, { status, headers, formAction: await formTargets(ctx, redirect) })
}
