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
import { jsonHeaders } from '../edge/json-refusal'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { CONFIRM_PATH, type HeldForm, isRecentLogin, requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { knownDevice } from '../identity/known-device'
import { listConnections } from '../identity/linking/records'
import { askForPasskey, hasUsablePasskey, showPasskey } from '../identity/passkeys/factor'
import { safeRedirect } from '../identity/redirect-target'
import { hasSecondFactor, hasTotp, withSecondFactor } from '../identity/second-factor/required'
import { auditRefusedFactor, countSecondFactor } from '../identity/second-factor/second-step'
import { type FactorVerification, type ShownFactor, verifySecondFactor } from '../identity/second-factor/verify'
import { type BrowserSession, startSession } from '../identity/sessions'
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
        if (factor?.kind === 'wrong') {
          auditRefusedFactor(ctx, session.user, { ...REFUSED, reason: 'wrong_code', method: factor.method })
          return form(ctx, session, body, { status: 400, problem: (m) => m.security.stepWrong, at: 'code' })
        }
        if (factor?.kind === 'delayed') {
          auditRefusedFactor(ctx, session.user, { ...REFUSED, reason: 'throttled', method: factor.method })
          return form(ctx, session, body, {
            ...{ status: 429, problem: (m: Messages) => m.confirm.tooMany, at: 'code' as const },
            headers: { 'Retry-After': String(Math.ceil(factor.waitMs / 1000)) },
          })
        }
        return await confirmed(ctx, session, body, {
          action: 'Password confirmed before a sensitive action',
          amr: factor ? withSecondFactor('pwd', factor.amr) : 'pwd',
          factor: factor?.method,
          // A write to the user's row comes before anything that only looks at it.
          claim: factor?.claim ?? userUnchanged(session.user),
          alongside: [...(factor?.alongside ?? []), ...outcome.alongside],
        })
      },
      {
        body: t.Object({ csrf_token: optionalText, password: optionalText, code: optionalText, ...targets }),
        response: t.Any(),
      },
    )
    .post(
      `${CONFIRM_PATH}/passkey/options`,
      async ({ ctx, session }) => {
        const options = await askForPasskey(ctx, session)
        if (!options) throw new PageError(404, (m) => m.errors.notFound)
        return new Response(JSON.stringify(options), { headers: jsonHeaders(ctx) })
      },
      { body: t.Object({ csrf_token: optionalText }), response: t.Any() },
    )
    .post(
      `${CONFIRM_PATH}/passkey`,
      async ({ ctx, session, body }) => {
        const shown = await showPasskey(ctx, session, body.credential ?? '')
        if (shown.kind === 'wrong') {
          auditRefusedFactor(ctx, session.user, { ...REFUSED, reason: shown.reason, method: 'passkey' })
          return form(ctx, session, body, { status: 400, problem: (m) => m.security.stepWrongPasskey, at: 'passkey' })
        }
        const { amr, claim, alongside } = shown
        return await confirmed(ctx, session, body, {
          action: 'Passkey shown before a sensitive action',
          ...{ amr: withSecondFactor('', amr), factor: 'passkey', claim, alongside },
        })
      },
      { body: t.Object({ csrf_token: optionalText, credential: optionalText, ...targets }), response: t.Any() },
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

const REFUSED = { action: 'Second factor refused at a confirmation' }

interface Confirmation {
  /** For the audit trail. */
  readonly action: string
  readonly factor: ShownFactor['method'] | undefined
  readonly amr: string
  readonly claim: Statement
  readonly alongside: readonly Statement[]
}

/** A new id for the session: a copy of the cookie made before does not become one that may do everything. */
async function confirmed(
  ctx: RequestContext,
  session: BrowserSession,
  target: Target,
  { action, factor, amr, claim, alongside }: Confirmation,
): Promise<Response> {
  const { user, remember, sid } = session
  const recorded = audit(ctx, {
    ...{ event: 'AUTHENTICATION_SUCCESS', action },
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: {
      ...{ auth_source: user.authSource, confirmation: true, sid },
      ...(factor && { second_factor: factor }),
    },
  })
  try {
    const idp = user.authSource === 'http_api' ? 'http_api' : 'local'
    const login = { user, remember, amr, idp, replaces: session }
    const started = await startSession(ctx, login, { claim, alongside: [...alongside, ...recorded] })
    if (factor) countSecondFactor(ctx, factor, 'success')
    const { cookieValue, maxAgeSeconds } = started
    const cookie = setCookie(ctx.settings, sessionCookieName(ctx.settings), cookieValue, { maxAgeSeconds })
    return redirectTo(ctx, afterwards(ctx, target), { status: 303, cookies: [cookie] })
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    return form(ctx, session, target, { status: 409, problem: (m) => m.confirm.changed })
  }
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

const PROBLEM_AT = { password: 'problem', code: 'codeProblem', passkey: 'passkeyProblem' } as const

interface Shown {
  readonly status?: number
  readonly problem?: (t: Messages) => string
  /** What it is about; default the password. */
  readonly at?: keyof typeof PROBLEM_AT
  readonly headers?: Record<string, string>
}

async function form(
  ctx: RequestContext,
  session: BrowserSession,
  target: Target,
  shown: Shown = {},
): Promise<Response> {
  const { status = 200, problem, at = 'password', headers = {} } = shown
  const { redirect = '', held = '' } = target
  const next = afterwards(ctx, target)
  const frame = pageFrame(ctx, session, { here: `${CONFIRM_PATH}?${new URLSearchParams({ redirect, held })}` })
  const html = confirmIdentityPage(frame, {
    redirect: safeRedirect(ctx.settings, redirect) ?? '',
    held,
    ...(hasSecondFactor(session.user) && { asksFor: hasTotp(session.user) ? 'code' : 'recovery_code' }),
    passkeys: hasUsablePasskey(ctx, session),
    hasPassword: session.user.passwordHash !== '' || session.user.authSource === 'http_api',
    providers: await providersOf(ctx, session, next),
    signInAgain: `/login?${new URLSearchParams({ prompt: 'login', redirect: next })}`,
    ...(problem && { [PROBLEM_AT[at]]: problem(frame.t) }),
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
