/** Every page in every state worth looking at, with data as it may come. */
import type { ClientView } from '../../views/components/client-mark'
import type { GrantView } from '../../views/components/own-grants'
import { scopeView } from '../../views/describe'
import type { PageFrame } from '../../views/frame'
import { messagesOf } from '../../views/messages'
import { accountConnectionsPage, type ConnectionView } from '../../views/pages/account-connections'
import { accountSessionsPage, type SessionView } from '../../views/pages/account-sessions'
import { adminUserConnectionsPage } from '../../views/pages/admin-user-connections'
import { changePasswordPage } from '../../views/pages/change-password'
import { consentPage } from '../../views/pages/consent'
import { deviceConfirmPage } from '../../views/pages/device-confirm'
import { deviceDonePage } from '../../views/pages/device-done'
import { deviceEntryPage } from '../../views/pages/device-entry'
import { confirmLogoutPage, signedOutPage } from '../../views/pages/end-session'
import { errorPage } from '../../views/pages/error'
import { loginPage } from '../../views/pages/login'
import { logoutPage } from '../../views/pages/logout'
import { providerContinuePage } from '../../views/pages/provider-continue'
import { accountSamples } from './account-samples'
import { adminSamples } from './admin-samples'
import { appSamples } from './app-samples'
import { auditSamples } from './audit-samples'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export interface Sample {
  readonly name: string
  readonly html: string
}

export interface SampleOptions {
  /** Stands in for every free text; a page must survive any. */
  readonly text?: string
  readonly now: Date
  readonly frame?: Partial<PageFrame>
}

/** A word that no browser can break by itself. */
export const UNBREAKABLE = 'averyveryverylongnamewithoutanyblankinitthatgoesonandonandon'.repeat(2)

