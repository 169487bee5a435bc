/** POST /oauth/revoke (RFC 7009). */
import { afterAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { DatabaseUnavailable } from '../../src/db/errors'
import { createHandler } from '../../src/server'
import type { TestApp } from '../support/app'
import { databases } from '../support/databases'
import {
  auditRows,
  basic,
  bearer,
  createAppPool,
  type Issued,
  issueMachineToken,
  issueTokens,
  outcome,
  tokenRow,
} from './support'

describe.each(databases)('revocation on %s', (_name, open) => {
  const pool = createAppPool(open)
  let app: TestApp
  afterAll(() => pool.close())

  type Client = Awaited<ReturnType<TestApp['insertClient']>>
  let client: Client
  let tokens: Issued
  async function begin(settings: Record<string, string> = {}, overrides: Parameters<TestApp['insertClient']>[0] = {}) {
    app = await pool.get(settings)
    client = await app.insertClient({ clientType: 'public', scopes: 'read write', ...overrides })
    tokens = await issueTokens(app, { user: await app.insertUser(), client })
  }
  const revoke = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    app.postForm('/oauth/revoke', form, headers)
  const isLive = async (token: string) => (await app.get('/oauth/tokeninfo', { headers: bearer(token) })).status === 200
  const refresh = (token: string, headers: Record<string, string> = {}) =>
    app.postForm(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: token, client_id: client.clientId },
      headers,
    )
  const expectDone = async (response: Response) => {
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toBeNull()
  }

  test('an access token ends alone, at once; its row stays as revoked', async () => {
    await begin()
    await expectDone(await revoke({ token: tokens.access_token }))
    expect(await isLive(tokens.access_token)).toBe(false)
    expect(await tokenRow(app, tokens.accessTokenId)).toMatchObject({ status: 'revoked', revokedAt: expect.any(Date) })
    expect((await refresh(tokens.refresh_token)).status).toBe(200)
  })

  test.each(['false', 'true'])(
    'a refresh token takes its whole grant with it, access tokens included (RFC 7009 §2.1), rotation %s [SEC]',
    async (rotation) => {
      await begin({ ENABLE_TOKEN_ROTATION: rotation })
      const next = (await (await refresh(tokens.refresh_token)).json()) as Issued
      await expectDone(await revoke({ token: next.refresh_token, token_type_hint: 'access_token' }))
      for (const { access_token } of [tokens, next]) expect(await isLive(access_token)).toBe(false)
      expect((await refresh(next.refresh_token)).status).toBe(400)
    },
  )

  test('a rotated-out refresh token is evidence here too: its family ends, with an alarm (P9) [SEC]', async () => {
    await begin({ ENABLE_TOKEN_ROTATION: 'true' })
    const stolen = (await (await refresh(tokens.refresh_token)).json()) as Issued
    await expectDone(await revoke({ token: tokens.refresh_token }))
    expect(await isLive(stolen.access_token)).toBe(false)
    expect((await refresh(stolen.refresh_token)).status).toBe(400)
    const { auditLogs } = app.ctx.db.t
    const alarms = app.ctx.db.q.select().from(auditLogs).where(eq(auditLogs.eventType, 'SUSPICIOUS_ACTIVITY'))
    const own = (await alarms).filter(({ clientId }) => clientId === client.clientId)
    expect(own.map(({ severity }) => severity)).toEqual(['CRITICAL'])
  })

  test('a grant that its client ended raises no alarm when an old token comes late', async () => {
    await begin({ ENABLE_TOKEN_ROTATION: 'true' })
    const next = (await (await refresh(tokens.refresh_token)).json()) as Issued
    await expectDone(await revoke({ token: next.refresh_token }))
    await expectDone(await revoke({ token: tokens.refresh_token }))
    await expectDone(await revoke({ token: next.refresh_token }))
    const own = (await auditRows(app)).filter(({ clientId }) => clientId === client.clientId)
    expect(own.filter(({ eventType }) => eventType === 'SUSPICIOUS_ACTIVITY')).toEqual([])
    expect(own.filter(({ eventType }) => eventType === 'TOKEN_REVOKED').length).toBe(1)
  })

  test('machine tokens, disabled tokens and tokens nobody knows', async () => {
    await begin({}, { clientType: 'confidential' })
    const machine = await issueMachineToken(app, client)
    await expectDone(await revoke({ token: machine }))
    expect(await isLive(machine)).toBe(false)
    const { accessTokens } = app.ctx.db.t
    const row = eq(accessTokens.id, tokens.accessTokenId)
    await app.ctx.db.q.update(accessTokens).set({ status: 'disabled', disabledBy: 'owner' }).where(row)
    await expectDone(await revoke({ token: tokens.access_token }))
    expect((await tokenRow(app, tokens.accessTokenId))?.status).toBe('revoked')
    for (const token of ['unknown', "' or 1=1", 'x'.repeat(5_000)]) await expectDone(await revoke({ token }))
  })

  test('without token it is 400', async () => {
    await begin()
    for (const form of ['', 'token='])
      expect(await outcome(await app.postForm('/oauth/revoke', form))).toEqual([
        400,
        'invalid_request',
        'token parameter is required',
      ])
  })

  describe('credentials (P9)', () => {
    type Case = [
      string,
      'confidential' | 'public',
      () => [Record<string, string>, Record<string, string>],
      boolean,
      boolean,
    ]
    const cases: Case[] = [
      // Who asks, what kind of client, what is sent, and whether the token ends: by default, and when authentication is demanded.
      ['token only', 'confidential', () => [{}, {}], true, false],
      ['token only', 'public', () => [{}, {}], true, false],
      ['client_id', 'public', () => [{ client_id: client.clientId }, {}], true, true],
      ['client_id', 'confidential', () => [{ client_id: client.clientId }, {}], false, false],
      ['Basic', 'confidential', () => [{}, basic(client.clientId, client.secret)], true, true],
      ['body', 'confidential', () => [{ client_id: client.clientId, client_secret: client.secret }, {}], true, true],
      ['a wrong secret', 'confidential', () => [{}, basic(client.clientId, 'ago_wrong')], false, false],
      ['an unknown client', 'public', () => [{ client_id: crypto.randomUUID() }, {}], false, false],
      ['a secret without id', 'public', () => [{ client_secret: 'ago_wrong' }, {}], false, false],
    ]
    const rows = cases.flatMap(([what, type, sent, byDefault, demanded]) => [
      { what, type, sent, demand: 'false', ends: byDefault },
      { what, type, sent, demand: 'true', ends: demanded },
    ])
    test.each(rows)('$what, $type client, REVOCATION_REQUIRES_AUTH=$demand: ends $ends', async (row) => {
      await begin({ REVOCATION_REQUIRES_AUTH: row.demand }, { clientType: row.type })
      const [form, headers] = row.sent()
      const response = await revoke({ token: tokens.access_token, ...form }, headers)
      expect(await isLive(tokens.access_token)).toBe(!row.ends)
      if (row.ends) return expectDone(response)
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
      expect((await outcome(response)).slice(0, 2)).toEqual([401, 'invalid_client'])
    })

    test('another client with valid credentials: 200, nothing happens, and a warning (RFC 7009 §2.1) [SEC]', async () => {
      await begin({ ENABLE_TOKEN_ROTATION: 'true' })
      const other = await app.insertClient({ scopes: 'read' })
      await refresh(tokens.refresh_token)
      for (const token of [tokens.access_token, tokens.refresh_token])
        await expectDone(await revoke({ token }, basic(other.clientId, other.secret)))
      expect(await isLive(tokens.access_token)).toBe(true)
      const rows = await auditRows(app, 'TOKEN_REVOKED')
      expect(rows.find(({ clientId }) => clientId === other.clientId)).toMatchObject({
        severity: 'WARNING',
        success: false,
        clientId: other.clientId,
        details: { reason: 'foreign client' },
      })
    })
  })

  test('a revocation beside 64 refreshes leaves nothing alive (T31) [SEC]', async () => {
    await begin({ ENABLE_TOKEN_ROTATION: 'true' })
    const racing = Array.from({ length: 64 }, () => refresh(tokens.refresh_token))
    await Bun.sleep(0)
    await expectDone(await revoke({ token: tokens.refresh_token }))
    for (const answer of await Promise.all(racing)) {
      if (answer.status !== 200) continue
      expect(await isLive(((await answer.json()) as Issued).access_token)).toBe(false)
    }
    expect(await isLive(tokens.access_token)).toBe(false)
  })

  test('it is audited in its own commit, counted, and never repeats the token', async () => {
    await begin({ PRODUCT_NAME: 'A server with counters of its own' })
    await expectDone(await revoke({ token: tokens.access_token, client_id: client.clientId }))
    const { auditLogs } = app.ctx.db.t
    const rows = await app.ctx.db.q.select().from(auditLogs).where(eq(auditLogs.eventType, 'TOKEN_REVOKED'))
    expect(rows).toMatchObject([
      { severity: 'INFO', success: true, resourceId: tokens.accessTokenId, actorUserId: `client:${client.clientId}` },
    ])
    expect(rows[0]?.details).toMatchObject({ token_category: 'access', client_id: client.clientId })
    expect(JSON.stringify(rows)).not.toContain(tokens.access_token)
    expect(await app.ctx.metrics.registry.metrics()).toContain('oauth_tokens_revoked_total{reason="user_request"} 1')
  })

  test('a database that does not answer is 503: the client must not believe it is logged out (P9) [SEC]', async () => {
    await begin()
    const one = () => Promise.reject(new DatabaseUnavailable('ECONNREFUSED'))
    const response = await createHandler({ ...app.ctx, db: { ...app.ctx.db, one } })(
      new Request('http://localhost:8080/oauth/revoke', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `token=${tokens.access_token}`,
      }),
    )
    expect(response.headers.get('retry-after')).not.toBeNull()
    expect((await outcome(response)).slice(0, 2)).toEqual([503, 'temporarily_unavailable'])
  })
})
