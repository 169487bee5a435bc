/**
 * The browser part of the device grant (RFC 8628 §3.3): enter the code, see who asks for what, allow or deny.
 *
 * A link with the code in it only fills the field. Nothing is looked up before the form is sent, and nothing is allowed
 * before the second page (§5.4: remote phishing).
 */
import { t } from 'elysia'
import { deviceName, scopeView } from '../../views/describe'
import { deviceConfirmPage } from '../../views/pages/device-confirm'
import { deviceDonePage } from '../../views/pages/device-done'
import { deviceEntryPage } from '../../views/pages/device-entry'
import { findClientFacts } from '../clients/cached-client'
import type { Context, RequestContext } from '../context'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { limitCodeEntry } from '../edge/rate-limit'
import { apiSurface } from '../edge/surfaces/api'
import { signedInSurface } from '../edge/surfaces/page'
import { networkOf } from '../identity/fingerprint'
import type { BrowserSession } from '../identity/sessions'
import { clientView, shownName } from './client-view'
import { stateOf } from './device/codes'
import { findConfirmation } from './device/confirmation'
import { decide, requireConfirmation, requireUndecided } from './device/decision'
import { enterUserCode } from './device/entry'
import { findRequestedCode } from './device/undecided-codes'
import { formatUserCode, readUserCode } from './device/user-code'

const optionalText = t.Optional(t.String())
const RequestQuery = t.Object({ request: t.Optional(t.String()) })
const DeviceStatus = t.Object({
  state: t.Union([t.Literal('waiting'), t.Literal('signed_in'), t.Literal('denied'), t.Literal('expired')]),
})

export const devicePages = (context: Context) =>
  signedInSurface(context)
    .get('/device', ({ ctx, session, query }) => entryPage(ctx, session, { typed: query.user_code ?? '' }), {
      query: t.Object({ user_code: optionalText }),
      response: t.Any(),
    })
    .post('/device/verify', ({ ctx, session, body }) => verify(ctx, session, body.user_code ?? ''), {
      body: t.Object({ csrf_token: optionalText, user_code: optionalText }),
      response: t.Any(),
      // `async` for Elysia, which waits for no other hook.
      beforeHandle: async ({ ctx, request }) => await limitCodeEntry(ctx, request),
    })
    .get('/device/confirm', ({ ctx, session, query }) => confirm(ctx, session, query.request ?? ''), {
      query: RequestQuery,
      response: t.Any(),
    })
    .post(
      '/device/decide',
      async ({ ctx, session, body }) => {
        await decide(ctx, session, body.request_id, body.action)
        return redirectTo(ctx, `/device/done?request=${body.request_id}`, { status: 303 })
      },
      {
        body: t.Object({
          csrf_token: optionalText,
          request_id: t.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
          action: t.Union([t.Literal('approve'), t.Literal('deny')]),
        }),
        response: t.Any(),
      },
    )
    .get('/device/done', ({ ctx, session, query }) => done(ctx, session, query.request ?? ''), {
      query: RequestQuery,
      response: t.Any(),
    })

/** What the last page asks to show how it went on. */
export const deviceStatus = (context: Context) =>
  apiSurface(context).get('/device/status', ({ ctx, session, query }) => status(ctx, session, query.request ?? ''), {
    query: RequestQuery,
    response: { 200: DeviceStatus },
  })

const LONGEST_ECHO = 32

interface EntryOptions {
  readonly typed: string
  readonly error?: string
  readonly status?: number
  readonly headers?: Record<string, string>
}

function entryPage(ctx: RequestContext, session: BrowserSession, options: EntryOptions): Response {
  const { typed, error, status, headers } = options
  const code = readUserCode(typed)
  const userCode = code ? formatUserCode(code) : typed.slice(0, LONGEST_ECHO).toWellFormed()
  return page(deviceEntryPage(pageFrame(ctx, session, { here: '/device' }), { userCode, error }), { status, headers })
}

async function verify(ctx: RequestContext, session: BrowserSession, typed: string): Promise<Response> {
  const entry = await enterUserCode(ctx, session, typed)
  switch (entry.kind) {
    case 'found':
      return redirectTo(ctx, `/device/confirm?request=${entry.requestId}`, { status: 303 })
    case 'refused':
      return entryPage(ctx, session, {
        typed,
        error: messagesFor(ctx, session).device.problems[entry.problem],
        status: 400,
      })
    case 'delayed':
      return entryPage(ctx, session, {
        typed,
        error: messagesFor(ctx, session).device.tooMany,
        status: 429,
        headers: { 'Retry-After': String(Math.ceil(entry.waitMs / 1000)) },
      })
  }
}

async function confirm(ctx: RequestContext, session: BrowserSession, requestId: string): Promise<Response> {
  const confirmation = await requireConfirmation(ctx, session, requestId)
  if (confirmation.decision) return redirectTo(ctx, `/device/done?request=${requestId}`)
  const { code, client, owner } = await requireUndecided(ctx, confirmation)
  const frame = pageFrame(ctx, session)
  const view = deviceConfirmPage(frame, {
    requestId,
    userCode: confirmation.userCode,
    client: clientView(client, owner, session.user.id),
    scopes: confirmation.scopes.map((name) => scopeView(frame.t, name)),
    requestedAt: code.createdAt,
    expiresAt: confirmation.row.expiresAt,
    requestIp: code.requestIp,
    requestDevice: deviceName(frame.t, code.requestUserAgent),
    username: session.user.username,
    sameNetwork: code.requestIp !== '' && networkOf(code.requestIp) === networkOf(ctx.request.ip),
  })
  return page(view)
}

async function done(ctx: RequestContext, session: BrowserSession, requestId: string): Promise<Response> {
  const confirmation = await requireConfirmation(ctx, session, requestId)
  if (!confirmation.decision) return redirectTo(ctx, `/device/confirm?request=${requestId}`)
  const client = await findClientFacts(ctx, confirmation.clientId)
  const view = deviceDonePage(pageFrame(ctx, session), {
    clientName: shownName(client?.clientName ?? '') || confirmation.clientId,
    username: session.user.username,
    outcome: confirmation.decision === 'approve' ? 'allowed' : 'denied',
    statusUrl: `${ctx.settings.basePath}/device/status?request=${requestId}`,
    expiresAt: confirmation.row.expiresAt,
  })
  return page(view)
}

async function status(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
): Promise<typeof DeviceStatus.static> {
  const confirmation = await findConfirmation(ctx, session, requestId)
  if (!confirmation) return { state: 'expired' }
  if (confirmation.decision === 'deny') return { state: 'denied' }
  const requested = await findRequestedCode(ctx, confirmation.deviceCodeId)
  switch (requested ? stateOf(ctx, requested.code) : 'expired') {
    case 'used':
      return { state: 'signed_in' }
    case 'denied':
      return { state: 'denied' }
    case 'expired':
      return { state: 'expired' }
    default:
      return { state: 'waiting' }
  }
}
