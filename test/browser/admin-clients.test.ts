/** An administrator decides about applications in a real browser, with and without scripts. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { closePage, newPage, pageErrors } from '../support/chromium'
import { journeyLook } from '../support/journey-look'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 90_000

suiteNeeds('chromium')('applications in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let admin: UserRow & { password: string }

  beforeAll(async () => {
    ;({ browser, app, base, close } = await openBrowserApp())
    admin = await app.insertUser({ role: 'admin' })
  }, 30_000)
  afterAll(() => close?.())

  test.each([
    { javaScript: true, width: 1280, colorScheme: 'light' },
    { javaScript: true, width: 390, colorScheme: 'dark' },
    { javaScript: false, width: 390, colorScheme: 'light' },
  ] as const)(
    'find, look, approve, change (%p)',
    async (options) => {
      const name = `Wiki ${options.width} ${options.colorScheme}`
      await app.insertClient({
        ...{ clientName: name, status: 'pending', userId: admin.id, description: 'Pages of the team. '.repeat(6) },
        redirectUris: [`https://wiki.example/${'long/'.repeat(30)}callback`],
      })
      const page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'admin-clients', options)
      await page.goto(`${base}/login?redirect=%2Fadmin%2Fclients`)
      await page.getByLabel('Username').fill(admin.username)
      await page.getByLabel('Password', { exact: true }).fill(admin.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Applications' }).waitFor()
      await look('list')
      await page.getByRole('link', { name }).click()
      await page.getByText('Waits for approval').waitFor()
      await look('waiting')
      await page.getByRole('button', { name: 'Approve' }).click()
      await page.getByText(`${name} was approved.`).waitFor()
      await look('approved')
      await page.goto(`${page.url()}/edit`)
      await look('edit')
      await page.goto(`${base}/admin/clients/new`)
      await look('new')
      expect(findings).toEqual([])
      expect(errors).toEqual([])
      await closePage(page)
    },
    PATIENCE_MS,
  )
})
