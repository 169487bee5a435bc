import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  clientRow,
  type ExistingDatabase,
  existingDatabases,
  existingSqlite,
  MADE_AT,
  tokenOf,
  userRow,
} from './deployment'
import { convert, remarksOf, rowsOf, TAKEN_OVER_AT } from './support'

const DAY = 24 * 3_600_000

describe.each(existingDatabases)('odd values of AuthGate 0.x on %s', (name, open) => {
  let db: ExistingDatabase
  beforeEach(async () => {
    db = await open()
  })
  afterEach(() => db.remove())

  const byName = async () => new Map((await rowsOf(db, 'users')).map((user) => [user.username, user]))

  test('of users that differ by case or blanks only the oldest has the common form; a password made by an administrator vouches for the address', async () => {
    const password = { password_hash: `$2a$10$${'x'.repeat(53)}` }
    await db.insert(
      'users',
      userRow(db, {
        id: 'u2',
        username: 'ALICE',
        email: 'a@x.example',
        created_at: db.time(MADE_AT - DAY),
        ...password,
      }),
      userRow(db, { id: 'u1', username: 'alice', email: ' A@x.example ', created_at: db.time(MADE_AT), ...password }),
      userRow(db, { id: 'u0', username: 'Alice', email: '', created_at: db.time(MADE_AT + DAY) }),
    )
    const report = await convert(db)
    const users = await byName()
    expect(users.get('ALICE')).toMatchObject({
      usernameNorm: 'alice',
      emailNorm: 'a@x.example',
      emailVouchedBy: 'admin',
    })
    expect(users.get('alice')).toMatchObject({
      usernameNorm: null,
      email: 'A@x.example',
      emailNorm: null,
      emailVouchedBy: null,
    })
    expect(users.get('Alice')).toMatchObject({ usernameNorm: null, email: '', emailNorm: null })
    expect(
      remarksOf(report, 'users')
        .changed.map((line) => line.slice(0, 40))
        .sort(),
    ).toEqual([
      '1: an older user has the same address bu',
      '1: blanks around the address are gone',
      '2: an older user has the same name but f',
    ])
  })

  test('collisions are found across batches, whichever of the two comes first', async () => {
    const rows = Array.from({ length: 2_500 }, (_, index) => {
      const id = String(index).padStart(5, '0')
      const pair = index < 1_250 ? index : 2_499 - index
      // The later half has the same names in capitals; every other one of those is the older.
      const username = index < 1_250 ? `user${pair}` : `USER${pair}`
      const age = index < 1_250 || pair % 2 === 0 ? 0 : -DAY
      return userRow(db, { id, username, email: `${id}@x.example`, created_at: db.time(MADE_AT + age) })
    })
    await db.insert('users', ...rows)
    const report = await convert(db)
    const users = await byName()
    for (const pair of [0, 1, 2, 3, 1_248, 1_249]) {
      const [older, younger] = pair % 2 === 0 ? [`user${pair}`, `USER${pair}`] : [`USER${pair}`, `user${pair}`]
      expect([pair, users.get(older ?? '')?.usernameNorm]).toEqual([pair, `user${pair}`])
      expect([pair, users.get(younger ?? '')?.usernameNorm]).toEqual([pair, null])
    }
    expect(remarksOf(report, 'users').changed).toEqual([
      expect.stringMatching(/^1250: an older user has the same name/),
    ])
  }, 30_000)

  test('nobody vouches for an address a provider did not verify, nor for an administrator’s own (pre-hijacking) [SEC]', async () => {
    const password = { password_hash: `$2a$10$${'x'.repeat(53)}` }
    await db.insert(
      'users',
      userRow(db, { id: 'signup', username: 'signup' }),
      userRow(db, { id: 'verified', username: 'verified', email_verified: db.flag(true) }),
      userRow(db, { id: 'boss', username: 'boss', role: 'admin', ...password }),
      userRow(db, { id: 'directory', username: 'directory', auth_source: 'http_api', external_id: 'e-1' }),
    )
    const connection = (id: string, provider: string) => ({
      ...{ id: `c-${id}`, user_id: id, provider, provider_user_id: `p-${id}`, provider_email: `${id}@example.org` },
      ...{ created_at: db.time(MADE_AT), updated_at: db.time(MADE_AT) },
    })
    await db.insert('oauth_connections', connection('signup', 'gitea'), connection('verified', 'microsoft'))
    await convert(db, { GITEA_URL: 'https://git.example/' })
    const users = await byName()
    expect(users.get('signup')).toMatchObject({ emailNorm: null, emailVouchedBy: null })
    expect(users.get('verified')).toMatchObject({ emailNorm: 'verified@example.org', emailVouchedBy: 'c-verified' })
    expect(users.get('boss')).toMatchObject({ emailNorm: null, emailVouchedBy: null })
    expect(users.get('directory')).toMatchObject({ emailNorm: 'directory@example.org', emailVouchedBy: 'http_api' })
    const issuers = (await rowsOf(db, 'oauthConnections')).map((row) => [
      row.provider,
      row.issuer,
      row.providerEmailVerified,
    ])
    expect(issuers.sort()).toEqual([
      ['gitea', 'https://git.example', false],
      ['microsoft', '', true],
    ])
  })

  test('NULL and empty texts, unknown words: the least is allowed by what nobody understands [SEC]', async () => {
    await db.insert('users', {
      ...{ id: 'bare', username: 'bare', email: 'bare@x.example', role: 'owner', password_hash: null, full_name: null },
      ...{ avatar_url: null, external_id: null, auth_source: null, created_at: null, updated_at: null },
      is_active: db.flag(true),
    })
    await db.insert(
      'oauth_applications',
      clientRow(db, {
        ...{ id: 1, client_id: 'c1', description: null, redirect_uris: null, status: 'approved', token_profile: '' },
        ...{ client_type: 'native', user_id: 'nobody', project: null, service_account: null, created_by: null },
        ...{ created_at: null, updated_at: null, scopes: '  read   write read ' },
      }),
      clientRow(db, { id: 2, client_id: 'c2', grant_types: 'authorization_code' }),
    )
    const token = tokenOf(db, { type: 'access', userId: 'bare', clientId: 'c1', row: { status: 'paused' } })
    const kind = tokenOf(db, { type: 'access', userId: 'bare', clientId: 'c1', row: { token_category: 'id' } })
    const never = tokenOf(db, { type: 'access', userId: 'bare', clientId: 'c1', row: { expires_at: null } })
    await db.insert('access_tokens', token.row, kind.row, never.row)
    const report = await convert(db)
    expect((await byName()).get('bare')).toMatchObject({
      ...{ role: 'user', passwordHash: '', fullName: '', authSource: 'local', externalId: null, isActive: true },
      createdAt: new Date(TAKEN_OVER_AT),
    })
    const clients = new Map((await rowsOf(db, 'oauthApplications')).map((client) => [client.clientId, client]))
    expect(clients.get('c1')).toMatchObject({
      ...{ clientType: 'confidential', status: 'inactive', tokenProfile: '', redirectUris: [], userId: null },
      ...{ scopes: 'read write', project: '', description: '' },
    })
    // The switch worked although the list did not name it; it goes on working and is named in the report.
    expect(clients.get('c2')).toMatchObject({ enableDeviceFlow: true, grantTypes: 'device_code authorization_code' })
    const tokens = new Map((await rowsOf(db, 'accessTokens')).map((row) => [row.id, row]))
    expect(tokens.get(token.id)).toMatchObject({ status: 'revoked' })
    expect(tokens.get(kind.id)).toMatchObject({ status: 'revoked', tokenCategory: 'access' })
    expect(tokens.get(never.id)?.expiresAt).toEqual(new Date(0))
    expect(
      remarksOf(report, 'oauth_applications')
        .changed.map((line) => line.slice(0, 48))
        .sort(),
    ).toEqual([
      '1: client_type has an unknown value; it has to s',
      '1: its owner does not exist; it has none now',
      '1: status has an unknown value; it is inactive',
      '1: the device flow was on although it is not in ',
    ])
    expect(remarksOf(report, 'access_tokens').changed).toHaveLength(2)
    expect(remarksOf(report, 'users').changed).toEqual(['1: role has an unknown value; the user is no administrator'])
  })

  test('what refers to users or clients that are gone is reported and not kept', async () => {
    await db.insert('users', userRow(db, { id: 'there', username: 'there' }))
    await db.insert('oauth_applications', clientRow(db, { id: 1, client_id: 'c1' }))
    const consent = (id: number, userId: string, clientId: string) => ({
      ...{ id, uuid: `consent-${id}`, user_id: userId, application_id: id, client_id: clientId, scopes: 'read' },
      ...{
        granted_at: null,
        is_active: db.flag(false),
        created_at: db.time(MADE_AT),
        updated_at: db.time(MADE_AT + 5),
      },
    })
    await db.insert(
      'user_authorizations',
      consent(1, 'there', 'c1'),
      consent(2, 'gone', 'c1'),
      consent(3, 'there', 'gone'),
    )
    const code = { code_prefix: '', redirect_uri: 'x', scopes: 'read', application_id: 1 }
    await db.insert('authorization_codes', {
      id: 1,
      uuid: 'a',
      code_hash: 'a',
      client_id: 'c1',
      user_id: 'gone',
      ...code,
    })
    const device = {
      device_code_salt: '',
      device_code_id: '',
      scopes: 'read',
      interval: null,
      authorized: db.flag(true),
    }
    await db.insert(
      'device_codes',
      { id: 1, device_code_hash: 'a', user_code: 'AAAAAAAA', client_id: 'gone', user_id: '', ...device },
      { id: 2, device_code_hash: 'b', user_code: 'BBBBBBBB', client_id: 'c1', user_id: 'there', ...device },
    )
    await db.insert('oauth_connections', { id: 'c', user_id: 'gone', provider: 'github', provider_user_id: '1' })
    const report = await convert(db)
    for (const [table, rows] of [
      ['user_authorizations', 2],
      ['authorization_codes', 1],
      ['device_codes', 1],
    ] as const)
      expect(remarksOf(report, table).notKept).toEqual([`${rows}: its user or its client does not exist`])
    expect(remarksOf(report, 'oauth_connections').notKept).toEqual(['1: its user does not exist'])
    expect(await rowsOf(db, 'userAuthorizations')).toMatchObject([
      { uuid: 'consent-1', isActive: false, grantedAt: new Date(MADE_AT), revokedAt: new Date(MADE_AT + 5) },
    ])
    expect(await rowsOf(db, 'deviceCodes')).toMatchObject([
      { pollInterval: 5, userId: 'there', expiresAt: new Date(0) },
    ])
  })

  test('a code challenge that is empty beside its method stays empty', async () => {
    await db.insert('users', userRow(db, { id: 'there', username: 'there' }))
    await db.insert('oauth_applications', clientRow(db, { id: 1, client_id: 'c1' }))
    await db.insert('authorization_codes', {
      ...{ id: 1, uuid: 'a', code_hash: 'a', code_prefix: '', application_id: 1, client_id: 'c1', user_id: 'there' },
      ...{ redirect_uri: 'x', scopes: 'read', code_challenge: '', code_challenge_method: 'S256' },
    })
    await convert(db)
    expect(await rowsOf(db, 'authorizationCodes')).toMatchObject([{ codeChallenge: '', codeChallengeMethod: 'S256' }])
  })

  test('audit records of any shape keep what they say', async () => {
    const record = {
      ...{ event_type: 'CLIENT_UPDATED', event_time: db.time(MADE_AT), severity: 'INFO', action: 'a' },
      ...{ success: db.flag(true), created_at: db.time(MADE_AT) },
    }
    await db.insert(
      'audit_logs',
      { ...record, id: 'r1', details: db.json({ client_id: 'c1', nested: { client_secret: 'ago_x' }, n: 1 }) },
      { ...record, id: 'r2', details: null, severity: 'NOTICE', resource_type: 'CLIENT', resource_id: 'c2' },
      { ...record, id: 'r3', details: db.json(['a', 'b']) },
    )
    const report = await convert(db)
    const records = new Map((await rowsOf(db, 'auditLogs')).map((row) => [row.id, row]))
    expect(records.get('r1')).toMatchObject({
      clientId: 'c1',
      details: { nested: { client_secret: '***REDACTED***' }, n: 1 },
    })
    expect(records.get('r2')).toMatchObject({ clientId: 'c2', severity: 'INFO', details: { severity: 'NOTICE' } })
    expect(records.get('r3')).toMatchObject({ details: { value: ['a', 'b'] }, actorUserId: '' })
    expect(remarksOf(report, 'audit_logs').changed).toHaveLength(2)
  })

  test('the zero time of year 1 is no time; a time without end is the last one there is', async () => {
    const { row, id } = tokenOf(db, { type: 'access', userId: 'u', clientId: 'c' })
    await db.insert('access_tokens', row)
    const forever = name === 'SQLite' ? '10000-01-01 00:00:00+00:00' : 'infinity'
    await db.sql(`update access_tokens set last_used_at = '0001-01-01 00:00:00+00:00', expires_at = '${forever}'`)
    await convert(db)
    const [token] = await rowsOf(db, 'accessTokens')
    expect(token).toMatchObject({ id, lastUsedAt: null, expiresAt: new Date('9999-12-31T23:59:59.999Z') })
  })
})

