/** `/admin/users` and the pages of one user: looking at them. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { adminUserPage } from '../../views/pages/admin-user'
import { adminUserAuthorizationsPage } from '../../views/pages/admin-user-authorizations'
import { adminUsersPage } from '../../views/pages/admin-users'
import { findConsentsOfUser } from '../consent/consents-of-user'
import type { Context, RequestContext } from '../context'
import { listFound, readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { PageError } from '../edge/page-error'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { findUser, type User } from '../identity/users'
import { ownedApps } from '../users/owned-apps'
import { countsOfUser, recentEvents } from '../users/user-facts'
import { findUsers, USER_FILTERS, USER_SORTS } from '../users/user-list'
import { liveSessions } from '../users/user-sessions'
import { appView, eventViews, userRowView, userSessionView, userView } from './user-views'

export const USERS_PATH = '/admin/users'
export const userPath = (id: string): string => `${USERS_PATH}/${encodeURIComponent(id)}`

const optionalText = t.Optional(t.String())
const listQuery = t.Object({
  ...{ page: optionalText, page_size: optionalText, search: optionalText, sort: optionalText },
  ...{ role: optionalText, auth_source: optionalText, status: optionalText },
})
export const byId = t.Object({ id: t.String() })
const pageQuery = t.Object({ page: t.Optional(t.String()), page_size: t.Optional(t.String()) })

/** Throws the 404 page. */
export async function requireUser(ctx: RequestContext, id: string): Promise<User> {
  // PostgreSQL takes no NUL, and no id has one.
  const user = id.includes('\u0000') ? undefined : await findUser(ctx, id)
  if (!user) throw new PageError(404, (m) => m.adminUsers.notFound)
  return user
}

export const adminUserPages = (context: Context) =>
  adminSurface(context)
    .get(USERS_PATH, ({ ctx, session, query }) => usersList(ctx, session, query), {
      query: listQuery,
      response: t.Any(),
    })
    .get(
      `${USERS_PATH}/:id`,
      async ({ ctx, session, params }) => userDetail(ctx, session, await requireUser(ctx, params.id)),
      { params: byId, response: t.Any() },
    )
    .get(
      `${USERS_PATH}/:id/authorizations`,
      async ({ ctx, session, params, query }) => {
        const user = await requireUser(ctx, params.id)
        const request = readListRequest(query)
        const listed = await listFound(request, await findConsentsOfUser(ctx, user.id))
        const html = adminUserAuthorizationsPage(pageFrame(ctx, session), {
          user: { id: user.id, username: user.username },
          list: { path: `${USERS_PATH}/${encodeURIComponent(user.id)}/authorizations`, state: request },
          listed,
          authorizations: listed.rows.map(({ uuid, clientId, clientName, scopes, grantedAt }) => ({
            ...{ uuid, clientId, grantedAt },
            clientName: clientName || clientId,
            scopes: scopes.split(' ').filter((scope) => scope !== ''),
          })),
        })
        return page(html)
      },
      { params: byId, query: pageQuery, response: t.Any() },
    )

async function usersList(
  ctx: RequestContext,
  session: BrowserSession,
  query: Readonly<Record<string, string | undefined>>,
): Promise<Response> {
  const request = readListRequest(query, { filters: USER_FILTERS, sort: USER_SORTS })
  const listed = await listFound(request, await findUsers(ctx, request))
  const frame = pageFrame(ctx, session)
  const html = adminUsersPage(frame, {
    list: { path: USERS_PATH, state: request, ...listControls(frame.t) },
    listed: { ...listed, rows: listed.rows.map((row) => userRowView(row, session)) },
  })
  return page(html)
}

function listControls({ adminUsers: m }: Messages) {
  return {
    filters: [
      {
        name: 'role',
        label: m.filters.role,
        options: USER_FILTERS.role.map((value) => ({ value, label: m.roles[value] })),
      },
      {
        name: 'auth_source',
        label: m.filters.auth_source,
        options: [
          { value: 'local', label: m.sources.local },
          { value: 'http_api', label: m.sources.external },
        ],
      },
      {
        name: 'status',
        label: m.filters.status,
        options: USER_FILTERS.status.map((value) => ({ value, label: m[value] })),
      },
    ],
    sorts: { label: m.sorts.label, options: USER_SORTS.map((value) => ({ value, label: m.sorts[value] })) },
  }
}

/** The page of one user; `problem` says why something was not done. */
export async function userDetail(
  ctx: RequestContext,
  session: BrowserSession,
  user: User,
  refused?: { readonly status: number; readonly problem: string },
): Promise<Response> {
  const [counts, sessions, apps, events] = await Promise.all([
    countsOfUser(ctx, user.id),
    liveSessions(ctx, user),
    ownedApps(ctx, user.id),
    recentEvents(ctx, user.id),
  ])
  const frame = pageFrame(ctx, session, { here: userPath(user.id) })
  const html = adminUserPage(frame, {
    user: userView(user, session),
    counts,
    sessions: sessions.map((row) => userSessionView(frame.t, row, session)),
    apps: apps.map(appView),
    events: await eventViews(ctx, events),
    ...(refused && { problem: refused.problem }),
  })
  return page(html, { status: refused?.status ?? 200 })
}
