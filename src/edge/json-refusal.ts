/** Refusals for programs: `{"error": code, "error_description": text}`, never a redirect and never a page. */
import type { Context } from '../context'
import { EnrolmentRequired, LoginRequired, PasswordChangeRequired, staleCookies } from './browser-session'
import { acceptsPages, asPageError } from './page-failures'
import { requestContext } from './request-context'
import { dataHeaders } from './security-headers'
import { ConfirmationRequired } from './step-up'

/** Whether the answer is read by a program, which says so. */
export const prefersJson = (request: Request): boolean =>
  !acceptsPages(request) && (request.headers.get('accept')?.includes('application/json') ?? false)

export const jsonHeaders = (context: Pick<Context, 'settings'>): Record<string, string> => ({
  ...dataHeaders(context.settings),
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': 'no-store',
  Vary: 'Cookie',
})

/** The answer to whatever was thrown. */
export function jsonRefusal(context: Context, request: Request, error: unknown): Response {
  const refuse = (status: number, code: string, description: string, more: Record<string, string> = {}) =>
    new Response(JSON.stringify({ error: code, error_description: description }), {
      status,
      headers: { ...jsonHeaders(context), ...more },
    })

  if (error instanceof LoginRequired) {
    const refused = refuse(401, 'unauthorized', 'Authentication required')
    for (const cookie of staleCookies(requestContext(context, request), error))
      refused.headers.append('Set-Cookie', cookie)
    return refused
  }
  if (error instanceof PasswordChangeRequired) return refuse(403, 'forbidden', 'Choose a new password first')
  if (error instanceof EnrolmentRequired) return refuse(403, 'forbidden', 'Set up a second factor first')
  if (error instanceof ConfirmationRequired) return refuse(403, 'confirmation_required', 'Confirm who you are first')
  const failure = asPageError(context, request, error)
  return refuse(failure.status, CODES[failure.status] ?? 'invalid_request', failure.message, failure.headers)
}

const CODES: Readonly<Record<number, string>> = {
  403: 'forbidden',
  404: 'not_found',
  500: 'server_error',
  503: 'temporarily_unavailable',
}
