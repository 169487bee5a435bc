/** An administrator at work in a real browser: the dashboard, and the life of an account from its making to its end. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { closePage, newPage, pageErrors } from '../support/chromium'
import { journeyLook } from '../support/journey-look'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 60_000

suiteNeeds('chromium')('administration of users in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let admin: UserRow & { password: string }
  let page: Page

  beforeAll(async () => {
    ;({ browser, app, base, close } = await openBrowserApp({
      SESSION_IDLE_TIMEOUT: '0',
      SESSION_MAX_AGE: '36000',
      ENABLE_RATE_LIMIT: 'false',
    }))
    admin = await app.insertUser({ role: 'admin', fullName: 'Ada Admin' })
    await app.insertUser({ role: 'admin' })
  }, 30_000)
  afterAll(() => close?.())
  afterEach(() => closePage(page))

  async function signIn() {
    await page.goto(`${base}/login?redirect=%2Fadmin`)
    await page.getByLabel('Username').fill(admin.username)
    await page.getByLabel('Password', { exact: true }).fill(admin.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor()
  }
  const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click()
  const confirmIn = (name: string) => page.locator('dialog:visible').getByRole('button', { name, exact: true }).click()
  const says = (text: string) => page.getByText(text).first().waitFor()

  const cases = [
    { javaScript: true, width: 1280, colorScheme: 'light' },
    { javaScript: true, width: 390, colorScheme: 'dark' },
    { javaScript: false, width: 1280, colorScheme: 'dark' },
    { javaScript: false, width: 390, colorScheme: 'light' },
  ] as const

  test.each(cases)(
    'make, look at, edit, disable, enable, reset, delete (%p)',
    async (options) => {
      page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'journey', options)
      await signIn()
      await look('dashboard')
      await page.goto(`${base}/admin/users`)
      await look('users')
      await page.getByRole('link', { name: 'Create user' }).click()

      const suffix = crypto.randomUUID().slice(0, 6)
      await page.getByLabel('Username').fill(`Grace H. ${suffix}`)
      await page.getByLabel('Email').fill(`grace-${suffix}@example.com`)
      await page.getByLabel('Full name').fill('Grace Hopper')
      await look('create')
      await press('Create user')
      await says(`was stored as graceh${suffix}.`)
      await look('reveal')
      const password = await page.locator('.secret code').textContent()
      expect(password).toMatch(/^[\w-]{16}$/)
      await page.reload()
      await says('Already shown')
      await page.goto(`${base}/admin/users?search=graceh${suffix}`)
      await says('Showing 1 total users')
      await page.getByRole('link', { name: `graceh${suffix}`, exact: true }).click()
      await look('user')

      await page.getByRole('link', { name: 'Edit user' }).click()
      await page.getByRole('radio', { name: /Admin/ }).check()
      await look('edit')
      await press('Save changes')
      await says('User updated successfully. The new role ended 0 browser sessions.')

      await press('Disable user')
      await look('disable dialog')
      await confirmIn('Disable user')
      await says('User account has been disabled.')
      await press('Enable user')
      await says('User account has been enabled.')

      await press('Reset password')
      await confirmIn('Reset password')
      await says('was replaced')
      await page.getByRole('link', { name: 'Go to the user' }).click()

      await page.getByRole('link', { name: 'Delete user' }).click()
      await look('delete')
      await press('Delete user')
      await says('User deleted successfully.')
      await page.goto(`${base}/admin/users?search=graceh${suffix}`)
      await says('No users found')
      await look('nothing found')
      expect(findings).toEqual([])
      // A page that was shown once answers 410 the second time, which the console reports.
      expect(errors.filter((error) => !error.includes('410'))).toEqual([])
    },
    PATIENCE_MS,
  )

  test(
    'a long absence: the form is kept while one confirms who one is',
    async () => {
      page = await newPage(browser)
      await signIn()
      await page.goto(`${base}/admin/users/new`)
      const name = `kept-${crypto.randomUUID().slice(0, 6)}`
      await page.getByLabel('Username').fill(name)
      await page.getByLabel('Email').fill(`${name}@example.com`)
      app.clock.advance(11 * 60_000)
      await press('Create user')
      await page.getByRole('heading', { name: 'Confirm it is you' }).waitFor()
      await page.getByLabel('Password', { exact: true }).fill(admin.password)
      await press('Confirm')
      await press('Continue')
      await says(`The account ${name} was created.`)
    },
    PATIENCE_MS,
  )

  test(
    'the navigation of a narrow window opens without scripts, and marks where one is',
    async () => {
      page = await newPage(browser, { javaScript: false, width: 390 })
      await signIn()
      await page.locator('.top-bar summary').first().click()
      await page.locator('.menu-panel').getByRole('link', { name: 'Users' }).first().click()
      await page.getByRole('heading', { name: 'Users', exact: true }).waitFor()
      expect(await page.locator('[aria-current="page"]').first().textContent()).toContain('Users')
    },
    PATIENCE_MS,
  )
})
