/** Client authentication: reading credentials, and the matrix of methods, kinds of client and mistakes. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { hashClientSecret } from '../../src/clients/secret'
import { OAuthError } from '../../src/edge/oauth-error'
import { presentedCredentials } from '../../src/oauth/client-authentication'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { auditRows, basic, issueTokens, outcome } from './support'

const headers = (authorization?: string) => new Headers(authorization === undefined ? {} : { authorization })
const encoded = (text: string | Uint8Array) => Buffer.from(text as string).toString('base64')

describe('credentials of a request (RFC 6749 §2.3.1)', () => {
  const read = (authorization: string | undefined, form: Record<string, string> = {}) => {
    try {
      return presentedCredentials(headers(authorization), form)
    } catch (error) {
      if (error instanceof OAuthError) return [error.status, error.error, error.description]
      throw error
    }
  }
  const MULTIPLE = [400, 'invalid_request', 'Multiple client authentication methods']
  const FAILED = [401, 'invalid_client', 'Client authentication failed']

  test.each([
    ['nothing', undefined, {}, { method: 'none' }],
    ['an id', undefined, { client_id: 'a' }, { clientId: 'a', method: 'none' }],
    [
      'body',
      undefined,
      { client_id: 'a', client_secret: 's' },
      { clientId: 'a', secret: 's', method: 'client_secret_post' },
    ],
    ['Basic', `Basic ${encoded('a:s')}`, {}, { clientId: 'a', secret: 's', method: 'client_secret_basic' }],
    [
      'the scheme in any case',
      `bASIC  ${encoded('a:s')}`,
      {},
      { clientId: 'a', secret: 's', method: 'client_secret_basic' },
    ],
    [
      'the same id twice',
      `Basic ${encoded('a:s')}`,
      { client_id: 'a' },
      { clientId: 'a', secret: 's', method: 'client_secret_basic' },
    ],
    [
      'form-encoded halves',
      `Basic ${encoded('a%2Db:s%5Ft%3A%20+x')}`,
      {},
      { clientId: 'a-b', secret: 's_t:  x', method: 'client_secret_basic' },
    ],
    [
      'a colon in the secret',
      `Basic ${encoded('a:s:t')}`,
      {},
      { clientId: 'a', secret: 's:t', method: 'client_secret_basic' },
    ],
    [
      'halves that are not form-encoded',
      `Basic ${encoded('a:100%')}`,
      {},
      { clientId: 'a', secret: '100%', method: 'client_secret_basic' },
    ],
    ['an empty secret', `Basic ${encoded('a:')}`, {}, { clientId: 'a', method: 'client_secret_basic' }],
    ['another scheme', 'Bearer x', { client_id: 'a' }, { clientId: 'a', method: 'none' }],
  ])('%s', (_what, authorization, form, expected) => {
    expect(read(authorization, form)).toEqual(expected as ReturnType<typeof read>)
  })

  test.each([
    ['Basic and a secret in the body', `Basic ${encoded('a:s')}`, { client_secret: 's' }],
    ['Basic and the same secret in the body', `Basic ${encoded('a:s')}`, { client_id: 'a', client_secret: 's' }],
    ['two client ids', `Basic ${encoded('a:s')}`, { client_id: 'b' }],
  ])('%s are two methods at once [SEC]', (_what, authorization, form) => {
    expect(read(authorization, form)).toEqual(MULTIPLE)
  })

  test.each([
    ['no credentials after the scheme', 'Basic'],
    ['not base64', 'Basic a:b'],
    ['url-safe base64', 'Basic _-_-'],
    ['no colon', `Basic ${encoded('abc')}`],
    ['an empty id', `Basic ${encoded(':secret')}`],
    ['invalid UTF-8', `Basic ${encoded(new Uint8Array([0xff, 0x3a, 0x61]))}`],
    ['NUL', `Basic ${encoded('a%00:b')}`],
    ['two headers', `Basic ${encoded('a:s')}, Basic ${encoded('b:s')}`],
  ])('a Basic header with %s is a failed authentication', (_what, authorization) => {
    expect(read(authorization)).toEqual(FAILED)
  })
})

describe.each(databases)('client authentication at the token endpoint on %s', (_name, open) => {
  let app: TestApp
  let user: Awaited<ReturnType<TestApp['insertUser']>>
  beforeAll(async () => {
    app = await openTestApp({ open })
    user = await app.insertUser()
  })
  afterAll(() => app.close())

  type Client = Awaited<ReturnType<TestApp['insertClient']>>
  /** Public clients have a secret too, as the client made at the first start has; it must prove nothing. */
  async function insertClient(overrides: Parameters<TestApp['insertClient']>[0] = {}): Promise<Client> {
    const known = overrides.clientType === 'public' ? { clientSecret: hashClientSecret(app.ctx, 'ago_known') } : {}
    const client = await app.insertClient({ scopes: 'read write', ...known, ...overrides })
    return { ...client, secret: client.secret || 'ago_known' }
  }

  /** Refreshes a fresh token of `client` with the given credentials. */
  async function refresh(client: Client, form: Record<string, string>, sent: Record<string, string> = {}) {
    const { refresh_token } = await issueTokens(app, { user: await app.insertUser(), client })
    return await app.postForm('/oauth/token', { grant_type: 'refresh_token', refresh_token, ...form }, sent)
  }

  const WRONG = 'ago_wrong'
  type Send = (client: Client) => [form: Record<string, string>, headers: Record<string, string>]
  const sends: Record<string, Send> = {
    'Basic, right secret': (c) => [{}, basic(c.clientId, c.secret)],
    'Basic, form-encoded': (c) => [{}, basic(c.clientId.replaceAll('-', '%2D'), c.secret.replaceAll('_', '%5F'))],
    'Basic and body id': (c) => [{ client_id: c.clientId }, basic(c.clientId, c.secret)],
    'Basic, wrong secret': (c) => [{}, basic(c.clientId, WRONG)],
    'Basic, no secret': (c) => [{}, basic(c.clientId, '')],
    'body, right secret': (c) => [{ client_id: c.clientId, client_secret: c.secret }, {}],
    'body, wrong secret': (c) => [{ client_id: c.clientId, client_secret: WRONG }, {}],
    'id only': (c) => [{ client_id: c.clientId }, {}],
  }
  const MATRIX: [string, 'confidential' | 'public', number][] = [
    ['Basic, right secret', 'confidential', 200],
    ['Basic, form-encoded', 'confidential', 200],
    ['Basic and body id', 'confidential', 200],
    ['Basic, wrong secret', 'confidential', 401],
    ['Basic, no secret', 'confidential', 401],
    ['body, right secret', 'confidential', 200],
    ['body, wrong secret', 'confidential', 401],
    ['id only', 'confidential', 401],
    ['Basic, right secret', 'public', 200],
    ['Basic, wrong secret', 'public', 200],
    ['Basic, no secret', 'public', 200],
    ['body, right secret', 'public', 200],
    ['body, wrong secret', 'public', 200],
    ['id only', 'public', 200],
  ]
  test.each(MATRIX)('%s by a %s client is %i (P2, P3)', async (how, clientType, status) => {
    const client = await insertClient({ clientType })
    const response = await refresh(client, ...(sends[how] as Send)(client))
    expect(response.status).toBe(status)
    if (status === 200) return
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await outcome(response)).toEqual([401, 'invalid_client', 'Client authentication failed'])
  })

  test('every failure looks the same: unknown, pending, inactive, wrong secret, no secret (P20) [SEC]', async () => {
    const active = await insertClient({ clientType: 'confidential' })
    const pending = await insertClient({ clientType: 'confidential', status: 'pending' })
    const inactive = await insertClient({ clientType: 'confidential', status: 'inactive' })
    const inactivePublic = await insertClient({ clientType: 'public', status: 'inactive' })
    const attempts: [string, string][] = [
      [crypto.randomUUID(), active.secret],
      ['not a uuid \u{1f511}', 'x'],
      ['x'.repeat(5_000), 'x'],
      [pending.clientId, pending.secret],
      [inactive.clientId, inactive.secret],
      [inactivePublic.clientId, inactivePublic.secret],
      [active.clientId, WRONG],
      [active.clientId, active.secret.slice(0, -1)],
      [active.clientId, `${active.secret} `],
      [active.clientId, active.secret.toUpperCase()],
    ]
    const answers = new Set<string>()
    for (const [id, secret] of attempts) {
      const response = await app.postForm('/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: id,
        client_secret: secret,
      })
      answers.add(`${response.status} ${response.headers.get('www-authenticate')} ${await response.text()}`)
    }
    expect([...answers]).toEqual([
      '401 Basic realm="authgate" {"error":"invalid_client","error_description":"Client authentication failed"}',
    ])
  })

  test('a secret in the body beside Basic is 400, whichever is right (RFC 6749 §2.3) [SEC]', async () => {
    const client = await insertClient({ clientType: 'confidential' })
    const response = await refresh(client, { client_secret: client.secret }, basic(client.clientId, client.secret))
    expect(await outcome(response)).toEqual([400, 'invalid_request', 'Multiple client authentication methods'])
  })

  test('another client’s valid credentials do not redeem the token (RFC 6749 §6) [SEC]', async () => {
    const owner = await insertClient({ clientType: 'confidential' })
    const other = await insertClient({ clientType: 'confidential' })
    const { refresh_token } = await issueTokens(app, { user, client: owner })
    const form = { grant_type: 'refresh_token', refresh_token }
    const foreign = await app.postForm('/oauth/token', form, basic(other.clientId, other.secret))
    expect(foreign.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
    expect(await outcome(foreign)).toEqual([401, 'invalid_client', 'Client authentication failed'])
    const own = await app.postForm('/oauth/token', form, basic(owner.clientId, owner.secret))
    expect(own.status).toBe(200)
  })

  test('a taken-over bcrypt hash verifies and is replaced at its first use (P37)', async () => {
    const secret = 'ago_imported'
    const imported = await Bun.password.hash(secret, { algorithm: 'bcrypt', cost: 4 })
    const client = await insertClient({ clientType: 'confidential', clientSecret: imported, imported: true })
    const stored = async () => {
      const { oauthApplications } = app.ctx.db.t
      const rows = app.ctx.db.q.select().from(oauthApplications)
      return (await rows.where(eq(oauthApplications.clientId, client.clientId)))[0]?.clientSecret
    }
    expect((await refresh(client, {}, basic(client.clientId, WRONG))).status).toBe(401)
    expect(await stored()).toBe(imported)
    expect((await refresh(client, {}, basic(client.clientId, secret))).status).toBe(200)
    expect(await stored()).toStartWith('hmac-sha256$')
    expect((await refresh(client, {}, basic(client.clientId, secret))).status).toBe(200)
  })

  test('the previous secret is accepted until its overlap ends', async () => {
    const client = await insertClient({
      clientType: 'confidential',
      previousClientSecret: hashClientSecret(app.ctx, 'ago_previous'),
      previousSecretExpiresAt: new Date(app.ctx.clock.now() + 60_000),
    })
    expect((await refresh(client, {}, basic(client.clientId, 'ago_previous'))).status).toBe(200)
    expect((await refresh(client, {}, basic(client.clientId, client.secret))).status).toBe(200)
    app.clock.advance(60_000)
    expect((await refresh(client, {}, basic(client.clientId, 'ago_previous'))).status).toBe(401)
    expect((await refresh(client, {}, basic(client.clientId, client.secret))).status).toBe(200)
  })

  test('a client that registered itself uses the method it named (RFC 7591 §2)', async () => {
    const client = await insertClient({
      clientType: 'confidential',
      origin: 'registration',
      tokenEndpointAuthMethod: 'client_secret_basic',
    })
    const post = await refresh(client, { client_id: client.clientId, client_secret: client.secret })
    expect(post.status).toBe(401)
    expect((await refresh(client, {}, basic(client.clientId, client.secret))).status).toBe(200)
  })

  test('failures are audited with their reason, floods as a count, and never with a secret (P38) [SEC]', async () => {
    const client = await insertClient({ clientType: 'confidential' })
    for (let n = 0; n < 20; n += 1) await refresh(client, {}, basic(client.clientId, 'ago_guess'))
    const rows = (await auditRows(app, 'TOKEN_REFRESHED')).filter(
      (row) => row.clientId === client.clientId && !row.success,
    )
    expect(rows.length).toBe(1)
    expect(rows[0]).toMatchObject({
      severity: 'WARNING',
      requestPath: '/oauth/token',
      details: { error: 'invalid_client', reason: 'wrong secret' },
    })
    expect(JSON.stringify(await auditRows(app))).not.toContain('ago_guess')
    expect(JSON.stringify(app.log())).not.toContain('ago_guess')
  })
})

describe('STRICT_CLIENT_AUTH=false, for migration only', () => {
  test('confidential clients may refresh without their secret, each use a warning; wrong ones stay refused', async () => {
    const app = await openTestApp({ settings: { STRICT_CLIENT_AUTH: 'false' } })
    const client = await app.insertClient({ clientType: 'confidential', scopes: 'read' })
    const { refresh_token } = await issueTokens(app, { user: await app.insertUser(), client, scope: 'read' })
    const form = { grant_type: 'refresh_token', refresh_token, client_id: client.clientId }
    expect((await app.postForm('/oauth/token', form)).status).toBe(200)
    expect((await app.postForm('/oauth/token', { ...form, client_secret: 'ago_wrong' })).status).toBe(401)
    const warnings = (await auditRows(app, 'TOKEN_REFRESHED')).filter(
      ({ severity, success }) => severity === 'WARNING' && success,
    )
    expect(warnings.map(({ clientId }) => clientId)).toEqual([client.clientId])
    await app.close()
  })
})
