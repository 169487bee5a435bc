/** An administrator reads the audit log in a real browser, with and without scripts. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { insertEvent, insertMany } from '../audit/support'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { closePage, newPage, pageErrors } from '../support/chromium'
import { journeyLook } from '../support/journey-look'
import { suiteNeeds } from '../support/skip'

const PATIENCE_MS = 90_000

suiteNeeds('chromium')('the audit log in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let admin: UserRow & { password: string }
  let page: Page

  beforeAll(async () => {
    ;({ browser, app, base, close } = await openBrowserApp())
    admin = await app.insertUser({ role: 'admin', fullName: 'Ada Admin' })
    await insertMany(app.ctx, 30, (index) => ({
      actorUsername: `person${index}`,
      actorIp: '198.51.100.7',
      resourceType: 'TOKEN',
    }))
    await insertEvent(
      app.ctx,
      {
        event: 'SUSPICIOUS_ACTIVITY',
        action: 'Refresh token reuse detected — token family revoked',
        success: false,
        actor: { id: admin.id, username: 'a-very-long-name-without-any-blank'.repeat(6) },
        resource: { type: 'TOKEN', id: crypto.randomUUID() },
        clientId: crypto.randomUUID(),
        details: { family_id: crypto.randomUUID(), note: 'x'.repeat(400), nested: { list: [1, 2, 3] } },
      },
      {
        actorIp: '2001:db8:1234:5678:9abc:def0:1234:5678',
        userAgent: 'Mozilla/5.0 '.repeat(20),
        requestPath: '/oauth/token',
        requestMethod: 'POST',
        requestId: crypto.randomUUID(),
      },
    )
    await insertEvent(app.ctx, {
      event: 'USER_DELETED',
      action: 'User deleted by admin',
      actor: { id: admin.id, username: 'ada' },
      resource: { type: 'USER', id: 'gone', name: '<b>bob</b>' },
    })
  }, 30_000)
  afterAll(() => close?.())
  afterEach(() => closePage(page))

  test.each([
    { javaScript: true, width: 1280, colorScheme: 'light' },
    { javaScript: true, width: 390, colorScheme: 'dark' },
    { javaScript: false, width: 390, colorScheme: 'light' },
  ] as const)(
    'look, narrow, open, follow, page, export (%p)',
    async (options) => {
      page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'audit', options)
      const entries = () => page.locator('.audit-entry')
      await page.goto(`${base}/login?redirect=%2Fadmin%2Faudit`)
      await page.getByLabel('Username').fill(admin.username)
      await page.getByLabel('Password', { exact: true }).fill(admin.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Audit log' }).waitFor()
      expect(await entries().count()).toBe(20)
      await look('list')

      await page.getByRole('link', { name: /Next/ }).click()
      await page.getByText(/Page 2 of \d/).waitFor()
      await page.getByRole('link', { name: '24 hours' }).click()
      await page.locator('summary', { hasText: 'Filters' }).click()
      await look('filters')
      await page.getByLabel('Event', { exact: true }).selectOption('SUSPICIOUS_ACTIVITY')
      await page.getByLabel('Severity').selectOption('CRITICAL')
      await page.getByRole('button', { name: 'Apply filters' }).click()
      await page.getByText('Total events: 1', { exact: true }).waitFor()
      await page.locator('.audit-entry > summary').click()
      await page
        .getByText('It may have been stolen', { exact: false })
        .or(page.getByText('may have been stolen'))
        .first()
        .waitFor()
      await look('open')
      await page.getByRole('link', { name: 'Link to this event' }).click()
      await page.getByRole('heading', { name: 'Suspicious activity' }).waitFor()
      await look('event')
      await page.getByRole('link', { name: 'Audit log', exact: true }).click()
      await page.goto(`${base}/admin/audit?event_type=USER_DELETED&severity=WARNING`)
      await page.getByRole('link', { name: /Remove filter Severity/ }).click()
      await page.getByText('Total events: 1', { exact: true }).waitFor()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Export CSV' }).click(),
      ])
      expect(download.suggestedFilename()).toMatch(/^audit_logs_\d{4}-\d\d-\d\d\.csv$/)
      const text = await Bun.file(await download.path()).text()
      expect(text.split('\n')).toHaveLength(3)
      expect(text).toContain('<b>bob</b>')
      await page.goto(`${base}/admin/audit?search=nothing-like-this`)
      await look('none')
      await page.goto(`${base}/admin/audit?event_type=LOGOUT`)
      await page.getByRole('link', { name: 'Show all events' }).click()
      expect(await entries().count()).toBe(20)
      expect([findings, errors]).toEqual([[], []])
    },
    PATIENCE_MS,
  )
})
