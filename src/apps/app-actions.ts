/** What owners do to an application by one press: secrets, submitting, taking back, revoking, deleting. */
import { t } from 'elysia'
import { appDeletePage } from '../../views/pages/app-delete'
import { appSecretPage } from '../../views/pages/app-secret'
import { revokeAllAccess, revokeClientGrant, revokeMachineToken } from '../clients/client-grants'
import type { Client } from '../clients/clients'
import { deleteClient, reachOf } from '../clients/delete-client'
import { resubmitClient, withdrawProposal } from '../clients/owned-changes'
import { ClientRefused } from '../clients/refused'
import { endOverlap, type Overlap, overlapOf, regenerateSecret } from '../clients/regenerate-secret'
import type { Context, RequestContext } from '../context'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { limitAppCreation } from '../edge/rate-limit'
import { requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import type { BrowserSession } from '../identity/sessions'
import { revealSecret } from './app-forms'
import { appDetail } from './app-pages'
import { refusalText, statusOf } from './app-problems'
import { appView } from './app-views'
import { APPS_PATH, appPath, asSeen, byId, done, inList, press, requireOwnApp } from './own-app'

const text = t.Optional(t.String())

export const appActions = (context: Context) =>
  signedInSurface(context)
    .get(
      `${APPS_PATH}/:id/regenerate-secret`,
      async ({ ctx, session, params }) => {
        const client = await requireOwnApp(ctx, session, params.id)
        requireRecentLogin(ctx, session)
        if (client.clientType === 'public') return refuse(ctx, session, client, new ClientRefused('no_secret'))
        return page(appSecretPage(pageFrame(ctx, session), { app: appView(ctx, client), overlap: '0' }))
      },
      { params: byId, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/regenerate-secret`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, async (client) => {
          requireRecentLogin(ctx, session)
          return regenerate(ctx, session, asSeen(client, body.version), overlapOf(body.overlap))
        }),
      { params: byId, body: t.Object({ csrf_token: text, version: text, overlap: text }), response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/end-overlap`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, async (client) => {
          await endOverlap(ctx, session.user, asSeen(client, body.version))
          return done(ctx, session, appPath(client.clientId), ({ apps }) => apps.overlapEnded)
        }),
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/resubmit`,
      async ({ ctx, session, params, body, request }) =>
        // The queue of the administrators is not to be filled by it either.
        (await limitAppCreation(ctx, request, session)) ??
        attempt(ctx, session, params.id, async (client) => {
          await resubmitClient(ctx, session.user, asSeen(client, body.version))
          return done(ctx, session, appPath(client.clientId), ({ apps }) => apps.resubmitted)
        }),
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/withdraw`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, async (client) => {
          await withdrawProposal(ctx, session.user, asSeen(client, body.version))
          return done(ctx, session, appPath(client.clientId), ({ apps }) => apps.withdrawn)
        }),
      { params: byId, body: press, response: t.Any() },
    )
    .get(
      `${APPS_PATH}/:id/delete`,
      async ({ ctx, session, params }) => {
        const client = await requireOwnApp(ctx, session, params.id)
        requireRecentLogin(ctx, session)
        if (client.status === 'active') return refuse(ctx, session, client, new ClientRefused('active'))
        const reach = await reachOf(ctx, client.clientId)
        return page(appDeletePage(pageFrame(ctx, session), { app: appView(ctx, client), reach }))
      },
      { params: byId, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/delete`,
      ({ ctx, session, params, body }) =>
        attempt(ctx, session, params.id, async (client) => {
          requireRecentLogin(ctx, session)
          const { tokens } = await deleteClient(ctx, session.user, asSeen(client, body.version), 'owner')
          return done(ctx, session, APPS_PATH, ({ apps }) => apps.wasDeleted(client.clientName, tokens))
        }),
      { params: byId, body: press, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/grants/:item/revoke`,
      ({ ctx, session, params }) =>
        attempt(ctx, session, params.id, async (client) => {
          const { tokensRevoked } = await revokeClientGrant(ctx, session.user, client, storable(params.item))
          return done(ctx, session, tokensPath(client), ({ apps }) => apps.grantRevoked(tokensRevoked))
        }),
      { params: inList, body: press, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/tokens/:item/revoke`,
      ({ ctx, session, params }) =>
        attempt(ctx, session, params.id, async (client) => {
          await revokeMachineToken(ctx, session.user, client, storable(params.item))
          return done(ctx, session, tokensPath(client), ({ apps }) => apps.tokenRevoked)
        }),
      { params: inList, body: press, response: t.Any() },
    )
    .post(
      `${APPS_PATH}/:id/tokens/revoke-all`,
      ({ ctx, session, params }) =>
        attempt(ctx, session, params.id, async (client) => {
          const { tokensRevoked } = await revokeAllAccess(ctx, session.user, client, 'owner')
          return done(ctx, session, tokensPath(client), ({ apps }) => apps.allRevoked(tokensRevoked))
        }),
      { params: byId, body: press, response: t.Any() },
    )

const tokensPath = ({ clientId }: Client): string => `${appPath(clientId)}/tokens`

/** PostgreSQL takes no NUL, and no id has one. */
const storable = (id: string): string => id.replaceAll('\u0000', '')

/** A refusal is said on the page of the application. */
async function attempt(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
  act: (client: Client) => Promise<Response>,
): Promise<Response> {
  const client = await requireOwnApp(ctx, session, id, true)
  try {
    return await act(client)
  } catch (error) {
    if (!(error instanceof ClientRefused)) throw error
    return refuse(ctx, session, await requireOwnApp(ctx, session, id, true), error)
  }
}

const refuse = (ctx: RequestContext, session: BrowserSession, client: Client, error: ClientRefused) =>
  appDetail(ctx, session, client, {
    status: statusOf(error),
    problem: refusalText(messagesFor(ctx, session), error),
  })

async function regenerate(
  ctx: RequestContext,
  session: BrowserSession,
  client: Client,
  overlap: Overlap,
): Promise<Response> {
  const { apps } = messagesFor(ctx, session)
  const replaced = client.clientSecret !== null
  const old = overlap === 0 ? apps.oldEnded : apps.oldGoesOn(overlap / 3600)
  let path = appPath(client.clientId)
  await regenerateSecret(ctx, session.user, client, overlap, (secret) => {
    const notices = [apps.regeneratedNotice(client.clientName), ...(replaced ? [old] : [])]
    const revealed = revealSecret(ctx, session, client, secret, apps.regenerated, notices)
    path = revealed.path
    return [revealed.statement]
  })
  return redirectTo(ctx, path)
}
