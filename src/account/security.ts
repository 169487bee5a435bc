/** `/account/security`: password, authenticator app and recovery codes of one's own account. */
import { t } from 'elysia'
import { renderSVG } from 'uqr'
import type { Messages } from '../../views/messages'
import { accountSecurityPage } from '../../views/pages/account-security'
import { totpSetupPage } from '../../views/pages/totp-setup'
import { audit } from '../audit/audit'
import type { Context, RequestContext } from '../context'
import { Conflict, commit, type Statement } from '../db/commit'
import { ENROLMENT_PATH } from '../edge/browser-session'
import { sessionCookieName, setCookie } from '../edge/cookies'
import { findHeld, hold } from '../edge/held'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { holdReveal } from '../edge/reveal'
import { requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { claimAttempt, noteSuccess, PASSWORD_POLICY } from '../identity/attempt-delays'
import { hasPassword } from '../identity/change-password'
import { safeRedirect } from '../identity/redirect-target'
import {
  countRecoveryCodes,
  dropRecoveryCodes,
  replaceRecoveryCodes,
  replaceTotp,
  sealTotpSecret,
} from '../identity/second-factor/records'
import { hasSecondFactor, mustEnrol, withSecondFactor } from '../identity/second-factor/required'
import { newTotpSecret, otpauthAddress, stepOf } from '../identity/second-factor/totp'
import { addFlash, type BrowserSession, endOtherSessions, startSession } from '../identity/sessions'
import { userUnchanged } from '../identity/users'
import { usePendingRequest } from '../oauth/pending-requests'

const HERE = '/account/security'
const SETUP_MS = 15 * 60_000
const optionalText = t.Optional(t.String())
const press = { body: t.Object({ csrf_token: optionalText }), response: t.Any() }

export const accountSecurityPages = (context: Context) =>
  signedInSurface(context)
    .get(HERE, ({ ctx, session }) => overview(ctx, session), { response: t.Any() })
    .get(
      ENROLMENT_PATH,
      ({ ctx, session, query }) => {
        if (hasSecondFactor(session.user)) return redirectTo(ctx, HERE)
        requireRecentLogin(ctx, session)
        return setupPage(ctx, session, query, {})
      },
      { query: t.Object({ redirect: optionalText, setup: optionalText }), response: t.Any() },
    )
    .post(
      `${ENROLMENT_PATH}/begin`,
      async ({ ctx, session, body }) => {
        requireRecentLogin(ctx, session)
        const content: Setup = { secret: newTotpSecret(ctx) }
        const { id, statement } = hold(ctx, session, { kind: 'totp', content, lifeMs: SETUP_MS })
        await commit(ctx, [statement])
        const redirect = safeRedirect(ctx.settings, body.redirect)
        return redirectTo(ctx, `${ENROLMENT_PATH}?${new URLSearchParams({ setup: id, ...(redirect && { redirect }) })}`)
      },
      { body: t.Object({ csrf_token: optionalText, redirect: optionalText }), response: t.Any() },
    )
    .post(ENROLMENT_PATH, ({ ctx, session, body }) => enrol(ctx, session, body), {
      body: t.Object({ csrf_token: optionalText, redirect: optionalText, setup: optionalText, code: optionalText }),
      response: t.Any(),
    })
    .post(
      `${ENROLMENT_PATH}/disable`,
      async ({ ctx, session }) => {
        requireRecentLogin(ctx, session)
        if (mustEnrol(ctx.settings, { user: { ...session.user, totpSecret: null } }))
          throw new PageError(403, (m) => ({ title: m.security.title, explanation: m.security.required }))
        await change(ctx, [
          replaceTotp(ctx, session.user, { secret: null, step: null }),
          dropRecoveryCodes(session.user.id),
          ...record(ctx, session, 'SECOND_FACTOR_DISABLED', 'Second factor removed by user'),
          addFlash(session, messagesFor(ctx, session).security.disabled),
        ])
        return redirectTo(ctx, HERE)
      },
      press,
    )
    .post(
      `${HERE}/recovery-codes`,
      async ({ ctx, session }) => {
        requireRecentLogin(ctx, session)
        if (!hasSecondFactor(session.user)) return redirectTo(ctx, HERE)
        const { codes, statements } = replaceRecoveryCodes(ctx, session.user.id)
        const revealed = revealCodes(ctx, session, codes, HERE)
        await change(ctx, [
          userUnchanged(session.user),
          ...statements,
          ...record(ctx, session, 'RECOVERY_CODES_REPLACED', 'Recovery codes replaced by user'),
          revealed.statement,
        ])
        return redirectTo(ctx, revealed.path)
      },
      press,
    )

interface Setup {
  readonly secret: string
}

async function overview(ctx: RequestContext, session: BrowserSession): Promise<Response> {
  const { user } = session
  const html = accountSecurityPage(pageFrame(ctx, session), {
    password: hasPassword(session) ? 'set' : user.authSource === 'http_api' ? 'elsewhere' : 'none',
    factor: hasSecondFactor(user),
    codesLeft: hasSecondFactor(user) ? await countRecoveryCodes(ctx, user.id) : 0,
    required: mustEnrol(ctx.settings, { user: { ...user, totpSecret: null } }),
  })
  return page(html)
}

interface Asked {
  readonly redirect?: string | undefined
  readonly setup?: string | undefined
}

async function setupPage(
  ctx: RequestContext,
  session: BrowserSession,
  { redirect: wanted, setup: id = '' }: Asked,
  { status = 200, problem }: { readonly status?: number; readonly problem?: (t: Messages['security']) => string },
): Promise<Response> {
  const redirect = safeRedirect(ctx.settings, wanted) ?? ''
  const secret = id === '' ? undefined : (await findSetup(ctx, session, id)).secret
  const frame = pageFrame(ctx, session, { here: `${ENROLMENT_PATH}?${new URLSearchParams({ redirect, setup: id })}` })
  const html = totpSetupPage(frame, {
    redirect,
    required: mustEnrol(ctx.settings, session),
    ...(secret !== undefined && { setup: { id, secret, qrCode: qrCode(ctx, session, secret) } }),
    ...(problem && { problem: problem(frame.t.security) }),
  })
  return page(html, { status })
}

const qrCode = ({ settings }: RequestContext, { user }: BrowserSession, secret: string): string =>
  renderSVG(otpauthAddress(secret, settings.PRODUCT_NAME, user.username), { border: 2 })

/** Throws the 410 page when it is another session's, over, or used. */
async function findSetup(ctx: RequestContext, session: BrowserSession, id: string) {
  const held = await findHeld(ctx, session, 'totp', id)
  if (!held.row || held.row.sid !== session.sid) throw new PageError(410, (m) => m.security.expired)
  return { row: held.row, secret: (held.content as Setup).secret }
}

/** The app shows the right code: from now on it is asked for, and every other browser has to sign in with it. */
async function enrol(
  ctx: RequestContext,
  session: BrowserSession,
  { code = '', ...asked }: Asked & { readonly code?: string | undefined },
): Promise<Response> {
  requireRecentLogin(ctx, session)
  const { user } = session
  if (hasSecondFactor(user)) return redirectTo(ctx, HERE)
  const { row, secret } = await findSetup(ctx, session, asked.setup ?? '')
  const subject = `second-factor-setup:${user.id}`
  const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (waitMs > 0) return setupPage(ctx, session, asked, { status: 429, problem: (m) => m.stepTooMany })
  const step = stepOf(secret, code.replaceAll(/\s/g, ''), ctx.clock.now(), null)
  if (step === undefined) return setupPage(ctx, session, asked, { status: 400, problem: (m) => m.wrongCode })

  const { codes, statements } = replaceRecoveryCodes(ctx, user.id)
  const next = safeRedirect(ctx.settings, asked.redirect) ?? HERE
  const sealed = sealTotpSecret(ctx, user.id, secret)
  const enrolled = { ...user, totpSecret: sealed, totpLastStep: step, version: user.version + 1 }
  const login = {
    ...{ user: enrolled, remember: session.remember, amr: withSecondFactor(session.amr), idp: session.idp },
    ...{ replaces: session, flash: messagesFor(ctx, session).security.done },
  }
  const revealed = revealCodes(ctx, session, codes, next)
  try {
    const { cookieValue, maxAgeSeconds } = await startSession(ctx, login, {
      claim: replaceTotp(ctx, user, { secret: sealed, step }),
      alongside: [
        usePendingRequest(ctx, row, { payload: {}, until: row.expiresAt }),
        ...statements,
        ...endOtherSessions(ctx, session),
        ...record(ctx, session, 'SECOND_FACTOR_ENABLED', 'Second factor set up by user'),
        noteSuccess(subject),
        revealed.statement,
      ],
    })
    const cookie = setCookie(ctx.settings, sessionCookieName(ctx.settings), cookieValue, { maxAgeSeconds })
    return redirectTo(ctx, revealed.path, { status: 303, cookies: [cookie] })
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    throw new PageError(409, (m) => m.security.expired)
  }
}

function revealCodes(ctx: RequestContext, session: BrowserSession, codes: readonly string[], next: string) {
  const m = messagesFor(ctx, session).security
  return holdReveal(ctx, session, {
    title: m.codes,
    notices: [m.codesOnce],
    secrets: [{ label: m.codes, value: codes.join(' '), variable: 'RECOVERY_CODES' }],
    next: { label: m.goOn, path: next },
  })
}

/** Throws the 409 page when the account was changed meanwhile. */
async function change(ctx: RequestContext, statements: readonly Statement[]): Promise<void> {
  try {
    await commit(ctx, [...statements])
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    throw new PageError(409, (m) => ({ title: m.security.title, explanation: m.security.stepGone }), {})
  }
}

const record = (
  ctx: RequestContext,
  { user, sid }: BrowserSession,
  event: 'SECOND_FACTOR_ENABLED' | 'SECOND_FACTOR_DISABLED' | 'RECOVERY_CODES_REPLACED',
  action: string,
): Statement[] =>
  audit(ctx, {
    ...{ event, action },
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { method: 'totp', sid },
  })
