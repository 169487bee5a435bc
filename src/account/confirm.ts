/** `/account/confirm`: proving again who one is, before a sensitive action. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { confirmIdentityPage } from '../../views/pages/confirm-identity'
import { continueFormPage } from '../../views/pages/continue-form'
import { audit } from '../audit/audit'
import { type Context, now, type RequestContext } from '../context'
import { Conflict, commit, must } from '../db/commit'
import { findHeld } from '../edge/held'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { CONFIRM_PATH, type HeldForm } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { safeRedirect } from '../identity/redirect-target'
import { noteAuthentication } from '../identity/session-records'
import type { BrowserSession } from '../identity/sessions'
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
    .get(CONFIRM_PATH, ({ ctx, session, query }) => form(ctx, session, query), {
      query: t.Object(targets),
      response: t.Any(),
    })
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
        try {
          await commit(ctx, [
            ...outcome.alongside,
            must(noteAuthentication, { idHash: session.idHash, now: now(ctx) }, 'session'),
            ...audit(ctx, {
              event: 'AUTHENTICATION_SUCCESS',
              action: 'Password confirmed before a sensitive action',
              actor: { id: session.user.id, username: session.user.username },
              resource: { type: 'USER', id: session.user.id },
              details: { auth_source: session.user.authSource, sid: session.sid },
            }),
          ])
        } catch (error) {
          if (!(error instanceof Conflict)) throw error
          return form(ctx, session, body, { status: 409, problem: (m) => m.confirm.changed })
        }
        return redirectTo(ctx, afterwards(ctx, body), { status: 303 })
      },
      { body: t.Object({ csrf_token: optionalText, password: optionalText, ...targets }), response: t.Any() },
    )
    .get(
      CONTINUE_PATH,
      async ({ ctx, session, query }) => {
        const held = await findHeld(ctx, session, 'held', query.held ?? '')
        if (!held.row) throw new PageError(410, (m) => m.confirm.gone)
        const frame = pageFrame(ctx, session, { here: '/' })
        return page(continueFormPage(frame, held.content as HeldForm))
      },
      { query: t.Object({ held: optionalText }), response: t.Any() },
    )

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

function form(ctx: RequestContext, session: BrowserSession, target: Target, shown: Shown = {}): Response {
  const { status = 200, problem, headers = {} } = shown
  const { redirect = '', held = '' } = target
  const frame = pageFrame(ctx, session, { here: '/' })
  const { passwordHash, authSource } = session.user
  const html = confirmIdentityPage(frame, {
    redirect: safeRedirect(ctx.settings, redirect) ?? '',
    held,
    hasPassword: passwordHash !== '' || authSource === 'http_api',
    signInAgain: `/login?${new URLSearchParams({ prompt: 'login', redirect: afterwards(ctx, target) })}`,
    ...(problem && { problem: problem(frame.t) }),
  })
  return page(html, { status, headers })
}
