/** What scripts of our own pages fetch: JSON for signed-in browsers. */
import { Elysia } from 'elysia'
import type { Context } from '../../context'
import {
  EnrolmentRequired,
  LoginRequired,
  PasswordChangeRequired,
  requireSession,
  staleCookies,
} from '../browser-session'
import { requireSessionToken } from '../csrf'
import { readPageBody } from '../page-body'
import { asPageError } from '../page-failures'
import { requestContext } from '../request-context'
import { dataHeaders } from '../security-headers'
import { ConfirmationRequired } from '../step-up'
import { changesSomething, csrfField } from './page'

/** A new plugin for one feature. Errors are `{"error": code, "message": text}`. */
export function apiSurface(context: Context) {
  const headers = {
    ...dataHeaders(context.settings),
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Vary: 'Cookie',
  }
  const answer = (status: number, body: unknown, more: Record<string, string> = {}): Response =>
    new Response(JSON.stringify(body), { status, headers: { ...headers, ...more } })

  return new Elysia()
    .onParse(({ request }) => readPageBody(request))
    .derive(async ({ request, body }) => {
      const ctx = requestContext(context, request)
      const session = await requireSession(ctx, request)
      if (changesSomething(request)) requireSessionToken(ctx, request, session, csrfField(body))
      return { ctx, session }
    })
    .mapResponse(({ responseValue }) =>
      responseValue instanceof Response ? responseValue : answer(200, responseValue),
    )
    .onError(({ error, request }) => {
      if (error instanceof LoginRequired) {
        const refused = answer(401, { error: 'login_required', message: 'Sign in again.' })
        for (const cookie of staleCookies(requestContext(context, request), error))
          refused.headers.append('Set-Cookie', cookie)
        return refused
      }
      if (error instanceof PasswordChangeRequired)
        return answer(403, { error: 'password_change_required', message: 'Choose a new password first.' })
      if (error instanceof EnrolmentRequired)
        return answer(403, { error: 'second_factor_required', message: 'Set up a second factor first.' })
      if (error instanceof ConfirmationRequired)
        return answer(403, { error: 'confirmation_required', message: 'Confirm who you are first.' })
      const failure = asPageError(context, request, error)
      return answer(
        failure.status,
        { error: CODES[failure.status] ?? 'refused', message: failure.message },
        failure.headers,
      )
    })
}

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  403: 'forbidden',
  404: 'not_found',
  413: 'too_large',
  500: 'server_error',
  503: 'temporarily_unavailable',
}
