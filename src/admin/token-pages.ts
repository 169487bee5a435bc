/** `/admin/tokens`: every token, one of them, and what an administrator does about one. */
import { t } from 'elysia'
import type { AdminTokenView } from '../../views/components/token-parts'
import { deviceName } from '../../views/describe'
import type { Messages } from '../../views/messages'
import { adminTokenPage, type GrantFactsView } from '../../views/pages/admin-token'
import { adminTokensPage } from '../../views/pages/admin-tokens'
import { done } from '../apps/own-app'
import { findClient } from '../clients/clients'
import type { Context, RequestContext } from '../context'
import { listFound, readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { findUser } from '../identity/users'
import { shownName } from '../oauth/client-view'
import { manageToken, type TokenAction } from '../tokens/manage'
import type { FamilyRow, TokenRow } from '../tokens/records'
import { tokenDetail } from '../tokens/token-detail'
import { findTokenRow, findTokens, type ListedToken, TOKEN_FILTERS } from '../tokens/token-list'
import { eventViews } from './user-views'

const TOKENS_PATH = '/admin/tokens'
const tokenPath = (id: string): string => `${TOKENS_PATH}/${encodeURIComponent(id)}`

const text = t.Optional(t.String())
const listQuery = t.Object({
  ...{ page: text, page_size: text, search: text },
  ...{ status: text, category: text, user_id: text, client_id: text },
})
const byId = t.Object({ id: t.String() })
/** Where the button stood, to return to the same place: the query of the list, or the page of the token. */
const press = { params: byId, body: t.Object({ csrf_token: text, list: text, back: text }), response: t.Any() }

export const adminTokenPages = (context: Context) =>
  adminSurface(context)
    .get(TOKENS_PATH, ({ ctx, session, query }) => list(ctx, session, query), { query: listQuery, response: t.Any() })
    .get(`${TOKENS_PATH}/:id`, ({ ctx, session, params }) => detail(ctx, session, params.id), {
      params: byId,
      response: t.Any(),
    })
    .post(
      `${TOKENS_PATH}/:id/revoke`,
      ({ ctx, session, params, body }) => act(ctx, session, params.id, 'revoke', body),
      press,
    )
    .post(
      `${TOKENS_PATH}/:id/disable`,
      ({ ctx, session, params, body }) => act(ctx, session, params.id, 'disable', body),
      press,
    )
    .post(
      `${TOKENS_PATH}/:id/enable`,
      ({ ctx, session, params, body }) => act(ctx, session, params.id, 'enable', body),
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
  const narrowed = await narrowedTo(ctx, request.filters)
  const html = adminTokensPage(frame, {
    list: { path: TOKENS_PATH, state: request, filters: filterViews(frame.t) },
    listed: { ...listed, rows: listed.rows.map((row) => tokenView(row, ctx.clock.now())) },
    query: ctx.request.search?.slice(1) ?? '',
    narrowed,
  })
  return page(html)
}

/** Who the list is about, by name where it is known. */
async function narrowedTo(ctx: RequestContext, { user_id: userId, client_id: clientId }: Query) {
  const [user, client] = await Promise.all([
    userId === undefined ? undefined : findUser(ctx, userId),
    clientId === undefined ? undefined : findClient(ctx, clientId),
  ])
  return {
    ...(userId !== undefined && { user: { name: user?.username ?? userId, revocable: user !== undefined } }),
    ...(clientId !== undefined && {
      client: { name: shownName(client?.clientName ?? '') || clientId, revocable: client !== undefined },
    }),
  }
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

async function requireToken(ctx: RequestContext, id: string): Promise<TokenRow> {
  // PostgreSQL takes no NUL, and no id has one.
  const token = id.includes('\u0000') ? undefined : await findTokenRow(ctx, id)
  if (!token) throw new PageError(404, (m) => m.adminTokens.notFound)
  return token
}

async function detail(ctx: RequestContext, session: BrowserSession, id: string): Promise<Response> {
  const { token, family, others, history } = await tokenDetail(ctx, await requireToken(ctx, id))
  const [user, client] = await Promise.all([
    token.userId.startsWith(MACHINE) ? undefined : findUser(ctx, token.userId),
    findClient(ctx, token.clientId),
  ])
  const frame = pageFrame(ctx, session, { here: tokenPath(token.id) })
  const names = { username: user?.username ?? null, clientName: client?.clientName ?? null }
  const viewOf = (row: TokenRow) => tokenView({ ...row, ...names }, ctx.clock.now())
  const { grantType, imported, lastUsedAt, revokedAt } = token
  const html = adminTokenPage(frame, {
    token: {
      ...viewOf(token),
      ...{ grantType, imported, lastUsedAt: lastUsedAt ?? undefined, revokedAt: revokedAt ?? undefined },
    },
    grant: family && grantView(frame.t, family),
    others: others.map(viewOf),
    events: await eventViews(ctx, history),
  })
  return page(html)
}

const grantView = (t: Messages, family: FamilyRow): GrantFactsView => ({
  id: family.id,
  device: deviceName(t, family.userAgent),
  address: family.ip,
  audience: family.resource,
  createdAt: family.createdAt,
  expiresAt: family.expiresAt,
  lastUsedAt: family.lastUsedAt ?? undefined,
  revokedAt: family.revokedAt ?? undefined,
  replays: family.reuseCount,
})

async function act(
  ctx: RequestContext,
  session: BrowserSession,
  id: string,
  action: TokenAction,
  { list: from, back }: { readonly list?: string; readonly back?: string },
): Promise<Response> {
  requireRecentLogin(ctx, session)
  const token = await requireToken(ctx, id)
  const changed = await manageToken(ctx, session.user, token, action)
  const next = back === 'token' ? tokenPath(token.id) : listAddress(from)
  return done(ctx, session, next, ({ adminTokens: m }) => (changed ? m.done : m.impossible)[action])
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
