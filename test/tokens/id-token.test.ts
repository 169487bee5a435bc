/** ID tokens (OpenID Connect Core §2, §3.1.3.6, §12.2), as an application that trusts nobody reads them. */
import { afterAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyResult, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { ACR_MULTI_FACTOR } from '../../src/identity/second-factor/required'
import { createHandler } from '../../src/server'
import { signingAdvice } from '../../src/tokens/signing-advice'
import { insertCode, redeem, VERIFIER } from '../oauth/code-support'
import { auditRows, bearer, createAppPool, issueTokens, outcome } from '../oauth/support'
import { openTestApp, type TestApp } from '../support/app'
import { databases, openTestSqlite } from '../support/databases'
import { freePort } from '../support/ports'
import { ec, privatePem, rsa } from './keys-support'

interface Answer {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
  readonly scope: string
  readonly expires_in: number
}

const HOUR = 3_600_000
const seconds = (ms: number) => Math.floor(ms / 1000)
const SECRET = '0'.repeat(31).concat('1a2b3c4d5e6f')
const ALGORITHMS: [string, Record<string, string>][] = [
  ['HS256', { JWT_SECRET: SECRET }],
  ['RS256', { JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: privatePem(rsa()) }],
  ['ES256', { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: privatePem(ec()) }],
]
const ES256 = ALGORITHMS[2]?.[1] ?? {}

const pool = createAppPool(openTestSqlite)
afterAll(() => pool.close())

const parties = async (app: TestApp, user = {}, client = {}) => ({
  user: await app.insertUser({ fullName: 'Ann Example', avatarUrl: 'https://example.com/a.png', ...user }),
  client: await app.insertClient({ scopes: 'openid profile email read offline_access', ...client }),
})
type Parties = Awaited<ReturnType<typeof parties>>

async function answerOf(app: TestApp, of: Parties, scope: string, code = {}, fields = {}): Promise<Answer> {
  const issued = await insertCode(app, { ...of, scope }, code)
  const response = await redeem(app, of.client, issued.code, fields)
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

async function refresh(app: TestApp, { client }: Parties, token: string, fields = {}): Promise<Response> {
  const credentials = { client_id: client.clientId, client_secret: client.secret }
  return app.postForm('/oauth/token', { grant_type: 'refresh_token', refresh_token: token, ...credentials, ...fields })
}

async function verified(app: TestApp, token: string, client: { clientId: string }): Promise<JWTVerifyResult> {
  const expected = {
    issuer: app.ctx.settings.issuer,
    audience: client.clientId,
    typ: 'JWT',
    algorithms: [app.ctx.keys.alg],
    currentDate: new Date(app.clock.now()),
    requiredClaims: ['sub', 'iat', 'exp', 'auth_time', 'at_hash'],
  }
  if (app.ctx.keys.alg === 'HS256') return await jwtVerify(token, new TextEncoder().encode(SECRET), expected)
  const jwks = (await (await app.get('/.well-known/jwks.json')).json()) as Parameters<typeof createLocalJWKSet>[0]
  return await jwtVerify(token, createLocalJWKSet(jwks), expected)
}

describe.each(ALGORITHMS)('signed with %s', (algorithm, settings) => {
  test('exactly the claims of the specification (§3.6), verified by jose', async () => {
    const app = await pool.get({ ...settings, JWT_DOMAIN: 'example', JWT_AUDIENCE: 'api' })
    const of = await parties(app, { emailVerified: true })
    const authTime = new Date(app.clock.now() - 30 * 24 * HOUR)
    const code = { nonce: 'n-0S6_WzA2Mj "ü"', sid: 'public-session-id', authTime }
    const answer = await answerOf(app, of, 'openid profile email read', code, { extra_claims: '{"groups":["x"]}' })
    const { payload, protectedHeader } = await verified(app, answer.id_token, of.client)
    expect(protectedHeader.alg).toBe(algorithm)
    expect(protectedHeader.typ).toBe('JWT')
    const { iat, exp, jti, ...claims } = payload
    const { user, client } = of
    expect(claims).toEqual({
      iss: app.ctx.settings.issuer,
      sub: user.id,
      aud: client.clientId,
      auth_time: seconds(authTime.getTime()),
      amr: ['pwd'],
      nonce: code.nonce,
      at_hash: createHash('sha256').update(answer.access_token).digest().subarray(0, 16).toString('base64url'),
      sid: 'public-session-id',
      name: 'Ann Example',
      preferred_username: user.username,
      picture: 'https://example.com/a.png',
      updated_at: seconds(user.updatedAt.getTime()),
      email: user.email,
      email_verified: true,
    })
    expect(iat).toBe(seconds(app.clock.now()))
    const access = JSON.parse(Buffer.from(answer.access_token.split('.')[1] ?? '', 'base64url').toString())
    expect(exp).toBe(access.exp)
    expect(jti).toMatch(/^[0-9a-f-]{36}$/)
    expect(jti).not.toBe(access.jti)
  })

  test('it is no access and no refresh token [SEC]', async () => {
    const app = await pool.get(settings)
    const of = await parties(app)
    const { id_token } = await answerOf(app, of, 'openid')
    for (const path of ['/oauth/userinfo', '/oauth/tokeninfo'])
      expect((await outcome(await app.get(path, { headers: bearer(id_token) }))).slice(0, 2)).toEqual([
        401,
        'invalid_token',
      ])
    expect((await outcome(await refresh(app, of, id_token))).slice(0, 2)).toEqual([400, 'invalid_grant'])
    const credentials = { client_id: of.client.clientId, client_secret: of.client.secret }
    const introspection = await app.postForm('/oauth/introspect', { token: id_token, ...credentials })
    expect(await introspection.json()).toEqual({ active: false })
  })
})

describe('which claims', () => {
  const claimsOf = async (scope: string, user = {}, code = {}) => {
    const app = await pool.get(ES256)
    const of = await parties(app, user)
    const { payload } = await verified(app, (await answerOf(app, of, scope, code)).id_token, of.client)
    return payload
  }
  const BASE = ['iss', 'sub', 'aud', 'iat', 'exp', 'auth_time', 'amr', 'jti', 'at_hash']
  const PROFILE = ['name', 'preferred_username', 'picture', 'updated_at']

  test.each([
    ['openid', BASE],
    ['openid read offline_access', BASE],
    ['openid profile', [...BASE, ...PROFILE]],
    ['openid email', [...BASE, 'email', 'email_verified']],
    ['profile email openid', [...BASE, ...PROFILE, 'email', 'email_verified']],
  ])('%s', async (scope, names) => {
    expect(Object.keys(await claimsOf(scope)).sort()).toEqual([...names].sort())
  })

  test('what is empty is left out, and an address that is missing is not called verified', async () => {
    const empty = { fullName: '', avatarUrl: '', email: '', emailNorm: null, emailVerified: true }
    const claims = await claimsOf('openid profile email', empty)
    expect(Object.keys(claims).sort()).toEqual([...BASE, 'preferred_username', 'updated_at'].sort())
  })

  test.each([true, false])('email_verified mirrors the user: %p', async (emailVerified) => {
    expect((await claimsOf('openid email', { emailVerified })).email_verified).toBe(emailVerified)
  })

  test.each([
    ['', undefined, undefined],
    ['fed', ['fed'], undefined],
    ['pwd otp mfa', ['pwd', 'otp', 'mfa'], ACR_MULTI_FACTOR],
  ])('amr and acr of a sign-in by %p (RFC 8176, OIDC Core §2)', async (amr, methods, acr) => {
    const claims = await claimsOf('openid', {}, { amr })
    expect([claims.amr, claims.acr]).toEqual([methods, acr])
  })

  test('they are those of userinfo, which only adds what is empty [SEC]', async () => {
    const app = await pool.get(ES256)
    const of = await parties(app)
    const answer = await answerOf(app, of, 'openid profile email')
    const { payload } = await verified(app, answer.id_token, of.client)
    const info = (await (await app.get('/oauth/userinfo', { headers: bearer(answer.access_token) })).json()) as object
    expect(payload).toMatchObject(info)
  })
})

describe('whether there is one', () => {
  test('not without openid, not for machines, not for devices', async () => {
    const app = await pool.get(ES256)
    const of = await parties(app)
    expect((await answerOf(app, of, 'profile read')).id_token).toBeUndefined()
    const credentials = { client_id: of.client.clientId, client_secret: of.client.secret }
    const machine = await app.postForm('/oauth/token', { grant_type: 'client_credentials', ...credentials })
    expect(await machine.json()).not.toHaveProperty('id_token')
    const device = await issueTokens(app, { ...of, user: await app.insertUser(), scope: 'openid read' })
    expect(device.id_token).toBeUndefined()
    expect(await (await refresh(app, of, device.refresh_token)).json()).not.toHaveProperty('id_token')
  })

  test('the record of it names the access token it came with', async () => {
    const app = await pool.get(ES256)
    const of = await parties(app)
    await answerOf(app, of, 'openid')
    const events = (await auditRows(app)).filter(({ clientId }) => clientId === of.client.clientId)
    const [ofId, ofAccess] = ['ID_TOKEN_ISSUED', 'ACCESS_TOKEN_ISSUED'].map((type) =>
      events.find(({ eventType }) => eventType === type),
    )
    expect(ofId?.resourceId).toBe(ofAccess?.resourceId ?? '')
  })
})

test('one that cannot be signed fails the whole exchange, and the code stays usable', async () => {
  const app = await pool.get({})
  const of = await parties(app)
  const { code } = await insertCode(app, { ...of, scope: 'openid read' })
  const { active } = app.ctx.keys
  const sign = (input: string) => {
    const payload = JSON.parse(Buffer.from(input.split('.')[1] ?? '', 'base64url').toString()) as { at_hash?: string }
    if (payload.at_hash !== undefined) throw new Error('the key is gone')
    return active.sign(input)
  }
  const broken = createHandler({ ...app.ctx, keys: { ...app.ctx.keys, active: { ...active, sign } } })
  const postForm: TestApp['postForm'] = (path, fields) => {
    const init = { method: 'POST', body: new URLSearchParams(fields) }
    return broken(new Request(`http://localhost:8080${path}`, init))
  }
  expect((await outcome(await redeem({ ...app, postForm }, of.client, code))).slice(0, 2)).toEqual([
    500,
    'server_error',
  ])
  const { q, t } = app.ctx.db
  expect(await q.select().from(t.accessTokens).where(eq(t.accessTokens.userId, of.user.id))).toEqual([])
  expect((await redeem(app, of.client, code)).status).toBe(200)
})

describe('expiry (P24)', () => {
  test('that of the access token, for every profile', async () => {
    const app = await pool.get(ES256)
    for (const [tokenProfile, least, most] of [
      ['short', 900, 900],
      ['standard', 36_000, 37_800],
      ['long', 86_400, 86_400],
    ] as const) {
      const of = await parties(app, {}, { tokenProfile })
      const { payload } = await verified(app, (await answerOf(app, of, 'openid')).id_token, of.client)
      const life = (payload.exp ?? 0) - (payload.iat ?? 0)
      expect([tokenProfile, life >= least, life <= most]).toEqual([tokenProfile, true, true])
    }
  })

  test('ID_TOKEN_EXPIRATION shortens it and never lengthens it', async () => {
    const app = await pool.get({ ...ES256, ID_TOKEN_EXPIRATION: '1h' })
    const life = async (tokenProfile: string) => {
      const of = await parties(app, {}, { tokenProfile })
      const { payload } = await verified(app, (await answerOf(app, of, 'openid')).id_token, of.client)
      return (payload.exp ?? 0) - (payload.iat ?? 0)
    }
    expect([await life('standard'), await life('short')]).toEqual([3600, 900])
  })
})

describe.each(databases)('a fresh one on refresh on %s (§12.2)', (_name, open) => {
  let app: TestApp | undefined
  afterAll(() => app?.close())

  test.each(['false', 'true'])(
    'rotation %s: same subject, auth_time and amr, no nonce, by the scope of the refresh',
    async (rotation) => {
      await app?.close()
      app = await openTestApp({ open, settings: { ...ES256, ENABLE_TOKEN_ROTATION: rotation } })
      const of = await parties(app)
      const first = await answerOf(app, of, 'openid profile read', { nonce: 'n', sid: 's', amr: 'hwk user mfa' })
      const before = (await verified(app, first.id_token, of.client)).payload
      app.clock.advance(HOUR)
      const second = (await (await refresh(app, of, first.refresh_token)).json()) as Answer
      const after = (await verified(app, second.id_token, of.client)).payload
      for (const name of ['iss', 'sub', 'aud', 'auth_time', 'amr', 'acr', 'sid', 'name'])
        expect([name, after[name]]).toEqual([name, before[name]])
      expect([after.amr, after.acr]).toEqual([['hwk', 'user', 'mfa'], ACR_MULTI_FACTOR])
      expect(after.nonce).toBeUndefined()
      expect((after.iat ?? 0) - (before.iat ?? 0)).toBe(3600)
      const hash = createHash('sha256').update(second.access_token).digest().subarray(0, 16)
      expect(after.at_hash).toBe(hash.toString('base64url'))

      const narrowed = (await (await refresh(app, of, second.refresh_token, { scope: 'openid' })).json()) as Answer
      expect((await verified(app, narrowed.id_token, of.client)).payload).not.toHaveProperty('name')
      const without = (await (await refresh(app, of, narrowed.refresh_token, { scope: 'read' })).json()) as Answer
      expect(without).not.toHaveProperty('id_token')
    },
  )
})

describe('the log at start (P26)', () => {
  const warning = expect.stringContaining('ES256 or RS256')
  test('warns when a client with openid has to trust HS256, and only then', async () => {
    const app = await openTestApp()
    await app.insertClient({ scopes: 'profile openidx' })
    expect(await signingAdvice(app.ctx)).toBeUndefined()
    await app.insertClient({ scopes: 'read openid' })
    expect(await signingAdvice(app.ctx)).toEqual(warning)
    expect(await signingAdvice({ ...app.ctx, keys: (await pool.get(ES256)).ctx.keys })).toBeUndefined()
    await app.close()
  })
})

describe('oauth4webapi, with every check', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }

  test.each(ALGORITHMS.slice(1))('%s: nonce, max_age, at_hash and signature', async (_algorithm, settings) => {
    const port = await freePort()
    const issuer = new URL(`http://localhost:${port}`)
    const app = await openTestApp({ settings: { ...settings, BASE_URL: issuer.href } })
    const server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
    try {
      const of = await parties(app)
      const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure })
      const as = await oauth.processDiscoveryResponse(issuer, discovered)
      expect(as.token_endpoint_auth_methods_supported).toContain('client_secret_basic')
      const client = { client_id: of.client.clientId, id_token_signed_response_alg: app.ctx.keys.alg }
      const authenticate = oauth.ClientSecretBasic(of.client.secret)
      const issued = await insertCode(app, { ...of, scope: 'openid email offline_access' }, { nonce: 'a-nonce' })
      const callback = new URLSearchParams({ code: issued.code, state: 'a-state', iss: as.issuer })
      const parameters = oauth.validateAuthResponse(as, client, callback, 'a-state')
      const uri = 'http://localhost:9999/callback'
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        authenticate,
        parameters,
        uri,
        VERIFIER,
        insecure,
      )
      const checks = { expectedNonce: 'a-nonce', maxAge: 60, requireIdToken: true }
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, checks)
      await oauth.validateApplicationLevelSignature(as, response, insecure)
      const claims = oauth.getValidatedIdTokenClaims(tokens)
      expect(claims?.email).toBe(of.user.email)

      const asked = await oauth.userInfoRequest(as, client, tokens.access_token, insecure)
      await oauth.processUserInfoResponse(as, client, claims?.sub ?? '', asked)
      const again = await oauth.refreshTokenGrantRequest(as, client, authenticate, tokens.refresh_token ?? '', insecure)
      const refreshed = await oauth.processRefreshTokenResponse(as, client, again)
      await oauth.validateApplicationLevelSignature(as, again, insecure)
      expect(oauth.getValidatedIdTokenClaims(refreshed)?.sub).toBe(of.user.id)

      const keys = createRemoteJWKSet(new URL(as.jwks_uri ?? ''))
      await jwtVerify(tokens.id_token ?? '', keys, { issuer: as.issuer, audience: client.client_id })
    } finally {
      await server.stop(true)
      await app.close()
    }
  })
})
