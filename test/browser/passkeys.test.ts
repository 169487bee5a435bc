/** Passkeys in a real browser with its virtual authenticator: making, signing in, second factor, confirming, deleting. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, CDPSession, Page } from 'playwright-core'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { closePage, newPage, pageErrors } from '../support/chromium'
import { journeyLook } from '../support/journey-look'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 60_000

suiteNeeds('chromium')('passkeys in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let page: Page

  beforeAll(async () => {
    ;({ browser, app, base, close } = await openBrowserApp({
      SESSION_IDLE_TIMEOUT: '0',
      SESSION_MAX_AGE: '36000',
      ENABLE_RATE_LIMIT: 'false',
    }))
  }, 30_000)
  afterAll(() => close?.())
  afterEach(() => closePage(page))

  /** One that says yes at once, as after a finger on the sensor. */
  async function plugIn(verified = true): Promise<{ devices: CDPSession; authenticatorId: string }> {
    const devices = await page.context().newCDPSession(page)
    await devices.send('WebAuthn.enable')
    const { authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: verified, automaticPresenceSimulation: true },
      },
    })
    return { devices, authenticatorId }
  }
  const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click()
  const confirmIn = (name: string) => page.locator('dialog:visible').getByRole('button', { name, exact: true }).click()
  const says = (text: string) => page.getByText(text).first().waitFor()
  const arrivesAt = (path: string) => page.waitForURL((url) => url.pathname === `/id${path}`)

  async function typePassword(user: UserRow & { password: string }, target: string) {
    await page.goto(`${base}/login?${new URLSearchParams({ redirect: target, prompt: 'login' })}`)
    await page.getByLabel('Username').fill(user.username)
    await page.getByLabel('Password', { exact: true }).fill(user.password)
    await press('Sign in')
  }
  async function addPasskey(user: UserRow & { password: string }, name: string) {
    await typePassword(user, '/account/security')
    await arrivesAt('/account/security')
    await page.getByRole('link', { name: 'Add a passkey' }).click()
    await page.getByLabel('Name of the new passkey').fill(name)
    await press('Add a passkey')
    await page.waitForURL(/\/account\/reveal\//)
  }

  test.each([
    { width: 1280, colorScheme: 'light' as const },
    { width: 390, colorScheme: 'dark' as const },
  ])(
    'made, used to sign in, as second factor and to confirm; renamed and deleted (%p)',
    async (options) => {
      const user = await app.insertUser()
      page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'passkeys', options)
      const { devices, authenticatorId } = await plugIn()
      await addPasskey(user, 'Phone')
      const { credentials } = await devices.send('WebAuthn.getCredentials', { authenticatorId })
      expect(credentials.map(({ rpId, isResidentCredential }) => [rpId, isResidentCredential])).toEqual([
        ['localhost', true],
      ])
      await page.goto(`${base}/account/security/passkeys`)
      await says('1 of at most 10')
      await look('list')

      // The same authenticator has one already.
      await page.getByLabel('Name of the new passkey').fill('Again')
      await press('Add a passkey')
      await says('already has a passkey for your account')
      errors.length = 0

      await page.context().clearCookies()
      await page.goto(`${base}/login?redirect=/account/profile`)
      await look('login')
      await press('Use a passkey')
      await arrivesAt('/account/profile')

      await page.context().clearCookies()
      await typePassword(user, '/account/activity')
      await says('One more step')
      await look('second-step')
      await press('Use a passkey')
      await arrivesAt('/account/activity')

      app.clock.advance(11 * 60_000)
      await page.goto(`${base}/account/security/passkeys`)
      await press('Rename Phone')
      await page.locator('dialog:visible').getByLabel('New name').fill('Old phone')
      await look('rename')
      await confirmIn('Rename')
      await says('The passkey was renamed.')
      await press('Delete Old phone')
      await confirmIn('Delete')
      await says('Confirm it is you')
      await look('confirm')
      await press('Use a passkey')
      await press('Continue')
      await says('The passkey was removed.')
      await says('No passkeys')
      await look('none')
      expect(errors).toEqual([])
      expect(findings).toEqual([])
    },
    PATIENCE_MS,
  )

  test(
    'an authenticator that does not know its owner is refused by the browser, and the page says so',
    async () => {
      const user = await app.insertUser()
      page = await newPage(browser)
      await plugIn(false)
      await typePassword(user, '/account/security/passkeys')
      await page.getByLabel('Name of the new passkey').fill('Key')
      await press('Add a passkey')
      await says('The passkey could not be used.')
      expect(new URL(page.url()).pathname).toBe('/id/account/security/passkeys')
    },
    PATIENCE_MS,
  )

  test(
    'after a while the sign-in is confirmed first, and the page comes back',
    async () => {
      const user = await app.insertUser()
      page = await newPage(browser)
      await plugIn()
      await typePassword(user, '/account/security/passkeys')
      await arrivesAt('/account/security/passkeys')
      app.clock.advance(11 * 60_000)
      await page.getByLabel('Name of the new passkey').fill('Key')
      await press('Add a passkey')
      await says('Confirm it is you')
      await page.getByLabel('Password', { exact: true }).fill(user.password)
      await press('Confirm')
      await arrivesAt('/account/security/passkeys')
    },
    PATIENCE_MS,
  )

  test.each([
    ['without scripts', { javaScript: false }, ''],
    ['in a browser without passkeys', {}, 'delete globalThis.PublicKeyCredential'],
  ])(
    '%s none is offered, and the password works',
    async (_, options, before) => {
      const user = await app.insertUser()
      page = await newPage(browser, options)
      if (before !== '') await page.addInitScript(before)
      await page.goto(`${base}/login`)
      expect(await page.getByRole('button', { name: 'Use a passkey' }).count()).toBe(0)
      await typePassword(user, '/account/security/passkeys')
      await arrivesAt('/account/security/passkeys')
      await says('No passkeys')
      await says('Adding a passkey needs JavaScript and a browser that supports passkeys.')
      expect(await page.getByRole('button', { name: 'Add a passkey' }).count()).toBe(0)
    },
    PATIENCE_MS,
  )
})
