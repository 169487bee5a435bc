/** `/account/sessions`: where a person is signed in, and what may act for them. */
import { t } from 'elysia'
import type { GrantView } from '../../views/components/own-grants'
import { deviceName } from '../../views/describe'
import type { Messages } from '../../views/messages'
import { accountSessionsPage, type SessionView } from '../../views/pages/account-sessions'
import type { Context, RequestContext } from '../context'
import { Conflict, commit } from '../db/commit'
import { clearCookie, sessionCookieName } from '../edge/cookies'
import { messagesFor } from '../edge/language'
import { readListRequest } from '../edge/list-request'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { pageSurface, signedInSurface } from '../edge/surfaces/page'
import { endOwnOtherSessions, endOwnSession, ownSessions } from '../identity/own-sessions'
import type { SessionRow } from '../identity/session-records'
import { addFlash, type BrowserSession } from '../identity/sessions'
import { GRANT_FILTERS, listGrants, type OwnGrant } from './grant-list'
import { disableOwnGrant, enableOwnGrant, type GrantChange, revokeAllOwnGrants, revokeOwnGrant } from './grants'

const HERE = '/account/sessions'

const form = t.Object({ csrf_token: t.Optional(t.String()) })
const grantRoute = { params: t.Object({ id: t.String() }), body: form, response: t.Any() }

export const accountSessionsPages = (context: Context) =>
  signedInSurface(context)
    .get(
      HERE,
      async ({ ctx, session, query }) => {
        const request = readListRequest(query, { filters: GRANT_FILTERS })
        const [sessions, grants] = await Promise.all([
          ownSessions(ctx, session),
          listGrants(ctx, session.user.id, request),
        ])
        const frame = pageFrame(ctx, session)
        const html = accountSessionsPage(frame, {
          sessions: sessions.map((row) => sessionView(frame.t, row, session)),
          grants: grants.rows.map((grant) => grantView(frame.t, grant)),
          list: { state: request, listed: grants },
        })
        return page(html)
      },
      { response: t.Any() },
    )
    .post(
      `${HERE}/end-others`,
      async ({ ctx, session }) => {
        const ended = await endOwnOtherSessions(ctx, session)
        return done(ctx, session, (t) => t.sessions.othersEnded(ended))
      },
      { body: form, response: t.Any() },
    )
    .post(
      `${HERE}/:id/end`,
      async ({ ctx, session, params }) => {
        if (!(await endOwnSession(ctx, session, params.id))) throw new PageError(403, (t) => t.errors.notYourSession)
        if (params.id !== session.sid) return done(ctx, session, (t) => t.sessions.browserEnded)
        const cookie = clearCookie(ctx.settings, sessionCookieName(ctx.settings))
        return redirectTo(ctx, '/login', { cookies: [cookie], headers: { 'Clear-Site-Data': '"cache"' } })
      },
      { params: t.Object({ id: t.String() }), body: form, response: t.Any() },
    )
    .post(
      `${HERE}/revoke-all`,
      async ({ ctx, session }) => {
        const tokens = await revokeAllOwnGrants(ctx, session)
        return done(ctx, session, (t) => t.sessions.allRevoked(tokens))
      },
      { body: form, response: t.Any() },
    )
    .post(`${HERE}/:id/revoke`, ({ ctx, session, params }) => revoke(ctx, session, params.id), grantRoute)
    .post('/account/grants/:id/revoke', ({ ctx, session, params }) => revoke(ctx, session, params.id), grantRoute)
    .post(
      `${HERE}/:id/disable`,
      async ({ ctx, session, params }) => {
        const { clientName, tokens } = await changed(() => disableOwnGrant(ctx, session, params.id))
        if (tokens === 0) throw new PageError(409, (t) => t.sessions.cannotDisable)
        return done(ctx, session, (t) => t.sessions.grantDisabled(clientName, tokens))
      },
      grantRoute,
    )
    .post(
      `${HERE}/:id/enable`,
      async ({ ctx, session, params }) => {
        const { clientName, tokens } = await changed(() => enableOwnGrant(ctx, session, params.id))
        if (tokens === 0) throw new PageError(409, (t) => t.sessions.cannotEnable)
        return done(ctx, session, (t) => t.sessions.grantEnabled(clientName, tokens))
      },
      grantRoute,
    )

async function revoke(ctx: RequestContext, session: BrowserSession, id: string): Promise<Response> {
  const { clientName, tokens } = await changed(() => revokeOwnGrant(ctx, session, id))
  return done(ctx, session, (t) => t.sessions.accessRevoked(clientName, tokens))
}

/** Two clicks that cross: the second finds the grant as the first left it. */
async function changed(act: () => Promise<GrantChange | undefined>): Promise<GrantChange> {
  const change = await act().catch((error: unknown) => {
    if (error instanceof Conflict) return act()
    throw error
  })
  if (!change) throw new PageError(403, (t) => t.errors.notYourGrant)
  return change
}

/** `/` has no page of its own. */
export const homePage = (context: Context) =>
  pageSurface(context).get('/', ({ ctx }) => redirectTo(ctx, HERE), { response: t.Any() })

async function done(ctx: RequestContext, session: BrowserSession, message: (t: Messages) => string): Promise<Response> {
  await commit(ctx, [addFlash(session, message(messagesFor(ctx, session)))])
  return redirectTo(ctx, HERE)
}

const sessionView = (messages: Messages, row: SessionRow, current: BrowserSession): SessionView => ({
  sid: row.sid,
  current: row.idHash === current.idHash,
  device: deviceName(messages, row.userAgent),
  ip: row.ip,
  signedInAt: row.createdAt,
  lastSeenAt: row.lastSeenAt,
  expiresAt: row.expiresAt,
  remembered: row.remember,
})

const grantView = (messages: Messages, { family, clientName, state, expiresAt }: OwnGrant): GrantView => ({
  id: family.id,
  clientName: clientName ?? family.clientId,
  clientId: family.clientId,
  scopes: family.scopes === '' ? [] : family.scopes.split(' '),
  device: deviceName(messages, family.userAgent),
  ip: family.ip,
  createdAt: family.createdAt,
  ...(family.lastUsedAt && { lastUsedAt: family.lastUsedAt }),
  expiresAt: expiresAt ?? family.expiresAt,
  state,
})
