/** `/admin/tokens`: every token, and what an administrator does about one. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { type AdminTokenView, adminTokensPage } from '../../views/pages/admin-tokens'
import { done } from '../apps/own-app'
import type { Context, RequestContext } from '../context'
import { listFound, readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { manageToken, type TokenAction } from '../tokens/manage'
import { findTokenRow, findTokens, type ListedToken, TOKEN_FILTERS } from '../tokens/token-list'

const TOKENS_PATH = '/admin/tokens'

const text = t.Optional(t.String())
const listQuery = t.Object({
  ...{ page: text, page_size: text, search: text },
  ...{ status: text, category: text, user_id: text, client_id: text },
})
const byId = t.Object({ id: t.String() })
/** `list`: the query of the list the button stood in, to return to the same place. */
const press = { params: byId, body: t.Object({ csrf_token: text, list: text }), response: t.Any() }

export const adminTokenPages = (context: Context) =>
  adminSurface(context)
    .get(TOKENS_PATH, ({ ctx, session, query }) => list(ctx, session, query), { query: listQuery, response: t.Any() })
    .post(
      `${TOKENS_PATH}/:id/revoke`,
      ({ ctx, session, params, body }) => act(ctx, session, params.id, 'revoke', body.list),
      press,
    )
    .post(
      `${TOKENS_PATH}/:id/disable`,
      ({ ctx, session, params, body }) => act(ctx, session, params.id, 'disable', body.list),
      press,
    )
    .post(
      `${TOKENS_PATH}/:id/enable`,
      ({ ctx, session, params, body }) => act(ctx, session, params.id, 'enable', body.list),
      press,
    )

type Query = Readonly<Record<string, string | undefined>>

const LONGEST_ID = 200

/** An id that a link of another page narrows the list to; nonsense finds nothing. */
const idIn = (query: Query, name: string): string | undefined =>
  query[name]?.slice(0, LONGEST_ID).replaceAll('\u0000', '') || undefined

function readRequest(query: Query) {
  const request = readListRequest(query, { filters: TOKEN_FILTERS })
  const ids = { user_id: idIn(query, 'user_id'), client_id: idIn(query, 'client_id') }
  return { ...request, filters: { ...request.filters, ...ids } }
}

async function list(ctx: RequestContext, session: BrowserSession, query: Query): Promise<Response> {
  const request = readRequest(query)
  const listed = await listFound(request, await findTokens(ctx, request))
  const frame = pageFrame(ctx, session)
  const html = adminTokensPage(frame, {
    list: { path: TOKENS_PATH, state: request, filters: filterViews(frame.t) },
    listed: { ...listed, rows: listed.rows.map((row) => tokenView(row, ctx.clock.now())) },
    query: ctx.request.search?.slice(1) ?? '',
  })
  return page(html)
}

const filterViews = ({ adminTokens: m }: Messages) => [
  {
    name: 'status',
    label: m.columns.status,
    options: TOKEN_FILTERS.status.map((value) => ({ value, label: m.statuses[value] })),
  },
  {
    name: 'category',
    label: m.columns.category,
    options: TOKEN_FILTERS.category.map((value) => ({ value, label: m.categories[value] })),
  },
]

const MACHINE = 'client:'

function tokenView(row: ListedToken, nowMs: number): AdminTokenView {
  const { id, userId, username, clientId, clientName, scopes, createdAt, expiresAt } = row
  return {
    ...{ id, clientId, createdAt, expiresAt },
    user: userId.startsWith(MACHINE) ? undefined : { id: userId, name: username ?? userId, known: username !== null },
    clientName: clientName || clientId,
    clientKnown: clientName !== null,
    category: row.tokenCategory,
    status: row.status,
    byOwner: row.disabledBy === 'owner',
    expired: expiresAt.getTime() <= nowMs,
    scopes: scopes.split(' ').filter((scope) => scope !== ''),
  }
}

async function act(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
  action: TokenAction,
  from: string | undefined,
): Promise<Response> {
  requireRecentLogin(ctx, session)
  // PostgreSQL takes no NUL, and no id has one.
  const token = id.includes('\u0000') ? undefined : await findTokenRow(ctx, id)
  if (!token) throw new PageError(404, (m) => m.adminTokens.notFound)
  const changed = await manageToken(ctx, session.user, token, action)
  return done(ctx, session, listAddress(from), ({ adminTokens: m }) => (changed ? m.done : m.impossible)[action])
}

const LONGEST_QUERY = 1000

/** Only what the list reads itself is taken over into the address. */
function listAddress(from = ''): string {
  const asked = new URLSearchParams(from.slice(0, LONGEST_QUERY).toWellFormed())
  const kept = new URLSearchParams()
  for (const name of Object.keys(listQuery.properties)) {
    const value = asked.get(name)
    if (value) kept.set(name, value)
  }
  return kept.size > 0 ? `${TOKENS_PATH}?${kept}` : TOKENS_PATH
}
