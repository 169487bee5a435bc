/** The compiled executable and standard clients, all their checks on: every flow an application can take, over a socket. */
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import type { Browser } from 'playwright-core'
import type { ClientRow } from '../support/app'
import { type RunningBinary, startBinary } from '../support/binary'
import { closePage, launchChromium, newPage } from '../support/chromium'
import { type StoredClient, storeClient } from '../support/client-rows'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { type FormBrowser, formBrowser } from '../support/form-browser'
import { freePort } from '../support/ports'
import { suiteNeeds } from '../support/skip'
import { ec, privatePem } from '../tokens/keys-support'

const CALLBACK = 'http://127.0.0.1:9999/callback'
const SIGNED_OUT = 'https://app.example/signed-out'
const PASSWORD = 'a-long-test-passphrase-7'
const INITIAL_ACCESS_TOKEN = 'c3f1a9d27b604e58b7a5c0d94e1f6a32'
const SCOPE = 'openid profile email offline_access'
const insecure = { [oauth.allowInsecureRequests]: true }

const USUAL: Partial<ClientRow> = {
  clientName: 'Team wiki',
  clientType: 'confidential',
  scopes: `${SCOPE} read`,
  redirectUris: [CALLBACK],
  postLogoutRedirectUris: [SIGNED_OUT],
  enableClientCredentialsFlow: true,
  allowIntrospection: true,
  origin: 'admin',
}

interface Subject {
  readonly server: RunningBinary
  readonly issuer: URL
  readonly confidential: StoredClient
  readonly public: StoredClient
}

/** A server with ES256, so that clients can check what it signs, and with two clients besides the seeded one. */
async function startSubject(folder: string, env: Record<string, string>, redirectUri = CALLBACK): Promise<Subject> {
  const address = `127.0.0.1:${await freePort()}`
  const all = {
    SERVER_ADDR: address,
    DEFAULT_ADMIN_PASSWORD: PASSWORD,
    JWT_SIGNING_ALGORITHM: 'ES256',
    JWT_PRIVATE_KEY_PEM: privatePem(ec()),
    REFRESH_REUSE_GRACE: '0s',
    ...env,
  }
  await (await startBinary({ folder, env: all })).stop()
  const redirectUris = [redirectUri]
  const confidential = await storeClient(folder, { ...USUAL, redirectUris })
  const own = { ...USUAL, redirectUris, clientType: 'public', enableClientCredentialsFlow: false } as const
  const isPublic = await storeClient(folder, { ...own, allowIntrospection: false })
  const server = await startBinary({ folder, env: all })
  return { server, issuer: new URL(server.url), confidential, public: isPublic }
}

const discover = (issuer: URL, { clientId }: StoredClient, method: openid.ClientAuth) =>
  openid.discovery(issuer, clientId, undefined, method, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  })

/** What the application sends the browser to, and what it must remember. */
async function request(config: openid.Configuration, redirectUri = CALLBACK, more: Record<string, string> = {}) {
  const verifier = openid.randomPKCECodeVerifier()
  const [state, nonce] = [openid.randomState(), openid.randomNonce()]
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: SCOPE,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  })
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  return { url, checks: { ...checks, maxAge: 3_600 } }
}

/** The person: signs in where asked to, allows, and arrives at the application. */
async function allow(browser: FormBrowser, url: URL): Promise<URL> {
  let page = await browser.open(url.pathname + url.search)
  if (page.path.startsWith('/login'))
    page = await browser.submit(page, '/login', { username: 'admin', password: PASSWORD })
  if (page.html.includes('name="request_id"'))
    page = await browser.submit(page, '/oauth/authorize', { action: 'approve' })
  if (!URL.canParse(page.path)) throw new Error(`still at ${page.path} (${page.status}):\n${page.html}`)
  return new URL(page.path)
}

