/** What an administrator does to a user by one press: status, password, sessions, permissions. */
import { t } from 'elysia'
import { findConsentById } from '../consent/consents'
import { revokeConsent } from '../consent/revoke'
import type { Context, RequestContext } from '../context'
import { Conflict } from '../db/commit'
import { messagesFor } from '../edge/language'
import { redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { holdReveal } from '../edge/reveal'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import type { User } from '../identity/users'
import { rebindUser } from '../users/rebind-user'
import { UserRefused } from '../users/refused'
import { resetPassword } from '../users/reset-password'
import { resetSecondFactor } from '../users/reset-second-factor'
import { endAllSessionsOf, endSessionOf } from '../users/user-sessions'
import { disableUser, enableUser } from '../users/user-status'
import { done } from './user-forms'
import { byId, requireUser, USERS_PATH, userDetail, userPath } from './user-pages'
import { refusalText, statusOf } from './user-refusals'

const text = t.Optional(t.String())
const press = t.Object({ csrf_token: text })
const inList = t.Object({ id: t.String(), item: t.String() })

export const adminUserActions = (context: Context) =>
  adminSurface(context)
    .post(
      `${USERS_PATH}/:id/disable`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        return attempt(ctx, session, params.id, async (user) => {
          const ended = await disableUser(ctx, session.user, user)
          return done(ctx, session, userPath(user.id), ({ adminUsers: m }) => m.wasDisabled(ended))
        })
      },
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/enable`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        return attempt(ctx, session, params.id, async (user) => {
          await enableUser(ctx, session.user, user)
          return done(ctx, session, userPath(user.id), ({ adminUsers: m }) => m.wasEnabled)
        })
      },
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/reset-password`,
      async ({ ctx, session, params, body }) => {
        requireRecentLogin(ctx, session)
        const addsPassword = body.adds_password === '1'
        return attempt(ctx, session, params.id, (user) => reset(ctx, session, user, addsPassword))
      },
      { params: byId, body: t.Object({ csrf_token: text, adds_password: text }), response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/rebind`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        return attempt(ctx, session, params.id, async (user) => {
          const ended = await rebindUser(ctx, session.user, user)
          return done(ctx, session, userPath(user.id), ({ adminUsers: m }) => m.wasRebound(ended))
        })
      },
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/reset-second-factor`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        return attempt(ctx, session, params.id, async (user) => {
          const ended = await resetSecondFactor(ctx, session.user, user)
          return done(ctx, session, userPath(user.id), ({ security: m }) => m.adminDone(ended))
        })
      },
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/sessions/end-all`,
      async ({ ctx, session, params }) => {
        const user = await requireUser(ctx, params.id)
        if (user.id === session.user.id) return redirectTo(ctx, '/account/sessions')
        const ended = await endAllSessionsOf(ctx, session.user, user)
        return done(ctx, session, userPath(user.id), ({ adminUsers: m }) => m.sessionsEnded(ended))
      },
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/sessions/:item/end`,
      async ({ ctx, session, params }) => {
        const user = await requireUser(ctx, params.id)
        if (params.item.includes('\u0000') || !(await endSessionOf(ctx, session.user, user, params.item)))
          throw new PageError(404, (m) => m.adminUsers.sessionNotFound)
        return done(ctx, session, userPath(user.id), ({ adminUsers: m }) => m.sessionEnded)
      },
      { params: inList, body: press, response: t.Any() },
    )
    .post(
      `${USERS_PATH}/:id/authorizations/:item/revoke`,
      async ({ ctx, session, params }) => {
        const user = await requireUser(ctx, params.id)
        const tokensRevoked = await revoke(ctx, session, user, params.item)
        return done(ctx, session, `${userPath(user.id)}/authorizations`, ({ adminUsers: m }) =>
          m.authorizationRevoked(tokensRevoked),
        )
      },
      { params: inList, body: press, response: t.Any() },
    )

/** A refusal is said on the user's page. */
async function attempt(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
  act: (user: User) => Promise<Response>,
): Promise<Response> {
  const user = await requireUser(ctx, id)
  try {
    return await act(user)
  } catch (error) {
    if (!(error instanceof UserRefused)) throw error
    const problem = refusalText(messagesFor(ctx, session), error)
    return userDetail(ctx, session, await requireUser(ctx, id), { status: statusOf(error), problem })
  }
}

async function reset(
  ctx: RequestContext,
  session: BrowserSession,
  user: User,
  addsPassword: boolean,
): Promise<Response> {
  const m = messagesFor(ctx, session).adminUsers
  let path = userPath(user.id)
  const ended = await resetPassword(ctx, session, user, { addsPassword }, (password) => {
    const revealed = holdReveal(ctx, session, {
      title: m.resetTitle,
      notices: user.id === session.user.id ? [] : [m.passwordOnce],
      secrets: [{ label: m.password, value: password }],
      next: { label: m.toUser, path: userPath(user.id) },
    })
    path = revealed.path
    return [revealed.statement]
  })
  return done(ctx, session, path, ({ adminUsers }) => adminUsers.resetDone(user.username, ended))
}

/** Resolves to the number of tokens that stopped working. Throws the 404 page for consents of somebody else. */
async function revoke(ctx: RequestContext, session: BrowserSession, user: User, uuid: string): Promise<number> {
  const consent = uuid.includes('\u0000') ? undefined : await findConsentById(ctx, uuid)
  const notFound = new PageError(404, (m) => m.adminUsers.authorizationNotFound)
  if (!consent?.isActive || consent.userId !== user.id) throw notFound
  try {
    const { tokensRevoked } = await revokeConsent(ctx, consent, session.user)
    return tokensRevoked
  } catch (error) {
    if (error instanceof Conflict) throw notFound
    throw error
  }
}
