/** An administrator decides about applications in a real browser, with and without scripts. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { axeFindings, closePage, launchChromium, newPage, pageErrors, screenshot } from '../support/chromium'
import { freePort } from '../support/ports'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 90_000

suiteNeeds('chromium')('applications in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let server: ReturnType<typeof Bun.serve>
  let base: string
  let admin: UserRow & { password: string }

  beforeAll(async () => {
    const port = await freePort()
    base = `http://localhost:${port}/id`
    app = await openTestApp({ settings: { BASE_URL: base } })
    server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
    admin = await app.insertUser({ role: 'admin' })
    browser = await launchChromium()
  }, 30_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop(true)
    await app?.close()
  })

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
      const findings: string[] = []
      const look = async (what: string) => {
        const wide = await page
          .evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')
          .catch(() => false)
        if (wide) findings.push(`${what} scrolls sideways`)
        if (options.javaScript) for (const finding of await axeFindings(page)) findings.push(`${what}: ${finding}`)
        await screenshot(page, `admin-clients-${what}-${options.width}-${options.colorScheme}`)
      }
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
