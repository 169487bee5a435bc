/** `/account/confirm`: proving again who one is, before a sensitive action. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { confirmIdentityPage } from '../../views/pages/confirm-identity'
import { continueFormPage } from '../../views/pages/continue-form'
import { audit } from '../audit/audit'
import type { Context, RequestContext } from '../context'
import { Conflict, type Statement } from '../db/commit'
import { deviceCookieName, readCookie, sessionCookieName, setCookie } from '../edge/cookies'
import { findHeld } from '../edge/held'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { CONFIRM_PATH, type HeldForm, isRecentLogin, requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { knownDevice } from '../identity/known-device'
import { listConnections } from '../identity/linking/records'
import { safeRedirect } from '../identity/redirect-target'
import { hasSecondFactor, withSecondFactor } from '../identity/second-factor/required'
import { type FactorVerification, verifySecondFactor } from '../identity/second-factor/verify'
import { type BrowserSession, type StartedSession, startSession } from '../identity/sessions'
import { userUnchanged } from '../identity/users'
import { verifyPassword } from '../identity/verify-password'

const CONTINUE_PATH = `${CONFIRM_PATH}/continue`
const optionalText = t.Optional(t.String())
const targets = { redirect: optionalText, held: optionalText }

interface Target {
  readonly redirect?: string | undefined
  readonly held?: string | undefined
}

export const confirmPages = (context: Context) =>
  signedInSurface(context)
    .get(
      CONFIRM_PATH,
      ({ ctx, session, query }) =>
        isRecentLogin(ctx, session) ? redirectTo(ctx, afterwards(ctx, query)) : form(ctx, session, query),
      { query: t.Object(targets), response: t.Any() },
    )
    .post(
      CONFIRM_PATH,
      async ({ ctx, session, body, request }) => {
        const outcome = await verifyPassword(ctx, session.user, body.password ?? '', request.signal)
        if (outcome.kind === 'wrong') return form(ctx, session, body, { status: 400, problem: (m) => m.confirm.wrong })
        if (outcome.kind === 'delayed')
          return form(ctx, session, body, {
            ...{ status: 429, problem: (m: Messages) => m.confirm.tooMany },
            headers: { 'Retry-After': String(Math.ceil(outcome.waitMs / 1000)) },
          })
        if (outcome.kind === 'unavailable')
          return form(ctx, session, body, {
            ...{ status: 503, problem: (m: Messages) => m.login.unavailable },
            headers: { 'Retry-After': String(outcome.retryAfterSeconds) },
          })
        const factor = await secondFactor(ctx, session, body.code ?? '', request)
        if (factor?.kind === 'wrong')
          return form(ctx, session, body, { status: 400, problem: (m) => m.security.stepWrong })
        if (factor?.kind === 'delayed')
          return form(ctx, session, body, {
            ...{ status: 429, problem: (m: Messages) => m.confirm.tooMany },
            headers: { 'Retry-After': String(Math.ceil(factor.waitMs / 1000)) },
          })
        try {
          const { cookieValue, maxAgeSeconds } = await confirmed(ctx, session, outcome.alongside, factor)
          const cookie = setCookie(ctx.settings, sessionCookieName(ctx.settings), cookieValue, { maxAgeSeconds })
          return redirectTo(ctx, afterwards(ctx, body), { status: 303, cookies: [cookie] })
        } catch (error) {
          if (!(error instanceof Conflict)) throw error
          return form(ctx, session, body, { status: 409, problem: (m) => m.confirm.changed })
        }
      },
      {
        body: t.Object({ csrf_token: optionalText, password: optionalText, code: optionalText, ...targets }),
        response: t.Any(),
      },
    )
    .get(
      CONTINUE_PATH,
      async ({ ctx, session, query }) => {
        // What was typed into the form must not be shown to whoever finds the browser.
        requireRecentLogin(ctx, session)
        const held = await findHeld(ctx, session, 'held', query.held ?? '')
        if (!held.row) throw new PageError(410, (m) => m.confirm.gone)
        const frame = pageFrame(ctx, session, { here: '/' })
        return page(continueFormPage(frame, held.content as HeldForm))
      },
      { query: t.Object({ held: optionalText }), response: t.Any() },
    )

/** A new id for the session: a copy of the cookie made before does not become one that may do everything. */
const confirmed = (
  ctx: RequestContext,
  session: BrowserSession,
  alongside: readonly Statement[],
  factor: (FactorVerification & { kind: 'right' }) | undefined,
): Promise<StartedSession> => {
  const { user, remember, sid } = session
  const login = {
    user,
    remember,
    amr: factor ? withSecondFactor('pwd') : 'pwd',
    idp: user.authSource === 'http_api' ? 'http_api' : 'local',
    replaces: session,
  }
  const recorded = audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: 'Password confirmed before a sensitive action',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: {
      ...{ auth_source: user.authSource, confirmation: true, sid },
      ...(factor && { second_factor: factor.method }),
    },
  })
  // A write to the user's row comes before anything that only looks at it.
  const claim = factor?.claim ?? userUnchanged(user)
  return startSession(ctx, login, { claim, alongside: [...(factor?.alongside ?? []), ...alongside, ...recorded] })
}

/** Asked for again with the password; `undefined` where the account has none. */
async function secondFactor(
  ctx: RequestContext,
  { user }: BrowserSession,
  code: string,
  request: Request,
): Promise<FactorVerification | undefined> {
  if (!hasSecondFactor(user)) return undefined
  const device = knownDevice(ctx, user.username, readCookie(request, deviceCookieName(ctx.settings)))
  return await verifySecondFactor(ctx, user, code, device)
}

/** Where the action goes on. */
const afterwards = (ctx: RequestContext, { redirect, held }: Target): string =>
  held !== undefined && held !== ''
    ? `${CONTINUE_PATH}?${new URLSearchParams({ held })}`
    : (safeRedirect(ctx.settings, redirect) ?? '/')

interface Shown {
  readonly status?: number
  readonly problem?: (t: Messages) => string
  readonly headers?: Record<string, string>
}

async function form(
  ctx: RequestContext,
  session: BrowserSession,
  target: Target,
  shown: Shown = {},
): Promise<Response> {
  const { status = 200, problem, headers = {} } = shown
  const { redirect = '', held = '' } = target
  const next = afterwards(ctx, target)
  const frame = pageFrame(ctx, session, { here: `${CONFIRM_PATH}?${new URLSearchParams({ redirect, held })}` })
  const html = confirmIdentityPage(frame, {
    redirect: safeRedirect(ctx.settings, redirect) ?? '',
    held,
    asksForCode: hasSecondFactor(session.user),
    hasPassword: session.user.passwordHash !== '' || session.user.authSource === 'http_api',
    providers: await providersOf(ctx, session, next),
    signInAgain: `/login?${new URLSearchParams({ prompt: 'login', redirect: next })}`,
    ...(problem && { problem: problem(frame.t) }),
  })
  return page(html, { status, headers })
}

/** Those the person can sign in through; coming back from there renews the session. */
async function providersOf(ctx: RequestContext, { user }: BrowserSession, next: string) {
  const connections = await listConnections(ctx, user.id)
  return ctx.providers.all
    .filter(({ name, isIssuer }) => connections.some((each) => each.provider === name && isIssuer(each.issuer)))
    .map(({ name, label }) => ({ label, path: `/auth/login/${name}?${new URLSearchParams({ redirect: next })}` }))
}
