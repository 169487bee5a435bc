/** The compiled binary as a stranger meets it: a standard client on one side, a real browser on the other. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import type { Browser } from 'playwright-core'
import { type RunningBinary, startBinary } from '../support/binary'
import { selfSignedCertificate } from '../support/certificate'
import { closePage, launchChromium, newPage } from '../support/chromium'
import { readCredentials } from '../support/credentials'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { freshDatabase } from '../support/postgres'
import { NEW_PASSWORD, signInAndApprove } from '../support/sign-in'
import { suiteNeeds } from '../support/skip'

suiteNeeds('chromium')('device flow over TLS with openid-client and Chromium', () => {
  let folder: string
  let server: RunningBinary
  let browser: Browser
  let ca: string
  let issuer: string

  beforeAll(async () => {
    folder = temporaryFolder('tls')
    const certificate = selfSignedCertificate(folder, 'localhost')
    ca = readFileSync(certificate.certFile, 'utf8')
    const port = await freePort()
    issuer = `https://localhost:${port}`
    server = await startBinary({
      folder,
      readyUrl: `${issuer}/readyz`,
      ca,
      env: {
        BASE_URL: issuer,
        SERVER_ADDR: `127.0.0.1:${port}`,
        TLS_CERT_FILE: certificate.certFile,
        TLS_KEY_FILE: certificate.keyFile,
        ENABLE_TOKEN_ROTATION: 'true',
      },
    })
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    removeFolder(folder)
  })

  test('a person signs in, approves, and the device gets, uses and refreshes its tokens (RFC 8628)', async () => {
    const { password, clientId } = readCredentials(folder)
    const trusted = (url: string, options: RequestInit) => fetch(url, { ...options, tls: { ca } } as RequestInit)
    const config = await openid.discovery(new URL(issuer), clientId, undefined, openid.None(), {
      [openid.customFetch]: trusted as openid.CustomFetch,
    })
    const started = await openid.initiateDeviceAuthorization(config, { scope: 'email profile' })
    expect(started.user_code).toMatch(/^[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}$/)
    const granted = openid.pollDeviceAuthorizationGrant(config, started, undefined, {
      signal: AbortSignal.timeout(45_000),
    })
    const page = await newPage(browser, { ignoreHTTPSErrors: true })
    await signInAndApprove(page, started.verification_uri_complete as string, password)
    const tokens = await granted
    await page.getByText('You can close this window').waitFor()
    await closePage(page)

    const info = await trusted(`${issuer}/oauth/tokeninfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(info.status).toBe(200)
    expect(await info.json()).toMatchObject({ active: true, client_id: clientId, scope: 'email profile', iss: issuer })

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    const again = await trusted(`${issuer}/oauth/tokeninfo`, {
      headers: { authorization: `Bearer ${refreshed.access_token}` },
    })
    expect(again.status).toBe(200)

    // Whoever reads the log learns who did what, and nothing that opens a door.
    const secrets = [password, NEW_PASSWORD, started.device_code, started.user_code, tokens.access_token]
    const presented = [tokens.refresh_token, refreshed.access_token, refreshed.refresh_token, '?user_code', 'request=']
    await Bun.sleep(300)
    expect(server.log()).toContain('/device/decide')
    for (const secret of [...secrets, ...presented]) expect(server.log()).not.toContain(secret as string)
  }, 90_000)
})

suiteNeeds('postgresql', 'chromium')('device flow on PostgreSQL with oauth4webapi', () => {
  let folder: string
  let server: RunningBinary
  let browser: Browser
  let issuer: string
  let drop: () => Promise<void>

  beforeAll(async () => {
    folder = temporaryFolder('postgres')
    const database = await freshDatabase()
    drop = database.drop
    const port = await freePort()
    issuer = `http://localhost:${port}`
    server = await startBinary({
      folder,
      readyUrl: `${issuer}/readyz`,
      env: {
        BASE_URL: issuer,
        SERVER_ADDR: `127.0.0.1:${port}`,
        DATABASE_DRIVER: 'postgres',
        DATABASE_DSN: database.url,
      },
    })
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await drop?.()
    removeFolder(folder)
  })

  test('strict response checks pass at every step', async () => {
    const { password, clientId } = readCredentials(folder)
    const client: oauth.Client = { client_id: clientId }
    const insecure = { [oauth.allowInsecureRequests]: true }
    const as = await oauth
      .discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure })
      .then((response) => oauth.processDiscoveryResponse(new URL(issuer), response))
    const started = await oauth
      .deviceAuthorizationRequest(as, client, oauth.None(), new URLSearchParams({ scope: 'email' }), insecure)
      .then((response) => oauth.processDeviceAuthorizationResponse(as, client, response))

    const pending = await oauth.deviceCodeGrantRequest(as, client, oauth.None(), started.device_code, insecure)
    await expect(oauth.processDeviceCodeResponse(as, client, pending)).rejects.toMatchObject({
      error: 'authorization_pending',
    })
    const page = await newPage(browser)
    await signInAndApprove(page, started.verification_uri_complete as string, password)
    await closePage(page)

    const tokens = await oauth
      .deviceCodeGrantRequest(as, client, oauth.None(), started.device_code, insecure)
      .then((response) => oauth.processDeviceCodeResponse(as, client, response))
    expect(tokens.scope).toBe('email')
    const refreshed = await oauth
      .refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token as string, insecure)
      .then((response) => oauth.processRefreshTokenResponse(as, client, response))
    const info = await fetch(`${issuer}/oauth/tokeninfo`, {
      headers: { authorization: `Bearer ${refreshed.access_token}` },
    })
    expect(info.status).toBe(200)
  }, 90_000)
})