describe('what only SQLite stores', () => {
  let db: ExistingDatabase
  beforeEach(async () => {
    db = await existingSqlite()
  })
  afterEach(() => db.remove())

  test.each([
    ['2026-03-05 17:30:00.123456789+00:00', '2026-03-05T17:30:00.123Z'],
    ['2026-03-06 01:30:00.1+08:00', '2026-03-05T17:30:00.100Z'],
    ['2026-03-05 12:00:00-05:30', '2026-03-05T17:30:00.000Z'],
    ['2026-03-05T17:30:00Z', '2026-03-05T17:30:00.000Z'],
    ['2026-03-05 17:30:00', '2026-03-05T17:30:00.000Z'],
    ['2026-03-05 17:30:00.5 +0000 UTC m=+12.5', '2026-03-05T17:30:00.500Z'],
    [1772731800, '2026-03-05T17:30:00.000Z'],
    [1772731800123, '2026-03-05T17:30:00.123Z'],
    ['last Thursday', new Date(TAKEN_OVER_AT).toISOString()],
    ['2026-02-30 00:00:00+00:00', new Date(TAKEN_OVER_AT).toISOString()],
    ['0000-12-31 19:03:58-04:56', new Date(TAKEN_OVER_AT).toISOString()],
  ])('the time %p is %s', async (written, read) => {
    await db.insert('users', userRow(db, { username: 'a', created_at: written, updated_at: written }))
    await convert(db)
    expect((await rowsOf(db, 'users'))[0]?.createdAt.toISOString()).toBe(read)
  })

  test.each([
    [1, true],
    [0, false],
    ['true', true],
    ['t', true],
    ['1', true],
    ['false', false],
    ['maybe', false],
    [7, false],
  ])('the flag %p is %p', async (written, read) => {
    await db.insert('users', userRow(db, { username: 'a', is_active: written }))
    await convert(db)
    expect((await rowsOf(db, 'users'))[0]?.isActive).toBe(read)
  })

  test.each([
    [Buffer.from('["https://a/cb"]'), ['https://a/cb']],
    ['["https://a/cb"]', ['https://a/cb']],
    ['', []],
    ['{"no":"list"}', []],
    ['["https://a/cb", 7', []],
    ['["https://a/cb", 7]', ['https://a/cb']],
    ['null', []],
  ])('the redirect URIs %p are %p', async (written, read) => {
    await db.insert('oauth_applications', clientRow(db, { client_id: 'c', redirect_uris: written }))
    await convert(db)
    expect((await rowsOf(db, 'oauthApplications'))[0]?.redirectUris).toEqual(read)
  })

  test('bytes that are no UTF-8, NUL and texts in the wrong type are made storable', async () => {
    await db.insert('users', userRow(db, { username: 'a', full_name: Buffer.from([0x41, 0xff, 0x00, 0x42]) }))
    await db.sql("update users set avatar_url = cast(x'41ff0042' as text), external_id = 42")
    await db.insert('audit_logs', {
      ...{ id: 'r', event_type: 'LOGOUT', event_time: db.time(MADE_AT), severity: 'INFO', action: 'a', success: 1 },
      ...{ details: 'no JSON', created_at: db.time(MADE_AT) },
    })
    await convert(db)
    expect(await rowsOf(db, 'users')).toMatchObject([{ fullName: 'A��B', avatarUrl: 'A��B', externalId: '42' }])
    expect(await rowsOf(db, 'auditLogs')).toMatchObject([{ details: { unreadable: 'no JSON' } }])
  })

  test('users without an id or a name cannot be kept', async () => {
    await db.insert('users', userRow(db, { id: null, username: 'a' }), userRow(db, { username: ' ', email: 'b@x' }))
    const report = await convert(db)
    expect(remarksOf(report, 'users').notKept).toEqual(['2: it has no id or no user name'])
  })
})
