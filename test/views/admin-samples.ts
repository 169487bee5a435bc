/** The pages of administrators about users, and those that all share: confirming who one is, secrets shown once. */
import type { EventView } from '../../views/components/recent-events'
import type { AdminTokenView } from '../../views/components/token-parts'
import type { PageFrame } from '../../views/frame'
import type { SessionView } from '../../views/pages/account-sessions'
import { adminClientAuthorizationsPage } from '../../views/pages/admin-client-authorizations'
import { adminDashboardPage, type DashboardProps } from '../../views/pages/admin-dashboard'
import { adminKeysPage } from '../../views/pages/admin-keys'
import { adminTokenPage } from '../../views/pages/admin-token'
import { adminTokensPage } from '../../views/pages/admin-tokens'
import { adminTokensRevokePage } from '../../views/pages/admin-tokens-revoke'
import { type AdminUserView, adminUserPage, type OwnedAppView } from '../../views/pages/admin-user'
import { adminUserAuthorizationsPage } from '../../views/pages/admin-user-authorizations'
import { adminUserDeletePage } from '../../views/pages/admin-user-delete'
import { adminUserFormPage } from '../../views/pages/admin-user-form'
import { adminUsersPage, type UserRowView } from '../../views/pages/admin-users'
import { apiPage } from '../../views/pages/api'
import { confirmIdentityPage } from '../../views/pages/confirm-identity'
import { continueFormPage } from '../../views/pages/continue-form'
import { revealPage } from '../../views/pages/reveal'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** `t` gives the text to show in place of the usual one; `now` is when the pages are looked at. */
export function adminSamples(frame: PageFrame, t: (usual: string) => string, now: Date): Record<string, JSX.Element> {
  const after = (ms: number) => new Date(now.getTime() + ms)
  const range = (n: number) => Array.from({ length: n }, (_, i) => i)
  const admin = { ...frame, path: '/admin', user: { name: t('Alice Archer'), username: t('alice'), isAdmin: true } }
  const at = (path: string) => ({ ...admin, path })

  const row = (i: number): UserRowView => ({
    id: `u${i}`,
    username: t(['alice', 'bob', 'carol.c', 'dave'][i % 4] ?? ''),
    email: t(`person${i}@acme.example`),
    fullName: i % 3 === 2 ? '' : t(['Alice Archer', 'Bob Builder', 'Carol Chen', 'Dave Drummond'][i % 4] ?? ''),
    role: i % 4 === 0 ? 'admin' : 'user',
    external: i % 5 === 3,
    active: i % 4 !== 2,
    own: i === 0,
    createdAt: after(-(i + 1) * 11 * DAY),
    lastLoginAt: i % 3 === 1 ? undefined : after(-(i + 1) * HOUR),
  })
  const user: AdminUserView = {
    ...row(1),
    emailVerified: true,
    linkable: true,
    hasPassword: true,
    resettable: true,
    mustChangePassword: true,
    bound: true,
    secondFactor: true,
    updatedAt: after(-DAY),
  }
  const session = (i: number): SessionView => ({
    sid: `s${i}`,
    current: false,
    device: t(['Firefox on Windows', 'Safari on iPhone'][i % 2] ?? ''),
    ip: t(`198.51.100.${i}`),
    signedInAt: after(-(i + 1) * 7 * HOUR),
    lastSeenAt: after(-(i + 1) * HOUR),
    expiresAt: after(DAY),
    remembered: false,
  })
  const app = (i: number): OwnedAppView => ({
    clientId: t(`app-${i}`),
    name: t(['Deploy tool', 'Report viewer', 'Old experiment'][i % 3] ?? ''),
    status: (['active', 'pending', 'inactive'] as const)[i % 3] ?? 'active',
  })
  const event = (i: number): EventView => ({
    id: `e${i}`,
    at: after(-(i + 1) * 17 * 60_000),
    action: t(
      ['User login successful', 'Access token issued via device code exchange', 'User login attempt failed'][i % 3] ??
        '',
    ),
    eventType: t(['AUTHENTICATION_SUCCESS', 'ACCESS_TOKEN_ISSUED', 'AUTHENTICATION_FAILURE'][i % 3] ?? ''),
    actor: i % 4 === 3 ? '' : t('bob'),
    address: t('203.0.113.7'),
    actorId: 'bob',
    resourceType: 'TOKEN',
    resourceId: t('01a2114a-4e84-71dd-a774-09e64edb4d99'),
    resourceName: i % 2 === 0 ? t('Deploy tool') : '',
    clientName: i % 4 === 1 ? t('Grafana') : '',
    success: i % 3 !== 2,
  })
  const list = {
    path: '/admin/users',
    state: { search: '', filters: {}, sort: 'newest', pageSize: 10 },
    filters: [
      { name: 'role', label: admin.t.adminUsers.filters.role, options: [{ value: 'admin', label: t('Admin') }] },
      { name: 'status', label: admin.t.adminUsers.filters.status, options: [{ value: 'active', label: t('Active') }] },
    ],
    sorts: { label: t('Order'), options: [{ value: 'newest', label: t('Newest first') }] },
  }
  const narrowed = { ...list, state: { ...list.state, search: t('zed'), filters: { role: 'admin' } } }
  const values = {
    username: t('dora'),
    email: t('dora@acme.example'),
    fullName: t('Dora'),
    role: 'user',
    noAutoLink: false,
  }
  const dashboard = sampleDashboard(t, now, range(10).map(event))

  const token = (i: number): AdminTokenView => ({
    id: `01a2114a-4e84-71dd-a774-09e64edb4d${10 + i}`,
    user:
      i % 4 === 3
        ? undefined
        : { id: `u${i}`, name: t(['alice', 'bob', 'f81d4fae-7dec'][i % 3] ?? ''), known: i % 3 !== 2 },
    clientId: t(`app-${i}`),
    clientName: t(['Deploy tool', 'Report viewer', 'Wiki'][i % 3] ?? ''),
    clientKnown: i % 5 !== 4,
    category: i % 2 === 0 ? 'access' : 'refresh',
    status: (['active', 'disabled', 'revoked'] as const)[i % 3] ?? 'active',
    byOwner: i === 1,
    expired: i >= 3,
    scopes: i === 5 ? [] : [t('openid'), t('email'), t('offline_access')],
    createdAt: after(-(i + 1) * HOUR),
    expiresAt: after(HOUR - i * 20 * 60_000),
  })
  const tokens = {
    path: '/admin/tokens',
    state: { search: '', filters: { user_id: 'u1' }, pageSize: 10 },
    filters: [
      { name: 'status', label: admin.t.adminTokens.columns.status, options: [{ value: 'active', label: t('Active') }] },
    ],
  }
  const key = (state: 'active' | 'next' | 'retiring' | 'accepted') => ({
    ...{ state, algorithm: 'ES256', kid: t('2026-11'), thumbprint: t('Q4vN1c0pXw2yZ8rT5kLmB7dFhJ9sA3eG6uWqVxYzO1I') },
    publishedAt: state === 'accepted' ? undefined : after(-30 * DAY),
    signedSince: state === 'active' || state === 'retiring' ? after(-20 * DAY) : undefined,
    neededUntil: state === 'retiring' ? after(4 * DAY) : undefined,
  })

  return {
    api: apiPage(
      { ...frame, apiBrowser: true, path: '/swagger/index.html' },
      {
        ...{ origin: t('https://auth.example.com'), description: '/swagger/doc.json' },
        endpoints: [
          {
            ...{ name: 'POST /oauth/token', group: 'tokens', security: 'client', method: 'POST', path: '/oauth/token' },
            fields: [
              { name: t('grant_type'), place: 'body', required: true, schema: { type: 'string' } },
              {
                name: t('resource'),
                place: 'body',
                required: false,
                schema: { type: 'array', items: { type: 'string' } },
              },
            ],
            answers: [
              {
                status: '200',
                schema: { properties: { access_token: { type: 'string' }, expires_in: { type: 'integer' } } },
              },
            ],
          },
          {
            ...{ name: 'GET /health', group: 'operations', security: 'none', method: 'GET', path: '/health' },
            ...{ fields: [], answers: [{ status: '200', schema: undefined }] },
          },
        ],
      },
    ),
    'admin-tokens': adminTokensPage(at('/admin/tokens'), {
      list: tokens,
      listed: { rows: range(8).map(token), total: 10_000, page: 1, pages: 1_000, cut: true },
      query: t('user_id=u1'),
      narrowed: { user: { name: t('alice'), revocable: true } },
    }),
    'admin-token': adminTokenPage(at('/admin/tokens/1'), {
      token: {
        ...{ ...token(0), grantType: 'device_code', lastUsedAt: after(-HOUR), revokedAt: undefined, imported: false },
      },
      grant: {
        ...{ id: t('01a2114a-4e84-71dd-a774-09e64edb4d99'), device: t('curl'), address: t('203.0.113.7') },
        ...{ audience: t('https://api.example.com'), replays: 2, revokedAt: undefined, lastUsedAt: after(-HOUR) },
        ...{ createdAt: after(-DAY), expiresAt: after(30 * DAY) },
      },
      others: range(3).map((i) => token(i + 1)),
      events: range(4).map(event),
    }),
    'admin-token-machine': adminTokenPage(at('/admin/tokens/2'), {
      token: {
        ...{
          ...token(3),
          grantType: 'client_credentials',
          lastUsedAt: undefined,
          revokedAt: after(-HOUR),
          imported: true,
        },
      },
      ...{ grant: undefined, others: [], events: [] },
    }),
    'admin-tokens-revoke': adminTokensRevokePage(at('/admin/tokens/revoke-all'), {
      ...{ field: 'user_id', id: 'u1', name: t('alice'), tokens: 12 },
    }),
    'admin-tokens-none': adminTokensPage(at('/admin/tokens'), {
      list: { ...tokens, state: { ...tokens.state, filters: {} } },
      listed: { rows: [], total: 0, page: 1, pages: 0 },
      query: '',
    }),
    'admin-keys': adminKeysPage(at('/admin/keys'), {
      keys: [key('active'), key('next'), key('retiring'), key('accepted')],
      ...{ symmetric: false, reloadable: true },
    }),
    'admin-keys-secret': adminKeysPage(at('/admin/keys'), {
      keys: [{ ...key('active'), algorithm: 'HS256', kid: undefined, thumbprint: undefined, publishedAt: undefined }],
      ...{ symmetric: true, reloadable: false },
    }),
    'admin-client-authorizations': adminClientAuthorizationsPage(
      { ...at('/admin/clients/app-1/authorizations'), waitingReviews: 3 },
      {
        app: { id: 'app-1', name: t('Deploy tool') },
        list: { path: '/admin/clients/app-1/authorizations', state: { search: '', filters: {}, pageSize: 10 } },
        listed: {
          ...{ total: 12, page: 1, pages: 2 },
          rows: range(3).map((i) => ({
            ...{ uuid: `c${i}`, userId: `u${i}`, username: t(['alice', 'bob', 'carol'][i] ?? '') },
            email: t(['alice@acme.example', 'bob@acme.example', ''][i] ?? ''),
            scopes: [t('openid'), t('email')],
            grantedAt: after(-(i + 1) * DAY),
          })),
        },
      },
    ),
    'admin-dashboard': adminDashboardPage(admin, dashboard),
    'admin-dashboard-quiet': adminDashboardPage(admin, {
      ...dashboard,
      counters: { ...dashboard.counters, pendingClients: 0, pendingRevisions: 0, disabledUsers: 0 },
      activity: {
        ...(dashboard.activity ?? { columns: [], columnMs: HOUR }),
        series: noActivity(24),
        before: sums(noActivity(1)),
        clients: [],
      },
      warnings: [],
      events: [],
    }),
    'admin-users': adminUsersPage(at('/admin/users'), {
      list,
      listed: { rows: range(10).map(row), total: 12_345, page: 3, pages: 1_235 },
    }),
    'admin-users-nothing-found': adminUsersPage(at('/admin/users'), {
      list: narrowed,
      listed: { rows: [], total: 0, page: 1, pages: 0 },
    }),
    'admin-user': adminUserPage(at('/admin/users/u1'), {
      user,
      counts: { activeTokens: 1_234, connections: 1, consents: 3 },
      sessions: range(2).map(session),
      apps: range(3).map(app),
      events: range(6).map(event),
    }),
    'admin-user-disabled': adminUserPage(
      { ...at('/admin/users/u2'), flash: [t('User account has been disabled. 2 tokens revoked.')] },
      {
        user: { ...user, ...row(2), hasPassword: false, linkable: false, emailVerified: false },
        counts: { activeTokens: 0, connections: 0, consents: 0 },
        sessions: [],
        apps: [],
        events: [],
        problem: t('The account was changed meanwhile.'),
      },
    ),
    'admin-user-new': adminUserFormPage(at('/admin/users/new'), { values: { ...values, username: '', email: '' } }),
    'admin-user-new-problem': adminUserFormPage(at('/admin/users'), {
      values,
      problem: { field: 'username', text: t('username belonged to an account that was deleted') },
      offerReuse: true,
    }),
    'admin-user-edit': adminUserFormPage(at('/admin/users/u1/edit'), {
      user: { id: 'u1', username: t('dora'), version: 3, own: true },
      values: { ...values, role: 'admin' },
      problem: { field: undefined, text: t('The account was changed meanwhile.') },
    }),
    'admin-user-delete': adminUserDeletePage(at('/admin/users/u1/delete'), {
      user: { id: 'u1', username: t('dora') },
      apps: range(3).map(app),
      choice: 'transfer',
      newOwner: t('alice'),
      problem: t('Decide what becomes of the applications.'),
    }),
    'admin-user-authorizations': adminUserAuthorizationsPage(at('/admin/users/u1/authorizations'), {
      user: { id: 'u1', username: t('dora') },
      list: { path: '/admin/users/u1/authorizations', state: { search: '', filters: {}, pageSize: 10 } },
      listed: { total: 12, page: 1, pages: 2 },
      authorizations: range(3).map((i) => ({
        uuid: `c${i}`,
        clientId: t(`app-${i}`),
        clientName: t(['Deploy tool', 'Report viewer', 'Wiki'][i] ?? ''),
        scopes: [t('openid'), t('email')],
        grantedAt: after(-(i + 1) * DAY),
      })),
    }),
    'confirm-identity': confirmIdentityPage(frame, {
      ...{
        redirect: '',
        held: 'h4k2',
        hasPassword: true,
        signInAgain: '/login',
        problem: t('The password is not correct.'),
      },
    }),
    'confirm-identity-elsewhere': confirmIdentityPage(frame, {
      ...{ redirect: '/', held: '', hasPassword: false, signInAgain: '/login?prompt=login' },
    }),
    'continue-form': continueFormPage(frame, { path: '/admin/users', fields: { email: t('dora@acme.example') } }),
    reveal: revealPage(frame, {
      title: t('User created'),
      notices: [t('The account dora was created.')],
      secrets: [{ label: t('Password'), value: t('f3Gh-k2LmN_q8RsT'), variable: 'PASSWORD' }],
      next: { label: t('Go to the user'), path: '/admin/users/u1' },
    }),
  }
}

