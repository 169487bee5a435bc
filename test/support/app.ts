/** The whole server in this process, without a socket: real database, real handler, a clock that the test moves. */

import { generateClientSecret, hashClientSecret } from '../../src/clients/secret'
import type { Context, Logger } from '../../src/context'
import { createContext } from '../../src/create-context'
import { commit, run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import type { Tables } from '../../src/db/tables'
import { sessionCookieName } from '../../src/edge/cookies'
import { startSession } from '../../src/identity/sessions'
import { findUser } from '../../src/identity/users'
import { createHandler, type Lifecycle } from '../../src/server'
import { type OpenDatabase, openTestSqlite } from './databases'
import { testSettings } from './settings'

export type UserRow = Tables['users']['$inferSelect']
export type ClientRow = Tables['oauthApplications']['$inferSelect']

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Record<string, unknown>
}

export interface TestClock {
  now(): number
  advance(ms: number): void
  set(ms: number): void
}

export interface TestApp {
  readonly ctx: Context
  readonly clock: TestClock
  /** As the listener calls it; the peer is the loopback, a trusted proxy, unless another is given. */
  handle(request: Request, peerAddress?: string): Promise<Response>
  /** `path` below the origin of BASE_URL. Redirects are not followed. */
  get(path: string, init?: RequestInit): Promise<Response>
  postForm(path: string, fields: Record<string, string> | string, headers?: Record<string, string>): Promise<Response>
  insertUser(overrides?: Partial<UserRow> & { password?: string }): Promise<UserRow & { password: string }>
  /** A confidential client with every grant unless overridden. `secret` is empty for public clients. */
  insertClient(overrides?: Partial<ClientRow>): Promise<ClientRow & { secret: string }>
  /** A session as after a login; `cookie` is a `Cookie` header. The browser is the one that `get` and `postForm` are. */
  signIn(user: UserRow, overrides?: { remember?: boolean; userAgent?: string; amr?: string }): Promise<SignedIn>
  /** Lines logged so far. */
  log(): readonly LogLine[]
  close(): Promise<void>
}

export interface SignedIn {
  readonly cookie: string
  readonly csrfToken: string
  readonly sid: string
}

export interface TestAppOptions {
  readonly settings?: Record<string, string>
  readonly open?: OpenDatabase
  readonly nowMs?: number
  readonly lifecycle?: Lifecycle
}

const TEST_BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const LOOPBACK = '127.0.0.1'
const PASSWORD = 'a-long-test-passphrase'

const insertUserRow = write('test_insert_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))
const insertClientRow = write('test_insert_client', (q, t) =>
  q.insert(t.oauthApplications).values(rowParameters(t.oauthApplications)),
)

export async function openTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { open = openTestSqlite, nowMs = Date.now() } = options
  const settings = testSettings(options.settings)
  const { db, close } = await open()
  const lines: LogLine[] = []
  const clock = createTestClock(nowMs)
  const ctx = createContext(settings, { db, log: collectingLogger(lines), clock })
  await ctx.limits?.open?.()
  await ctx.caches.open()
  const handler = createHandler(ctx, options.lifecycle)
  const handle = (request: Request, peerAddress = LOOPBACK) => handler(request, peerAddress)
  const send = (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers)
    if (!headers.has('user-agent')) headers.set('user-agent', TEST_BROWSER)
    return handle(new Request(settings.origin + path, { ...init, headers, redirect: 'manual' }))
  }

  return {
    ctx,
    clock,
    handle,
    get: (path, init = {}) => send(path, init),
    postForm: (path, fields, headers = {}) =>
      send(path, {
        method: 'POST',
        body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      }),
    insertUser: async ({ password = PASSWORD, ...overrides } = {}) => {
      const row = { ...userRow(clock), passwordHash: await hashOnce(password), ...overrides }
      await commit(ctx, [run(insertUserRow, row)])
      return { ...row, password }
    },
    insertClient: async (overrides = {}) => {
      const isPublic = overrides.clientType === 'public'
      const secret = isPublic ? '' : generateClientSecret(ctx)
      const clientSecret = isPublic ? null : hashClientSecret(ctx, secret)
      const row: ClientRow = { ...clientRow(clock), clientSecret, ...overrides }
      await commit(ctx, [run(insertClientRow, row)])
      return { ...row, secret }
    },
    signIn: async (user, { remember = false, userAgent = TEST_BROWSER, amr = 'pwd' } = {}) => {
      const request = { id: 'sign-in', ip: LOOPBACK, userAgent, path: '/login', method: 'POST' }
      const login = { user: (await findUser(ctx, user.id)) ?? user, remember, amr, idp: 'local' }
      const { cookieValue, session } = await startSession({ ...ctx, request }, login)
      const cookie = `${sessionCookieName(settings)}=${cookieValue}`
      return { cookie, csrfToken: session.csrfToken, sid: session.sid }
    },
    log: () => lines,
    close: async () => {
      await ctx.audit.stop(5_000)
      await ctx.traces?.stop(0)
      await ctx.caches.close()
      await ctx.limits?.close?.()
      await close()
    },
  }
}

function createTestClock(start: number): TestClock {
  let at = start
  return {
    now: () => at,
    advance: (ms) => {
      at += ms
    },
    set: (ms) => {
      at = ms
    },
  }
}

function collectingLogger(lines: LogLine[]): Logger {
  const at = (level: LogLine['level']) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, message, fields })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const hashes = new Map<string, Promise<string>>()

/** With the parameters of new hashes, which would need a rehash otherwise; that costs 40 ms, so each password is hashed once. */
function hashOnce(password: string): Promise<string> {
  const hash =
    hashes.get(password) ?? Bun.password.hash(password, { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 })
  hashes.set(password, hash)
  return hash
}

function userRow(clock: TestClock): UserRow {
  const id = crypto.randomUUID()
  const at = new Date(clock.now())
  const username = `user-${id.slice(0, 8)}`
  const email = `${username}@example.com`
  return {
    id,
    username,
    usernameNorm: username,
    email,
    emailNorm: email,
    passwordHash: '',
    role: 'user',
    fullName: '',
    avatarUrl: '',
    isActive: true,
    emailVerified: false,
    emailVouchedBy: 'admin',
    externalId: null,
    authSource: 'local',
    mustChangePassword: false,
    language: null,
    totpSecret: null,
    totpLastStep: null,
    passkeyCount: 0,
    lastLoginAt: null,
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
}

function clientRow(clock: TestClock): ClientRow {
  const at = new Date(clock.now())
  return {
    clientId: crypto.randomUUID(),
    clientSecret: null,
    previousClientSecret: null,
    previousSecretExpiresAt: null,
    clientName: 'Test client',
    description: '',
    clientUri: '',
    userId: null,
    createdBy: null,
    scopes: 'email profile read write offline_access',
    grantTypes: 'device_code authorization_code client_credentials',
    redirectUris: ['http://localhost:9999/callback'],
    postLogoutRedirectUris: [],
    backchannelLogoutUri: '',
    clientType: 'confidential',
    tokenEndpointAuthMethod: null,
    enableDeviceFlow: true,
    enableAuthCodeFlow: true,
    enableClientCredentialsFlow: true,
    allowIntrospection: true,
    status: 'active',
    tokenProfile: 'standard',
    project: '',
    serviceAccount: '',
    origin: 'admin',
    registrationTokenHash: null,
    registrationIp: '',
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
}
