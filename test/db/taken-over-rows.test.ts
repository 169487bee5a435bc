import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { pbkdf2Sync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { Duplicate, run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import { databases } from '../support/databases'
import { apply, clientRow, failure, openTestContext, type TestContext, userRow } from '../tokens/support'

const insertUser = write('test_takeover_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))
const at = new Date('2024-02-29T23:59:59.999Z')

describe.each(databases)('rows of an earlier deployment fit on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
  })
  afterAll(() => t.close())

  test('users whose names or addresses collide keep their exact spelling; only one has the normalised one', async () => {
    const rows = [
      userRow(at, { username: 'Alice', usernameNorm: 'alice', email: ' a@x ', emailNorm: 'a@x', imported: true }),
      userRow(at, { username: 'alice', usernameNorm: null, email: 'a@x', emailNorm: null, imported: true }),
      userRow(at, { username: 'ALICE', usernameNorm: null, email: '', emailNorm: null, imported: true }),
    ]
    for (const row of rows) await apply(t.ctx, run(insertUser, row))
    const { q, t: tables } = t.ctx.db
    for (const row of rows)
      expect(await q.select().from(tables.users).where(eq(tables.users.username, row.username))).toEqual([row])
  })

  test('two users with one normalised name, address or external identity are refused (W30) [SEC]', async () => {
    const taken = { usernameNorm: 'bob', emailNorm: 'b@x', authSource: 'http_api', externalId: 'e-1' }
    await t.insertUser(taken)
    const twins = [{ usernameNorm: 'bob' }, { emailNorm: 'b@x' }, { authSource: 'http_api', externalId: 'e-1' }]
    for (const twin of twins)
      expect(await failure(apply(t.ctx, run(insertUser, userRow(at, twin))))).toBeInstanceOf(Duplicate)
    await apply(t.ctx, run(insertUser, userRow(at, { authSource: 'local', externalId: 'e-1' })))
    await apply(t.ctx, run(insertUser, userRow(at, { authSource: 'http_api', externalId: null })))
    await apply(t.ctx, run(insertUser, userRow(at, { authSource: 'http_api', externalId: null })))
  })

  test('clients: bcrypt secret, no profile, a name longer than new ones may have, no owner', async () => {
    const client = clientRow(at, {
      ...{ clientSecret: `$2a$10$${'x'.repeat(53)}`, tokenProfile: '', clientName: 'N'.repeat(300), userId: null },
      ...{ redirectUris: ['http://any.example/cb', 'http://any.example/cb'], origin: 'import', imported: true },
    })
    const { q, t: tables } = t.ctx.db
    await q.insert(tables.oauthApplications).values(client)
    const where = eq(tables.oauthApplications.clientId, client.clientId)
    expect(await q.select().from(tables.oauthApplications).where(where)).toEqual([client])
  })

  test('device codes: salted hash of 100 characters, found by the last eight of the code', async () => {
    const client = await t.insertClient()
    const code = 'ab12'.repeat(10)
    const salt = 'c3'.repeat(10)
    const row = {
      ...{ id: 'device-1', deviceCodeHash: pbkdf2Sync(code, salt, 10_000, 50, 'sha256').toString('hex') },
      ...{ userCodeHash: 'u', importedSalt: salt, importedSuffix: code.slice(-8), clientId: client.clientId },
      ...{ scopes: 'email profile', requestIp: '', requestUserAgent: '', expiresAt: at, pollInterval: 5 },
      ...{ lastPolledAt: null, userId: null, authorizationId: null, authorizedAt: null, deniedAt: null },
      ...{ consumedAt: null, tokenFamilyId: null, createdAt: at },
    }
    const { q, t: tables } = t.ctx.db
    await q.insert(tables.deviceCodes).values(row)
    expect(row.deviceCodeHash).toHaveLength(100)
    const found = await q.select().from(tables.deviceCodes).where(eq(tables.deviceCodes.importedSuffix, 'ab12ab12'))
    expect(found).toEqual([row])
  })

  test('audit records: texts of any length, times of long ago, any details', async () => {
    const row = {
      ...{ id: 'old-1', eventType: 'TOKEN_REFRESHED', eventTime: at, severity: 'INFO' as const, success: true },
      ...{ actorUserId: `client:${crypto.randomUUID()}`, actorUsername: 'x'.repeat(300), actorIp: '::1' },
      ...{ resourceType: 'TOKEN', resourceId: '', resourceName: 'y'.repeat(1000), clientId: '', action: 'a' },
      ...{ details: { token_profile: '***REDACTED***', n: 1, list: ['x'] }, errorMessage: '', userAgent: '' },
      ...{ requestPath: '', requestMethod: '', requestId: '', createdAt: at },
    }
    const { q, t: tables } = t.ctx.db
    await q.insert(tables.auditLogs).values(row)
    expect(await q.select().from(tables.auditLogs).where(eq(tables.auditLogs.id, 'old-1'))).toEqual([row])
  })

  test('a user who goes takes sessions and consents along, and leaves clients without owner (W9)', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient({ userId: user.id })
    const consent = await t.insertConsent(user, client)
    const { q, t: tables } = t.ctx.db
    await q.delete(tables.users).where(eq(tables.users.id, user.id))
    const consents = await q.select().from(tables.userAuthorizations)
    expect(consents.map(({ uuid }) => uuid)).not.toContain(consent.uuid)
    const where = eq(tables.oauthApplications.clientId, client.clientId)
    expect((await q.select().from(tables.oauthApplications).where(where))[0]?.userId).toBeNull()
  })
})
