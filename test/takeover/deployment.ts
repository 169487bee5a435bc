/** A deployment of AuthGate 0.x as its database shows it, on both databases: people, clients, live and dead tokens, codes. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import type { Facts, KnownTokens } from './works'

export type Row = Readonly<Record<string, unknown>>

/** An existing database, before it is taken over. */
export interface ExistingDatabase {
  /** Settings that name it. */
  readonly settings: Readonly<Record<string, string>>
  /** Path of the SQLite file; the name of the database on PostgreSQL. */
  readonly place: string
  insert(table: string, ...rows: readonly Row[]): Promise<void>
  /** Runs SQL and gives its rows. */
  sql(text: string): Promise<Row[]>
  /** As the former deployment wrote them. */
  readonly time: (at: number) => unknown
  readonly flag: (value: boolean) => unknown
  readonly json: (value: unknown) => unknown
  remove(): Promise<void>
}

const schema = (dialect: string): string => readFileSync(join(import.meta.dir, 'fixtures', `${dialect}.sql`), 'utf8')

/** Local time of a server east of Greenwich, with nanoseconds whose last zeros are cut. */
const localText = (at: number): string => {
  const local = new Date(at + 8 * 3_600_000).toISOString()
  return `${local.slice(0, 10)} ${local.slice(11, 19)}.${local.slice(20, 23)}1234+08:00`
}

