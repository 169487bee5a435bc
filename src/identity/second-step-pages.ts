/** GET and POST `/login/second-step`: what comes after the password, for accounts with a second factor. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { secondStepPage } from '../../views/pages/second-step'
import { audit } from '../audit/audit'
import type { Context, RequestContext } from '../context'
import { Conflict } from '../db/commit'
import { loginPathTo, secondStepPathTo } from '../edge/browser-session'
import { deviceCookieName, readCookie } from '../edge/cookies'
import { requireSessionToken } from '../edge/csrf'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { pageSurface } from '../edge/surfaces/page'
import { formTargets } from '../oauth/authorize/form-targets'
import { knownDevice, newKnownDevice } from './known-device'
import { nextPage, signedInCookies } from './login-pages'
import { safeRedirect } from './redirect-target'
import { countRecoveryCodes } from './second-factor/records'
import { withSecondFactor } from './second-factor/required'
import { type FactorVerification, verifySecondFactor } from './second-factor/verify'
import { type BrowserSession, type StartedSession, startSession } from './sessions'

const DEFAULT_TARGET = '/account/sessions'
const optionalText = t.Optional(t.String())

export const secondStepPages = (context: Context) =>
  pageSurface(context)
    .get(
      '/login/second-step',
      ({ ctx, session, halfway, query }) => {
        const target = safeRedirect(ctx.settings, query.redirect) ?? DEFAULT_TARGET
        if (session) return redirectTo(ctx, target)
        return halfway ? form(ctx, halfway, target) : redirectTo(ctx, loginPathTo(target, {}))
      },
      { query: t.Object({ redirect: optionalText }), response: t.Any() },
    )
    .post(
      '/login/second-step',
      async ({ ctx, session, halfway, body, request }) => {
        const target = safeRedirect(ctx.settings, body.redirect) ?? DEFAULT_TARGET
        // What the second step was for is over, or came from elsewhere: no code is looked at.
        const whose = halfway ?? session
        if (!whose) return redirectTo(ctx, loginPathTo(target, {}))
        requireSessionToken(ctx, request, whose, body.csrf_token)
        if (!halfway) return redirectTo(ctx, target)
        const device = knownDevice(ctx, halfway.user.username, readCookie(request, deviceCookieName(ctx.settings)))
        const outcome = await verifySecondFactor(ctx, halfway.user, body.code ?? '', device)
        if (outcome.kind === 'delayed') {
          const headers = { 'Retry-After': String(Math.ceil(outcome.waitMs / 1000)) }
          return form(ctx, halfway, target, { status: 429, problem: (m) => m.stepTooMany, headers })
        }
        if (outcome.kind === 'wrong') return refuse(ctx, halfway, target, 'wrong_code')
        const started = await finish(ctx, halfway, outcome)
        if (!started) return refuse(ctx, halfway, target, 'code_used')
        ctx.metrics.count('auth_attempts_total', { method: outcome.method, result: 'success' })
        const marked = device === undefined ? newKnownDevice(ctx, halfway.user.username) : undefined
        return redirectTo(ctx, nextPage(started.session, target), {
          cookies: signedInCookies(ctx.settings, { started, knownDevice: marked }),
        })
      },
      { body: t.Object({ csrf_token: optionalText, redirect: optionalText, code: optionalText }), response: t.Any() },
    )

/** The session proper; `undefined` when the code was used, or the account changed, meanwhile. */
async function finish(
  ctx: RequestContext,
  halfway: BrowserSession,
  { method, claim, alongside }: FactorVerification & { kind: 'right' },
): Promise<StartedSession | undefined> {
  const { user, remember, amr, idp } = halfway
  const flash = method === 'recovery_code' ? await fewCodes(ctx, halfway) : undefined
  const login = {
    ...{ user, remember, idp, amr: withSecondFactor(amr), replaces: halfway },
    ...(flash !== undefined && { flash }),
  }
  const recorded = audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: 'Second factor confirmed',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, second_factor: method },
  })
  try {
    return await startSession(ctx, login, { claim, alongside: [...alongside, ...recorded] })
  } catch (error) {
    if (error instanceof Conflict) return undefined
    throw error
  }
}

async function fewCodes(ctx: RequestContext, halfway: BrowserSession): Promise<string> {
  const left = (await countRecoveryCodes(ctx, halfway.user.id)) - 1
  return messagesFor(ctx, halfway).security.fewCodes(Math.max(0, left))
}

function refuse(
  ctx: RequestContext,
  halfway: BrowserSession,
  target: string,
  reason: 'wrong_code' | 'code_used',
): Promise<Response> {
  const { user } = halfway
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action: 'Second factor refused',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, reason },
    errorMessage: 'Invalid code',
  })
  ctx.metrics.count('auth_attempts_total', { method: 'second_factor', result: 'failure' })
  return form(ctx, halfway, target, { status: 401, problem: (m) => m.stepWrong })
}

interface Shown {
  readonly status?: number
  readonly problem?: (t: Messages['security']) => string
  readonly headers?: Record<string, string>
}

async function form(
  ctx: RequestContext,
  halfway: BrowserSession,
  redirect: string,
  { status = 200, problem, headers = {} }: Shown = {},
): Promise<Response> {
  const frame = { ...pageFrame(ctx, undefined, { here: secondStepPathTo(redirect) }), csrfToken: halfway.csrfToken }
  const { username } = halfway.user
  const html = secondStepPage(frame, { username, redirect, ...(problem && { problem: problem(frame.t.security) }) })
  return page(html, { status, headers, formAction: await formTargets(ctx, redirect) })
}
