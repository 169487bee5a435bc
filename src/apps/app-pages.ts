/** `/apps`: the applications of who is signed in, one of them, and what was granted to it. */
import { t } from 'elysia'
import { clientChanges } from '../../views/components/client-changes'
import { appPage } from '../../views/pages/app'
import { appTokensPage } from '../../views/pages/app-tokens'
import { appsPage } from '../../views/pages/apps'
import { findClientGrants, listMachineTokens } from '../clients/client-grants'
import { CLIENT_FILTERS, countClients, selectClients } from '../clients/client-list'
import type { Client } from '../clients/clients'
import { reachOf } from '../clients/delete-client'
import { findLastDecision, findPending, proposedChanges } from '../clients/revisions'
import type { Context, RequestContext } from '../context'
import { listFound, listPage, readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { signedInSurface } from '../edge/surfaces/page'
import type { BrowserSession } from '../identity/sessions'
import { appRowView, appView, grantView, machineTokenView } from './app-views'
import { APPS_PATH, appPath, byId, requireOwnApp } from './own-app'
import { snippetsFor } from './snippets'

const optionalText = t.Optional(t.String())
const listQuery = t.Object({
  ...{ page: optionalText, page_size: optionalText, search: optionalText, status: optionalText },
})
const pageQuery = t.Object({ page: optionalText, page_size: optionalText })

export const appPages = (context: Context) =>
  signedInSurface(context)
    .get(APPS_PATH, ({ ctx, session, query }) => appsList(ctx, session, query), {
      query: listQuery,
      response: t.Any(),
    })
    .get(
      `${APPS_PATH}/:id`,
      async ({ ctx, session, params }) => appDetail(ctx, session, await requireOwnApp(ctx, session, params.id)),
      { params: byId, response: t.Any() },
    )
    .get(
      `${APPS_PATH}/:id/tokens`,
      async ({ ctx, session, params, query }) =>
        appTokens(ctx, session, await requireOwnApp(ctx, session, params.id), query),
      { params: byId, query: pageQuery, response: t.Any() },
    )

type Query = Readonly<Record<string, string | undefined>>

async function appsList(ctx: RequestContext, session: BrowserSession, query: Query): Promise<Response> {
  const request = readListRequest(query, { filters: CLIENT_FILTERS })
  const selection = { ...request, ownerId: session.user.id }
  const listed = await listPage(
    request,
    () => countClients(ctx, selection),
    (window) => selectClients(ctx, selection, window),
  )
  const frame = pageFrame(ctx, session)
  const m = frame.t.apps
  const html = appsPage(frame, {
    list: {
      path: APPS_PATH,
      state: request,
      filters: [
        {
          name: 'status',
          label: m.filterStatus,
          options: CLIENT_FILTERS.status.map((value) => ({ value, label: m.status[value] })),
        },
      ],
    },
    listed: { ...listed, rows: listed.rows.map(appRowView) },
  })
  return page(html)
}

/** The page of one application; `refused` says why something was not done. */
export async function appDetail(
  ctx: RequestContext,
  session: BrowserSession,
  client: Client,
  refused?: { readonly status: number; readonly problem: string },
): Promise<Response> {
  const [reach, pending, decision] = await Promise.all([
    reachOf(ctx, client.clientId),
    findPending(ctx, client.clientId),
    findLastDecision(ctx, client.clientId),
  ])
  const frame = pageFrame(ctx, session, { here: appPath(client.clientId) })
  const changesOf = (revision: NonNullable<typeof pending>) => clientChanges(frame.t, client, proposedChanges(revision))
  // A refusal is of interest until the next attempt; that of a client, only while it is refused.
  const refusal = decision?.status === 'rejected' && !pending ? decision : undefined
  const ofClient = refusal && Object.keys(refusal.proposed).length === 0
  const matters = refusal && (client.status === 'inactive') === ofClient
  const html = appPage(frame, {
    app: appView(ctx, client),
    reach,
    waiting: pending && changesOf(pending),
    rejection: matters ? { reason: refusal.reason, changes: changesOf(refusal) } : undefined,
    snippets: snippetsFor(ctx.settings.issuer, client),
    ...(refused && { refused: refused.problem }),
  })
  return page(html, { status: refused?.status ?? 200 })
}

async function appTokens(
  ctx: RequestContext,
  session: BrowserSession,
  client: Client,
  query: Query,
): Promise<Response> {
  const { clientId } = client
  const request = readListRequest(query)
  const [listed, machineTokens, { tokens }] = await Promise.all([
    findClientGrants(ctx, clientId).then((found) => listFound(request, found)),
    listMachineTokens(ctx, clientId),
    reachOf(ctx, clientId),
  ])
  const html = appTokensPage(pageFrame(ctx, session), {
    app: appView(ctx, client),
    list: { path: `${appPath(clientId)}/tokens`, state: request },
    listed: { ...listed, rows: listed.rows.map((row) => grantView(row, session)) },
    machineTokens: machineTokens.map(machineTokenView),
    tokens,
  })
  return page(html)
}
