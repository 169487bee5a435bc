/** Strict third-party clients against the protocol endpoints, over a socket. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { openTestApp, type TestApp } from '../support/app'
import { freePort } from '../support/ports'
import { issueTokens } from './support'

const insecure = { [oauth.allowInsecureRequests]: true }

describe('standard clients', () => {
  let app: TestApp
  let server: ReturnType<typeof Bun.serve>
  let issuer: URL
  beforeAll(async () => {
    const port = await freePort()
    issuer = new URL(`http://localhost:${port}/auth`)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    app = await openTestApp({
      settings: {
        BASE_URL: issuer.href,
        ENABLE_TOKEN_ROTATION: 'true',
        JWT_SIGNING_ALGORITHM: 'ES256',
        JWT_PRIVATE_KEY_PEM: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        JWT_AUDIENCE: 'api',
      },
    })
    server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
  })
  afterAll(async () => {
    await server.stop(true)
    await app.close()
  })

  const discover = async (algorithm: 'oauth2' | 'oidc') =>
    await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }))
  const begin = async (clientType: 'confidential' | 'public') => {
    const { secret, ...client } = await app.insertClient({ clientType, scopes: 'read write profile email' })
    const user = await app.insertUser()
    const tokens = await issueTokens(app, { user, client, scope: 'read write profile' })
    return { as: await discover('oauth2'), client: { client_id: client.clientId }, secret, user, tokens }
  }

  test.each(['oauth2', 'oidc'] as const)('discovery by the rules of %s below a path', async (algorithm) => {
    const as = await discover(algorithm)
    expect(as.issuer).toBe(issuer.href)
    expect(as.token_endpoint).toBe(`${issuer.href}/oauth/token`)
  })

  const methods: [string, (secret: string) => oauth.ClientAuth, 'confidential' | 'public'][] = [
    ['client_secret_basic', oauth.ClientSecretBasic, 'confidential'],
    ['client_secret_post', oauth.ClientSecretPost, 'confidential'],
    ['none', () => oauth.None(), 'public'],
  ]
  test.each(methods)('refresh, revoke with %s (RFC 6749 §2.3.1)', async (_name, method, clientType) => {
    const { as, client, secret, tokens } = await begin(clientType)
    const authenticate = method(secret)
    const response = await oauth.refreshTokenGrantRequest(as, client, authenticate, tokens.refresh_token, insecure)
    const refreshed = await oauth.processRefreshTokenResponse(as, client, response)
    expect(refreshed).toMatchObject({ scope: 'read write profile', token_type: 'bearer' })
    const token = refreshed.refresh_token as string
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authenticate, token, insecure))
    const late = await oauth.refreshTokenGrantRequest(as, client, authenticate, token, insecure)
    await expect(oauth.processRefreshTokenResponse(as, client, late)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('a wrong secret is understood as a challenge (RFC 6749 §5.2)', async () => {
    const { as, client, tokens } = await begin('confidential')
    const wrong = oauth.ClientSecretBasic('ago_wrong')
    const response = await oauth.refreshTokenGrantRequest(as, client, wrong, tokens.refresh_token, insecure)
    const failed = oauth.processRefreshTokenResponse(as, client, response)
    await expect(failed).rejects.toMatchObject({ code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 })
  })

  test('client credentials, introspection and a resource server with the JWK set', async () => {
    const { as, client, secret } = await begin('confidential')
    const authenticate = oauth.ClientSecretBasic(secret)
    const parameters = new URLSearchParams({ scope: 'read' })
    const response = await oauth.clientCredentialsGrantRequest(as, client, authenticate, parameters, insecure)
    const { access_token } = await oauth.processClientCredentialsResponse(as, client, response)

    const asked = await oauth.introspectionRequest(as, client, authenticate, access_token, insecure)
    const introspection = await oauth.processIntrospectionResponse(as, client, asked)
    expect(introspection).toMatchObject({ active: true, client_id: client.client_id, scope: 'read', aud: 'api' })

    const keys = createRemoteJWKSet(new URL(as.jwks_uri as string))
    const { payload } = await jwtVerify(access_token, keys, { issuer: issuer.href, audience: 'api', typ: 'JWT' })
    expect(payload).toMatchObject({ sub: `client:${client.client_id}`, type: 'access' })
  })

  test('userinfo', async () => {
    const { as, client, user, tokens } = await begin('public')
    const response = await oauth.userInfoRequest(as, client, tokens.access_token, insecure)
    const claims = await oauth.processUserInfoResponse(as, client, user.id, response)
    expect(claims.preferred_username).toBe(user.username)
  })

  test('openid-client: client credentials, then a refresh of narrowed scope', async () => {
    const { client, secret, tokens } = await begin('confidential')
    const config = await openid.discovery(issuer, client.client_id, undefined, openid.ClientSecretBasic(secret), {
      execute: [openid.allowInsecureRequests],
    })
    const machine = await openid.clientCredentialsGrant(config, { scope: 'write' })
    expect(machine.scope).toBe('write')
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token, { scope: 'read' })
    expect(refreshed.scope).toBe('read')
    expect((await openid.tokenIntrospection(config, refreshed.access_token)).username).toBeDefined()
  })
})