type Activity = NonNullable<DashboardProps['activity']>

const noActivity = (columns: number): Activity['series'] => {
  const none = new Array<number>(columns).fill(0)
  return {
    ...{ 'issued.device_code': none, 'issued.authorization_code': none, 'issued.client_credentials': none },
    ...{ 'issued.refresh_token': none, 'issued.other': none, 'login.success': none, 'login.failure': none },
  }
}

const sums = (series: Activity['series']): Activity['before'] =>
  Object.fromEntries(
    Object.entries(series).map(([name, values]) => [name, values.reduce((all, value) => all + value, 0)]),
  ) as Activity['before']

function sampleDashboard(t: (usual: string) => string, now: Date, events: readonly EventView[]): DashboardProps {
  const columns = Array.from(
    { length: 24 },
    (_, i) => new Date(now.getTime() - (now.getTime() % HOUR) - (23 - i) * HOUR),
  )
  const wave = (height: number, phase: number) =>
    columns.map((_, i) => Math.round(height * (1 + Math.sin(i / 3.5 + phase)) + (i % 5)))
  const series: Activity['series'] = {
    ...noActivity(24),
    'issued.device_code': wave(14, 0),
    'issued.authorization_code': wave(22, 0.4),
    'issued.client_credentials': wave(9, 2),
    'issued.refresh_token': wave(30, 0.2),
    'login.success': wave(18, 0.3),
    'login.failure': columns.map((_, i) => (i % 7 === 3 ? 9 : i % 3)),
  }
  return {
    counters: {
      ...{ users: 12_345, admins: 3, disabledUsers: 27, clients: 48, activeClients: 41, pendingClients: 2 },
      ...{ pendingRevisions: 1, accessTokens: 100_000, refreshTokens: 8_412, sessions: 912 },
    },
    countLimit: 100_000,
    period: '24h',
    periods: ['24h', '7d', '30d'],
    activity: {
      ...{ columns, columnMs: HOUR, series },
      before: { ...sums(series), 'issued.device_code': 11, 'login.success': 2_000 },
      clients: [1_204, 733, 318, 90, 12].map((count, i) => ({
        clientId: t(`app-${i}`),
        name: t(['AuthGate CLI', 'Team wiki', 'Deploy tool', 'Grafana', 'Report viewer'][i] ?? ''),
        count,
      })),
    },
    warnings: [t('Administrators who still have the password somebody else set: admin.')],
    events,
    health: [
      { name: t('Version'), value: t('1.4.0') },
      { name: t('Database'), value: t('PostgreSQL') },
    ],
  }
}
