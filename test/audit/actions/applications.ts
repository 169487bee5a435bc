/** What owners and administrators do about applications. */
import { CALLBACK } from '../../oauth/authorize/support'
import { tokenRows } from '../../oauth/device/support'
import { issueMachineToken, issueTokens } from '../../oauth/support'
import type { ClientRow } from '../../support/app'
import { type Act, type Action, client, consent, type Person, record, someone, token } from './act'

const TYPED = {
  ...{ client_name: 'Wiki', client_type: 'confidential', enable_auth_code_flow: 'true', scopes: 'openid profile' },
  ...{ description: '', redirect_uris: 'https://wiki.example/callback', project: '', service_account: '' },
}
const CODE_ONLY = {
  ...{ enableDeviceFlow: false, enableClientCredentialsFlow: false, grantTypes: 'authorization_code' },
  ...{ scopes: 'openid profile', redirectUris: [CALLBACK] },
}

const owned = async (act: Act, overrides: Partial<ClientRow> = {}) => {
  const owner = await act.person()
  return { owner, app: await act.client({ userId: owner.id, origin: 'owner', ...CODE_ONLY, ...overrides }) }
}

async function newest(act: Act, person: Person): Promise<ClientRow> {
  const { q, t } = act.app.ctx.db
  const [row] = (await q.select().from(t.oauthApplications)).filter(
    ({ userId, createdBy }) => userId === person.id || createdBy === person.id,
  )
  if (!row) throw new Error('no application was made')
  return row
}

/** Something the owner does by one press. */
const ownerDoes = (
  does: string,
  event: Parameters<typeof record>[0],
  press: {
    path: string
    app?: Partial<ClientRow>
    fields?: Record<string, string>
    before?: (act: Act, owner: Person, app: ClientRow) => Promise<unknown>
  },
): Action => [
  does,
  async (act) => {
    const { owner, app } = await owned(act, press.app)
    await press.before?.(act, owner, app)
    await act.post(owner, `/apps/${app.clientId}${press.path}`, press.fields)
    return [record(event, someone(owner), client(app))]
  },
]

/** Without the mark: what came before. */
const beforehand = (path: string, fields: Record<string, string>) => (act: Act, owner: Person, app: ClientRow) =>
  act.app.postForm(
    `/apps/${app.clientId}${path}`,
    { csrf_token: owner.signedIn.csrfToken, ...fields },
    { cookie: owner.signedIn.cookie },
  )

const own: readonly Action[] = [
  [
    'an owner makes an application',
    async (act) => {
      const owner = await act.person()
      await act.post(owner, '/apps', TYPED)
      return [record('CLIENT_CREATED', someone(owner), client(await newest(act, owner)))]
    },
  ],
  ownerDoes('an owner changes one that waits', 'CLIENT_UPDATED', {
    path: '',
    app: { status: 'pending' },
    fields: TYPED,
  }),
  ownerDoes('an owner proposes a change', 'CLIENT_UPDATED', { path: '', fields: TYPED }),
  ownerDoes('an owner takes a change back', 'CLIENT_UPDATED', { path: '/withdraw', before: beforehand('', TYPED) }),
  ownerDoes('an owner asks for another review', 'CLIENT_UPDATED', { path: '/resubmit', app: { status: 'inactive' } }),
  ownerDoes('an owner replaces a secret', 'CLIENT_SECRET_REGENERATED', { path: '/regenerate-secret' }),
  ownerDoes('an owner ends the former secret', 'CLIENT_SECRET_REGENERATED', {
    path: '/end-overlap',
    before: beforehand('/regenerate-secret', { overlap: '86400' }),
  }),
  ownerDoes('an owner deletes an application', 'CLIENT_DELETED', { path: '/delete', app: { status: 'inactive' } }),
  ownerDoes('an owner ends all access', 'CLIENT_TOKENS_REVOKED_ALL', { path: '/tokens/revoke-all' }),
  [
    'an owner ends a grant of their application',
    async (act) => {
      const { owner, app } = await owned(act)
      const { familyId } = await issueTokens(act.app, {
        ...{ user: await act.person(), client: app, grantType: 'authorization_code', scope: 'profile' },
      })
      await act.post(owner, `/apps/${app.clientId}/grants/${familyId}/revoke`)
      return [record('TOKEN_REVOKED', someone(owner), token(familyId))]
    },
  ],
  [
    'an owner ends a token of their machine',
    async (act) => {
      const { owner, app } = await owned(act, { enableClientCredentialsFlow: true })
      await issueMachineToken(act.app, app)
      const [row] = await tokenRows(act.app, app.clientId)
      await act.post(owner, `/apps/${app.clientId}/tokens/${row?.id}/revoke`)
      return [record('TOKEN_REVOKED', someone(owner), token(row?.id ?? ''))]
    },
  ],
]

const administratorDoes = (
  does: string,
  event: Parameters<typeof record>[0],
  press: { path: string; status?: ClientRow['status']; fields?: Record<string, string> },
): Action => [
  does,
  async (act) => {
    const [admin, app] = [await act.admin(), await act.client({ status: press.status ?? 'active' })]
    await act.post(admin, `/admin/clients/${app.clientId}${press.path}`, press.fields)
    return [record(event, someone(admin), client(app))]
  },
]

const administered: readonly Action[] = [
  [
    'an administrator makes an application',
    async (act) => {
      const admin = await act.admin()
      await act.post(admin, '/admin/clients', TYPED)
      return [record('CLIENT_CREATED', someone(admin), client(await newest(act, admin)))]
    },
  ],
  administratorDoes('an administrator changes an application', 'CLIENT_UPDATED', { path: '', fields: TYPED }),
  administratorDoes('an administrator approves', 'CLIENT_APPROVED', { path: '/approve', status: 'pending' }),
  administratorDoes('an administrator rejects', 'CLIENT_REJECTED', { path: '/reject', status: 'pending' }),
  administratorDoes('an administrator deactivates', 'CLIENT_UPDATED', { path: '/disable' }),
  administratorDoes('an administrator activates', 'CLIENT_UPDATED', { path: '/enable', status: 'inactive' }),
  administratorDoes('an administrator replaces a secret', 'CLIENT_SECRET_REGENERATED', { path: '/regenerate-secret' }),
  administratorDoes('an administrator ends all access', 'CLIENT_TOKENS_REVOKED_ALL', { path: '/revoke-all' }),
  administratorDoes('an administrator deletes an application', 'CLIENT_DELETED', { path: '/delete' }),
  [
    'an administrator ends what a user allows an application',
    async (act) => {
      const [admin, app] = [await act.admin(), await act.client()]
      const { consentId } = await issueTokens(act.app, { user: await act.person(), client: app })
      await act.post(admin, `/admin/clients/${app.clientId}/authorizations/${consentId}/revoke`)
      return [record('USER_AUTHORIZATION_REVOKED', someone(admin), consent(consentId))]
    },
  ],
]

export const applications: readonly Action[] = [...own, ...administered]
