/** Registration by a standard client, over a socket. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { openTestApp, type TestApp } from '../../support/app'
import { freePort } from '../../support/ports'
import { ENABLED, setStatus } from './support'

const TOKEN = 'an-initial-access-token-of-the-operator'
const ORIGIN = 'https://spa.example.com'

let app: TestApp
let server: ReturnType<typeof Bun.serve>
let issuer: URL
beforeAll(async () => {
  const port = await freePort()
  issuer = new URL(`http://localhost:${port}/auth`)
  const cors = { CORS_ENABLED: 'true', CORS_ALLOWED_ORIGINS: ORIGIN }
  const settings = { ...ENABLED, ...cors, BASE_URL: issuer.href, DYNAMIC_CLIENT_REGISTRATION_TOKEN: TOKEN }
  app = await openTestApp({ settings })
  server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
})
afterAll(async () => {
  await server.stop(true)
  await app.close()
})

const register = (metadata: Partial<openid.ClientMetadata>, initialAccessToken?: string) =>
  openid.dynamicClientRegistration(issuer, metadata, openid.ClientSecretBasic(), {
    initialAccessToken,
    execute: [openid.allowInsecureRequests],
  })

test('openid-client: discovers, registers, and after approval the device grant begins', async () => {
  const grants = ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token']
  const config = await register({ client_name: 'A device', grant_types: grants, response_types: [] }, TOKEN)
  const client = config.clientMetadata()
  expect(client).toMatchObject({ client_name: 'A device', grant_types: grants, client_secret_expires_at: 0 })

  const begin = () => openid.initiateDeviceAuthorization(config, { scope: 'email' })
  await expect(begin()).rejects.toMatchObject({ status: 401 })
  await setStatus(app, client.client_id, 'active')
  expect((await begin()).verification_uri).toBe(`${issuer.href}/device`)
})

test('openid-client: a refused initial access token is understood', async () => {
  const metadata = { client_name: 'x', redirect_uris: ['https://a.example/cb'] }
  for (const token of [undefined, 'wrong'])
    await expect(register(metadata, token)).rejects.toMatchObject({ code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE' })
})

test('oauth4webapi: errors of the metadata are protocol errors', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  const as = await oauth.processDiscoveryResponse(issuer, discovered)
  const metadata = { client_name: 'x', redirect_uris: ['https://a.example/#f'] }
  const options = { initialAccessToken: TOKEN, ...insecure }
  const response = await oauth.dynamicClientRegistrationRequest(as, metadata, options)
  const failed = oauth.processDynamicClientRegistrationResponse(response)
  await expect(failed).rejects.toMatchObject({ error: 'invalid_redirect_uri' })
})

test('a client manages its registration at the address it was told (RFC 7592 §2)', async () => {
  const config = await register({ client_name: 'Self', redirect_uris: ['https://a.example/cb'] }, TOKEN)
  const { registration_client_uri, registration_access_token } = config.clientMetadata()
  const send = (method: string) =>
    fetch(registration_client_uri as string, {
      method,
      headers: { authorization: `Bearer ${registration_access_token}` },
    })
  expect((await (await send('GET')).json()) as object).toMatchObject({ client_name: 'Self' })
  expect((await send('DELETE')).status).toBe(204)
  expect((await send('GET')).status).toBe(401)
})

test('browser applications of listed origins may register and manage (CORS)', async () => {
  for (const path of ['/oauth/register', '/oauth/register/some-id']) {
    const headers = { origin: ORIGIN, 'access-control-request-method': 'PUT' }
    const preflight = await fetch(issuer.href + path, { method: 'OPTIONS', headers })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN])
    const foreign = await fetch(issuer.href + path, { method: 'POST', headers: { origin: 'https://evil.example' } })
    expect(foreign.status).toBe(403)
  }
})

test('other methods are 405 with Allow', async () => {
  const get = await fetch(`${issuer.href}/oauth/register`)
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  const post = await fetch(`${issuer.href}/oauth/register/some-id`, { method: 'POST' })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, PUT'])
})
