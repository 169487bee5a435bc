/** The client credentials grant (RFC 6749 §4.4). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { revokeTokensOfClient } from '../../src/tokens/revoke'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { auditRows, basic, bearer, decode, outcome, tokenRow } from './support'

type Answer = { access_token: string; scope: string; expires_in: number; refresh_token?: string; id_token?: string }

describe.each(databases)('client credentials on %s', (_name, open) => {
  let app: TestApp
  let client: Awaited<ReturnType<TestApp['insertClient']>>
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())
  beforeEach(async () => {
    client = await app.insertClient({ scopes: 'openid read write offline_access' })
  })

  const ask = (form: Record<string, string> = {}, headers = basic(client.clientId, client.secret)) =>
    app.postForm('/oauth/token', { grant_type: 'client_credentials', ...form }, headers)
  const issued = async (form: Record<string, string> = {}): Promise<Answer> => {
    const response = await ask(form)
    expect(response.status).toBe(200)
    return (await response.json()) as Answer
  }

  test.each([
    ['Basic', () => ask()],
    ['body', () => ask({ client_id: client.clientId, client_secret: client.secret }, {})],
  ])('%s: an access token of the client itself, without refresh and ID token', async (_what, request) => {
    const response = await request()
    expect(response.headers.get('cache-control')).toBe('no-store')
    const answer = (await response.json()) as Answer
    expect(Object.keys(answer).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
    const { header, payload } = decode(answer.access_token)
    const subject = `client:${client.clientId}`
    expect(header.typ).toBe('JWT')
    expect(payload).toMatchObject({ sub: subject, user_id: subject, client_id: client.clientId, type: 'access' })
    expect(payload.extra_uid).toBeUndefined()
    expect(await tokenRow(app, payload.jti as string)).toMatchObject({
      userId: subject,
      grantType: 'client_credentials',
      tokenFamilyId: null,
      authorizationId: null,
      scopes: 'read write',
    })
    const info = await app.get('/oauth/tokeninfo', { headers: bearer(answer.access_token) })
    expect(await info.json()).toMatchObject({ subject_type: 'client', user_id: subject })
  })

  test.each(['short', 'standard', 'long'])('its life is the same for every profile: %s', async (tokenProfile) => {
    client = await app.insertClient({ scopes: 'read', tokenProfile })
    const { expires_in } = await issued()
    expect(expires_in).toBeGreaterThan(3590)
    expect(expires_in).toBeLessThanOrEqual(3600)
  })

  test('every call makes a new token; older ones stay valid', async () => {
    const [first, second] = [await issued(), await issued()]
    expect(first.access_token).not.toBe(second.access_token)
    for (const { access_token } of [first, second])
      expect((await app.get('/oauth/tokeninfo', { headers: bearer(access_token) })).status).toBe(200)
  })

  describe('scope (P16)', () => {
    test('nothing asked for: the client’s scopes without those of users [SEC]', async () => {
      expect((await issued()).scope).toBe('read write')
    })

    test('a subset, normalised', async () => {
      expect((await issued({ scope: 'write' })).scope).toBe('write')
      expect((await issued({ scope: 'write read write' })).scope).toBe('write read')
    })

    const REFUSED = [
      400,
      'invalid_scope',
      'Requested scope exceeds client permissions or contains restricted scopes (openid, offline_access are not permitted)',
    ] as const
    test.each(['admin', 'read admin', 'openid', 'read offline_access', 'READ'])(
      '%s is refused whole [SEC]',
      async (scope) => {
        expect(await outcome(await ask({ scope }))).toEqual([...REFUSED])
      },
    )

    test.each(['openid offline_access', ''])('a client that has only %j gets no token [SEC]', async (scopes) => {
      client = await app.insertClient({ scopes })
      expect(await outcome(await ask())).toEqual([...REFUSED])
    })
  })

  describe('who may (P20) [SEC]', () => {
    const REQUIRED =
      'Client authentication required: use HTTP Basic Auth or provide client_id and client_secret in the request body'
    test.each([
      ['nothing', () => ask({}, {})],
      ['an id only', () => ask({ client_id: client.clientId }, {})],
      ['a secret only', () => ask({ client_secret: client.secret }, {})],
      ['Basic without secret', () => ask({}, basic(client.clientId, ''))],
    ])('%s is no authentication', async (_what, request) => {
      const response = await request()
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
      expect(await outcome(response)).toEqual([401, 'invalid_client', REQUIRED])
    })

    test('wrong, unknown, inactive and public all look the same', async () => {
      const inactive = await app.insertClient({ status: 'inactive' })
      const open = await app.insertClient({ clientType: 'public' })
      const attempts = [
        basic(client.clientId, 'ago_wrong'),
        basic(crypto.randomUUID(), client.secret),
        basic(inactive.clientId, inactive.secret),
        basic(open.clientId, 'ago_any'),
      ]
      for (const headers of attempts)
        expect(await outcome(await ask({}, headers))).toEqual([401, 'invalid_client', 'Client authentication failed'])
    })

    test('the switch of the flow shows only to who authenticated', async () => {
      client = await app.insertClient({ enableClientCredentialsFlow: false })
      expect((await outcome(await ask({}, basic(client.clientId, 'ago_wrong'))))[1]).toBe('invalid_client')
      expect(await outcome(await ask())).toEqual([
        400,
        'unauthorized_client',
        'Client credentials flow is not enabled for this client',
      ])
    })

    test('STRICT_CLIENT_AUTH=false opens nothing here', async () => {
      const lenient = await openTestApp({ settings: { STRICT_CLIENT_AUTH: 'false' } })
      const { clientId } = await lenient.insertClient({ scopes: 'read' })
      for (const headers of [{}, basic(clientId, '')]) {
        const form = { grant_type: 'client_credentials', client_id: clientId }
        expect((await lenient.postForm('/oauth/token', form, headers)).status).toBe(401)
      }
      await lenient.close()
    })
  })

  test('extra_claims land in the token', async () => {
    const { payload } = decode((await issued({ extra_claims: '{"tenant":"a"}' })).access_token)
    expect(payload.tenant).toBe('a')
    expect(await outcome(await ask({ extra_claims: '{"sub":"admin"}' }))).toEqual([
      400,
      'invalid_request',
      'reserved claim key: "sub"',
    ])
  })

  test('a token that was issued on what a bulk revocation changed does not survive it (T31) [SEC]', async () => {
    const answers: { readonly arrived: number; readonly token: string }[] = []
    let clock = 0
    const racing = Array.from({ length: 64 }, async () => {
      const response = await ask()
      expect([200, 503]).toContain(response.status)
      if (response.status === 200)
        answers.push({ arrived: clock++, token: ((await response.json()) as Answer).access_token })
    })
    await racing[0]
    const begun = clock
    await commit(app.ctx, revokeTokensOfClient(app.ctx, client.clientId))
    await Promise.all(racing)
    for (const { arrived, token } of answers) {
      const { status } = await app.get('/oauth/tokeninfo', { headers: bearer(token) })
      // What was answered before the revocation began is dead; later ones may have seen the client as it is now.
      if (arrived < begun) expect(status).toBe(401)
    }
    const { accessTokens } = app.ctx.db.t
    const rows = await app.ctx.db.q.select().from(accessTokens).where(eq(accessTokens.clientId, client.clientId))
    expect(rows.length).toBe(answers.length)
  })

  test('issuance is audited in its commit and counted; refusals are audited (P38)', async () => {
    const { access_token } = await issued()
    await ask({}, basic(client.clientId, 'ago_wrong'))
    const rows = (await auditRows(app, 'CLIENT_CREDENTIALS_TOKEN_ISSUED')).filter(
      (row) => row.clientId === client.clientId,
    )
    expect(rows.find(({ success }) => success)).toMatchObject({
      severity: 'INFO',
      actorUserId: `client:${client.clientId}`,
      resourceId: decode(access_token).payload.jti as string,
    })
    expect(rows.find(({ success }) => !success)).toMatchObject({
      severity: 'WARNING',
      details: { error: 'invalid_client', reason: 'wrong secret' },
    })
    expect(await app.ctx.metrics.registry.metrics()).toMatch(
      /oauth_tokens_issued_total\{token_type="access",grant_type="client_credentials"\} \d+/,
    )
  })
})

describe('resource indicators (RFC 8707 §2, T10)', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings: { JWT_AUDIENCE: 'https://a.example,https://b.example/x' } })
  })
  afterAll(() => app.close())
  const ask = async (parameters: string) => {
    const { clientId, secret } = await app.insertClient({ scopes: 'read' })
    return await app.postForm('/oauth/token', `grant_type=client_credentials${parameters}`, basic(clientId, secret))
  }

  test.each([
    ['', ['https://a.example', 'https://b.example/x']],
    ['&resource=https://a.example', 'https://a.example'],
    ['&resource=https://b.example/x&resource=https://a.example', ['https://b.example/x', 'https://a.example']],
    ['&resource=https://a.example&resource=https://a.example', 'https://a.example'],
  ])('%j narrows the audience', async (parameters, aud) => {
    const { access_token } = (await (await ask(parameters)).json()) as Answer
    expect(decode(access_token).payload.aud).toEqual(aud)
  })

  test.each(['&resource=https://c.example', '&resource=https://a.example&resource=https://c.example', '&resource=%20'])(
    '%j is invalid_target: a caller adds no audience [SEC]',
    async (parameters) => {
      expect((await outcome(await ask(parameters))).slice(0, 2)).toEqual([400, 'invalid_target'])
    },
  )
})

test('CLIENT_CREDENTIALS_TOKEN_EXPIRATION is the life of a machine token', async () => {
  const app = await openTestApp({ settings: { CLIENT_CREDENTIALS_TOKEN_EXPIRATION: '2m' } })
  const client = await app.insertClient({ scopes: 'read' })
  const form = { grant_type: 'client_credentials' }
  const response = await app.postForm('/oauth/token', form, basic(client.clientId, client.secret))
  expect(((await response.json()) as Answer).expires_in).toBeLessThanOrEqual(120)
  await app.close()
})