describe.each(['true', 'false'])('journeys, rotation of refresh tokens %s', (rotation) => {
  let folder: string
  let subject: Subject
  beforeAll(async () => {
    folder = temporaryFolder('journeys')
    subject = await startSubject(folder, {
      ENABLE_TOKEN_ROTATION: rotation,
      ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
      DYNAMIC_CLIENT_REGISTRATION_TOKEN: INITIAL_ACCESS_TOKEN,
    })
  }, 60_000)
  afterAll(async () => {
    await subject?.server.stop()
    removeFolder(folder)
  })
  const newBrowser = () => formBrowser(subject.server.url, subject.server.fetch)

  const methods: ['confidential' | 'public', string, (secret: string) => openid.ClientAuth][] = [
    ['confidential', 'client_secret_basic', openid.ClientSecretBasic],
    ['confidential', 'client_secret_post', openid.ClientSecretPost],
    ['public', 'none', () => openid.None()],
  ]
  test.each(methods)('%s client, %s: code with PKCE, userinfo, refresh, revocation', async (kind, _name, method) => {
    const client = subject[kind]
    const config = await discover(subject.issuer, client, method(client.secret))
    const { url, checks } = await request(config)
    const callback = await allow(newBrowser(), url)
    const tokens = await openid.authorizationCodeGrant(config, callback, checks)
    const claims = tokens.claims()
    expect(claims).toMatchObject({ aud: client.clientId, nonce: checks.expectedNonce, name: 'Administrator' })
    const info = await openid.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '')
    expect(info).toMatchObject({ preferred_username: 'admin', email: 'admin@localhost' })

    const first = tokens.refresh_token as string
    const refreshed = await openid.refreshTokenGrant(config, first)
    const latest = refreshed.refresh_token ?? first
    expect(latest === first).toBe(rotation === 'false')
    expect(refreshed.claims()).toMatchObject({ sub: claims?.sub as string, auth_time: claims?.auth_time as number })
    const narrowed = await openid.refreshTokenGrant(config, latest, { scope: 'email' })
    expect(narrowed.scope).toBe('email')

    await openid.tokenRevocation(config, narrowed.refresh_token ?? latest)
    await expect(openid.refreshTokenGrant(config, narrowed.refresh_token ?? latest)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    const late = openid.fetchUserInfo(config, refreshed.access_token, claims?.sub ?? '')
    await expect(late).rejects.toMatchObject({ status: 401 })
    for (const secret of [first, tokens.access_token, callback.searchParams.get('code') ?? '', PASSWORD])
      expect(subject.server.log()).not.toContain(secret)
  })

  test('a refresh token presented twice: its grant ends where tokens rotate (RFC 9700 §4.14.2)', async () => {
    const config = await discover(subject.issuer, subject.public, openid.None())
    const { url, checks } = await request(config)
    const tokens = await openid.authorizationCodeGrant(config, await allow(newBrowser(), url), checks)
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
    const again = await openid.refreshTokenGrant(config, tokens.refresh_token as string).catch((error) => error.error)
    if (rotation === 'false') return expect(again.access_token).toBeString()
    expect(again).toBe('invalid_grant')
    const late = openid.refreshTokenGrant(config, refreshed.refresh_token as string)
    await expect(late).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('oauth4webapi: client credentials, introspection, revocation', async () => {
    const as = await oauth.processDiscoveryResponse(
      subject.issuer,
      await oauth.discoveryRequest(subject.issuer, insecure),
    )
    const client = { client_id: subject.confidential.clientId }
    for (const method of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
      const proof = method(subject.confidential.secret)
      const introspect = async (token: string) =>
        oauth.processIntrospectionResponse(
          as,
          client,
          await oauth.introspectionRequest(as, client, proof, token, insecure),
        )
      const scope = new URLSearchParams({ scope: 'read' })
      const response = await oauth.clientCredentialsGrantRequest(as, client, proof, scope, insecure)
      const { access_token, refresh_token } = await oauth.processClientCredentialsResponse(as, client, response)
      expect(refresh_token).toBeUndefined()
      expect(await introspect(access_token)).toMatchObject({ active: true, client_id: client.client_id, scope: 'read' })
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, proof, access_token, insecure))
      expect(await introspect(access_token)).toEqual({ active: false })
    }
  })

  test('an application registers, is approved, signs somebody in, changes and deletes itself (RFC 7591, RFC 7592)', async () => {
    const metadata = { client_name: 'Self-made', redirect_uris: [CALLBACK], scope: SCOPE }
    const register = (initialAccessToken: string) =>
      openid.dynamicClientRegistration(subject.issuer, metadata, openid.ClientSecretBasic(), {
        initialAccessToken,
        execute: [openid.allowInsecureRequests],
      })
    await expect(register('wrong')).rejects.toMatchObject({ status: 401 })
    const { client_id, client_secret, registration_client_uri, registration_access_token } = (
      await register(INITIAL_ACCESS_TOKEN)
    ).clientMetadata()
    const stored = { clientId: client_id, secret: client_secret as string }
    const manage = (method: string, body?: object) =>
      fetch(registration_client_uri as string, {
        method,
        headers: { authorization: `Bearer ${registration_access_token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
    expect(await (await manage('GET')).json()).toMatchObject({ client_id, client_name: 'Self-made' })
    const renamed = await manage('PUT', { ...metadata, client_id, client_name: 'Renamed' })
    expect([renamed.status, ((await renamed.json()) as { client_name: string }).client_name]).toEqual([200, 'Renamed'])

    const database = new Database(join(folder, 'oauth.db'))
    database.run("UPDATE oauth_applications SET status = 'active' WHERE client_id = ?", [client_id])
    database.close()
    const config = await discover(subject.issuer, stored, openid.ClientSecretBasic(stored.secret))
    const { url, checks } = await request(config)
    const tokens = await openid.authorizationCodeGrant(config, await allow(newBrowser(), url), checks)
    expect(tokens.claims()?.aud).toBe(client_id)

    expect((await manage('DELETE')).status).toBe(204)
    expect((await manage('GET')).status).toBe(401)
    await expect(openid.refreshTokenGrant(config, tokens.refresh_token as string)).rejects.toMatchObject({
      status: 401,
    })
    const late = openid.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? '')
    await expect(late).rejects.toMatchObject({ status: 401 })
  })

  test('an application signs the browser out; the next silent sign-in finds nobody (RP-Initiated Logout §2)', async () => {
    const client = subject.confidential
    const config = await discover(subject.issuer, client, openid.ClientSecretBasic(client.secret))
    const browser = newBrowser()
    const { url, checks } = await request(config)
    const tokens = await openid.authorizationCodeGrant(config, await allow(browser, url), checks)
    const silent = async () => {
      const next = await request(config, CALLBACK, { prompt: 'none' })
      const { path } = await browser.open(next.url.pathname + next.url.search)
      return openid.authorizationCodeGrant(config, new URL(path), next.checks)
    }
    expect((await silent()).claims()?.sub).toBe(tokens.claims()?.sub as string)

    const state = openid.randomState()
    const end = openid.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token as string,
      post_logout_redirect_uri: SIGNED_OUT,
      state,
    })
    expect((await browser.open(end.pathname + end.search)).path).toBe(`${SIGNED_OUT}?state=${state}`)
    await expect(silent()).rejects.toMatchObject({ error: 'login_required' })
  })
})

suiteNeeds('chromium')('code journey in Chromium', () => {
  let folder: string
  let subject: Subject
  let browser: Browser
  let application: ReturnType<typeof Bun.serve>
  let callback: string
  beforeAll(async () => {
    folder = temporaryFolder('journey-chromium')
    application = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('arrived') })
    callback = `http://127.0.0.1:${application.port}/callback`
    subject = await startSubject(folder, {}, callback)
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all([subject?.server.stop(), application?.stop(true)])
    removeFolder(folder)
  })

  test('sign in, allow, tokens, sign out', async () => {
    const client = subject.confidential
    const config = await discover(subject.issuer, client, openid.ClientSecretBasic(client.secret))
    const { url, checks } = await request(config, callback)
    const page = await newPage(browser)
    await page.goto(url.href)
    await page.locator('[name=username]').fill('admin')
    await page.locator('[name=password]').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(`${callback}*`)
    const tokens = await openid.authorizationCodeGrant(config, new URL(page.url()), checks)
    expect(tokens.claims()).toMatchObject({ aud: client.clientId, name: 'Administrator' })

    await page.goto(openid.buildEndSessionUrl(config, { client_id: client.clientId }).href)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto(`${subject.server.url}/account/sessions`)
    expect(new URL(page.url()).pathname).toBe('/login')
    await closePage(page)
  }, 60_000)
})
