/** GET /oauth/tokeninfo, and how bearer tokens are read (RFC 6750 §2.1, §3). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { SignJWT } from 'jose'
import { commit } from '../../src/db/commit'
import { DatabaseUnavailable } from '../../src/db/errors'
import { presentedBearer } from '../../src/oauth/bearer'
import { createHandler } from '../../src/server'
import { revokeFamily, revokeToken } from '../../src/tokens/revoke'
import { disableToken } from '../../src/tokens/status'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { bearer, decode, type Issued, issueMachineToken, issueTokens, outcome } from './support'

const JWS = 'aaa.bbb.ccc'

describe('the bearer token of a request', () => {
  test.each([
    [undefined, { form: 'none' }],
    ['', { form: 'none' }],
    [`Bearer ${JWS}`, { form: 'bearer', token: JWS }],
    [`bearer ${JWS}`, { form: 'bearer', token: JWS }],
    [`BEARER   ${JWS}`, { form: 'bearer', token: JWS }],
    ['Bearer abc==', { form: 'bearer', token: 'abc==' }],
    [JWS, { form: 'naked', token: JWS }],
    ['Bearer', { form: 'unreadable' }],
    ['Bearer ', { form: 'unreadable' }],
    [`Bearer${JWS}`, { form: 'naked', token: `Bearer${JWS}` }],
    [`Bearer ${JWS} x`, { form: 'unreadable' }],
    [`Bearer ${JWS}, Bearer ${JWS}`, { form: 'unreadable' }],
    [`Bearer ${JWS},`, { form: 'unreadable' }],
    [`Basic ${JWS}`, { form: 'unreadable' }],
    ['a.b', { form: 'unreadable' }],
  ])('%j', (header, expected) => {
    const headers = new Headers(header === undefined ? {} : { authorization: header })
    expect(presentedBearer(headers)).toEqual(expected as ReturnType<typeof presentedBearer>)
  })

  test('two headers are not one token [SEC]', () => {
    const headers = new Headers([
      ['authorization', `Bearer ${JWS}`],
      ['authorization', `Bearer ${JWS}`],
    ])
    expect(presentedBearer(headers)).toEqual({ form: 'unreadable' })
  })
})

describe.each(databases)('tokeninfo on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())

  let user: Awaited<ReturnType<TestApp['insertUser']>>
  let client: Awaited<ReturnType<TestApp['insertClient']>>
  let tokens: Issued
  beforeEach(async () => {
    user = await app.insertUser()
    client = await app.insertClient({ clientType: 'public', scopes: 'read write' })
    tokens = await issueTokens(app, { user, client })
  })

  const ask = (authorization?: string) =>
    app.get('/oauth/tokeninfo', authorization === undefined ? {} : { headers: { authorization } })
  const REFUSED = [401, 'invalid_token', 'Token is invalid or expired'] as const

  test('a live token of a user: exactly the documented members', async () => {
    const response = await ask(`Bearer ${tokens.access_token}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { payload } = decode(tokens.access_token)
    expect(await response.json()).toEqual({
      active: true,
      user_id: user.id,
      client_id: client.clientId,
      scope: 'read write',
      exp: payload.exp,
      iss: app.ctx.settings.issuer,
      subject_type: 'user',
    })
    expect(payload.iss).toBe(app.ctx.settings.issuer)
  })

  test('a live machine token has subject_type client', async () => {
    const machine = await app.insertClient({
      clientType: 'confidential',
      enableClientCredentialsFlow: true,
      scopes: 'read',
    })
    const response = await ask(`bearer  ${await issueMachineToken(app, machine)}`)
    expect(await response.json()).toMatchObject({ user_id: `client:${machine.clientId}`, subject_type: 'client' })
  })

  test('no header: missing_token, and a challenge without error (RFC 6750 §3)', async () => {
    const response = await ask()
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="authgate"')
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ error: 'missing_token' })
  })

  test('a JWT without scheme is still read, and that is logged without the token', async () => {
    expect((await ask(tokens.access_token)).status).toBe(200)
    const log = JSON.stringify(app.log())
    expect(log).toContain('deprecated')
    expect(log).not.toContain(tokens.access_token)
  })

  test('whatever is wrong with a token, the answer is the same (P21) [SEC]', async () => {
    const { clock, keys, settings } = app.ctx
    const [head = '', body = '', signature = ''] = tokens.access_token.split('.')
    const claims = decode(tokens.access_token).payload
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const foreign = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new Uint8Array(32))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const otherAlgorithm = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT' }).sign(privateKey)
    const signed = async (payload: unknown, typ: 'JWT' | 'rt+jwt' = 'JWT') => {
      const input = `${keys.active.headers[typ]}.${encode(payload)}`
      return `${input}.${await keys.active.sign(input)}`
    }
    const seconds = Math.floor(clock.now() / 1000)
    const presented: Record<string, string> = {
      garbage: 'Bearer garbage',
      'another scheme': `Basic ${tokens.access_token}`,
      'an empty token': 'Bearer ',
      'a refresh token': `Bearer ${tokens.refresh_token}`,
      'a refresh token without scheme': tokens.refresh_token,
      'a key of somebody else': `Bearer ${foreign}`,
      'another algorithm': `Bearer ${otherAlgorithm}`,
      'alg none without signature': `Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
      'alg none with signature': `Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${body}.${signature}`,
      truncated: `Bearer ${tokens.access_token.slice(0, -1)}`,
      extended: `Bearer ${tokens.access_token}A`,
      'changed payload': `Bearer ${head}.${encode({ ...claims, scope: 'admin' })}.${signature}`,
      'signed by us but never issued': `Bearer ${await signed({ ...claims, jti: crypto.randomUUID() })}`,
      'the typ of a refresh token': `Bearer ${await signed(claims, 'rt+jwt')}`,
      'another issuer': `Bearer ${await signed({ ...claims, iss: 'https://other.example' })}`,
      'no exp': `Bearer ${await signed({ ...claims, exp: undefined })}`,
      'exp in the past': `Bearer ${await signed({ ...claims, exp: seconds - 1 })}`,
      'nbf in the future': `Bearer ${await signed({ ...claims, nbf: seconds + 60 })}`,
      'type refresh': `Bearer ${await signed({ ...claims, type: 'refresh' })}`,
      'the shape of an ID token': `Bearer ${await signed({ iss: settings.issuer, sub: user.id, aud: client.clientId, exp: seconds + 60 })}`,
    }
    for (const [what, authorization] of Object.entries(presented)) {
      const response = await ask(authorization)
      expect([what, response.headers.get('www-authenticate')]).toEqual([
        what,
        'Bearer error="invalid_token", error_description="Token is invalid or expired"',
      ])
      expect(await outcome(response)).toEqual([...REFUSED])
    }
    expect((await ask(`Bearer ${tokens.access_token}`)).status).toBe(200)
  })

  describe('a token dies with what it stands on, at once (P12, T54) [SEC]', () => {
    const ends: [string, () => Promise<unknown>][] = [
      ['revoked', () => commit(app.ctx, [revokeToken(app.ctx, tokens.accessTokenId)])],
      ['its family revoked', () => commit(app.ctx, revokeFamily(app.ctx, tokens.familyId))],
      ['disabled', () => commit(app.ctx, [disableToken(app.ctx, tokens.accessTokenId, 'owner')])],
      ['user disabled', () => change('users', { isActive: false })],
      ['user deleted', () => remove('users')],
      ['client inactive', () => change('clients', { status: 'inactive' })],
      ['client pending', () => change('clients', { status: 'pending' })],
      ['client deleted', () => remove('clients')],
      ['row gone', () => remove('tokens')],
    ]
    const target = (which: 'users' | 'clients' | 'tokens') => {
      const { t } = app.ctx.db
      return {
        users: [t.users, eq(t.users.id, user.id)] as const,
        clients: [t.oauthApplications, eq(t.oauthApplications.clientId, client.clientId)] as const,
        tokens: [t.accessTokens, eq(t.accessTokens.id, tokens.accessTokenId)] as const,
      }[which]
    }
    const change = async (which: 'users' | 'clients', values: Record<string, unknown>) => {
      const [table, where] = target(which)
      await app.ctx.db.q.update(table).set(values).where(where)
    }
    const remove = async (which: 'users' | 'clients' | 'tokens') => {
      const [table, where] = target(which)
      await app.ctx.db.q.delete(table).where(where)
    }
    test.each(ends)('%s', async (_what, end) => {
      expect((await ask(`Bearer ${tokens.access_token}`)).status).toBe(200)
      await end()
      expect(await outcome(await ask(`Bearer ${tokens.access_token}`))).toEqual([...REFUSED])
    })
  })

  test('a database that does not answer is 503, not an invalid token (T37)', async () => {
    const one = () => Promise.reject(new DatabaseUnavailable('ECONNREFUSED'))
    const handle = createHandler({ ...app.ctx, db: { ...app.ctx.db, one } })
    const request = new Request('http://localhost:8080/oauth/tokeninfo', { headers: bearer(tokens.access_token) })
    const response = await handle(request)
    expect(response.headers.get('retry-after')).not.toBeNull()
    expect((await outcome(response)).slice(0, 2)).toEqual([503, 'temporarily_unavailable'])
  })
})

describe('tokeninfo and time', () => {
  let app: TestApp
  afterEach(() => app.close())

  test('a token is refused from the second of its exp on, and validations are counted by result', async () => {
    app = await openTestApp()
    const client = await app.insertClient({ clientType: 'public', scopes: 'read' })
    const tokens = await issueTokens(app, { user: await app.insertUser(), client, scope: 'read' })
    const ask = async () => (await app.get('/oauth/tokeninfo', { headers: bearer(tokens.access_token) })).status
    const exp = (decode(tokens.access_token).payload.exp as number) * 1000
    app.clock.set(exp - 1)
    expect(await ask()).toBe(200)
    app.clock.set(exp)
    expect(await ask()).toBe(401)
    await app.get('/oauth/tokeninfo', { headers: bearer('x') })
    const text = await app.ctx.metrics.registry.metrics()
    for (const result of ['valid', 'expired', 'invalid'])
      expect(text).toContain(`oauth_token_validation_total{result="${result}"} 1`)
  })
})
