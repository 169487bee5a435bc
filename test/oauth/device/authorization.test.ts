/** POST /oauth/device/code (RFC 8628 §3.1, §3.2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../../support/app'
import { databases } from '../../support/databases'
import { auditRows, codeRow, requestCode, type TestClient } from './support'

describe.each(databases)('device authorization endpoint on %s', (_name, open) => {
  let app: TestApp
  let client: TestClient
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'true', DEVICE_CODE_RATE_LIMIT: '100000' } })
    client = await app.insertClient({ clientType: 'public', scopes: 'email profile' })
  })
  afterAll(() => app.close())

  const postJson = (body: unknown) =>
    app.postForm('/oauth/device/code', JSON.stringify(body), { 'content-type': 'application/json' })
  const outcome = async (response: Response) => {
    const { error, error_description } = (await response.json()) as Record<string, unknown>
    return [response.status, error, error_description]
  }

  test('answers codes, addresses and times; nothing may be cached', async () => {
    const { status, body, headers } = await requestCode(app, client)
    expect(status).toBe(200)
    const userCode = String(body.user_code)
    expect(body).toEqual({
      device_code: expect.stringMatching(/^[0-9a-f]{40}$/),
      user_code: expect.stringMatching(/^[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}$/),
      verification_uri: 'http://localhost:8080/device',
      verification_uri_complete: `http://localhost:8080/device?user_code=${userCode}`,
      expires_in: 1800,
      interval: 5,
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('www-authenticate')).toBeNull()
  })

  test('the addresses stand below a prefix of BASE_URL, without a double slash', async () => {
    const prefixed = await openTestApp({ open, settings: { BASE_URL: 'https://id.example/auth/' } })
    const own = await prefixed.insertClient({ clientType: 'public' })
    const response = await prefixed.postForm('/auth/oauth/device/code', { client_id: own.clientId })
    expect(await response.json()).toMatchObject({ verification_uri: 'https://id.example/auth/device' })
    await prefixed.close()
  })

  test('reads JSON as well as a form', async () => {
    const own = await app.insertClient({ clientType: 'public', scopes: 'read write' })
    const response = await postJson({ client_id: own.clientId, scope: 'write', other: 1 })
    expect(response.status).toBe(200)
    expect((await codeRow(app, own.clientId)).scopes).toBe('write')
  })

  test('no client_id: in an empty form, of another type in JSON, or in the URL only', async () => {
    const refused = [400, 'invalid_request', 'client_id is required']
    expect(await outcome(await app.postForm('/oauth/device/code', {}))).toEqual(refused)
    expect(await outcome(await postJson({ client_id: 5 }))).toEqual(refused)
    expect(await outcome(await postJson(null))).toEqual(refused)
    expect(await outcome(await app.postForm(`/oauth/device/code?client_id=${client.clientId}`, {}))).toEqual(refused)
  })

  test('a repeated parameter, another media type and broken JSON are refused', async () => {
    const repeated = `client_id=${client.clientId}&client_id=${client.clientId}`
    expect((await outcome(await app.postForm('/oauth/device/code', repeated)))[1]).toBe('invalid_request')
    const form = `client_id=${client.clientId}`
    const plain = await app.postForm('/oauth/device/code', form, { 'content-type': 'text/plain' })
    expect((await outcome(plain))[1]).toBe('invalid_request')
    const broken = await app.postForm('/oauth/device/code', '{', { 'content-type': 'application/json' })
    expect((await outcome(broken))[1]).toBe('invalid_request')
  })

  test('unknown, inactive and pending clients, and those without the flow', async () => {
    const inactive = await app.insertClient({ clientType: 'public', status: 'inactive' })
    const pending = await app.insertClient({ clientType: 'public', status: 'pending' })
    const off = await app.insertClient({ clientType: 'public', enableDeviceFlow: false })
    const ask = (clientId: string) => app.postForm('/oauth/device/code', { client_id: clientId }).then(outcome)
    expect(await ask(crypto.randomUUID())).toEqual([400, 'invalid_client', 'Unknown client_id'])
    expect(await ask(inactive.clientId)).toEqual([400, 'invalid_client', 'Client is inactive'])
    expect(await ask(pending.clientId)).toEqual([400, 'invalid_client', 'Client is inactive'])
    expect(await ask(off.clientId)).toEqual([
      400,
      'unauthorized_client',
      'Device authorization flow is not enabled for this client',
    ])
  })

  test('a confidential client authenticates; who sends a secret is not told why it was refused', async () => {
    const confidential = await app.insertClient()
    const refused = [401, 'invalid_client', 'Client authentication failed']
    const ask = async (clientId: string, secret?: string) => {
      const fields = { client_id: clientId, ...(secret !== undefined && { client_secret: secret }) }
      const response = await app.postForm('/oauth/device/code', fields)
      if (response.status === 401) expect(response.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
      return outcome(response)
    }
    const inactive = await app.insertClient({ status: 'inactive' })
    expect(await ask(confidential.clientId)).toEqual(refused)
    expect(await ask(confidential.clientId, 'wrong')).toEqual(refused)
    expect(await ask(crypto.randomUUID(), 'wrong')).toEqual(refused)
    expect(await ask(inactive.clientId, inactive.secret)).toEqual(refused)
    expect((await ask(confidential.clientId, confidential.secret))[0]).toBe(200)
    // A public client's secret proves nothing and is ignored.
    expect((await ask(client.clientId, 'anything'))[0]).toBe(200)
  })

  test.each([
    [undefined, 'email profile', 'email profile'],
    ['', 'email profile', 'email profile'],
    ['read write', 'email profile', 'email profile'],
    ['admin', 'email profile', 'email profile'],
    ['profile', 'email profile', 'profile'],
    ['profile email profile', 'email profile', 'profile email'],
    ['admin read', 'read write', 'read'],
    ['admin', 'read write', 'read write'],
    [undefined, 'read profile', 'profile'],
    ['x', '', ''],
  ])('scope %p for a client with %p is narrowed to %p, never refused', async (asked, registered, granted) => {
    const own = await app.insertClient({ clientType: 'public', scopes: registered })
    const { status } = await requestCode(app, own, asked === undefined ? {} : { scope: asked })
    expect(status).toBe(200)
    expect((await codeRow(app, own.clientId)).scopes).toBe(granted)
  })

  test('a malformed scope is refused (RFC 6749 §3.3)', async () => {
    for (const scope of ['a\tb', 'a  b', 'a"b', 'é', 'a\\b', 'x'.repeat(1001)])
      expect((await requestCode(app, client, { scope })).body.error).toBe('invalid_scope')
  })

  test('a user code that is taken is replaced by another', async () => {
    const own = await app.insertClient({ clientType: 'public' })
    let calls = 0
    const random = {
      ...app.ctx.random,
      bytes: (length: number) => {
        calls += 1
        // Device code and user code in turn; the user code of the first two rows is the same.
        return length === 8 && calls <= 5 ? new Uint8Array(length) : app.ctx.random.bytes(length)
      },
    }
    const { createHandler } = await import('../../../src/server')
    const handler = createHandler({ ...app.ctx, random })
    const ask = async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const body = `client_id=${own.clientId}`
      const request = new Request('http://localhost:8080/oauth/device/code', { method: 'POST', headers, body })
      return (await (await handler(request)).json()) as { user_code: string }
    }
    const first = await ask()
    const second = await ask()
    expect(first.user_code).toBe('AAAA-AAAA')
    expect(second.user_code).toMatch(/^[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}$/)
    expect(second.user_code).not.toBe(first.user_code)
  })

  test('live codes of one client from one address are limited; other addresses and clients are not', async () => {
    const own = await app.insertClient({ clientType: 'public' })
    const unlimited = await openTestApp({ open })
    const free = await unlimited.insertClient({ clientType: 'public' })
    const fill = async (each: TestApp, of: TestClient) => {
      const [{ body }] = [await requestCode(each, of)]
      expect(body.error).toBeUndefined()
      const { q, t } = each.ctx.db
      const row = await codeRow(each, of.clientId)
      const copies = Array.from({ length: 999 }, (_, n) => ({
        ...row,
        id: crypto.randomUUID(),
        deviceCodeHash: `${of.clientId}${n}`,
        userCodeHash: `${of.clientId}${n}`,
      }))
      for (let at = 0; at < copies.length; at += 250) await q.insert(t.deviceCodes).values(copies.slice(at, at + 250))
    }
    await fill(app, own)
    const { status, body, headers } = await requestCode(app, own)
    expect([status, body.error]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await requestCode(app, own, {}, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(200)
    expect((await requestCode(app, client)).status).toBe(200)
    app.clock.advance(30 * 60_000)
    expect((await requestCode(app, own)).status).toBe(200)
    await fill(unlimited, free)
    expect((await requestCode(unlimited, free)).status).toBe(200)
    await unlimited.close()
  })

  test('refused requests leave a record', async () => {
    const off = await app.insertClient({ enableDeviceFlow: false })
    await requestCode(app, { ...off, secret: 'wrong' })
    await Bun.sleep(1_300)
    const [record] = await auditRows(app, 'DEVICE_CODE_GENERATED', off.clientId)
    expect(record).toMatchObject({ success: false, severity: 'WARNING' })
  })
})
