/** Discovery at both well-known paths (RFC 8414, OpenID Connect Discovery 1.0) and the JWK set (RFC 7517 §5). */
import { afterEach, describe, expect, test } from 'bun:test'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { openTestApp, type TestApp } from '../support/app'
import { bearer, decode, issueTokens } from './support'

const OPENID = '/.well-known/openid-configuration'
const OAUTH = '/.well-known/oauth-authorization-server'
const JWKS = '/.well-known/jwks.json'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

const pem = (type: 'rsa' | 'ec') => {
  const { privateKey, publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, kid, publicKey }
}

let app: TestApp
afterEach(() => app.close())
const open = async (settings: Record<string, string> = {}) => {
  app = await openTestApp({ settings })
  return app
}
const json = async (path: string) => (await (await app.get(path)).json()) as Record<string, unknown>

describe('metadata', () => {
  test('HS256: the whole document, in order, and nothing that does not work', async () => {
    await open()
    const issuer = 'http://localhost:8080'
    const response = await app.get(OPENID)
    expect(response.status).toBe(200)
    const text = await response.text()
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      userinfo_endpoint: `${issuer}/oauth/userinfo`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['HS256'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access', 'read', 'write'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      grant_types_supported: ['authorization_code', DEVICE, 'refresh_token', 'client_credentials'],
      claims_supported: [
        ...['sub', 'iss', 'aud', 'exp', 'iat', 'jti', 'auth_time', 'acr', 'amr', 'nonce', 'at_hash'],
        ...['name', 'preferred_username', 'email', 'email_verified', 'picture', 'updated_at'],
      ],
      acr_values_supported: ['http://schemas.openid.net/pape/policies/2007/06/multi-factor'],
      code_challenge_methods_supported: ['S256'],
      introspection_endpoint: `${issuer}/oauth/introspect`,
      device_authorization_endpoint: `${issuer}/oauth/device/code`,
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      response_modes_supported: ['query', 'form_post'],
      authorization_response_iss_parameter_supported: true,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      ui_locales_supported: ['en', 'zh-TW'],
      claims_parameter_supported: false,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      service_documentation: 'http://localhost:8080/docs',
      end_session_endpoint: `${issuer}/oauth/end_session`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    }
    expect(JSON.parse(text)).toEqual(document)
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(document))
    expect(await (await app.get(OAUTH)).text()).toBe(text)
  })

  test('every advertised endpoint answers', async () => {
    await open()
    for (const [name, value] of Object.entries(await json(OPENID))) {
      if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue
      const { pathname } = new URL(value as string)
      const answers = [await app.get(pathname), await app.postForm(pathname, {})].map(({ status }) => status)
      expect([name, answers.every((status) => status === 404 || status === 405)]).toEqual([name, false])
    }
  })

  test('registration_endpoint is named while clients may register (RFC 8414 §2)', async () => {
    await open({ ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' })
    expect((await json(OPENID)).registration_endpoint).toBe('http://localhost:8080/oauth/register')
  })

  test('every advertised grant type is taken, and none is named that is switched off (P17)', async () => {
    await open({ ENABLE_REFRESH_TOKENS: 'false' })
    const { grant_types_supported: grants } = await json(OPENID)
    expect(grants).toEqual(['authorization_code', DEVICE, 'client_credentials'])
    for (const grant_type of grants as string[]) {
      const response = await app.postForm('/oauth/token', { grant_type })
      expect(['invalid_request', 'invalid_client']).toContain(((await response.json()) as { error: string }).error)
    }
  })

  test.each([
    ['RS256', 'rsa'],
    ['ES256', 'ec'],
  ] as const)('%s: jwks_uri is named', async (algorithm, type) => {
    await open({ JWT_SIGNING_ALGORITHM: algorithm, JWT_PRIVATE_KEY_PEM: pem(type).pem })
    expect(await json(OPENID)).toMatchObject({
      jwks_uri: `http://localhost:8080${JWKS}`,
      id_token_signing_alg_values_supported: [algorithm],
    })
  })

  test('a trailing slash of BASE_URL doubles none, and iss is the same everywhere (P23) [SEC]', async () => {
    await open({ BASE_URL: 'http://localhost:8080/' })
    const { issuer, token_endpoint } = await json(OPENID)
    expect(issuer).toBe('http://localhost:8080')
    expect(token_endpoint).toBe('http://localhost:8080/oauth/token')
    const client = await app.insertClient({ scopes: 'read' })
    const tokens = await issueTokens(app, { user: await app.insertUser(), client, scope: 'read' })
    expect(decode(tokens.access_token).payload.iss).toBe('http://localhost:8080')
    const credentials = { client_id: client.clientId, client_secret: client.secret }
    const answers = [
      await app.get('/oauth/tokeninfo', { headers: bearer(tokens.access_token) }),
      await app.postForm('/oauth/introspect', { token: tokens.access_token, ...credentials }),
    ]
    for (const answer of answers) expect(await answer.json()).toMatchObject({ iss: 'http://localhost:8080' })
    const device = await app.postForm('/oauth/device/code', credentials)
    expect(await device.json()).toMatchObject({ verification_uri: 'http://localhost:8080/device' })
  })

  test('with a path prefix: below it, and at the inserted path of RFC 8414 §3.1', async () => {
    await open({ BASE_URL: 'http://localhost:8080/auth' })
    const document = await (await app.get(OPENID)).text()
    expect(JSON.parse(document)).toMatchObject({
      issuer: 'http://localhost:8080/auth',
      token_endpoint: 'http://localhost:8080/auth/oauth/token',
    })
    for (const path of [`/auth${OPENID}`, `${OAUTH}/auth`, `${OPENID}/auth`]) {
      const response = await app.handle(new Request(`http://localhost:8080${path}`))
      expect([path, response.status]).toEqual([path, 200])
      expect(await response.text()).toBe(document)
    }
    const other = await app.handle(new Request(`http://localhost:8080${OAUTH}/other`))
    expect(other.status).toBe(404)
  })

  test('claims of the server’s own are advertised by no setting', async () => {
    await open({ JWT_DOMAIN: 'example', JWT_PRIVATE_CLAIM_PREFIX: 'acme' })
    const text = JSON.stringify(await json(OPENID))
    for (const name of ['acme_', 'extra_', 'user_id', 'client_id', 'service_account']) expect(text).not.toContain(name)
  })
})

describe('JWK set', () => {
  test('HS256: empty, the secret is never published [SEC]', async () => {
    await open()
    expect(await json(JWKS)).toEqual({ keys: [] })
  })

  test('RS256: public members only; its kid is that of the tokens [SEC]', async () => {
    const { pem: key, kid } = pem('rsa')
    await open({ JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PEM: key })
    const { keys } = (await json(JWKS)) as { keys: Record<string, string>[] }
    expect(keys.length).toBe(1)
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    expect(keys[0]).toMatchObject({ kty: 'RSA', use: 'sig', kid, alg: 'RS256', e: 'AQAB' })
    const client = await app.insertClient({ clientType: 'public', scopes: 'read' })
    const tokens = await issueTokens(app, { user: await app.insertUser(), client, scope: 'read' })
    expect(decode(tokens.access_token).header).toEqual({ alg: 'RS256', kid, typ: 'JWT' })
  })

  test('ES256: coordinates of 32 bytes, and the key verifies a token', async () => {
    const { pem: key, kid, publicKey } = pem('ec')
    await open({ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: key })
    const { keys } = (await json(JWKS)) as { keys: Record<string, string>[] }
    const [jwk = {}] = keys
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect([jwk.x?.length, jwk.y?.length, jwk.kid]).toEqual([43, 43, kid])
    expect(createPublicKey({ key: jwk, format: 'jwk' }).equals(publicKey)).toBe(true)
  })
})

describe('both documents are cacheable by everybody (RFC 9110 §13.1.2)', () => {
  test.each([OPENID, OAUTH, JWKS])('%s', async (path) => {
    await open()
    const response = await app.get(path)
    const etag = response.headers.get('etag') as string
    expect(etag).toMatch(/^"[\w-]{43}"$/)
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    expect(response.headers.get('pragma')).toBeNull()
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    expect(response.headers.get('cross-origin-resource-policy')).not.toBe('same-origin')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.getSetCookie()).toEqual([])

    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const cached = await app.get(path, { headers: { 'if-none-match': known } })
      expect([known, cached.status, await cached.text()]).toEqual([known, 304, ''])
      expect(cached.headers.get('etag')).toBe(etag)
    }
    expect((await app.get(path, { headers: { 'if-none-match': '"x"' } })).status).toBe(200)

    const head = await app.get(path, { method: 'HEAD' })
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, ''])
    expect((await app.postForm(path, {})).status).toBe(405)
  })
})
