/**
 * The authorization endpoint: a client sends a person here, who signs in, sees who asks for what, and allows or denies
 * it; the answer goes back by redirect (RFC 6749 §4.1, OIDC Core §3.1.2, RFC 9207, RFC 9700 §2.1).
 */
import { t } from 'elysia'
import { scopeView } from '../../views/describe'
import { consentPage } from '../../views/pages/consent'
import { findConsent } from '../consent/consents'
import type { Context, RequestContext } from '../context'
import { ENROLMENT_PATH, takeFlash } from '../edge/browser-session'
import { requireSessionToken } from '../edge/csrf'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { limitAuthorization } from '../edge/rate-limit'
import { pageSurface } from '../edge/surfaces/page'
import { mustEnrol } from '../identity/second-factor/required'
import { type BrowserSession, mustReplacePassword } from '../identity/sessions'
import { findUser } from '../identity/users'
import { answerRefusal, formActionOf, kindOfTarget, shownTarget } from './authorize/answer'
import { decide, isRemembered, issueRemembered, settleConflicts } from './authorize/decision'
import { holdRequest, queryOfHeldRequest } from './authorize/held'
import { keptParameters, type Parameters, readParameters } from './authorize/parameters'
import { AuthorizationRefused, type AuthorizationRequest, requireRequest } from './authorize/request'
import { loginAddress, newLoginAddress, signInFirst } from './authorize/sign-in'
import { requireTarget } from './authorize/target'
import { clientView, shownName } from './client-view'
import { formatScope } from './scope'

type Ended = 'session_timeout' | 'session_invalid' | undefined

/** Read strictly from the text: which parameter came twice decides where the error goes. */
const anyFields = t.Object({}, { additionalProperties: true })

export const authorizationEndpoint = (context: Context) =>
  pageSurface(context)
    .get(
      '/oauth/authorize',
      ({ ctx, session, ended, request }) =>
        answering(ctx, () => authorize(ctx, session, ended, new URL(request.url).search.slice(1))),
      { query: anyFields, response: t.Any(), beforeHandle: limitSession },
    )
    .post(
      '/oauth/authorize',
      async ({ ctx, session, ended, body, request }) => {
        const fields = (body ?? {}) as Readonly<Record<string, string | undefined>>
        if (isRequest(fields)) return requestAgain(ctx, fields)
        if (!session) return redirectTo(ctx, await loginAfterDecision(ctx, fields, ended), { status: 303 })
        requireSessionToken(ctx, request, session, fields.csrf_token)
        if (mustReplacePassword(session)) return redirectTo(ctx, '/account/change-password', { status: 303 })
        if (mustEnrol(ctx.settings, session)) return redirectTo(ctx, ENROLMENT_PATH, { status: 303 })
        return answering(ctx, () => decide(ctx, session, fields))
      },
      { body: t.Optional(anyFields), response: t.Any(), beforeHandle: limitSession },
    )

interface Asked {
  readonly ctx: RequestContext
  readonly session: BrowserSession | undefined
  readonly request: Request
}

/** `async` for Elysia, which waits for no other hook. */
const limitSession = async ({ ctx, session, request }: Asked) =>
  session && (await limitAuthorization(ctx, request, session))

async function answering(ctx: RequestContext, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AuthorizationRefused) return answerRefusal(ctx, error)
    throw error
  }
}

async function authorize(
  ctx: RequestContext,
  session: BrowserSession | undefined,
  ended: Ended,
  query: string,
): Promise<Response> {
  if (!session) return await answerStranger(ctx, query, ended)
  const parameters = readParameters(query)
  return await settleConflicts(async () => {
    const target = await requireTarget(ctx, parameters)
    const request = requireRequest(ctx, target, parameters)
    const first = signInFirst(ctx, request, session, { query, parameters })
    if (first !== undefined) return redirectTo(ctx, first)

    const consent = await findConsent(ctx, { userId: session.user.id, clientId: request.client.clientId })
    if (isRemembered(ctx, request, consent)) return await issueRemembered(ctx, session, request, consent)
    if (request.prompt.has('none')) throw new AuthorizationRefused(request, 'consent_required')
    return await askForConsent(ctx, session, request, { query, parameters })
  })
}

/**
 * Strangers are sent to the login at once, right or wrong, and learn nothing about clients. Only a right request that
 * forbids to ask a person is told that it would have to.
 */
async function answerStranger(ctx: RequestContext, query: string, ended: Ended): Promise<Response> {
  if (new URLSearchParams(query).get('prompt') === 'none') {
    try {
      const parameters = readParameters(query)
      const request = requireRequest(ctx, await requireTarget(ctx, parameters), parameters)
      return answerRefusal(ctx, new AuthorizationRefused(request, 'login_required'))
    } catch (error) {
      if (!(error instanceof AuthorizationRefused || error instanceof PageError)) throw error
    }
  }
  return redirectTo(ctx, loginAddress(ctx, query, ended))
}

async function askForConsent(
  ctx: RequestContext,
  session: BrowserSession,
  request: AuthorizationRequest,
  asked: { readonly query: string; readonly parameters: Parameters },
): Promise<Response> {
  const { client, redirectUri, scopes } = request
  const { query } = asked
  const owner = client.userId === null ? undefined : await findUser(ctx, client.userId)
  const kept = keptParameters(asked.parameters, formatScope(scopes))
  const requestId = await holdRequest(ctx, session, { parameters: kept, query })
  await takeFlash(ctx, session)
  const frame = pageFrame(ctx, session, { uiLocales: asked.parameters.values.ui_locales })
  const view = consentPage(frame, {
    requestId,
    client: clientView(client, owner ?? null, session.user.id),
    description: shownName(client.description),
    knownSince: client.createdAt,
    scopes: scopes.map((name) => scopeView(frame.t, name)),
    target: shownTarget(redirectUri),
    targetKind: kindOfTarget(redirectUri),
    username: session.user.username,
    otherAccountPath: newLoginAddress(ctx, query),
  })
  return page(view, { formAction: formActionOf(redirectUri) })
}

/** A client may also send its request as a form (OIDC Core §3.1.2.1). Only our own page sends one of these fields. */
const isRequest = (fields: Readonly<Record<string, string | undefined>>): boolean =>
  fields.response_type !== undefined &&
  fields.action === undefined &&
  fields.request_id === undefined &&
  fields.csrf_token === undefined

/** Browsers keep cookies back from foreign forms, but not from the GET that follows. */
function requestAgain(ctx: RequestContext, fields: Readonly<Record<string, string | undefined>>): Response {
  const present = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)
  return redirectTo(ctx, `/oauth/authorize?${new URLSearchParams(present)}`, { status: 303 })
}

/** Back to the request, so that the person can decide again. */
async function loginAfterDecision(
  ctx: RequestContext,
  fields: Readonly<Record<string, string | undefined>>,
  ended: Ended,
): Promise<string> {
  const query = (await queryOfHeldRequest(ctx, fields.request_id ?? '')) ?? ''
  return loginAddress(ctx, query, ended)
}
