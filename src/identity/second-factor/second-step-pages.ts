/** `/login/second-step` and what is below it: what comes after the password, for accounts with a second factor. */
import { t } from 'elysia'
import type { Messages } from '../../../views/messages'
import { secondStepPage } from '../../../views/pages/second-step'
import type { Context, RequestContext } from '../../context'
import { loginPathTo, SECOND_STEP_PATH, secondStepPathTo } from '../../edge/browser-session'
import { deviceCookieName, readCookie } from '../../edge/cookies'
import { requireSessionToken } from '../../edge/csrf'
import { jsonHeaders } from '../../edge/json-refusal'
import { page, pageFrame, redirectTo } from '../../edge/page'
import { PageError } from '../../edge/page-error'
import { pageSurface } from '../../edge/surfaces/page'
import { formTargets } from '../../oauth/authorize/form-targets'
import { knownDevice, newKnownDevice } from '../known-device'
import { DEFAULT_TARGET } from '../login-form'
import { askForPasskey, hasUsablePasskey, showPasskey } from '../passkeys/factor'
import { safeRedirect } from '../redirect-target'
import type { BrowserSession } from '../sessions'
import { signedInAnswer } from '../signed-in'
import { hasTotp } from './required'
import { auditRefusedFactor, completeLogin } from './second-step'
import { type ShownFactor, verifySecondFactor } from './verify'

const PASSKEY_PATH = `${SECOND_STEP_PATH}/passkey`
const optionalText = t.Optional(t.String())

export const secondStepPages = (context: Context) =>
  pageSurface(context)
    .get(
      SECOND_STEP_PATH,
      ({ ctx, session, halfway, query }) => {
        const target = safeRedirect(ctx.settings, query.redirect) ?? DEFAULT_TARGET
        if (session) return redirectTo(ctx, target)
        return halfway ? form(ctx, halfway, target) : redirectTo(ctx, loginPathTo(target, {}))
      },
      { query: t.Object({ redirect: optionalText }), response: t.Any() },
    )
    .post(
      SECOND_STEP_PATH,
      ({ ctx, session, halfway, body, request }) =>
        answering(ctx, request, { session, halfway }, body, async (waiting, target) => {
          const outcome = await verifySecondFactor(ctx, waiting.user, body.code ?? '', deviceOf(ctx, request, waiting))
          if (outcome.kind === 'right') return outcome
          if (outcome.kind === 'wrong') return refuse(ctx, waiting, target, outcome.method, 'wrong_code')
          auditRefusedFactor(ctx, waiting.user, { ...REFUSED, method: outcome.method, reason: 'throttled' })
          const headers = { 'Retry-After': String(Math.ceil(outcome.waitMs / 1000)) }
          return form(ctx, waiting, target, { status: 429, problem: (m) => m.stepTooMany, headers })
        }),
      { body: t.Object({ csrf_token: optionalText, redirect: optionalText, code: optionalText }), response: t.Any() },
    )
    .post(
      `${PASSKEY_PATH}/options`,
      async ({ ctx, session, halfway, body, request }) => {
        const whose = halfway ?? session
        if (whose) requireSessionToken(ctx, request, whose, body.csrf_token)
        const options = halfway && (await askForPasskey(ctx, halfway))
        if (!options) throw new PageError(404, (text) => text.errors.notFound)
        return new Response(JSON.stringify(options), { headers: jsonHeaders(ctx) })
      },
      { body: t.Object({ csrf_token: optionalText }), response: t.Any() },
    )
    .post(
      PASSKEY_PATH,
      ({ ctx, session, halfway, body, request }) =>
        answering(ctx, request, { session, halfway }, body, async (waiting, target) => {
          const outcome = await showPasskey(ctx, waiting, body.credential ?? '')
          return outcome.kind === 'right' ? outcome : refuse(ctx, waiting, target, 'passkey', outcome.reason)
        }),
      {
        body: t.Object({ csrf_token: optionalText, redirect: optionalText, credential: optionalText }),
        response: t.Any(),
      },
    )

interface Browsing {
  readonly session: BrowserSession | undefined
  readonly halfway: BrowserSession | undefined
}

interface Sent {
  readonly csrf_token?: string | undefined
  readonly redirect?: string | undefined
}

/** `show` resolves to the factor, or to the answer that refuses it. */
async function answering(
  ctx: RequestContext,
  request: Request,
  { session, halfway }: Browsing,
  sent: Sent,
  show: (waiting: BrowserSession, target: string) => Promise<ShownFactor | Response>,
): Promise<Response> {
  const target = safeRedirect(ctx.settings, sent.redirect) ?? DEFAULT_TARGET
  // What the second step was for is over, or came from elsewhere: nothing is looked at.
  const whose = halfway ?? session
  if (!whose) return redirectTo(ctx, loginPathTo(target, {}))
  requireSessionToken(ctx, request, whose, sent.csrf_token)
  if (!halfway) return redirectTo(ctx, target)
  const shown = await show(halfway, target)
  if (shown instanceof Response) return shown
  const started = await completeLogin(ctx, halfway, shown)
  if (!started) return refuse(ctx, halfway, target, shown.method, 'used_meanwhile')
  const isKnown = deviceOf(ctx, request, halfway) !== undefined
  const marked = isKnown ? undefined : newKnownDevice(ctx, halfway.user.username)
  return signedInAnswer(ctx, { started, knownDevice: marked }, target)
}

const deviceOf = (ctx: RequestContext, request: Request, { user }: BrowserSession): string | undefined =>
  knownDevice(ctx, user.username, readCookie(request, deviceCookieName(ctx.settings)))

const REFUSED = { action: 'Second factor refused' }

function refuse(
  ctx: RequestContext,
  waiting: BrowserSession,
  target: string,
  method: ShownFactor['method'],
  reason: string,
): Promise<Response> {
  auditRefusedFactor(ctx, waiting.user, { ...REFUSED, reason, method })
  const isPasskey = method === 'passkey'
  const problem = (m: Messages['security']) => (isPasskey ? m.stepWrongPasskey : m.stepWrong)
  return form(ctx, waiting, target, { status: 401, problem, at: isPasskey ? 'passkey' : 'code' })
}

interface Shown {
  readonly status?: number
  readonly problem?: (t: Messages['security']) => string
  /** What it is about; default the code. */
  readonly at?: 'code' | 'passkey'
  readonly headers?: Record<string, string>
}

async function form(
  ctx: RequestContext,
  waiting: BrowserSession,
  redirect: string,
  { status = 200, problem, at = 'code', headers = {} }: Shown = {},
): Promise<Response> {
  const frame = { ...pageFrame(ctx, undefined, { here: secondStepPathTo(redirect) }), csrfToken: waiting.csrfToken }
  const { user } = waiting
  const html = secondStepPage(frame, {
    ...{ username: user.username, redirect, totp: hasTotp(user), passkeys: hasUsablePasskey(ctx, waiting) },
    ...(problem && { [at === 'code' ? 'problem' : 'passkeyProblem']: problem(frame.t.security) }),
  })
  return page(html, { status, headers, formAction: await formTargets(ctx, redirect) })
}
