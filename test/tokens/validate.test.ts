import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { DatabaseUnavailable } from '../../src/db/commit'
import { sha256Hex } from '../../src/secrets'
import { disableToken, enableToken } from '../../src/tokens/status'
import { checkAccessToken, checkToken } from '../../src/tokens/validate'
import { databases } from '../support/databases'
import { insertImported } from './imported'
import { apply, decode, failure, openTestContext, type TestContext } from './support'

describe.each(databases)('validation on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open, { JWT_EXPIRATION_JITTER: '0s' })
  })
  afterAll(() => t.close())

  const reason = async (token: string, ctx = t.ctx) => {
    const check = await checkAccessToken(ctx, token)
    return check.live ? 'live' : check.reason
  }
  const grant = async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    return { user, client, ...(await t.issue({ client, user })) }
  }
  /** Re-signs a token with other claims or another header; the server's own key, as a stolen key would. */
  const resign = async (token: string, claims: object, header: object = {}) => {
    const decoded = decode(token)
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${encode({ ...decoded.header, ...header })}.${encode({ ...decoded.payload, ...claims })}`
    return `${input}.${await t.ctx.keys.active.sign(input)}`
  }
  /** Gives the row another token's hash, so that nothing but the agreement of row and token is tested. */
  const adopt = async (id: string, token: string) => {
    const { accessTokens } = t.ctx.db.t
    await t.ctx.db.q
      .update(accessTokens)
      .set({ tokenHash: sha256Hex(token) })
      .where(eq(accessTokens.id, id))
  }

  test('a live user token: what the row says, and the claims', async () => {
    const { user, client, accessToken, accessTokenId, familyId, accessTokenExpiresAt } = await grant()
    const check = await checkAccessToken(t.ctx, accessToken)
    if (!check.live) throw new Error(check.reason)
    expect(check.token).toMatchObject({
      ...{ id: accessTokenId, category: 'access', subject: user.id, clientId: client.clientId, familyId },
      ...{ scope: 'email profile', username: user.username, expiresAt: accessTokenExpiresAt },
    })
    expect(check.token.claims.jti).toBe(accessTokenId)
  })

  test('a machine token is live without a user', async () => {
    const client = await t.insertClient()
    const { accessToken } = await t.issue({ client, grantType: 'client_credentials' })
    const check = await checkAccessToken(t.ctx, accessToken)
    expect(check).toMatchObject({ live: true, token: { subject: `client:${client.clientId}`, username: undefined } })
  })

  test('a refresh token is no access token; introspection sees it as what it is (P25) [SEC]', async () => {
    const { refreshToken } = await grant()
    expect(await reason(refreshToken)).toBe('category')
    expect(await checkToken(t.ctx, refreshToken)).toMatchObject({ live: true, token: { category: 'refresh' } })
  })

  test('a token without a row is unknown although its signature holds [SEC]', async () => {
    const { accessToken } = await grant()
    expect(await reason(await resign(accessToken, { extra: 1 }))).toBe('unknown')
  })

  test('row and token must agree on jti, sub, client, type, typ and issuer (P53) [SEC]', async () => {
    const lies: [object, object?][] = [
      ...[[{ jti: crypto.randomUUID() }], [{ sub: crypto.randomUUID() }], [{ client_id: 'x' }]],
      ...[[{ type: 'refresh' }], [{ type: undefined }], [{ iss: 'http://localhost:8080/' }], [{}, { typ: 'rt+jwt' }]],
    ] as [object, object?][]
    for (const [claims, header] of lies) {
      const { accessToken, accessTokenId } = await grant()
      const other = await resign(accessToken, claims, header)
      await adopt(accessTokenId, other)
      // A row is looked for under the token's own id.
      expect([claims, await reason(other)]).toEqual([claims, 'jti' in claims ? 'unknown' : 'disagrees'])
    }
    const { accessToken, accessTokenId } = await grant()
    const same = await resign(accessToken, { harmless: 1 })
    await adopt(accessTokenId, same)
    expect(await reason(same)).toBe('live')
  })

  test('an id that no row can have finds nothing, also where the database takes no such text [SEC]', async () => {
    for (const jti of ['\u0000', "' or 1=1 --", 'x'.repeat(5_000), 7, {}, null]) {
      const { accessToken } = await grant()
      expect([jti, await reason(await resign(accessToken, { jti }))]).toEqual([jti, 'unknown'])
    }
  })

  test('disabled and enabled again; revoked for good', async () => {
    const { accessToken, accessTokenId: id } = await grant()
    await apply(t.ctx, disableToken(t.ctx, id, 'owner'))
    expect(await reason(accessToken)).toBe('disabled')
    await apply(t.ctx, enableToken(t.ctx, id, 'owner'))
    expect(await reason(accessToken)).toBe('live')
    const { accessTokens } = t.ctx.db.t
    await t.ctx.db.q.update(accessTokens).set({ status: 'revoked' }).where(eq(accessTokens.id, id))
    expect(await reason(accessToken)).toBe('revoked')
  })

  test('tokens of inactive or deleted clients and users are not live (P12, T54) [SEC]', async () => {
    const { users, oauthApplications } = t.ctx.db.t
    const { q } = t.ctx.db
    for (const status of ['inactive', 'pending'] as const) {
      const { accessToken, client } = await grant()
      await q.update(oauthApplications).set({ status }).where(eq(oauthApplications.clientId, client.clientId))
      expect(await reason(accessToken)).toBe('client inactive')
    }
    const orphan = await grant()
    await q.delete(oauthApplications).where(eq(oauthApplications.clientId, orphan.client.clientId))
    expect(await reason(orphan.accessToken)).toBe('client inactive')
    const disabled = await grant()
    await q.update(users).set({ isActive: false }).where(eq(users.id, disabled.user.id))
    expect(await reason(disabled.accessToken)).toBe('user inactive')
    const deleted = await grant()
    await q.delete(users).where(eq(users.id, deleted.user.id))
    expect(await reason(deleted.accessToken)).toBe('user inactive')
  })

  test('a row that ended before its token counts as expired', async () => {
    const { accessToken, accessTokenId } = await grant()
    const { accessTokens } = t.ctx.db.t
    const now = new Date(t.ctx.clock.now())
    await t.ctx.db.q.update(accessTokens).set({ expiresAt: now }).where(eq(accessTokens.id, accessTokenId))
    expect(await reason(accessToken)).toBe('expired')
  })

  test('tokens taken over: typ JWT, an unrelated jti, an issuer with slash, no family', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const access = await insertImported(t, { user, client, category: 'access' })
    const check = await checkAccessToken(t.ctx, access.token)
    expect(check).toMatchObject({ live: true, token: { id: access.row.id, familyId: null, username: user.username } })
    const refresh = await insertImported(t, { user, client, category: 'refresh' })
    expect(await reason(refresh.token)).toBe('category')
    expect(await checkToken(t.ctx, refresh.token)).toMatchObject({ live: true, token: { category: 'refresh' } })
  })

  test('tokens taken over are held to everything else [SEC]', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const imported = (claims: object, row: object = {}, typ = 'JWT') =>
      insertImported(t, { user, client, category: 'access', claims: { ...claims }, row, typ })
    const outcomes: [string, Promise<{ token: string }>][] = [
      ['disagrees', imported({ type: 'refresh' })],
      ['disagrees', imported({ type: undefined })],
      ['disagrees', imported({ sub: crypto.randomUUID() })],
      ['disagrees', imported({ client_id: 'x' })],
      ['disagrees', imported({}, {}, 'rt+jwt')],
      ['typ', imported({}, {}, 'JOSE')],
      ['issuer', imported({ iss: 'http://localhost:8081' })],
      ['issuer', imported({ iss: 'http://localhost:8080/x' })],
      ['expired', imported({ exp: 1 })],
      ['revoked', imported({}, { status: 'revoked' })],
      // The rules for tokens taken over hold for them only.
      ['unknown', imported({}, { imported: false })],
    ]
    for (const [expected, made] of outcomes) expect(await reason((await made).token)).toBe(expected)
  })

  test('a database that does not answer is an error, never "invalid" (T37) [SEC]', async () => {
    const { accessToken } = await grant()
    const away = () => Promise.reject(new DatabaseUnavailable('ECONNREFUSED'))
    const ctx = { ...t.ctx, db: { ...t.ctx.db, one: away } }
    expect(await failure(checkAccessToken(ctx, accessToken))).toBeInstanceOf(DatabaseUnavailable)
  })

  test('a forged token never reaches the database', async () => {
    const { accessToken } = await grant()
    let reads = 0
    const one = () => {
      reads += 1
      return Promise.resolve(undefined)
    }
    const ctx = { ...t.ctx, db: { ...t.ctx.db, one } }
    for (const token of ['', 'x', 'a.b.c', `${accessToken}A`, accessToken.slice(0, -3), 'ago_secret'])
      expect((await checkAccessToken(ctx, token)).live).toBe(false)
    expect(reads).toBe(0)
  })

  test('expired from the second of its exp on', async () => {
    const { accessToken, accessTokenExpiresAt } = await grant()
    t.advance(accessTokenExpiresAt.getTime() - t.ctx.clock.now() - 1)
    expect(await reason(accessToken)).toBe('live')
    t.advance(1)
    expect(await reason(accessToken)).toBe('expired')
  })
})
