/** The pages about one's own account, but for sessions and connections. */
import { renderSVG } from 'uqr'
import type { SignInView } from '../../views/components/sign-ins'
import { scopeView } from '../../views/describe'
import type { PageFrame } from '../../views/frame'
import { accountActivityPage } from '../../views/pages/account-activity'
import { accountAuthorizationsPage } from '../../views/pages/account-authorizations'
import { accountOverviewPage } from '../../views/pages/account-overview'
import { accountPasskeysPage } from '../../views/pages/account-passkeys'
import { accountProfilePage } from '../../views/pages/account-profile'
import { accountSecurityPage } from '../../views/pages/account-security'
import { type AccountSessionsProps, accountSessionsPage } from '../../views/pages/account-sessions'
import { secondStepPage } from '../../views/pages/second-step'
import { totpSetupPage } from '../../views/pages/totp-setup'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** `t` gives the text to show in place of the usual one; `now` is when the pages are looked at. */
export function accountSamples(
  frame: PageFrame,
  t: (usual: string) => string,
  now: Date,
  { sessions, grants }: Pick<AccountSessionsProps, 'sessions' | 'grants'>,
): Record<string, JSX.Element> {
  const before = (ms: number) => new Date(now.getTime() - ms)
  const at = (path: string): PageFrame => ({ ...frame, path, here: path })
  const signIn = (i: number): SignInView => ({
    id: `e${i}`,
    at: before(i * 7 * HOUR),
    kind: (['signedIn', 'refused', 'confirmed', 'signedOut'] as const)[i % 4] ?? 'signedIn',
    device: t(['Firefox on Windows', 'Chrome on macOS'][i % 2] ?? ''),
    ip: t(i % 3 === 2 ? '2001:db8:85a3:8d3:1319:8a2e:370:7348' : '203.0.113.7'),
  })
  const signIns = Array.from({ length: 10 }, (_, i) => signIn(i))
  const state = { search: t('backup'), filters: { status: 'active' }, sort: undefined, pageSize: 10 }
  const overview = {
    ...{ username: t('alice'), fullName: t('Alice Archer'), email: t('alice@acme.example'), role: 'user' as const },
    memberSince: before(400 * DAY),
    signedInAt: before(HOUR),
    hasPassword: true,
  }
  const profile = { username: t('alice'), email: t('alice@acme.example'), emailVerified: true, language: undefined }
  const authorization = (i: number) => ({
    uuid: `a${i}`,
    clientId: t(`client-${i}-9f1c`),
    clientName: t(['Team wiki', 'Acme CLI', 'Nightly backup'][i % 3] ?? ''),
    scopes: ['openid', 'profile', 'repo:read'].slice(0, i % 4).map((name) => scopeView(frame.t, t(name))),
    grantedAt: before(i * 9 * DAY),
  })
  const passkeys = ['Phone', 'Blue security key', 'Work laptop'].map((name, i) => ({
    ...{ id: `p${i}`, name: t(name), synced: i === 0, onlyWay: false },
    addedAt: before((i + 2) * 30 * DAY),
    lastUsedAt: i === 2 ? undefined : before(i * 5 * HOUR),
  }))
  const mayAdd = {
    ...{ redirect: '', required: false, most: 10, longestName: 64, offered: true, managedElsewhere: false },
  }
  const security = {
    password: 'set',
    totp: true,
    passkeys: 2,
    passkeysOffered: true,
    codesLeft: 9,
    required: false,
  } as const
  const qrCode = renderSVG('otpauth://totp/AuthGate:alice', { border: 2 })
  return {
    'account-security': accountSecurityPage({ ...frame, path: '/account/security' }, security),
    'account-security-required': accountSecurityPage(
      { ...frame, path: '/account/security' },
      { ...security, password: 'elsewhere', passkeys: 0, passkeysOffered: false, required: true, codesLeft: 1 },
    ),
    'account-security-off': accountSecurityPage(
      { ...frame, path: '/account/security' },
      { ...security, password: 'none', totp: false, passkeys: 0 },
    ),
    'totp-setup': totpSetupPage(frame, { redirect: '/apps', required: true, passkeys: true }),
    'totp-setup-code': totpSetupPage(frame, {
      ...{ redirect: '', required: false, problem: t('This code is not right.') },
      setup: { id: 'x', secret: t('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'), qrCode },
    }),
    'second-step': secondStepPage({ ...frame, user: undefined } as PageFrame, {
      ...{ username: t('alice'), redirect: '/apps', totp: true, passkeys: true },
      problem: t('This code is not right, or was used already.'),
    }),
    'second-step-passkey': secondStepPage({ ...frame, user: undefined } as PageFrame, {
      ...{ username: t('alice'), redirect: '/apps', totp: false, passkeys: true },
      passkeyProblem: t('This passkey was not accepted. Please try again.'),
    }),
    'account-passkeys': accountPasskeysPage(at('/account/security/passkeys'), { ...mayAdd, passkeys }),
    'account-passkeys-only-way': accountPasskeysPage(at('/account/security/passkeys'), {
      ...{ ...mayAdd, most: 1 },
      passkeys: passkeys.slice(0, 1).map((passkey) => ({ ...passkey, onlyWay: true })),
    }),
    'account-passkeys-none': accountPasskeysPage(at('/account/security/passkeys'), {
      ...{ ...mayAdd, required: true, redirect: '/apps', passkeys: [] },
    }),
    'account-passkeys-elsewhere': accountPasskeysPage(at('/account/security/passkeys'), {
      ...mayAdd,
      ...{ passkeys: [], offered: false, managedElsewhere: true },
    }),
    'account-overview': accountOverviewPage(at('/account'), {
      ...overview,
      counts: { sessions: 3, grants: 12, authorizations: 4, connections: 1 },
      signIns: signIns.slice(0, 5),
    }),
    'account-overview-new': accountOverviewPage(at('/account'), {
      ...overview,
      ...{ fullName: '', hasPassword: false, signIns: [] },
      counts: { sessions: 1, grants: 0, authorizations: 0, connections: 0 },
    }),
    'account-authorizations': accountAuthorizationsPage(at('/account/authorizations'), {
      authorizations: [1, 2, 3, 4].map(authorization),
      list: { path: '/account/authorizations', state: { ...state, search: '', filters: {} } },
      listed: { total: 10_000, page: 2, pages: 1_000, cut: true },
      notFound: true,
    }),
    'account-authorizations-empty': accountAuthorizationsPage(at('/account/authorizations'), {
      authorizations: [],
      list: { path: '/account/authorizations', state: { ...state, search: '', filters: {} } },
      listed: { total: 0, page: 1, pages: 0 },
    }),
    'account-profile': accountProfilePage(at('/account/profile'), {
      ...profile,
      ...{ fullName: t('Alice Archer'), managedElsewhere: false, problem: 'tooLong' },
    }),
    'account-profile-directory': accountProfilePage(at('/account/profile'), {
      ...profile,
      ...{ fullName: t('Alice Archer'), managedElsewhere: true, emailVerified: false, language: 'zh-TW' },
    }),
    'account-activity': accountActivityPage(at('/account/activity'), {
      signIns,
      list: { state: { ...state, search: '', filters: {} }, listed: { total: 57, page: 2, pages: 6 } },
      recorded: true,
    }),
    'account-activity-empty': accountActivityPage(at('/account/activity'), {
      signIns: [],
      list: { state: { ...state, search: '', filters: {} }, listed: { total: 0, page: 1, pages: 0 } },
      recorded: false,
    }),
    'sessions-searched': accountSessionsPage(at('/account/sessions'), {
      sessions,
      grants: grants.map((grant, i) => ({
        ...grant,
        state: (['active', 'disabled', 'disabled_by_admin', 'revoked'] as const)[i % 4] ?? 'active',
      })),
      list: { state, listed: { total: 24, page: 2, pages: 3 } },
    }),
    'sessions-no-match': accountSessionsPage(at('/account/sessions'), {
      sessions,
      grants: [],
      list: { state, listed: { total: 0, page: 1, pages: 0 } },
    }),
  }
}
