/** What administrators do about users and tokens, and how they look at the trail itself. */
import { eq } from 'drizzle-orm'
import { insertConnection } from '../../identity/linking/support'
import { issueTokens } from '../../oauth/support'
import type { UserRow } from '../../support/app'
import { type Act, type Action, account, client, consent, NOTHING, type Person, record, someone, token } from './act'

const USERS = '/admin/users'

/** Something an administrator does to a user by one press. */
const does = (
  what: string,
  event: Parameters<typeof record>[0],
  press: {
    path: string | ((act: Act, user: Person) => Promise<string>)
    user?: Partial<UserRow>
    fields?: Record<string, string>
  },
): Action => [
  what,
  async (act) => {
    const [admin, user] = [await act.admin(), await act.person(press.user)]
    const path = typeof press.path === 'string' ? press.path : await press.path(act, user)
    await act.post(admin, `${USERS}/${user.id}${path}`, press.fields)
    return [record(event, someone(admin), account(user))]
  },
]

const users: readonly Action[] = [
  [
    'makes an account',
    async (act) => {
      const admin = await act.admin()
      await act.post(admin, USERS, { username: 'made-here', email: 'made-here@example.com', role: 'user' })
      const { q, t } = act.app.ctx.db
      const [made] = (await q.select().from(t.users)).filter(({ username }) => username === 'made-here')
      return [record('USER_CREATED', someone(admin), account({ id: made?.id ?? '' }))]
    },
  ],
  does('edits an account', 'USER_UPDATED', {
    path: '',
    fields: { email: 'edited@example.com', full_name: 'E', role: 'user' },
  }),
  [
    'changes a role',
    async (act) => {
      const [admin, user] = [await act.admin(), await act.person()]
      await act.post(admin, `${USERS}/${user.id}`, { email: user.email, full_name: '', role: 'admin' })
      const [who, what] = [someone(admin), account(user)]
      return [record('USER_UPDATED', who, what), record('USER_ROLE_CHANGED', who, what)]
    },
  ],
  does('resets a password', 'USER_PASSWORD_RESET', { path: '/reset-password' }),
  does('disables an account', 'USER_DISABLED', { path: '/disable' }),
  does('enables an account', 'USER_ENABLED', {
    path: async ({ app: { ctx } }, { id }) => {
      await ctx.db.q.update(ctx.db.t.users).set({ isActive: false }).where(eq(ctx.db.t.users.id, id))
      return '/enable'
    },
  }),
  does('forgets an external identity', 'USER_UPDATED', {
    path: '/rebind',
    user: { authSource: 'http_api', externalId: 'ext-7' },
  }),
  does('removes a second factor', 'SECOND_FACTOR_DISABLED', {
    path: '/reset-second-factor',
    user: { totpSecret: 'sealed' },
  }),
  does('ends all browser sessions of a user', 'LOGOUT', { path: '/sessions/end-all' }),
  does('ends one browser session of a user', 'LOGOUT', {
    path: async (act, user) => `/sessions/${(await act.app.signIn(user)).sid}/end`,
  }),
  does('disconnects an account of a provider', 'OAUTH_CONNECTION_DELETED', {
    path: async (act, user) => {
      const facts = { provider: 'github', issuer: act.github.server.url, providerUserId: '4712' } as const
      return `/connections/${(await insertConnection(act.app, user, facts)).id}/delete`
    },
  }),
  does('deletes an account', 'USER_DELETED', { path: '/delete' }),
  [
    'deletes an account with its application',
    async (act) => {
      const [admin, user] = [await act.admin(), await act.person()]
      const app = await act.client({ userId: user.id })
      await act.post(admin, `${USERS}/${user.id}/delete`, { apps: 'delete' })
      return [
        record('USER_DELETED', someone(admin), account(user)),
        record('CLIENT_DELETED', someone(admin), client(app)),
      ]
    },
  ],
  [
    'deletes an account and gives its application away',
    async (act) => {
      const [admin, user, heir] = [await act.admin(), await act.person(), await act.person()]
      const app = await act.client({ userId: user.id })
      await act.post(admin, `${USERS}/${user.id}/delete`, { apps: 'transfer', transfer_to: heir.username })
      return [
        record('USER_DELETED', someone(admin), account(user)),
        record('CLIENT_UPDATED', someone(admin), client(app)),
      ]
    },
  ],
  [
    'takes back what a user allows',
    async (act) => {
      const [admin, user] = [await act.admin(), await act.person()]
      const { consentId } = await issueTokens(act.app, { user, client: await act.client() })
      await act.post(admin, `${USERS}/${user.id}/authorizations/${consentId}/revoke`)
      return [record('USER_AUTHORIZATION_REVOKED', someone(admin), consent(consentId))]
    },
  ],
]

const onToken = (action: 'revoke' | 'disable' | 'enable', event: Parameters<typeof record>[0]): Action => [
  `${action}s a token`,
  async (act) => {
    const admin = await act.admin()
    const { accessTokenId } = await issueTokens(act.app, { user: await act.person(), client: await act.client() })
    if (action === 'enable') {
      const { csrfToken, cookie } = admin.signedIn
      await act.app.postForm(`/admin/tokens/${accessTokenId}/disable`, { csrf_token: csrfToken }, { cookie })
    }
    await act.post(admin, `/admin/tokens/${accessTokenId}/${action}`)
    return [record(event, someone(admin), token(accessTokenId))]
  },
]

const ALL_TOKENS = '/admin/tokens/revoke-all'

const atOnce: readonly Action[] = [
  [
    'revokes all tokens of a user',
    async (act) => {
      const [admin, user] = [await act.admin(), await act.person()]
      await issueTokens(act.app, { user, client: await act.client() })
      await act.post(admin, ALL_TOKENS, { user_id: user.id })
      return [record('TOKEN_REVOKED', someone(admin), account(user))]
    },
  ],
  [
    'revokes all tokens of an application',
    async (act) => {
      const [admin, app] = [await act.admin(), await act.client()]
      await issueTokens(act.app, { user: await act.person(), client: app })
      await act.post(admin, ALL_TOKENS, { client_id: app.clientId })
      return [record('CLIENT_TOKENS_REVOKED_ALL', someone(admin), client(app))]
    },
  ],
  [
    'has the key files read again',
    async (act) => {
      const admin = await act.admin()
      await act.post(admin, '/admin/keys/reload')
      return [record('KEYS_RELOADED', someone(admin), ['SIGNING_KEY', ''])]
    },
  ],
]

const looks = (what: string, path: string, event: 'AUDIT_LOG_VIEWED' | 'AUDIT_LOG_EXPORTED'): Action => [
  what,
  async (act) => {
    const admin = await act.admin()
    await (await act.get(admin, `/admin/audit${path}`)).text()
    return [record(event, someone(admin), NOTHING)]
  },
]

const trail: readonly Action[] = [
  looks('looks at the trail', '', 'AUDIT_LOG_VIEWED'),
  looks('searches the trail', '?search=x', 'AUDIT_LOG_VIEWED'),
  looks('lists the trail by program', '/api', 'AUDIT_LOG_VIEWED'),
  looks('counts the trail', '/api/stats', 'AUDIT_LOG_VIEWED'),
  looks('exports the trail', '/export', 'AUDIT_LOG_EXPORTED'),
]

export const administration: readonly Action[] = [
  ...users,
  onToken('revoke', 'TOKEN_REVOKED'),
  onToken('disable', 'TOKEN_DISABLED'),
  onToken('enable', 'TOKEN_ENABLED'),
  ...atOnce,
  ...trail,
].map(([what, act]) => [`an administrator ${what}`, act] as const)
