/** POST /oauth/introspect (RFC 7662). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { revokeToken } from '../../src/tokens/revoke'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { auditRows, basic, decode, type Issued, issueMachineToken, issueTokens, outcome } from './support'

const INACTIVE = { active: false }

describe.each(databases)('introspection on %s', (_name, open) => {
  let app: TestApp
  type Client = Awaited<ReturnType<TestApp['insertClient']>>
  let client: Client
  let user: Awaited<ReturnType<TestApp['insertUser']>>
  let tokens: Issued
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { JWT_AUDIENCE: 'api' } })
  })
  afterAll(() => app.close())
  beforeEach(async () => {
    client = await app.insertClient({ scopes: 'read write' })
    user = await app.insertUser()
    tokens = await issueTokens(app, { user, client })
  })

  const ask = (form: Record<string, string>, headers: Record<string, string> = basic(client.clientId, client.secret)) =>
    app.postForm('/oauth/introspect', form, headers)
  const answerFor = async (token: string, caller: Client = client) => {
    const response = await ask({ token }, basic(caller.clientId, caller.secret))
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    return (await response.json()) as Record<string, unknown>
  }

  test('a live access token: exactly the documented members, equal to what the token says (P22, P53)', async () => {
    const { payload } = decode(tokens.access_token)
    const expected = {
      active: true,
      scope: 'read write',
      client_id: client.clientId,
      token_type: 'Bearer',
      exp: payload.exp,
      iat: payload.iat,
      sub: user.id,
      iss: app.ctx.settings.issuer,
      jti: payload.jti,
      aud: 'api',
      username: user.username,
    }
    expect(await answerFor(tokens.access_token)).toEqual(expected)
    const form = { token: tokens.access_token, client_id: client.clientId, client_secret: client.secret }
    expect(await (await ask({ ...form, token_type_hint: 'nonsense' }, {})).json()).toEqual(expected)
  })

  test('a refresh token of the caller, and a machine token without username', async () => {
    expect(await answerFor(tokens.refresh_token)).toMatchObject({ active: true, jti: tokens.refreshTokenId })
    const answer = await answerFor(await issueMachineToken(app, client))
    expect(answer).toMatchObject({ active: true, sub: `client:${client.clientId}` })
    expect(answer).not.toHaveProperty('username')
  })

  test('a token that is not live is inactive, without a word why (RFC 7662 §2.2) [SEC]', async () => {
    const { t, q } = app.ctx.db
    const another = async () => await issueTokens(app, { user: await app.insertUser(), client })
    const revoked = await another()
    await commit(app.ctx, [revokeToken(app.ctx, revoked.accessTokenId)])
    const disabled = await another()
    await q.update(t.accessTokens).set({ status: 'disabled' }).where(eq(t.accessTokens.id, disabled.accessTokenId))
    const ofDisabledUser = await another()
    const owner = decode(ofDisabledUser.access_token).payload.sub as string
    await q.update(t.users).set({ isActive: false }).where(eq(t.users.id, owner))
    const inactiveClient = await app.insertClient({ scopes: 'read write' })
    const ofInactiveClient = await issueTokens(app, { user, client: inactiveClient })
    const which = eq(t.oauthApplications.clientId, inactiveClient.clientId)
    await q.update(t.oauthApplications).set({ status: 'inactive' }).where(which)
    const presented = {
      unknown: 'x',
      revoked: revoked.access_token,
      disabled: disabled.access_token,
      'of a disabled user': ofDisabledUser.access_token,
      'of an inactive client': ofInactiveClient.access_token,
      truncated: tokens.access_token.slice(0, -1),
      'not signed': `${tokens.access_token.split('.').slice(0, 2).join('.')}.`,
    }
    for (const [what, token] of Object.entries(presented))
      expect([what, await answerFor(token)]).toEqual([what, INACTIVE])
  })

  test('the very next call after a revocation says inactive', async () => {
    expect((await answerFor(tokens.access_token)).active).toBe(true)
    await app.postForm('/oauth/revoke', { token: tokens.access_token })
    expect(await answerFor(tokens.access_token)).toEqual(INACTIVE)
  })

  describe('who may learn what (P19) [SEC]', () => {
    const rows: [string, 'access' | 'refresh', boolean, boolean, boolean][] = [
      ['its own client', 'access', true, true, true],
      ['its own client without the flag', 'access', true, false, true],
      ['its own client without the flag', 'refresh', true, false, true],
      ['a resource server', 'access', false, true, true],
      ['a client without the flag', 'access', false, false, false],
      ['a resource server', 'refresh', false, true, false],
      ['a client without the flag', 'refresh', false, false, false],
    ]
    test.each(rows)('%s, %s token', async (_who, kind, own, allowIntrospection, active) => {
      const caller = await app.insertClient({ scopes: 'read write', allowIntrospection })
      const issued = await issueTokens(app, { user: await app.insertUser(), client: own ? caller : client })
      const token = kind === 'access' ? issued.access_token : issued.refresh_token
      const answer = await answerFor(token, caller)
      if (active) expect(answer.active).toBe(true)
      else expect(answer).toEqual(INACTIVE)
    })

    const REQUIRED = [401, 'invalid_client', 'Client authentication required'] as const
    const FAILED = [401, 'invalid_client', 'Client authentication failed'] as const
    const callers: [string, () => Promise<Response>, readonly unknown[]][] = [
      ['nobody', () => ask({ token: tokens.access_token }, {}), REQUIRED],
      ['an id only', () => ask({ token: tokens.access_token, client_id: client.clientId }, {}), REQUIRED],
      ['Basic without secret', () => ask({ token: 'x' }, basic(client.clientId, '')), REQUIRED],
      ['a wrong secret', () => ask({ token: 'x' }, basic(client.clientId, 'ago_wrong')), FAILED],
      ['an unknown client', () => ask({ token: 'x' }, basic(crypto.randomUUID(), client.secret)), FAILED],
      [
        'an inactive client',
        async () => {
          const inactive = await app.insertClient({ status: 'inactive' })
          return ask({ token: 'x' }, basic(inactive.clientId, inactive.secret))
        },
        FAILED,
      ],
      [
        'a public client with whatever secret',
        async () => ask({ token: 'x' }, basic((await app.insertClient({ clientType: 'public' })).clientId, 'ago_any')),
        FAILED,
      ],
    ]
    test.each(callers)('%s is refused with a challenge', async (_who, request, expected) => {
      const response = await request()
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
      expect(await outcome(response)).toEqual([...expected] as never)
    })

    test('without token it is 400, after authentication', async () => {
      expect(await outcome(await ask({}))).toEqual([400, 'invalid_request', 'token parameter is required'])
      expect((await outcome(await ask({}, {})))[0]).toBe(401)
    })
  })

  test('one token asked about again and again is one row and a count', async () => {
    for (let n = 0; n < 10; n += 1) await answerFor(tokens.access_token)
    await commit(app.ctx, [revokeToken(app.ctx, tokens.accessTokenId)])
    for (let n = 0; n < 10; n += 1) await answerFor(tokens.access_token)
    const rows = (await auditRows(app, 'TOKEN_INTROSPECTED')).filter((row) => row.resourceId === tokens.accessTokenId)
    expect(rows.map(({ details }) => details?.active).sort()).toEqual([false, true])
  })

  test('it is audited when there is such a token, active or not; refusals too (P38)', async () => {
    const other = await app.insertClient({ scopes: 'read', allowIntrospection: false })
    await answerFor(tokens.access_token)
    await answerFor(tokens.access_token, other)
    await answerFor('unknown')
    await ask({ token: 'x' }, basic(client.clientId, 'ago_wrong'))
    const rows = (await auditRows(app, 'TOKEN_INTROSPECTED')).filter(({ clientId }) =>
      [client.clientId, other.clientId].includes(clientId),
    )
    const known = rows.filter(({ success }) => success)
    expect(known.map(({ resourceId, actorUserId, details }) => [resourceId, actorUserId, details?.active])).toEqual([
      [tokens.accessTokenId, `client:${client.clientId}`, true],
      [tokens.accessTokenId, `client:${other.clientId}`, false],
    ])
    expect(known[0]?.details).toMatchObject({ token_client_id: client.clientId, token_user_id: user.id })
    expect(rows.filter(({ success }) => !success).map(({ severity, details }) => [severity, details?.reason])).toEqual([
      ['WARNING', 'wrong secret'],
    ])
    expect(JSON.stringify(rows)).not.toContain(tokens.access_token)
  })
})

test('introspection: a token past its exp is inactive; one signed by a retired secret is active (T1)', async () => {
  const former = 'a-former-secret-of-more-than-thirty-two-bytes-0123456789'
  const old = await openTestApp({ settings: { JWT_SECRET: former } })
  const client = await old.insertClient({ scopes: 'read' })
  const { access_token, expires_in } = await issueTokens(old, { user: await old.insertUser(), client, scope: 'read' })
  const form = { token: access_token }
  const { createHandler } = await import('../../src/server')
  const { loadKeyRing } = await import('../../src/tokens/keys')
  const { createCurrentKeyRing } = await import('../../src/tokens/current-key-ring')
  const introspectWith = async (keys: { JWT_SECRET: string; JWT_SECRET_PREVIOUS: string }) => {
    const ring = loadKeyRing({ ...old.ctx.settings, ...keys })
    const response = await createHandler({ ...old.ctx, keys: createCurrentKeyRing(ring) })(
      new Request('http://localhost:8080/oauth/introspect', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic(client.clientId, client.secret) },
        body: new URLSearchParams(form).toString(),
      }),
    )
    return ((await response.json()) as { active: boolean }).active
  }
  const next = 'the-next-secret-of-more-than-thirty-two-bytes-0123456789'
  expect(await introspectWith({ JWT_SECRET: next, JWT_SECRET_PREVIOUS: former })).toBe(true)
  expect(await introspectWith({ JWT_SECRET: next, JWT_SECRET_PREVIOUS: '' })).toBe(false)
  old.clock.advance((expires_in + 1) * 1000)
  expect(await introspectWith({ JWT_SECRET: former, JWT_SECRET_PREVIOUS: '' })).toBe(false)
  await old.close()
})
