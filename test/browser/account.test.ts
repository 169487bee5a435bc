/** A person's account in a real browser: access of applications, profile, sign-ins; and confirming who one is. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { issueTokens } from '../oauth/support'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { closePage, newPage, pageErrors } from '../support/chromium'
import { journeyLook } from '../support/journey-look'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 60_000
const STALE_MS = 11 * 60_000

suiteNeeds('chromium')('the account in Chromium', () => {
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

  async function signIn(user: UserRow & { password: string }, target: string) {
    await page.goto(`${base}/login?${new URLSearchParams({ redirect: target })}`)
    await page.getByLabel('Username').fill(user.username)
    await page.getByLabel('Password', { exact: true }).fill(user.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${base}${target}`)
  }
  const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click()
  const confirmIn = (name: string) => page.locator('dialog:visible').getByRole('button', { name, exact: true }).click()
  const says = (text: string) => page.getByText(text).first().waitFor()
  const tab = (name: string) =>
    page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name, exact: true }).click()

  const cases = [
    { javaScript: true, width: 1280, colorScheme: 'light' },
    { javaScript: true, width: 390, colorScheme: 'dark' },
    { javaScript: false, width: 1280, colorScheme: 'dark' },
    { javaScript: false, width: 390, colorScheme: 'light' },
  ] as const

  test.each(cases)(
    'looking around, disabling, enabling and revoking access, the own name (%p)',
    async (options) => {
      const user = await app.insertUser({ fullName: 'Alice Archer' })
      for (const clientName of ['Acme CLI', 'Team wiki', 'Nightly backup'])
        await issueTokens(app, { user, client: await app.insertClient({ clientName }), scope: 'read offline_access' })
      page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'account', options)
      await signIn(user, '/account')
      await says('Hello, Alice Archer')
      await look('overview')

      await tab('Sessions')
      await look('sessions')
      await press('Disable access of Acme CLI')
      await confirmIn('Disable access')
      await says('Access of Acme CLI was disabled: 2 tokens stopped working.')
      await look('disabled')
      await press('Enable access of Acme CLI')
      await confirmIn('Enable access')
      await says('Access of Acme CLI was enabled: 2 tokens work again.')
      await page.getByRole('searchbox', { name: 'Application or permission' }).fill('wiki')
      await press('Search')
      await says('Showing 1 total grant')
      await page.getByRole('link', { name: 'Revoked', exact: true }).click()
      await says('No sessions found')
      await look('no-match')
      await page.getByRole('link', { name: 'Clear', exact: true }).click()

      await tab('Applications')
      await look('authorizations')
      await press('Revoke access of Nightly backup')
      await confirmIn('Revoke access')
      await says('Application access has been revoked successfully. 2 tokens stopped working.')
      await tab('Sessions')
      await press('Revoke all')
      await confirmIn('Revoke all')
      await says('All access was revoked: 4 tokens stopped working.')

      await tab('Profile')
      await look('profile')
      await page.getByLabel('Name', { exact: true }).fill('Alice A. Archer')
      await page.getByLabel('Language of these pages').selectOption('en')
      await press('Save changes')
      await says('Your profile was saved.')
      await tab('Sign-ins')
      await page.getByRole('table', { name: 'Sign-ins' }).getByText('Signed in', { exact: true }).waitFor()
      await look('activity')
      expect(findings).toEqual([])
      expect(errors).toEqual([])
    },
    PATIENCE_MS,
  )

  test.each(cases)(
    'a form sent too late is confirmed with the password, offered again and done (%p)',
    async (options) => {
      const admin = await app.insertUser({ role: 'admin' })
      page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'account', options)
      await signIn(admin, '/admin/users/new')
      const username = `late-${crypto.randomUUID().slice(0, 6)}`
      await page.getByLabel('Username').fill(username)
      await page.getByLabel('Email').fill(`${username}@example.com`)
      app.clock.advance(STALE_MS)
      await page.locator('form button[type=submit]:has-text("Create user")').click()
      await page.getByRole('heading', { name: 'Confirm it is you' }).waitFor()
      await look('asked')
      await page.getByLabel('Password', { exact: true }).fill('not-the-password-at-all')
      await press('Confirm')
      await says('The password is not correct.')
      await look('wrong')
      await page.getByLabel('Password', { exact: true }).fill(admin.password)
      await press('Confirm')
      await page.getByRole('heading', { name: 'Thank you' }).waitFor()
      await look('continue')
      await press('Continue')
      await page.waitForURL(/\/account\/reveal\//)
      await look('secret')
      await page.reload()
      await says('Already shown')
      await look('gone')
      expect(findings).toEqual([])
      expect(errors.filter((error) => !/410|400/.test(error))).toEqual([])
    },
    PATIENCE_MS,
  )
})