export function samples({ text, now, frame: overrides }: SampleOptions): Sample[] {
  const after = (ms: number) => new Date(now.getTime() + ms)
  const t = (usual: string) => text ?? usual
  const messages = overrides?.t ?? messagesOf('en')
  const frame: PageFrame = {
    basePath: '',
    productName: t('AuthGate'),
    logoUrl: text === undefined ? '' : text,
    accent: '',
    version: t('1.4.0'),
    language: 'en',
    here: '/account/sessions',
    t: messages,
    path: '/account/sessions',
    user: { name: t('Alice Archer'), username: t('alice'), isAdmin: false },
    csrfToken: t('f3hQ0u2k'),
    requestId: t('01JD9Z5V8Q3N7M2K4T6W'),
    flash: [],
    ...overrides,
  }
  const signedOut: PageFrame = { ...frame, path: '/login', user: undefined }
  const client = (mark: ClientView['mark'], name = t('Acme CLI')): ClientView => ({
    id: t('acme-cli'),
    name,
    mark,
    ownerName: t('Nora Novak'),
    uri: t('https://acme.example'),
  })
  const endSession = {
    action: '/oauth/end_session/confirm',
    fields: [['client_id', t('acme-cli')]] as const,
    clientName: t('Acme CLI'),
  }
  const login = { redirect: t('/device'), username: '', loginToken: t('9c0ffee'), rememberChecked: false }
  const confirm = {
    requestId: t('5b0c8e1e'),
    userCode: t('WDJB-MJHT'),
    client: client('organisation'),
    scopes: [
      scopeView(messages, t('email')),
      scopeView(messages, t('profile')),
      scopeView(messages, t('offline_access')),
    ],
    requestedAt: after(-40_000),
    expiresAt: after(14 * MINUTE),
    requestIp: t('203.0.113.7'),
    requestDevice: t('acme-cli on Linux'),
    username: t('alice'),
    sameNetwork: true,
  }
  const consent = {
    requestId: t('5b0c8e1e'),
    client: client('organisation', t('Team wiki')),
    description: t('Pages for everybody'),
    knownSince: after(-300 * DAY),
    scopes: ['openid', 'profile', 'write', 'offline_access'].map((s) => scopeView(messages, t(s))),
    target: t('wiki.acme.example'),
    targetKind: 'website' as const,
    username: t('alice'),
    otherAccountPath: t('/login?redirect=%2Foauth%2Fauthorize&prompt=login'),
  }
  const done = {
    clientName: t('Acme CLI'),
    username: t('alice'),
    statusUrl: t('/device/status?request=5b0c8e1e'),
    expiresAt: after(9 * MINUTE),
  }
  const session = (i: number, more: Partial<SessionView> = {}): SessionView => ({
    sid: `s${i}`,
    current: false,
    device: t(['Firefox on Windows', 'Safari on iPhone', 'Chrome on macOS'][i % 3] ?? ''),
    ip: t(`198.51.100.${i}`),
    signedInAt: after(-i * 9 * HOUR - 5 * MINUTE),
    lastSeenAt: after(-i * 3 * HOUR),
    expiresAt: after(30 * DAY - i * HOUR),
    remembered: i % 2 === 1,
    ...more,
  })
  const current = session(0, { current: true, device: t('Chrome on Linux'), expiresAt: after(40 * MINUTE) })
  const grant = (i: number, more: Partial<GrantView> = {}): GrantView => ({
    id: `g${i}`,
    clientName: t(['Acme CLI', 'Nightly backup', 'Grafana'][i % 3] ?? ''),
    clientId: t(`client-${i}`),
    scopes: [t('email'), t('profile'), t('offline_access')].slice(0, 1 + (i % 3)),
    device: t(['acme-cli on Linux', 'curl', 'Unknown device'][i % 3] ?? ''),
    ip: t(i % 4 === 3 ? '2001:db8:85a3:8d3:1319:8a2e:370:7348' : `203.0.113.${i}`),
    createdAt: after(-i * 5 * DAY - 2 * HOUR),
    ...(i % 3 !== 1 && { lastUsedAt: after(-i * DAY - 4 * MINUTE) }),
    expiresAt: after((30 - i) * DAY),
    state: 'active',
    ...more,
  })
  const sessions = [current, session(1), session(2)]
  const grants = [
    grant(0),
    grant(1),
    grant(2, { state: 'revoked' }),
    grant(3, { state: 'expired', expiresAt: after(-2 * DAY) }),
  ]
  const range = (n: number) => Array.from({ length: n }, (_, i) => i)

  const connection = (n: number, more: Partial<ConnectionView> = {}): ConnectionView => ({
    id: `connection-${n}`,
    label: t('GitHub'),
    username: t('alice'),
    email: t('alice@example.com'),
    lastUsedAt: after(-n * DAY),
    connectedAt: after(-n * DAY - HOUR),
    usable: true,
    onlyWay: false,
    ...more,
  })

  const pages: Record<string, JSX.Element> = {
    login: loginPage(signedOut, { ...login, rememberDays: 30, signingInFor: t('Acme CLI') }),
    'login-plain': loginPage(signedOut, login),
    'login-error': loginPage(signedOut, {
      ...login,
      rememberDays: 1,
      username: t('alice'),
      error: t('Invalid username or password'),
    }),
    'login-notice': loginPage(signedOut, {
      ...login,
      notice: t('Your session has expired due to inactivity. Please sign in again.'),
    }),
    'login-passkeys': loginPage(signedOut, { ...login, passkeys: true }),
    'login-providers': loginPage(signedOut, {
      ...login,
      passkeys: true,
      rememberDays: 30,
      providers: ['GitHub', t('Our own identity provider')].map((label) => ({ label, href: t('/auth/login/github') })),
    }),
    'provider-continue': providerContinuePage(frame, { label: t('GitHub'), href: t('https://github.com/login') }),
    logout: logoutPage({ ...frame, path: '/logout' }),
    'end-session': confirmLogoutPage(frame, endSession),
    'end-session-unnamed': confirmLogoutPage(frame, {
      ...endSession,
      clientName: undefined,
      problem: 'unregistered',
    }),
    'end-session-done': signedOutPage(signedOut, {}),
    'end-session-done-problem': signedOutPage(signedOut, { problem: 'unknown' }),
    'change-password': changePasswordPage({ ...frame, path: '/account/change-password' }, { forced: false }),
    'change-password-problem': changePasswordPage(
      { ...frame, path: '/account/change-password' },
      { forced: false, problem: t('The two new passwords differ.') },
    ),
    'change-password-forced': changePasswordPage(
      { ...frame, path: '/account/change-password' },
      { forced: true, redirect: t('/device') },
    ),
    'device-entry': deviceEntryPage({ ...frame, path: '/device' }, { userCode: '' }),
    'device-entry-filled': deviceEntryPage({ ...frame, path: '/device' }, { userCode: t('WDJB-MJHT') }),
    'device-entry-error': deviceEntryPage(
      { ...frame, path: '/device' },
      { userCode: t('WDJB-MJ'), error: t('This code is not valid or has expired. Check it, or start again.') },
    ),
    'device-confirm': deviceConfirmPage(frame, confirm),
    'device-confirm-own': deviceConfirmPage(frame, { ...confirm, client: client('own') }),
    'device-confirm-self-registered': deviceConfirmPage(frame, {
      ...confirm,
      client: client('self-registered'),
      sameNetwork: false,
      scopes: ['openid', 'email', 'repo:read', 'repo:write', 'offline_access', 'billing'].map((s) =>
        scopeView(messages, t(s)),
      ),
    }),
    'device-confirm-long': deviceConfirmPage(frame, {
      ...confirm,
      client: client(
        'registered-by',
        t('A rather long name of an application that somebody chose without much thought'),
      ),
      sameNetwork: false,
      username: t('maximilian.featherstonehaugh-cholmondeley'),
    }),
    'device-done': deviceDonePage({ ...frame, path: '/device/done' }, { ...done, outcome: 'allowed' }),
    'device-done-denied': deviceDonePage({ ...frame, path: '/device/done' }, { ...done, outcome: 'denied' }),
    consent: consentPage({ ...frame, path: '/oauth/authorize' }, consent),
    'consent-self-registered': consentPage(
      { ...frame, path: '/oauth/authorize' },
      {
        ...consent,
        client: client('self-registered'),
        description: '',
        scopes: ['openid', 'email', 'repo:read', 'repo:write', 'offline_access', 'billing'].map((s) =>
          scopeView(messages, t(s)),
        ),
        target: t('com.acme.application'),
        targetKind: 'installed',
        username: t('maximilian.featherstonehaugh-cholmondeley'),
      },
    ),
    error: errorPage(frame, {
      status: 403,
      title: t('This form is no longer valid'),
      explanation: t('The page was open for too long, or it was opened in another session.'),
      hint: t('Open the page again and repeat what you did.'),
    }),
    'error-plain': errorPage(
      { ...signedOut, requestId: '' },
      {
        status: 404,
        title: t('Page not found'),
        explanation: t('There is nothing at this address.'),
        action: { label: t('Connect a device'), href: t('/device') },
      },
    ),
    connections: accountConnectionsPage(
      { ...frame, path: '/account/connections' },
      {
        connections: [connection(1), connection(2, { lastUsedAt: undefined, usable: false, email: '' })],
        available: [{ name: 'gitlab', label: t('GitLab') }],
        managedElsewhere: false,
      },
    ),
    'connections-only': accountConnectionsPage(frame, {
      connections: [connection(1, { onlyWay: true })],
      available: [],
      managedElsewhere: false,
    }),
    'connections-empty': accountConnectionsPage(frame, { connections: [], available: [], managedElsewhere: true }),
    'admin-user-connections': adminUserConnectionsPage(
      { ...frame, path: '/admin/users/3f6c/connections' },
      { userId: '3f6c', username: t('alice'), connections: [connection(1), connection(2, { onlyWay: true })] },
    ),
    ...adminSamples(frame, t, now),
    ...appSamples(frame, t, now),
    ...auditSamples(frame, t, now),
    ...accountSamples(frame, t, now, { sessions, grants }),
    sessions: accountSessionsPage(frame, { sessions, grants }),
    'sessions-empty': accountSessionsPage(frame, { sessions: [current], grants: [] }),
    'sessions-many': accountSessionsPage(
      { ...frame, flash: [t('You are signed out everywhere else.'), t('Your password was changed.')] },
      {
        sessions: [current, ...range(8).map((i) => session(i + 1))],
        grants: range(24).map((i) => grant(i)),
        notice: t('Access was revoked. 2 tokens stopped working.'),
      },
    ),
  }
  return Object.entries(pages).map(([name, html]) => ({ name, html: String(html) }))
}
