/** What only administrators see. The role is read with every request. */
import { Elysia } from 'elysia'
import type { Context } from '../../context'
import type { BrowserSession } from '../../identity/sessions'
import { LoginRequired, PasswordChangeRequired, requireSession, staleCookies } from '../browser-session'
import { requireSessionToken } from '../csrf'
import { readPageBody } from '../page-body'
import { PageError } from '../page-error'
import { asPageError } from '../page-failures'
import { requestContext } from '../request-context'
import { dataHeaders } from '../security-headers'
import { ConfirmationRequired } from '../step-up'
import { changesSomething, csrfField, surfaceFor } from './page'

function requireAdmin({ user }: BrowserSession): void {
  if (user.role !== 'admin') throw new PageError(403, (t) => t.errors.adminRequired)
}

/** Pages; others than administrators get the 403 page. */
export const adminSurface = (context: Context) => surfaceFor(context, requireAdmin)

/** JSON for programs and scripts: never a redirect, never a page. */
export function adminApiSurface(context: Context) {
  const headers = {
    ...dataHeaders(context.settings),
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Vary: 'Cookie',
  }
  const refuse = (status: number, error: string, description: string, more: Record<string, string> = {}) =>
    new Response(JSON.stringify({ error, error_description: description }), {
      status,
      headers: { ...headers, ...more },
    })

  return new Elysia()
    .onParse(({ request }) => readPageBody(request))
    .derive(async ({ request, body }) => {
      const ctx = requestContext(context, request)
      const session = await requireSession(ctx, request)
      requireAdmin(session)
      if (changesSomething(request)) requireSessionToken(ctx, request, session, csrfField(body))
      return { ctx, session }
    })
    .mapResponse(({ responseValue }) =>
      responseValue instanceof Response ? responseValue : new Response(JSON.stringify(responseValue), { headers }),
    )
    .onError(({ error, request }) => {
      if (error instanceof LoginRequired) {
        const refused = refuse(401, 'unauthorized', 'Authentication required')
        for (const cookie of staleCookies(requestContext(context, request), error))
          refused.headers.append('Set-Cookie', cookie)
        return refused
      }
      if (error instanceof PasswordChangeRequired) return refuse(403, 'forbidden', 'Choose a new password first')
      if (error instanceof ConfirmationRequired)
        return refuse(403, 'confirmation_required', 'Confirm who you are first')
      const failure = asPageError(context, request, error)
      const code = CODES[failure.status] ?? 'invalid_request'
      return refuse(failure.status, code, failure.message, failure.headers)
    })
}

const CODES: Readonly<Record<number, string>> = {
  403: 'forbidden',
  404: 'not_found',
  500: 'server_error',
  503: 'temporarily_unavailable',
}