export async function existingSqlite(): Promise<ExistingDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'authgate-takeover-'))
  const place = join(folder, 'oauth.db')
  const run = <T>(work: (handle: SqliteHandle) => T): T => {
    const handle = new SqliteHandle(place, { create: true, readwrite: true })
    try {
      return work(handle)
    } finally {
      handle.close()
    }
  }
  run((handle) => handle.run(schema('sqlite')))
  return {
    settings: { DATABASE_DSN: place },
    place,
    insert: async (table, ...rows) =>
      run((handle) =>
        handle.transaction(() => {
          for (const row of rows) {
            const names = Object.keys(row)
            handle
              .query(`insert into ${table} ("${names.join('", "')}") values (${names.map(() => '?').join(', ')})`)
              .run(...(Object.values(row) as string[]))
          }
        })(),
      ),
    sql: async (text) => run((handle) => handle.query(text).all() as Row[]),
    time: localText,
    flag: Number,
    json: (value) => Buffer.from(JSON.stringify(value)),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function existingPostgres(): Promise<ExistingDatabase> {
  const { url, name, drop } = await freshDatabase()
  const client = postgres(url, { max: 1, onnotice: () => {} })
  await client.unsafe(schema('postgres'))
  return {
    settings: { DATABASE_DRIVER: 'postgres', DATABASE_DSN: url },
    place: name,
    insert: async (table, ...rows) => {
      if (rows.length > 100) {
        await client`insert into ${client(table)} ${client(rows as Record<string, string>[])}`
        return
      }
      for (const row of rows) await client`insert into ${client(table)} ${client(row as Record<string, string>)}`
    },
    sql: async (text) => (await client.unsafe(text)) as unknown as Row[],
    time: (at) => new Date(at).toISOString(),
    flag: (value) => value,
    json: (value) => value,
    remove: async () => {
      await client.end({ timeout: 1 })
      await drop()
    },
  }
}

export const existingDatabases: [string, () => Promise<ExistingDatabase>][] = postgresAvailable
  ? [
      ['SQLite', existingSqlite],
      ['PostgreSQL', existingPostgres],
    ]
  : [['SQLite', existingSqlite]]

const DAY = 24 * 3_600_000
/** A moment with milliseconds, so that rounding shows. */
export const MADE_AT = Date.parse('2026-03-05T17:30:00.123Z')
const ISSUER = 'http://localhost:8080'

const SETTINGS = {
  JWT_SECRET: 'secret-for-tokens-of-the-former-deployment-0123456789',
  SESSION_SECRET: 'secret-for-sessions-of-the-former-deployment-0123456',
  BASE_URL: ISSUER,
  JWT_SIGNING_ALGORITHM: 'HS256',
}

/** bcrypt as the former version wrote it, at the lowest cost. */
const bcrypt = async (text: string): Promise<string> =>
  (await Bun.password.hash(text, { algorithm: 'bcrypt', cost: 4 })).replace(/^\$2b\$/, '$2a$')

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const secretOf = (): string =>
  `ago_${[...randomBytes(52)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')}`

function signed(claims: Row): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${input}.${createHmac('sha256', SETTINGS.JWT_SECRET).update(input).digest('base64url')}`
}

export interface TokenOptions {
  readonly type: 'access' | 'refresh'
  readonly userId: string
  readonly clientId: string
  readonly scopes?: string
  /** Of the row. */
  readonly row?: Row
}

/** A token and its row; the row's id is not the token's. */
export function tokenOf(db: ExistingDatabase, options: TokenOptions): { token: string; id: string; row: Row } {
  const { type, userId, clientId, scopes = 'openid read offline_access' } = options
  const token = signed({
    ...{ client_id: clientId, exp: Math.floor((MADE_AT + 30 * DAY) / 1000), iat: Math.floor(MADE_AT / 1000) },
    ...{ iss: ISSUER, jti: crypto.randomUUID(), scope: scopes, sub: userId, type, user_id: userId },
  })
  const id = crypto.randomUUID()
  const row = {
    ...{ id, token_hash: sha256(token), token_type: 'Bearer', token_category: type, status: 'active' },
    ...{ user_id: userId, client_id: clientId, scopes, expires_at: db.time(MADE_AT + 30 * DAY) },
    ...{ created_at: db.time(MADE_AT), last_used_at: null, parent_token_id: '', token_family_id: '' },
    ...{ authorization_id: null, ...options.row },
  }
  return { token, id, row }
}

export const userRow = (db: ExistingDatabase, row: Row & { readonly username: string }): Row => ({
  ...{ id: crypto.randomUUID(), email: `${row.username}@example.org`, password_hash: '', role: 'user' },
  ...{ full_name: '', avatar_url: '', is_active: db.flag(true), email_verified: db.flag(false), external_id: '' },
  ...{ auth_source: 'local', created_at: db.time(MADE_AT), updated_at: db.time(MADE_AT) },
  ...row,
})

export const clientRow = (db: ExistingDatabase, row: Row & { readonly client_id: string }): Row => ({
  ...{ client_secret: '', client_name: 'A client', description: '', user_id: '' },
  ...{ scopes: 'read write openid profile email offline_access' },
  ...{ grant_types: 'device_code authorization_code', redirect_uris: db.json(['https://rp.example/cb']) },
  ...{ client_type: 'confidential', enable_device_flow: db.flag(true), enable_auth_code_flow: db.flag(true) },
  ...{ enable_client_credentials_flow: db.flag(false), status: 'active', token_profile: 'standard', project: '' },
  ...{ service_account: '', created_by: '', created_at: db.time(MADE_AT), updated_at: db.time(MADE_AT) },
  ...row,
})

const VERIFIER = 'a-code-verifier-of-the-former-deployment-12345'

/** Fills an existing database with everything that must work afterwards, and tells what that is. */
export async function fill(db: ExistingDatabase): Promise<Facts> {
  const passwords = { admin: 'Sample-Admin-Passw0rd!', alice: 'Sample-User-Passw0rd!', bob: 'Sample-User-Passw0rd!' }
  const ids = { admin: crypto.randomUUID(), alice: crypto.randomUUID(), bob: crypto.randomUUID() }
  for (const name of ['admin', 'alice', 'bob'] as const)
    await db.insert(
      'users',
      userRow(db, {
        ...{ id: ids[name], username: name, password_hash: await bcrypt(passwords[name]) },
        ...(name === 'admin' && { role: 'admin', email: 'admin@localhost' }),
        ...(name === 'alice' && { full_name: 'Alice Überprüfung ✓' }),
        ...(name === 'bob' && { is_active: db.flag(false) }),
      }),
    )

  const clients = {
    full: { id: crypto.randomUUID(), secret: secretOf() },
    pub: { id: crypto.randomUUID(), secret: secretOf(), public: true },
    off: { id: crypto.randomUUID(), secret: secretOf(), inactive: true },
    registered: { id: crypto.randomUUID(), secret: secretOf() },
  }
  const details: Record<keyof typeof clients, Row> = {
    full: {
      ...{
        id: 1,
        client_name: 'Full Client & Söhne',
        user_id: ids.admin,
        enable_client_credentials_flow: db.flag(true),
      },
      ...{ grant_types: 'device_code authorization_code client_credentials', token_profile: 'long', project: 'proj-1' },
      ...{ service_account: 'svc-1', created_by: ids.admin },
    },
    pub: { id: 2, client_name: 'Public CLI', user_id: ids.admin, client_type: 'public' },
    off: { id: 3, client_name: 'Switched Off', user_id: ids.admin, status: 'inactive' },
    registered: { id: 4, client_name: 'Self Registered', status: 'pending', grant_types: 'authorization_code' },
  }
  for (const [name, { id, secret }] of Object.entries(clients))
    await db.insert(
      'oauth_applications',
      clientRow(db, { client_id: id, client_secret: await bcrypt(secret), ...details[name as keyof typeof clients] }),
    )

  const consent = (id: number, userId: string, clientId: string, scopes: string): Row => ({
    ...{ id, uuid: crypto.randomUUID(), user_id: userId, application_id: id, client_id: clientId, scopes },
    ...{ granted_at: db.time(MADE_AT), revoked_at: null, is_active: db.flag(true) },
    ...{ created_at: db.time(MADE_AT), updated_at: db.time(MADE_AT) },
  })
  await db.insert(
    'user_authorizations',
    consent(1, ids.alice, clients.full.id, 'openid read offline_access'),
    consent(2, ids.alice, clients.pub.id, 'read'),
    consent(3, ids.alice, clients.off.id, 'openid read offline_access'),
  )

  const live: Record<string, KnownTokens | string> = {}
  const dead: Record<string, KnownTokens | string> = {}
  const pair = async (userId: string, client: { id: string }, rows: Row = {}): Promise<KnownTokens> => {
    const [access, refresh] = (['access', 'refresh'] as const).map((type) =>
      tokenOf(db, { type, userId, clientId: client.id, row: rows }),
    )
    await db.insert('access_tokens', access?.row ?? {}, refresh?.row ?? {})
    return { access_token: access?.token ?? '', refresh_token: refresh?.token ?? '' }
  }
  live['of the code flow'] = await pair(ids.alice, clients.full, { authorization_id: 1 })
  live['of the device flow'] = await pair(ids.alice, clients.pub)
  dead['of a disabled user'] = await pair(ids.bob, clients.pub)
  dead['of an inactive client'] = await pair(ids.alice, clients.off, { authorization_id: 3 })
  dead['disabled by an administrator'] = await pair(ids.alice, clients.full, { status: 'disabled' })

  const machine = tokenOf(db, {
    ...{ type: 'access' as const, userId: `client:${clients.full.id}`, clientId: clients.full.id, scopes: 'read' },
  })
  await db.insert('access_tokens', machine.row)
  live['of a machine'] = machine.token
  const deleted = tokenOf(db, { type: 'access', userId: ids.alice, clientId: clients.full.id })
  dead['revoked: its row was deleted'] = deleted.token

  const rotated = tokenOf(db, { type: 'refresh', userId: ids.alice, clientId: clients.full.id })
  const lineage = { token_family_id: rotated.id }
  const next = { ...lineage, parent_token_id: rotated.id }
  const [access, refresh] = (['access', 'refresh'] as const).map((type) =>
    tokenOf(db, { type, userId: ids.alice, clientId: clients.full.id, row: next }),
  )
  const out = { ...rotated.row, ...lineage, status: 'revoked', authorization_id: 1 }
  await db.insert('access_tokens', out, access?.row ?? {}, refresh?.row ?? {})
  live['after one rotation'] = { access_token: access?.token ?? '', refresh_token: refresh?.token ?? '' }
  dead['rotated out'] = rotated.token

  const code = randomBytes(32).toString('hex')
  await db.insert('authorization_codes', {
    ...{ id: 1, uuid: crypto.randomUUID(), code_hash: sha256(code), code_prefix: code.slice(0, 8), application_id: 1 },
    ...{ client_id: clients.full.id, user_id: ids.alice, redirect_uri: 'https://rp.example/cb' },
    ...{ scopes: 'openid read offline_access', nonce: 'n-1', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    ...{ expires_at: db.time(MADE_AT + 600_000), used_at: null, created_at: db.time(MADE_AT) },
  })

  const device = async (id: number, userCode: string, row: Row): Promise<Record<string, string>> => {
    const deviceCode = randomBytes(20).toString('hex')
    const salt = randomBytes(10).toString('hex')
    await db.insert('device_codes', {
      ...{ id, device_code_hash: pbkdf2Sync(deviceCode, salt, 10_000, 50, 'sha256').toString('hex') },
      ...{ device_code_salt: salt, device_code_id: deviceCode.slice(-8), user_code: userCode },
      ...{ client_id: clients.pub.id, scopes: 'read', expires_at: db.time(MADE_AT + 1_800_000), interval: 5 },
      ...{ user_id: '', authorized: db.flag(false), authorized_at: '0001-01-01 00:00:00+00:00' },
      ...{ created_at: db.time(MADE_AT), updated_at: db.time(MADE_AT), ...row },
    })
    return { device_code: deviceCode, user_code: `${userCode.slice(0, 4)}-${userCode.slice(4)}` }
  }
  const approved = { user_id: ids.alice, authorized: db.flag(true), authorized_at: db.time(MADE_AT) }

  await db.insert('oauth_connections', {
    ...{ id: crypto.randomUUID(), user_id: ids.alice, provider: 'github', provider_user_id: '583231' },
    ...{ provider_username: 'alice', provider_email: 'alice@example.org', avatar_url: '', access_token: 'gho_marker' },
    ...{ refresh_token: '', token_expiry: null, last_used_at: db.time(MADE_AT) },
    ...{ created_at: db.time(MADE_AT), updated_at: db.time(MADE_AT) },
  })
  await db.insert('audit_logs', {
    ...{ id: crypto.randomUUID(), event_type: 'DEVICE_CODE_GENERATED', event_time: db.time(MADE_AT), severity: 'INFO' },
    ...{
      actor_user_id: '',
      actor_username: '',
      actor_ip: '::1',
      resource_type: 'DEVICE_CODE',
      resource_id: '12345678',
    },
    ...{ resource_name: '', action: 'Device code generated', success: db.flag(true), error_message: '' },
    ...{ user_agent: 'curl/8', request_path: '/oauth/device/code', request_method: 'POST' },
    details: db.json({ client_id: clients.pub.id, scopes: 'read', user_code: 'ABCD2345' }),
    created_at: db.time(MADE_AT),
  })

  return {
    settings: SETTINGS,
    users: {
      admin: { username: 'admin', password: passwords.admin },
      alice: { username: 'alice', password: passwords.alice },
      bob: { username: 'bob', password: passwords.bob, disabled: true },
    },
    clients,
    tokens: { live, dead },
    unfinished: {
      'authorization code': {
        ...{ code, code_verifier: VERIFIER, redirect_uri: 'https://rp.example/cb', nonce: 'n-1' },
      },
      'device code approved': await device(1, 'RF58WHKV', approved),
      'device code waiting': await device(2, 'KANMB48T', {}),
    },
    madeAt: new Date(MADE_AT).toISOString(),
  }
}
