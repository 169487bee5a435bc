/** `/admin/clients`: every application, one of them, and forms to make and change them. */
import { t } from 'elysia'
import { adminClientFormPage } from '../../views/pages/admin-client-form'
import { adminClientsPage } from '../../views/pages/admin-clients'
import { problemTexts, refusalText, statusOf } from '../apps/app-problems'
import { appRowView } from '../apps/app-views'
import { asSeen, done } from '../apps/own-app'
import { changeClient } from '../clients/change-client'
import { checkClient } from '../clients/check-client'
import { type ClientInput, EMPTY_INPUT, inputOf, readInput } from '../clients/client-input'
import { CLIENT_FILTERS, findClients } from '../clients/client-list'
import type { Client } from '../clients/clients'
import { createClient } from '../clients/create-client'
import { ClientRefused } from '../clients/refused'
import type { Context, RequestContext } from '../context'
import { messagesFor } from '../edge/language'
import { listFound, readListRequest } from '../edge/list-request'
import { page, pageFrame, redirectTo } from '../edge/page'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { shownName } from '../oauth/client-view'
import { revealClientSecret } from './client-actions'
import { byId, CLIENTS_PATH, clientDetail, clientPath, requireClient } from './client-views'

const text = t.Optional(t.String())
const listQuery = t.Object({ page: text, page_size: text, search: text, status: text })
const clientBody = t.Object({
  ...{ csrf_token: text, version: text, client_name: text, description: text, client_uri: text, client_type: text },
  ...{ enable_device_flow: text, enable_auth_code_flow: text, enable_client_credentials_flow: text, scopes: text },
  ...{ redirect_uris: text, post_logout_redirect_uris: text, backchannel_logout_uri: text },
  ...{ project: text, service_account: text, token_profile: text },
  ...{ allow_introspection: text, has_allow_introspection: text },
})

export const adminClientPages = (context: Context) =>
  adminSurface(context)
    .get(CLIENTS_PATH, ({ ctx, session, query }) => list(ctx, session, query), { query: listQuery, response: t.Any() })
    .get(`${CLIENTS_PATH}/new`, ({ ctx, session }) => form(ctx, session, { values: EMPTY_INPUT }, 200), {
      response: t.Any(),
    })
    .post(
      CLIENTS_PATH,
      async ({ ctx, session, body }) => {
        requireRecentLogin(ctx, session)
        return create(ctx, session, readInput(body))
      },
      { body: clientBody, response: t.Any() },
    )
    .get(
      `${CLIENTS_PATH}/:id`,
      async ({ ctx, session, params }) => clientDetail(ctx, session, await requireClient(ctx, params.id)),
      { params: byId, response: t.Any() },
    )
    .get(
      `${CLIENTS_PATH}/:id/edit`,
      async ({ ctx, session, params }) => {
        const client = await requireClient(ctx, params.id)
        return form(ctx, session, { client, values: inputOf(client) }, 200)
      },
      { params: byId, response: t.Any() },
    )
    .post(
      `${CLIENTS_PATH}/:id`,
      async ({ ctx, session, params, body }) => {
        requireRecentLogin(ctx, session)
        const client = asSeen(await requireClient(ctx, params.id), body.version)
        return change(ctx, session, client, readInput(body, inputOf(client)))
      },
      { params: byId, body: clientBody, response: t.Any() },
    )

async function list(
  ctx: RequestContext,
  session: BrowserSession,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Response> {
  const request = readListRequest(query, { filters: CLIENT_FILTERS })
  const listed = await listFound(request, await findClients(ctx, request))
  const frame = pageFrame(ctx, session)
  const { apps: m } = frame.t
  const status = CLIENT_FILTERS.status.map((value) => ({ value, label: m.status[value] }))
  const html = adminClientsPage(frame, {
    list: {
      path: CLIENTS_PATH,
      state: request,
      filters: [{ name: 'status', label: m.filterStatus, options: status }],
    },
    listed: { ...listed, rows: listed.rows.map(appRowView) },
  })
  return page(html)
}

interface FormState {
  readonly client?: Client
  readonly values: ClientInput
  readonly problems?: ReturnType<typeof problemTexts>
  readonly refused?: string
}

function form(ctx: RequestContext, session: BrowserSession, state: FormState, status: number): Response {
  const { client, values, problems = [], refused } = state
  const here = client ? `${clientPath(client.clientId)}/edit` : `${CLIENTS_PATH}/new`
  const html = adminClientFormPage(pageFrame(ctx, session, { here }), {
    ...(client && {
      app: { id: client.clientId, name: shownName(client.clientName) || client.clientId, version: client.version },
    }),
    values,
    problems,
    ...(refused !== undefined && { refused }),
  })
  return page(html, { status })
}

async function create(ctx: RequestContext, session: BrowserSession, values: ClientInput): Promise<Response> {
  const m = messagesFor(ctx, session)
  const checked = checkClient(values, 'admin')
  if ('problems' in checked)
    return form(ctx, session, { values, problems: problemTexts(m, checked.problems, true) }, 400)
  let path: string | undefined
  const { client } = await createClient(ctx, session.user, { fields: checked.fields, by: 'admin' }, (made) => {
    if (made.secret === undefined) return []
    const revealed = revealClientSecret(ctx, session, made.client.clientId, made.secret)
    path = revealed.path
    return [revealed.statement]
  })
  if (path) return redirectTo(ctx, path)
  return done(ctx, session, clientPath(client.clientId), ({ adminClients }) => adminClients.created(client.clientName))
}

async function change(
  ctx: RequestContext,
  session: BrowserSession,
  client: Client,
  values: ClientInput,
): Promise<Response> {
  const m = messagesFor(ctx, session)
  const checked = checkClient(values, 'admin', client)
  if ('problems' in checked)
    return form(ctx, session, { client, values, problems: problemTexts(m, checked.problems, false) }, 400)
  let path = clientPath(client.clientId)
  try {
    const { changed } = await changeClient(
      ctx,
      session.user,
      client,
      { fields: checked.fields, by: 'admin' },
      (secret) => {
        if (secret === undefined) return []
        const revealed = revealClientSecret(ctx, session, client.clientId, secret)
        path = revealed.path
        return [revealed.statement]
      },
    )
    return await done(ctx, session, path, ({ adminClients: t }) => (changed ? t.updated : t.unchanged))
  } catch (error) {
    if (!(error instanceof ClientRefused)) throw error
    const latest = await requireClient(ctx, client.clientId)
    return form(ctx, session, { client: latest, values, refused: refusalText(m, error) }, statusOf(error))
  }
}
