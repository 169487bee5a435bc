/** The pages about applications: those of their owners and those of administrators. */
import { snippetsFor } from '../../src/apps/snippets'
import type { ClientChangeView } from '../../views/components/client-changes'
import type { ClientFormValues } from '../../views/components/client-form'
import type { PageFrame } from '../../views/frame'
import { adminClientPage } from '../../views/pages/admin-client'
import { adminClientFormPage } from '../../views/pages/admin-client-form'
import { adminClientsPage } from '../../views/pages/admin-clients'
import { type AppView, appPage } from '../../views/pages/app'
import { appDeletePage } from '../../views/pages/app-delete'
import { appFormPage } from '../../views/pages/app-form'
import { appSecretPage } from '../../views/pages/app-secret'
import { type AppGrantView, appTokensPage } from '../../views/pages/app-tokens'
import { type AppRowView, appsPage } from '../../views/pages/apps'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** `t` gives the text to show in place of the usual one; `now` is when the pages are looked at. */
export function appSamples(frame: PageFrame, t: (usual: string) => string, now: Date): Record<string, JSX.Element> {
  const after = (ms: number) => new Date(now.getTime() + ms)
  const range = (n: number) => Array.from({ length: n }, (_, i) => i)
  const at = (path: string): PageFrame => ({ ...frame, path, here: path })
  const administrator = { name: t('Alice Archer'), username: t('alice'), isAdmin: true }
  const inAdmin = (path: string): PageFrame => ({ ...at(path), user: administrator, waitingReviews: 3 })

  const row = (i: number): AppRowView => ({
    id: t(`app-${i}-5f0c1d`),
    name: t(['Deploy tool', 'Report viewer', 'Team wiki'][i % 3] ?? ''),
    description: i % 2 === 0 ? t('Brings releases to the machines.') : '',
    grants: ['device_code', 'authorization_code', t('client_credentials')].slice(i % 3),
    status: (['active', 'pending', 'inactive'] as const)[i % 3] ?? 'active',
    createdAt: after(-(i + 1) * 9 * DAY),
  })
  const list = (path: string) => ({ path, state: { search: '', filters: {}, pageSize: 10 } })
  const narrowed = (path: string) => ({ ...list(path), state: { search: t('zed'), filters: {}, pageSize: 10 } })
  const nothing = { rows: [], total: 0, page: 1, pages: 0 }
  const app: AppView = {
    ...{ id: t('app-1-5f0c1d'), version: 4, name: t('Deploy tool'), description: t('Brings releases about.') },
    ...{ uri: t('https://deploy.acme.example'), status: 'active', isPublic: false, hasSecret: true },
    previousUntil: after(6 * HOUR),
    grants: ['device_code', 'authorization_code', 'client_credentials'],
    scopes: [t('openid'), t('email'), t('offline_access')],
    redirectUris: [t('https://deploy.acme.example/callback'), t('http://127.0.0.1/callback')],
    postLogoutRedirectUris: [t('https://deploy.acme.example/')],
    backchannelLogoutUri: t('https://deploy.acme.example/logout'),
    ...{ project: t('platform'), serviceAccount: t('deploy@acme.example') },
    ...{ createdAt: after(-90 * DAY), updatedAt: after(-DAY) },
  }
  const bare: AppView = {
    ...app,
    ...{ description: '', uri: '', isPublic: true, hasSecret: false, previousUntil: undefined, status: 'pending' },
    ...{ grants: ['device_code'], redirectUris: [], postLogoutRedirectUris: [], backchannelLogoutUri: '' },
    ...{ project: '', serviceAccount: '' },
  }
  const changes: ClientChangeView[] = [
    { field: 'redirect_uris', from: [t('https://old.example/callback')], to: [t('https://new.example/callback')] },
    { field: 'project', from: [], to: [t('platform')] },
  ]
  const values: ClientFormValues = {
    ...{ clientName: t('Deploy tool'), description: t('Brings releases about.'), clientUri: t('https://acme.example') },
    ...{ clientType: 'confidential', enableDeviceFlow: true, enableAuthCodeFlow: true },
    ...{ enableClientCredentialsFlow: false, scopes: t('openid email'), redirectUris: t('https://a.example/callback') },
    ...{ postLogoutRedirectUris: '', backchannelLogoutUri: '', project: t('platform'), serviceAccount: '' },
  }
  const problems = [
    { field: 'client_name', text: t('Enter a name.') },
    { field: 'redirect_uris', text: t('Redirect URI 1 is not a complete address.') },
  ]
  const short = { id: t('app-1-5f0c1d'), name: t('Deploy tool'), version: 4 }
  const described = {
    ...{ clientId: t('app-1'), clientType: 'confidential' as const, scopes: 'openid' },
    redirectUris: [t('https://deploy.acme.example/callback')],
  }
  const flows = { enableDeviceFlow: true, enableAuthCodeFlow: true, enableClientCredentialsFlow: true } as const
  const reach = { tokens: 1_204, consents: 31 }
  const grant = (i: number): AppGrantView => ({
    id: `g${i}`,
    who: i === 1 ? undefined : t(['alice', '', 'carol'][i % 3] ?? ''),
    own: i === 0,
    grant: i % 2 === 0 ? 'device_code' : 'authorization_code',
    scopes: i === 2 ? [] : [t('openid'), t('email')],
    createdAt: after(-(i + 1) * DAY),
    lastUsedAt: i === 1 ? undefined : after(-(i + 1) * HOUR),
    expiresAt: after(20 * DAY),
  })
  const machine = (i: number) => ({
    ...{ id: `m${i}`, scopes: [t('read')], createdAt: after(-HOUR), expiresAt: after(HOUR) },
  })
  const decision = (status: 'approved' | 'rejected') => ({
    ...{ at: after(-9 * DAY), status, by: t('alice'), reason: status === 'rejected' ? t('Whose host is this?') : '' },
    changes: status === 'rejected' ? changes : [],
  })

  return {
    apps: appsPage(at('/apps'), {
      list: list('/apps'),
      listed: { rows: range(5).map(row), total: 15, page: 1, pages: 2 },
    }),
    'apps-none': appsPage(at('/apps'), { list: list('/apps'), listed: nothing }),
    'apps-no-match': appsPage(at('/apps'), { list: narrowed('/apps'), listed: nothing }),
    app: appPage(at('/apps/1'), {
      ...{ app, reach, waiting: changes, rejection: undefined },
      snippets: snippetsFor('https://auth.example', { ...described, ...flows }),
    }),
    'app-pending': appPage(at('/apps/1'), {
      ...{ app: bare, reach: { tokens: 0, consents: 0 }, waiting: undefined, snippets: [] },
      ...{ rejection: { reason: t('Whose host is this?'), changes }, refused: t('It was changed meanwhile.') },
    }),
    'app-new': appFormPage(at('/apps/new'), { values, problems: [] }),
    'app-edit': appFormPage(at('/apps/1/edit'), {
      ...{ app: { ...short, notice: 'editActiveNotice' }, values, problems, refused: t('It was changed meanwhile.') },
    }),
    'app-secret': appSecretPage(at('/apps/1/regenerate-secret'), {
      app: { ...short, hasSecret: true },
      overlap: '24h',
    }),
    'app-secret-first': appSecretPage(at('/apps/1/regenerate-secret'), {
      ...{ app: { ...short, hasSecret: false }, overlap: '', refused: t('It was changed meanwhile.') },
    }),
    'app-delete': appDeletePage(at('/apps/1/delete'), { app: short, reach }),
    'app-tokens': appTokensPage(at('/apps/1/tokens'), {
      ...{ app: short, list: list('/apps/1/tokens'), machineTokens: range(2).map(machine), tokens: 9 },
      listed: { rows: range(4).map(grant), total: 14, page: 1, pages: 2 },
    }),
    'app-tokens-none': appTokensPage(at('/apps/1/tokens'), {
      ...{ app: short, list: list('/apps/1/tokens'), machineTokens: [], tokens: 0, listed: nothing },
    }),
    'admin-clients': adminClientsPage(inAdmin('/admin/clients'), {
      list: list('/admin/clients'),
      listed: { rows: range(6).map(row), total: 10_000, page: 1, pages: 1_000, cut: true },
    }),
    'admin-clients-none': adminClientsPage(inAdmin('/admin/clients'), {
      ...{ list: narrowed('/admin/clients'), listed: nothing },
    }),
    'admin-client': adminClientPage(inAdmin('/admin/clients/1'), {
      ...{ app, reach, owner: { id: 'u1', username: t('bob') }, origin: 'owner', profile: 'standard' },
      ...{ allowIntrospection: true, waiting: changes, decisions: [decision('approved'), decision('rejected')] },
    }),
    'admin-client-waiting': adminClientPage(inAdmin('/admin/clients/2'), {
      ...{ app: bare, reach: { tokens: 0, consents: 0 }, owner: undefined, origin: 'registration', profile: 'short' },
      ...{ allowIntrospection: false, waiting: undefined, decisions: [], refused: t('It was decided meanwhile.') },
    }),
    'admin-client-new': adminClientFormPage(inAdmin('/admin/clients/new'), {
      ...{ values: { ...values, tokenProfile: 'standard', allowIntrospection: false }, problems: [] },
    }),
    'admin-client-edit': adminClientFormPage(inAdmin('/admin/clients/1/edit'), {
      ...{ app: short, values: { ...values, tokenProfile: 'long', allowIntrospection: true }, problems },
      refused: t('It was changed meanwhile.'),
    }),
  }
}
