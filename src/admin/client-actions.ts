/** What an administrator does to an application by one press: decide, switch, replace its secret, revoke, delete. */
import { t } from 'elysia'
import { refusalText, statusOf } from '../apps/app-problems'
import { asSeen, done } from '../apps/own-app'
import { changeClient } from '../clients/change-client'
import { revokeAllAccess } from '../clients/client-grants'
import type { Client } from '../clients/clients'
import { deleteClient } from '../clients/delete-client'
import { ClientRefused } from '../clients/refused'
import { overlapOf, regenerateSecret } from '../clients/regenerate-secret'
import { approve, reject, type Subject } from '../clients/review'
import { findPending } from '../clients/revisions'
import type { Context, RequestContext } from '../context'
import { Conflict } from '../db/commit'
import { messagesFor } from '../edge/language'
import { redirectTo } from '../edge/page'
import { holdReveal } from '../edge/reveal'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { byId, CLIENTS_PATH, clientDetail, clientPath, requireClient } from './client-views'

const text = t.Optional(t.String())
const press = { params: byId, body: t.Object({ csrf_token: text, version: text }), response: t.Any() }
const LONGEST_REASON = 1000

export const adminClientActions = (context: Context) =>
  adminSurface(context)
    .post(
      `${CLIENTS_PATH}/:id/approve`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          await approve(ctx, await subjectOf(ctx, client), session.user)
          return done(ctx, session, clientPath(client.clientId), (m) => m.adminClients.approved(client.clientName))
        }),
      press,
    )
    .post(
      `${CLIENTS_PATH}/:id/reject`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          const reason = (body.reason ?? '').trim().slice(0, LONGEST_REASON)
          await reject(ctx, await subjectOf(ctx, client), session.user, reason)
          return done(ctx, session, clientPath(client.clientId), (m) => m.adminClients.rejected(client.clientName))
        }),
      { params: byId, body: t.Object({ csrf_token: text, version: text, reason: text }), response: t.Any() },
    )
    .post(
      `${CLIENTS_PATH}/:id/disable`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          const change = { fields: client, by: 'admin', status: 'inactive' } as const
          const { tokensRevoked } = await changeClient(ctx, session.user, client, change)
          return done(ctx, session, clientPath(client.clientId), (m) => m.adminClients.deactivated(tokensRevoked))
        }),
      press,
    )
    .post(
      `${CLIENTS_PATH}/:id/enable`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          await changeClient(ctx, session.user, client, { fields: client, by: 'admin', status: 'active' })
          return done(ctx, session, clientPath(client.clientId), (m) => m.adminClients.activated)
        }),
      press,
    )
    .post(
      `${CLIENTS_PATH}/:id/regenerate-secret`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          let path = clientPath(client.clientId)
          const overlap = client.clientSecret === null ? 0 : overlapOf(body.overlap)
          await regenerateSecret(ctx, session.user, client, overlap, (secret) => {
            const revealed = revealClientSecret(ctx, session, client.clientId, secret, overlap)
            path = revealed.path
            return [revealed.statement]
          })
          return redirectTo(ctx, path)
        }),
      { params: byId, body: t.Object({ csrf_token: text, version: text, overlap: text }), response: t.Any() },
    )
    .post(
      `${CLIENTS_PATH}/:id/revoke-all`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          const { tokensRevoked } = await revokeAllAccess(ctx, session.user, client, 'admin')
          return done(ctx, session, clientPath(client.clientId), (m) => m.adminClients.revokedAll(tokensRevoked))
        }),
      press,
    )
    .post(
      `${CLIENTS_PATH}/:id/delete`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, body.version, async (client) => {
          const { tokens } = await deleteClient(ctx, session.user, client, 'admin')
          return done(ctx, session, CLIENTS_PATH, (m) => m.adminClients.deleted(client.clientName, tokens))
        }),
      press,
    )

/** The page that shows a secret once; the old one works for another `overlap` seconds. */
export function revealClientSecret(
  ctx: RequestContext,
  session: BrowserSession,
  clientId: string,
  secret: string,
  overlap = 0,
) {
  const { apps, adminClients: m } = messagesFor(ctx, session)
  return holdReveal(ctx, session, {
    title: m.regenerated,
    notices: [overlap > 0 ? m.regeneratedOverlap(overlap / 3600) : m.regeneratedNotice],
    secrets: [
      { label: apps.clientId, value: clientId, variable: 'CLIENT_ID' },
      { label: apps.clientSecret, value: secret, variable: 'CLIENT_SECRET' },
    ],
    next: { label: m.toClient, path: clientPath(clientId) },
  })
}

/** What waits: the client itself, or a change of it. */
async function subjectOf(ctx: RequestContext, client: Client): Promise<Subject> {
  if (client.status === 'pending') return { client }
  const revision = await findPending(ctx, client.clientId)
  if (!revision) throw new ClientRefused('nothing_waits')
  return { client, revision }
}

/** Every one of these needs a recent sign-in; a refusal is said on the page of the application. */
async function attempt(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
  version: string | undefined,
  act: (client: Client) => Promise<Response>,
): Promise<Response> {
  requireRecentLogin(ctx, session)
  const client = await requireClient(ctx, id)
  try {
    return await act(asSeen(client, version))
  } catch (error) {
    const refusal = error instanceof Conflict ? new ClientRefused('changed_meanwhile') : error
    if (!(refusal instanceof ClientRefused)) throw error
    const status = refusal.refusal === 'nothing_waits' ? 409 : statusOf(refusal)
    const problem = refusalText(messagesFor(ctx, session), refusal)
    return clientDetail(ctx, session, await requireClient(ctx, id), { status, problem })
  }
}
