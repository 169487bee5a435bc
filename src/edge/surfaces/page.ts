/** What people see: pages, forms, redirects between them. Errors are pages too. */
import { Elysia } from 'elysia'
import type { Context } from '../../context'
import type { BrowserSession, SessionLookup } from '../../identity/sessions'
import {
  EnrolmentRequired,
  enrolmentPath,
  LoginRequired,
  loginPath,
  lookUpSession,
  PasswordChangeRequired,
  passwordChangePath,
  requireSession,
  staleCookies,
  takeFlash,
} from '../browser-session'
import { requireSessionToken } from '../csrf'
import { errorPageAnswer } from '../error-page'
import { jsonRefusal, prefersJson } from '../json-refusal'
import { redirectTo } from '../page'
import { readPageBody } from '../page-body'
import { acceptsPages, asPageError } from '../page-failures'
import { plainText } from '../plain-text'
import { requestContext } from '../request-context'
import { confirmationFirst } from '../step-up'

/** Pages for everybody; the session is there when the browser has one. */
export function pageSurface(context: Context) {
  return new Elysia()
    .onParse(({ request }) => readPageBody(request))
    .derive(async ({ request }) => {
      const ctx = requestContext(context, request)
      const lookup = await lookUpSession(ctx, request)
      const session = lookup.session as BrowserSession | undefined
      return { ctx, session, ended: endOf(lookup), halfway: halfwayOf(lookup) }
    })
    .onError(({ error, request }) => answerFailure(context, request, error))
}

/** Why the session of this browser's cookie is over, when that is known. */
const endOf = (lookup: SessionLookup): 'session_timeout' | 'session_invalid' | undefined =>
  lookup.session ? undefined : lookup.ended

/** What there is of a session before the second factor. */
const halfwayOf = (lookup: SessionLookup): BrowserSession | undefined => (lookup.session ? undefined : lookup.halfway)

/**
 * Pages for signed-in people. Others are sent to the login page and come back afterwards. Forms need the session's
 * token (`csrf_token`, or the header `X-CSRF-Token`). Programs that ask for JSON get refusals as such.
 */
export const signedInSurface = (context: Context) => surfaceFor(context, () => {})

/** As `signedInSurface`; `admit` throws for sessions that may not come here, before anything else is looked at. */
export function surfaceFor(context: Context, admit: (session: BrowserSession) => void) {
  return new Elysia()
    .onParse(({ request }) => readPageBody(request))
    .derive(async ({ request, body }) => {
      const ctx = requestContext(context, request)
      const session = await requireSession(ctx, request)
      admit(session)
      if (changesSomething(request)) requireSessionToken(ctx, request, session, csrfField(body))
      await takeFlash(ctx, session)
      return { ctx, session }
    })
    .onError(async ({ error, request, body }) => {
      if (prefersJson(request)) return jsonRefusal(context, request, error)
      const confirmation = await confirmationFirst(context, request, error, body)
      return confirmation ?? answerFailure(context, request, error)
    })
}

export const changesSomething = ({ method }: Request): boolean => method !== 'GET' && method !== 'HEAD'

export const csrfField = (body: unknown): string | undefined =>
  (body as { readonly csrf_token?: string } | undefined)?.csrf_token

function answerFailure(context: Context, request: Request, error: unknown): Response {
  const ctx = requestContext(context, request)
  if (error instanceof LoginRequired)
    return redirectTo(ctx, loginPath(ctx, request, error), { cookies: staleCookies(ctx, error) })
  if (error instanceof PasswordChangeRequired) return redirectTo(ctx, passwordChangePath(ctx, request))
  if (error instanceof EnrolmentRequired) return redirectTo(ctx, enrolmentPath(ctx, request))
  const failure = asPageError(context, request, error)
  if (failure.status === 503 && !acceptsPages(request)) return plainText(failure.message, 503, failure.headers)
  return errorPageAnswer(ctx, failure)
}
