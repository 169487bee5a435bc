/** The whole code flow as an application writes it with openid-client, all checks on: authorize, redeem, refresh, userinfo. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as openid from 'openid-client'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { freePort } from '../support/ports'
import { ec, privatePem } from '../tokens/keys-support'
import { CALLBACK, open as openPage, settle } from './authorize/support'
import { bearer } from './support'

describe.each(databases)('the code flow with openid-client on %s', (_name, open) => {
  let app: TestApp
  let server: ReturnType<typeof Bun.serve>
  let issuer: URL
  beforeAll(async () => {
    const port = await freePort()
    issuer = new URL(`http://localhost:${port}`)
    const signing = { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: privatePem(ec()) }
    const settings = { BASE_URL: issuer.href, ENABLE_TOKEN_ROTATION: 'true', ...signing }
    app = await openTestApp({ open, settings })
    server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
  })
  afterAll(async () => {
    await server.stop(true)
    await app.close()
  })

  const methods: [string, 'confidential' | 'public', (secret: string) => openid.ClientAuth][] = [
    ['client_secret_basic', 'confidential', openid.ClientSecretBasic],
    ['client_secret_post', 'confidential', openid.ClientSecretPost],
    ['none', 'public', () => openid.None()],
  ]
  const begin = async (clientType: 'confidential' | 'public', method: (secret: string) => openid.ClientAuth) => {
    const scopes = 'openid profile email read offline_access'
    const client = await app.insertClient({ clientType, scopes, redirectUris: [CALLBACK] })
    const user = await app.insertUser({ fullName: 'Ann Example', emailVerified: true })
    const config = await openid.discovery(issuer, client.clientId, undefined, method(client.secret), {
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    })
    return { client, user, config, session: await app.signIn(user) }
  }
  /** What the application sends the browser to, and what it must remember. */
  const request = async (config: openid.Configuration, more: Record<string, string> = {}) => {
    const verifier = openid.randomPKCECodeVerifier()
    const [state, nonce] = [openid.randomState(), openid.randomNonce()]
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid profile email offline_access',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...more,
    })
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    return { path: url.pathname + url.search, checks }
  }
  const callbackOf = (response: Response) => new URL(response.headers.get('location') ?? '')

  test.each(methods)('%s: sign-in, tokens, userinfo, refresh', async (_method, clientType, method) => {
    const { client, user, config, session } = await begin(clientType, method)
    const { path, checks } = await request(config, { max_age: '3600' })
    const callback = callbackOf(await settle(app, session, path))
    const tokens = await openid.authorizationCodeGrant(config, callback, { ...checks, maxAge: 3600 })
    const claims = tokens.claims()
    expect(claims).toMatchObject({ sub: user.id, aud: client.clientId, name: 'Ann Example', email_verified: true })
    expect(claims?.sid).toBe(session.sid)

    const info = await openid.fetchUserInfo(config, tokens.access_token, user.id)
    expect(info.preferred_username).toBe(user.username)
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.claims()).toMatchObject({ sub: user.id, auth_time: claims?.auth_time, sid: session.sid })
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)

    // The browser's back button, or somebody who read its history (RFC 6749 §4.1.2).
    await expect(openid.authorizationCodeGrant(config, callback, checks)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    const headers = bearer(refreshed.access_token)
    expect((await app.get('/oauth/userinfo', { headers })).status).toBe(401)
  })

  test('a code of one user’s browser does not fit into another sign-in: nonce and verifier [SEC]', async () => {
    const { config, session } = await begin('public', () => openid.None())
    const [mine, other] = [await request(config), await request(config)]
    const stolen = callbackOf(await settle(app, session, other.path))
    const injected = new URL(stolen)
    injected.searchParams.set('state', mine.checks.expectedState)
    const failed = openid.authorizationCodeGrant(config, injected, mine.checks)
    await expect(failed).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await openid.authorizationCodeGrant(config, stolen, other.checks)).id_token).toBeDefined()
  })

  test('remembered consent of a confidential client: the second sign-in needs no page', async () => {
    const { config, session } = await begin('confidential', openid.ClientSecretBasic)
    const first = await request(config)
    await openid.authorizationCodeGrant(config, callbackOf(await settle(app, session, first.path)), first.checks)
    const second = await request(config, { prompt: 'none' })
    const callback = callbackOf(await openPage(app, session, second.path))
    expect((await openid.authorizationCodeGrant(config, callback, second.checks)).claims()?.nonce).toBe(
      second.checks.expectedNonce,
    )
  })
})
