/** What the tests of tokens, audit and jobs share: a context on a real database, with a clock of its own. */
import { eq } from 'drizzle-orm'
import type { Context } from '../../src/context'
import { createContext } from '../../src/create-context'
import { commit, type Statement } from '../../src/db/commit'
import type { Tables } from '../../src/db/tables'
import { type Grant, type PreparedGrant, prepareGrant } from '../../src/tokens/issue'
import type { KeyRing } from '../../src/tokens/keys'
import type { TokenRow } from '../../src/tokens/records'
import type { OpenDatabase } from '../support/databases'
import { testSettings } from '../support/settings'

export type User = Tables['users']['$inferSelect']
export type Client = Tables['oauthApplications']['$inferSelect']
export type Consent = Tables['userAuthorizations']['$inferSelect']
export type AuditRow = Tables['auditLogs']['$inferSelect']

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Record<string, unknown>
  readonly message: string
}

export interface TestContext {
  readonly ctx: Context
  readonly log: LogLine[]
  /** Moves the clock. */
  advance(milliseconds: number): void
  /** The same database, clock and log under other settings, as after a restart. */
  withSettings(settings: Record<string, string>): Context
  insertUser(overrides?: Partial<User>): Promise<User>
  insertClient(overrides?: Partial<Client>): Promise<Client>
  insertConsent(user: User, client: Client, overrides?: Partial<Consent>): Promise<Consent>
  /** Issues the tokens of a grant, as a grant type of the token endpoint does. */
  issue(grant: Partial<Grant> & Pick<Grant, 'client'>): Promise<IssuedGrant>
  tokenRow(id: string): Promise<TokenRow>
  familyRow(id: string): Promise<Tables['tokenFamilies']['$inferSelect']>
  allTokens(): Promise<TokenRow[]>
  auditRows(event?: string): Promise<AuditRow[]>
  close(): Promise<void>
}

export interface IssuedGrant extends PreparedGrant {
  readonly accessToken: string
  /** Empty when there is none. */
  readonly refreshToken: string
}

/** A Thursday, with milliseconds: rounding shows. */
export const START = Date.parse('2026-01-01T10:00:00.250Z')

/** Two servers of one deployment have the same secrets. */
const SECRETS = {
  JWT_SECRET: '0'.repeat(31).concat('1a2b3c4d5e6f'),
  SESSION_SECRET: 'session-secret-of-the-tests-0123456789ab',
}

export async function openTestContext(
  open: OpenDatabase,
  settings: Record<string, string> = {},
  parts: { keys?: KeyRing } = {},
): Promise<TestContext> {
  const { db, close } = await open()
  let time = START
  const log: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: Record<string, unknown>, message: string) => {
    log.push({ level, fields, message })
  }
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const clock = { now: () => time }
  const withSettings = (changed: Record<string, string>) =>
    createContext(testSettings({ ...SECRETS, ...settings, ...changed }), { db, log: logger, clock, ...parts })
  const ctx = withSettings({})
  const { t, q } = db
  const now = () => new Date(time)

  return {
    ctx,
    log,
    advance: (milliseconds) => {
      time += milliseconds
    },
    withSettings,
    insertUser: async (overrides = {}) => {
      const user = userRow(now(), overrides)
      await q.insert(t.users).values(user)
      return user
    },
    insertClient: async (overrides = {}) => {
      const client = clientRow(now(), overrides)
      await q.insert(t.oauthApplications).values(client)
      return client
    },
    insertConsent: async (user, client, overrides = {}) => {
      const consent = consentRow(now(), user, client, overrides)
      await q.insert(t.userAuthorizations).values(consent)
      return consent
    },
    issue: async (grant) => {
      const prepared = await prepareGrant(ctx, { grantType: 'device_code', scope: 'email profile', ...grant })
      await commit(ctx, [...prepared.guards, ...prepared.writes])
      const { access_token: accessToken, refresh_token: refreshToken = '' } = prepared.response
      return { ...prepared, accessToken, refreshToken }
    },
    tokenRow: async (id) => one(await q.select().from(t.accessTokens).where(eq(t.accessTokens.id, id))),
    familyRow: async (id) => one(await q.select().from(t.tokenFamilies).where(eq(t.tokenFamilies.id, id))),
    allTokens: async () => await q.select().from(t.accessTokens),
    auditRows: async (event) => {
      const rows = await q.select().from(t.auditLogs).orderBy(t.auditLogs.id)
      return rows.filter(({ eventType }) => event === undefined || eventType === event)
    },
    close: async () => {
      await ctx.audit.stop(5_000)
      await close()
    },
  }
}

function one<Row>(rows: Row[]): Row {
  const [row] = rows
  if (!row || rows.length > 1) throw new Error(`expected one row, found ${rows.length}`)
  return row
}

export function userRow(now: Date, overrides: Partial<User> = {}): User {
  const id = crypto.randomUUID()
  const username = overrides.username ?? `user-${id.slice(0, 8)}`
  return {
    id,
    username,
    usernameNorm: username.toLowerCase(),
    email: `${username}@example.com`,
    emailNorm: null,
    passwordHash: '',
    role: 'user',
    fullName: '',
    avatarUrl: '',
    isActive: true,
    emailVerified: false,
    emailVouchedBy: null,
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
    createdAt: now,
    updatedAt: now,
    ...overrides,
  }
}

export function clientRow(now: Date, overrides: Partial<Client> = {}): Client {
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
    scopes: 'email profile openid offline_access',
    grantTypes: 'device_code authorization_code client_credentials',
    redirectUris: [],
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
    createdAt: now,
    updatedAt: now,
    ...overrides,
  }
}

function consentRow(now: Date, user: User, client: Client, overrides: Partial<Consent> = {}): Consent {
  return {
    uuid: crypto.randomUUID(),
    userId: user.id,
    clientId: client.clientId,
    scopes: client.scopes,
    webScopes: '',
    grantedAt: now,
    revokedAt: null,
    isActive: true,
    tokenEpoch: 0,
    createdAt: now,
    updatedAt: now,
    ...overrides,
  }
}

/** A JWT's header and payload, unverified. */
export function decode(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header = '', payload = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(header), payload: read(payload) }
}

/** The error of a call that must fail. */
export async function failure(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    () => undefined,
    (error: Error) => error,
  )
  if (!outcome) throw new Error('expected a failure')
  return outcome
}

export const apply = (ctx: Context, ...statements: Statement[]): Promise<number[]> => commit(ctx, statements)
