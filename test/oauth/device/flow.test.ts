/** The device grant from the request to the tokens (RFC 8628), over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit } from '../../../src/db/commit'
import { deriveSecrets } from '../../../src/secrets'
import { createHandler } from '../../../src/server'
import { revokeTokensOfUser } from '../../../src/tokens/revoke'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import {
  auditRows,
  codeRow,
  confirmationOf,
  consentRow,
  decideOn,
  getPage,
  isAccepted,
  newCodes,
  poll,
  requestCode,
  settle,
  type TestClient,
  tokenRows,
} from './support'

describe.each(databases)('device grant on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let session: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open })
    user = await app.insertUser()
    session = await app.signIn(user)
  })
  afterAll(() => app.close())

  const publicClient = (overrides = {}): Promise<TestClient> =>
    app.insertClient({ clientType: 'public', scopes: 'email profile', ...overrides })

  test('a person allows a device, which gets working tokens, a family and a consent (RFC 8628 §3.5)', async () => {
    const client = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    expect(await poll(app, client, deviceCode)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })
    await settle(app, session, userCode)

    const { status, body, headers } = await poll(app, client, deviceCode)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'email profile' })
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'])
    expect(await isAccepted(app, body.access_token)).toBe(true)

    const consent = await consentRow(app, { userId: user.id, clientId: client.clientId })
    const code = await codeRow(app, client.clientId)
    const tokens = await tokenRows(app, client.clientId)
    expect(tokens).toHaveLength(2)
    for (const token of tokens) {
      expect(token).toMatchObject({
        userId: user.id,
        grantType: 'device_code',
        authorizationId: consent?.uuid ?? '',
        deviceCodeId: code.id,
        tokenFamilyId: code.tokenFamilyId,
      })
    }
  })

  test('every poll error is bare: no description (RFC 8628 §3.5)', async () => {
    const client = await publicClient()
    const { deviceCode } = await newCodes(app, client)
    expect((await poll(app, client, deviceCode)).body).toEqual({ error: 'authorization_pending' })
    expect((await poll(app, client, deviceCode)).body).toEqual({ error: 'slow_down' })
  })

  test('openid brings no ID token, and no refresh token is made when those are off', async () => {
    const client = await publicClient({ scopes: 'openid email' })
    const without = await openTestApp({ open, settings: { ENABLE_REFRESH_TOKENS: 'false' } })
    for (const [each, refresh] of [
      [app, true],
      [without, false],
    ] as const) {
      const owner = each === app ? user : await each.insertUser()
      const own = each === app ? client : await each.insertClient({ clientType: 'public', scopes: 'openid email' })
      const { deviceCode, userCode } = await newCodes(each, own, 'openid')
      await settle(each, await each.signIn(owner), userCode)
      const { body } = await poll(each, own, deviceCode)
      expect('refresh_token' in body).toBe(refresh)
      expect('id_token' in body).toBe(false)
      expect(await tokenRows(each, own.clientId)).toHaveLength(refresh ? 2 : 1)
    }
    await without.close()
  })

  test('64 parallel polls of an approved code yield exactly one pair of tokens', async () => {
    const client = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    await settle(app, session, userCode)
    const answers = await Promise.all(Array.from({ length: 64 }, () => poll(app, client, deviceCode)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const others = answers.filter(({ status }) => status !== 200)
    for (const { status, body } of others) expect([status, body.error]).toEqual([400, 'invalid_grant'])
    const winner = answers.find(({ status }) => status === 200)
    expect(await isAccepted(app, winner?.body.access_token)).toBe(true)
    expect((await tokenRows(app, client.clientId)).map(({ status }) => status)).toEqual(['active', 'active'])
    expect(await auditRows(app, 'SUSPICIOUS_ACTIVITY', client.clientId)).toEqual([])
  })

  test('a second redemption is refused, ends the first tokens and is reported once (RFC 6749 §4.1.2)', async () => {
    const client = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    await settle(app, session, userCode)
    const { body } = await poll(app, client, deviceCode)
    expect(await isAccepted(app, body.access_token)).toBe(true)
    app.clock.advance(10_000)
    for (let times = 1; times <= 2; times += 1) {
      const again = await poll(app, client, deviceCode)
      expect([again.status, again.body.error]).toEqual([400, 'invalid_grant'])
    }
    expect(await isAccepted(app, body.access_token)).toBe(false)
    const reports = await auditRows(app, 'SUSPICIOUS_ACTIVITY', client.clientId)
    expect(reports.map(({ severity }) => severity)).toEqual(['CRITICAL'])
    for (const { status } of await tokenRows(app, client.clientId)) expect(status).toBe('revoked')
  })

  test('a redemption by another client neither succeeds nor harms the code (RFC 8628 §3.5)', async () => {
    const client = await publicClient()
    const other = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    await settle(app, session, userCode)
    expect((await poll(app, other, deviceCode)).body.error).toBe('invalid_grant')
    expect((await poll(app, client, deviceCode)).status).toBe(200)
    expect((await poll(app, other, deviceCode)).body.error).toBe('invalid_grant')
    expect((await tokenRows(app, client.clientId)).map(({ status }) => status)).toEqual(['active', 'active'])
  })

  test('scopes beyond the client are cut at request, approval and redemption, and the answer says so', async () => {
    const client = await publicClient({ scopes: 'read write email' })
    const { deviceCode, userCode } = await newCodes(app, client, 'admin write read')
    expect((await codeRow(app, client.clientId)).scopes).toBe('write read')
    await settle(app, session, userCode)
    const { db } = app.ctx
    await db.q
      .update(db.t.oauthApplications)
      .set({ scopes: 'read email' })
      .where(eq(db.t.oauthApplications.clientId, client.clientId))
    const { body } = await poll(app, client, deviceCode)
    expect(body.scope).toBe('read')
    const claims = JSON.parse(Buffer.from(String(body.access_token).split('.')[1] ?? '', 'base64url').toString())
    expect(claims.scope).toBe('read')
  })

  test('an approved code whose scopes were all withdrawn is not redeemed', async () => {
    const client = await publicClient({ scopes: 'read' })
    const { deviceCode, userCode } = await newCodes(app, client, 'read')
    await settle(app, session, userCode)
    const { db } = app.ctx
    await db.q
      .update(db.t.oauthApplications)
      .set({ scopes: 'write' })
      .where(eq(db.t.oauthApplications.clientId, client.clientId))
    expect((await poll(app, client, deviceCode)).body.error).toBe('invalid_grant')
  })

  test('the caller adds claims, within the rules of the token endpoint', async () => {
    const client = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    await settle(app, session, userCode)
    expect((await poll(app, client, deviceCode, { extra_claims: '{"iss":"x"}' })).body.error).toBe('invalid_request')
    const { body } = await poll(app, client, deviceCode, { extra_claims: '{"tenant":"a"}' })
    const claims = JSON.parse(Buffer.from(String(body.access_token).split('.')[1] ?? '', 'base64url').toString())
    expect(claims.tenant).toBe('a')
  })

  test('no record, log line or page contains a device code, user code or token', async () => {
    const client = await app.insertClient({ scopes: 'email profile' })
    const { deviceCode, userCode } = await newCodes(app, client)
    const requestId = await settle(app, session, userCode)
    const page = await (await getPage(app, session, `/device/done?request=${requestId}`)).text()
    const { body } = await poll(app, client, deviceCode)
    await poll(app, client, deviceCode)
    await poll(app, { ...client, secret: 'ago_wrong' }, deviceCode)
    await Bun.sleep(1_300)
    const { q, t } = app.ctx.db
    const kept = JSON.stringify([
      await q.select().from(t.auditLogs),
      await q.select().from(t.deviceCodes),
      await q.select().from(t.pendingRequests),
      app.log(),
    ])
    const plain = userCode.replace('-', '')
    for (const secret of [deviceCode, userCode, plain, body.access_token, body.refresh_token, client.secret]) {
      expect(kept).not.toContain(String(secret))
      expect(page).not.toContain(String(secret))
    }
    expect(kept).not.toContain(requestId)
    const [generated] = await auditRows(app, 'DEVICE_CODE_GENERATED', client.clientId)
    expect(generated?.details).toMatchObject({ user_code: `${userCode.slice(0, 4)}-****`, scopes: 'email profile' })
  })

  test('nothing minted beside a revocation of everything of the user survives it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const client = await publicClient()
      const approver = await app.insertUser({ passwordHash: '' })
      const { deviceCode, userCode } = await newCodes(app, client)
      await settle(app, await app.signIn(approver), userCode)
      const polls = Array.from({ length: 4 }, () => poll(app, client, deviceCode))
      await Promise.all([...polls, commit(app.ctx, revokeTokensOfUser(app.ctx, approver.id)), ...polls])
      const active = (await tokenRows(app, client.clientId)).filter(({ status }) => status === 'active')
      expect(active).toEqual([])
    }
  })

  test('a rotation of SESSION_SECRET between any two steps ends nothing', async () => {
    const client = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    const { SESSION_SECRET } = app.ctx.settings
    const rotated = { SESSION_SECRET: 'n'.repeat(64), SESSION_SECRET_PREVIOUS: SESSION_SECRET }
    const requestId = (await confirmationOf(app, session, userCode)) ?? ''
    const handler = createHandler({ ...app.ctx, secrets: deriveSecrets(rotated) })
    const after: TestApp = {
      ...app,
      postForm: (path, fields, headers) =>
        handler(
          new Request(`http://localhost:8080${path}`, {
            method: 'POST',
            headers: {
              'content-type': 'application/x-www-form-urlencoded',
              'user-agent': 'Firefox/140.0 Linux',
              ...headers,
            },
            body: new URLSearchParams(fields as Record<string, string>).toString(),
          }),
        ),
    }
    expect(await confirmationOf(after, session, userCode)).toMatch(/^[\w-]{43}$/)
    expect((await decideOn(after, session, requestId, 'approve')).status).toBe(303)
    expect((await poll(after, client, deviceCode)).status).toBe(200)
  })

  test('requests, polls and approvals are counted', async () => {
    const client = await publicClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    await poll(app, client, deviceCode)
    await settle(app, session, userCode)
    await poll(app, client, deviceCode)
    await requestCode(app, client)
    const text = await app.ctx.metrics.registry.metrics()
    for (const line of [
      /^oauth_device_codes_total\{result="success"\} \d+$/m,
      /^oauth_device_code_validation_total\{result="pending"\} \d+$/m,
      /^oauth_device_code_validation_total\{result="success"\} \d+$/m,
      /^oauth_device_codes_authorized_total \d+$/m,
      /^oauth_device_code_authorization_duration_seconds_count \d+$/m,
      /^oauth_tokens_issued_total\{token_type="access",grant_type="device_code"\} \d+$/m,
    ])
      expect(text).toMatch(line)
  })
})
