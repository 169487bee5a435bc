/** `/admin/clients/:id/authorizations`: who allows an application what. */
import { t } from 'elysia'
import { adminClientAuthorizationsPage } from '../../views/pages/admin-client-authorizations'
import { done } from '../apps/own-app'
import type { Client } from '../clients/clients'
import { findConsentById } from '../consent/consents'
import { findConsentsOf } from '../consent/consents-of-client'
import { revokeConsent } from '../consent/revoke'
import type { Context, RequestContext } from '../context'
import { Conflict } from '../db/commit'
import { listFound, readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { shownName } from '../oauth/client-view'
import { byId, CLIENTS_PATH, clientPath, requireClient } from './client-views'

const text = t.Optional(t.String())

export const adminClientAuthorizations = (context: Context) =>
  adminSurface(context)
    .get(
      `${CLIENTS_PATH}/:id/authorizations`,
      async ({ ctx, session, params, query }) => list(ctx, session, await requireClient(ctx, params.id), query),
      { params: byId, query: t.Object({ page: text, page_size: text }), response: t.Any() },
    )
    .post(
      `${CLIENTS_PATH}/:id/authorizations/:item/revoke`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        const client = await requireClient(ctx, params.id)
        const tokens = await revoke(ctx, session, client, params.item)
        const path = authorizationsPath(client)
        return done(ctx, session, path, (m) => m.adminClients.authorizationRevoked(tokens))
      },
      {
        params: t.Object({ id: t.String(), item: t.String() }),
        body: t.Object({ csrf_token: text }),
        response: t.Any(),
      },
    )

const authorizationsPath = ({ clientId }: Client): string => `${clientPath(clientId)}/authorizations`

async function list(
  ctx: RequestContext,
  session: BrowserSession,
  client: Client,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Response> {
  const { clientId } = client
  const request = readListRequest(query)
  const listed = await listFound(request, await findConsentsOf(ctx, clientId))
  const rows = listed.rows.map(({ uuid, userId, username, email, scopes, grantedAt }) => ({
    ...{ uuid, userId, username, email, grantedAt },
    scopes: scopes.split(' ').filter((scope) => scope !== ''),
  }))
  const html = adminClientAuthorizationsPage(pageFrame(ctx, session), {
    app: { id: clientId, name: shownName(client.clientName) || clientId },
    list: { path: authorizationsPath(client), state: request },
    listed: { ...listed, rows },
  })
  return page(html)
}

/** Resolves to the number of tokens that stopped working. Throws the 404 page for permissions of other applications. */
async function revoke(ctx: RequestContext, session: BrowserSession, client: Client, uuid: string): Promise<number> {
  const consent = uuid.includes('\u0000') ? undefined : await findConsentById(ctx, uuid)
  const notFound = new PageError(404, (m) => m.adminUsers.authorizationNotFound)
  if (!consent?.isActive || consent.clientId !== client.clientId) throw notFound
  try {
    return (await revokeConsent(ctx, consent, session.user)).tokensRevoked
  } catch (error) {
    if (error instanceof Conflict) throw notFound
    throw error
  }
}
