/** `/account/security`: password, authenticator app, passkeys and recovery codes of one's own account. */
import { t } from 'elysia'
import { renderSVG } from 'uqr'
import type { Messages } from '../../views/messages'
import { accountSecurityPage } from '../../views/pages/account-security'
import { totpSetupPage } from '../../views/pages/totp-setup'
import type { Context, RequestContext } from '../context'
import { Conflict, commit } from '../db/commit'
import { ENROLMENT_PATH } from '../edge/browser-session'
import { sessionCookieName, setCookie } from '../edge/cookies'
import { findHeld, hold } from '../edge/held'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { claimAttempt, noteSuccess, PASSWORD_POLICY } from '../identity/attempt-delays'
import { hasPassword } from '../identity/change-password'
import { mayHavePasskeys } from '../identity/passkeys/own-passkeys'
import { safeRedirect } from '../identity/redirect-target'
import { addFactor, mayRemove, regenerateCodes, removeFactor } from '../identity/second-factor/own-factors'
import { countRecoveryCodes, replaceTotp, sealTotpSecret } from '../identity/second-factor/records'
import { hasSecondFactor, hasTotp, mustEnrol } from '../identity/second-factor/required'
import { newTotpSecret, otpauthAddress, stepOf } from '../identity/second-factor/totp'
import type { BrowserSession } from '../identity/sessions'
import { usePendingRequest } from '../oauth/pending-requests'
import { orChangedMeanwhile } from './changed-meanwhile'

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
        if (hasTotp(session.user)) return redirectTo(ctx, HERE)
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
        const { user } = session
        if (!hasTotp(user)) return redirectTo(ctx, HERE)
        const changed = { ...user, totpSecret: null, totpLastStep: null }
        if (!mayRemove(ctx, changed)) throw new PageError(403, (m) => m.security.needed)
        const claim = replaceTotp(ctx, user, { secret: null, step: null })
        await orChangedMeanwhile(removeFactor(ctx, session, { factor: 'totp', changed, claim, alongside: [] }))
        return redirectTo(ctx, HERE)
      },
      press,
    )
    .post(
      `${HERE}/recovery-codes`,
      async ({ ctx, session }) => {
        requireRecentLogin(ctx, session)
        if (!hasSecondFactor(session.user)) return redirectTo(ctx, HERE)
        return redirectTo(ctx, await orChangedMeanwhile(regenerateCodes(ctx, session, HERE)))
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
    totp: hasTotp(user),
    passkeys: user.passkeyCount,
    passkeysOffered: mayHavePasskeys(ctx, user),
    codesLeft: hasSecondFactor(user) ? await countRecoveryCodes(ctx, user.id) : 0,
    required: mustEnrol(ctx.settings, { user: { ...user, totpSecret: null, passkeyCount: 0 } }),
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
  const required = mustEnrol(ctx.settings, session)
  const html = totpSetupPage(frame, {
    ...{ redirect, required, passkeys: required && mayHavePasskeys(ctx, session.user) },
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
  if (hasTotp(user)) return redirectTo(ctx, HERE)
  const { row, secret } = await findSetup(ctx, session, asked.setup ?? '')
  const subject = `second-factor-setup:${user.id}`
  const waitMs = await claimAttempt(ctx, subject, PASSWORD_POLICY)
  if (waitMs > 0) return setupPage(ctx, session, asked, { status: 429, problem: (m) => m.stepTooMany })
  const step = stepOf(secret, code.replaceAll(/\s/g, ''), ctx.clock.now(), null)
  if (step === undefined) return setupPage(ctx, session, asked, { status: 400, problem: (m) => m.wrongCode })

  const sealed = sealTotpSecret(ctx, user.id, secret)
  try {
    const { started, path } = await addFactor(ctx, session, {
      factor: 'totp',
      changed: { ...user, totpSecret: sealed, totpLastStep: step, version: user.version + 1 },
      claim: replaceTotp(ctx, user, { secret: sealed, step }),
      alongside: [usePendingRequest(ctx, row, { payload: {}, until: row.expiresAt }), noteSuccess(subject)],
      amr: ['otp'],
      next: safeRedirect(ctx.settings, asked.redirect) ?? HERE,
    })
    const { cookieValue, maxAgeSeconds } = started
    const cookie = setCookie(ctx.settings, sessionCookieName(ctx.settings), cookieValue, { maxAgeSeconds })
    return redirectTo(ctx, path, { status: 303, cookies: [cookie] })
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    throw new PageError(409, (m) => m.security.expired)
  }
}
