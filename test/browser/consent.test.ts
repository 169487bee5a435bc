/** Signing in to an application in a real browser: login, consent, back to the application on another origin. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import * as oauth from 'oauth4webapi'
import type { Browser, Page } from 'playwright-core'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { axeFindings, closePage, newPage, pageErrors, screenshot } from '../support/chromium'
import { suiteNeeds } from '../support/skip'

const insecure = { [oauth.allowInsecureRequests]: true }

/** What reached the application. */
interface Arrival {
  readonly method: string
  readonly url: string
  readonly body: string
  readonly referrer: string | null
}

suiteNeeds('chromium')('consent in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let application: ReturnType<typeof Bun.serve>
  let issuer: URL
  let callback: string
  let user: UserRow & { password: string }
  let page: Page
  let arrivals: Arrival[] = []

  beforeAll(async () => {
    const opened = await openBrowserApp({ SESSION_IDLE_TIMEOUT: '0' })
    ;({ browser, app, close } = opened)
    issuer = new URL(opened.base)
    application = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const { method, url, headers } = request
        if (new URL(url).pathname === '/callback')
          arrivals.push({ method, url, body: await request.text(), referrer: headers.get('referer') })
        return new Response('<!doctype html><title>Application</title>arrived', {
          headers: { 'content-type': 'text/html' },
        })
      },
    })
    callback = `http://127.0.0.1:${application.port}/callback`
    user = await app.insertUser({ username: 'zoe', fullName: 'Zoë Q.' })
  }, 30_000)
  afterAll(async () => {
    await close?.()
    await application?.stop(true)
  })
  afterEach(() => closePage(page))

  const newClient = () =>
    app.insertClient({
      clientName: 'Team wiki',
      description: 'Pages for everybody',
      redirectUris: [callback],
      scopes: 'openid profile email read write offline_access',
    })

  async function begin(options: { javaScript?: boolean; colorScheme?: 'light' | 'dark'; width?: number } = {}) {
    arrivals = []
    page = await newPage(browser, options)
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
    const { secret, clientId } = await newClient()
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const nonce = oauth.generateRandomNonce()
    const challenge = await oauth.calculatePKCECodeChallenge(verifier)
    const request = (more: Record<string, string> = {}): string =>
      `${as.authorization_endpoint}?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: callback,
        scope: 'openid profile write offline_access',
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...more,
      })}`
    const redeem = async (answer: URL | URLSearchParams) => {
      const client = { client_id: clientId }
      const parameters = oauth.validateAuthResponse(as, client, answer, state)
      const method = oauth.ClientSecretBasic(secret)
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        method,
        parameters,
        callback,
        verifier,
        insecure,
      )
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      })
      return oauth.getValidatedIdTokenClaims(tokens)
    }
    return { request, redeem, state }
  }

  async function signIn(who = user) {
    await page.locator('[name=username]').fill(who.username)
    await page.locator('[name=password]').fill(who.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const press = (name: 'Allow' | 'Deny' | 'Continue') => page.getByRole('button', { name, exact: true }).click()
  const arrived = () => page.waitForURL(`${callback}*`)

  test.each([true, false])(
    'login, Allow, back to the application with a code it can redeem (JavaScript: %p)',
    async (javaScript) => {
      const { request, redeem } = await begin({ javaScript })
      const errors = pageErrors(page)
      await page.goto(request())
      expect(new URL(page.url()).pathname).toBe('/id/login')
      await signIn()
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Allow Team wiki to use your account?')
      await screenshot(page, `consent-javascript-${javaScript}`)
      await press('Allow')
      await arrived()
      const claims = await redeem(new URL(page.url()))
      expect(claims?.sub).toBe(user.id)
      expect(arrivals).toMatchObject([{ method: 'GET', body: '', referrer: null }])
      expect(errors.filter((error) => !error.includes('favicon'))).toEqual([])
    },
    30_000,
  )

  test('by keyboard alone: Deny comes first, Enter decides', async () => {
    const { request } = await begin()
    await page.goto(request())
    // What is typed before the field has the focus would be lost.
    await page.locator('input[name=username]:focus').waitFor()
    await page.keyboard.type(user.username)
    await page.keyboard.press('Tab')
    await page.keyboard.type(user.password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    const stops: string[] = []
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('Tab')
      stops.push(await page.evaluate<string>('document.activeElement.textContent.trim()'))
    }
    expect(stops).toEqual(['Skip to main content', 'Use another account', 'Deny', 'Allow'])
    await page.keyboard.press('Enter')
    await arrived()
    expect(new URL(page.url()).searchParams.get('code')).toMatch(/^[0-9a-f]{64}$/)
  }, 30_000)

  test('Deny tells the application', async () => {
    const { request, state } = await begin({ javaScript: false })
    await page.goto(request())
    await signIn()
    await press('Deny')
    await arrived()
    const answer = Object.fromEntries(new URL(page.url()).searchParams)
    expect(answer).toMatchObject({ error: 'access_denied', state, iss: issuer.href })
  }, 30_000)

  test.each([true, false])(
    'form_post reaches the application on its origin (JavaScript: %p)',
    async (javaScript) => {
      const { request, redeem } = await begin({ javaScript })
      const errors = pageErrors(page)
      await page.goto(request({ response_mode: 'form_post' }))
      await signIn()
      await press('Allow')
      if (!javaScript) {
        await screenshot(page, 'form-post')
        await press('Continue')
      }
      await arrived()
      expect(arrivals).toMatchObject([{ method: 'POST', url: callback, referrer: null }])
      const claims = await redeem(new URLSearchParams(arrivals[0]?.body))
      expect(claims?.sub).toBe(user.id)
      expect(errors.filter((error) => !error.includes('favicon'))).toEqual([])
    },
    30_000,
  )

  test('prompt=login asks a signed-in person once; login_hint is filled in; then consent is remembered', async () => {
    const { request } = await begin()
    await page.goto(request())
    await signIn()
    await press('Allow')
    await arrived()
    await page.goto(request())
    await arrived()
    await page.goto(request({ prompt: 'login', login_hint: 'zoe' }))
    expect(await page.locator('[name=username]').inputValue()).toBe('zoe')
    await page.locator('[name=password]').fill(user.password)
    await page.keyboard.press('Enter')
    await arrived()
    expect(arrivals).toHaveLength(3)
  }, 30_000)

  test('another account can be chosen on the page', async () => {
    const { request, redeem } = await begin()
    const other = await app.insertUser({ username: 'yuri' })
    await page.goto(request())
    await signIn()
    await page.getByRole('link', { name: 'Use another account' }).click()
    await signIn(other)
    expect(await page.locator('dl').first().textContent()).toContain('yuri')
    await press('Allow')
    await arrived()
    expect((await redeem(new URL(page.url())))?.sub).toBe(other.id)
  }, 30_000)

  test.each(['light', 'dark'] as const)(
    'no accessibility finding, buttons of one size, nothing cut off (%s)',
    async (colorScheme) => {
      const { request } = await begin({ colorScheme })
      await page.goto(request())
      await signIn()
      const errors = pageErrors(page)
      for (const width of [320, 390, 1280]) {
        await page.setViewportSize({ width, height: 900 })
        expect(await axeFindings(page)).toEqual([])
        expect(await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')).toBe(false)
        const size = async (name: string) => await page.getByRole('button', { name, exact: true }).boundingBox()
        const [deny, allow] = [await size('Deny'), await size('Allow')]
        expect([allow?.width, allow?.height]).toEqual([deny?.width, deny?.height])
        await screenshot(page, `consent-${colorScheme}-${width}`)
      }
      expect(errors).toEqual([])
    },
    60_000,
  )

  test('a refused request is a page of this server without findings', async () => {
    const { request } = await begin()
    await page.goto(request())
    await signIn()
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    const response = await page.goto(request({ redirect_uri: 'https://evil.example/' }))
    expect(response?.status()).toBe(400)
    expect(await axeFindings(page)).toEqual([])
    await screenshot(page, 'authorize-refused')
  }, 30_000)
})
