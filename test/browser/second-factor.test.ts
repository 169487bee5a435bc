/** An authenticator app in a real browser: setting it up, signing in with it and with a recovery code, turning it off. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { codeOf, stepAt } from '../../src/identity/second-factor/totp'
import type { TestApp } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { axeFindings, closePage, newPage, pageErrors } from '../support/chromium'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 60_000

suiteNeeds('chromium')('the second factor in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let page: Page

  beforeAll(async () => {
    ;({ browser, app, base, close } = await openBrowserApp({ ENABLE_RATE_LIMIT: 'false' }))
  }, 30_000)
  afterAll(() => close?.())
  afterEach(() => closePage(page))

  const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click()

  test.each([
    { javaScript: true, width: 1280, colorScheme: 'light' },
    { javaScript: false, width: 390, colorScheme: 'dark' },
  ] as const)(
    'set up, sign in with a code and with a recovery code, turn off (%p)',
    async (options) => {
      const user = await app.insertUser()
      const signIn = async () => {
        await page.goto(`${base}/login?redirect=/account/security`)
        await page.getByLabel('Username').fill(user.username)
        await page.getByLabel('Password', { exact: true }).fill(user.password)
        await press('Sign in')
      }
      page = await newPage(browser, { height: 800, ...options })
      const errors = pageErrors(page)
      await signIn()
      await page.getByRole('link', { name: 'Set up' }).click()
      await press('Begin')
      const secret = (await page.locator('code').first().textContent()) ?? ''
      if (options.javaScript) expect(await axeFindings(page)).toEqual([])
      await page.getByLabel('Code from the app').fill(codeOf(secret, stepAt(app.clock.now())))
      await press('Turn on')
      const shown = (await page.locator('main').textContent()) ?? ''
      const recovery = /[a-z2-9]{4}(?:-[a-z2-9]{4}){3}/.exec(shown)?.[0] ?? ''
      await page.getByRole('link', { name: 'Continue' }).click()
      await page.getByText('10 are left').waitFor()

      app.clock.advance(60_000)
      await page.context().clearCookies()
      await signIn()
      const field = page.getByLabel('Code from the app, or a recovery code')
      await field.fill('000000')
      await press('Continue')
      await page.getByText('This code is not right').waitFor()
      await field.fill(codeOf(secret, stepAt(app.clock.now())))
      await press('Continue')
      await page.waitForURL(`${base}/account/security`)

      await page.context().clearCookies()
      await signIn()
      await field.fill(recovery)
      await press('Continue')
      await page.getByText('You signed in with a recovery code; 9 left.').waitFor()
      await press('Turn off')
      await page.locator('dialog:visible').getByRole('button', { name: 'Turn off' }).click()
      await page.getByText('The authenticator app was turned off.').waitFor()
      expect(errors.filter((error) => !/401/.test(error))).toEqual([])
    },
    PATIENCE_MS,
  )
})
