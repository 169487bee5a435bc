/** Own applications in a real browser: registering, using the programs on their pages, secrets, reviews, deleting. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { reject } from '../../src/clients/review'
import { findPending } from '../../src/clients/revisions'
import { ADMIN, clientRow, fieldsOf } from '../clients/support'
import { issueMachineToken, issueTokens } from '../oauth/support'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { axeFindings, closePage, newPage, type PageOptions, pageErrors, screenshot } from '../support/chromium'
import { suiteNeeds } from '../support/skip'

const CALLBACK = 'http://localhost:3000/callback'
const PATIENCE_MS = 60_000

suiteNeeds('chromium')('own applications in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let page: Page

  beforeAll(async () => {
    ;({ browser, app, base, close } = await openBrowserApp({ SESSION_IDLE_TIMEOUT: '0', STEP_UP_MAX_AGE: '0' }))
  }, PATIENCE_MS)
  afterAll(() => close?.())
  afterEach(() => closePage(page))

  async function open(path: string, options: PageOptions = {}): Promise<UserRow> {
    const user = await app.insertUser()
    page = await newPage(browser, options)
    await page.goto(`${base}/login?${new URLSearchParams({ redirect: path })}`)
    await page.locator('[name=username]').fill(user.username)
    await page.locator('[name=password]').fill(user.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${base}${path}`)
    return user
  }

  async function look(name: string): Promise<void> {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 })
      expect([name, width, await axeFindings(page)]).toEqual([name, width, []])
      expect([name, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true])
      await screenshot(page, `${name}-${width}`)
    }
    await page.setViewportSize({ width: 1280, height: 900 })
  }

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const follow = (name: string) => page.getByRole('link', { name, exact: true }).click()

  test.each([true, false])(
    'register, program, new secret, delete (JavaScript: %p)',
    async (javaScript) => {
      await open('/apps', { javaScript })
      const errors = pageErrors(page)
      if (javaScript) await look('apps-empty')
      await follow('Register Your First App')
      await page.getByLabel('Client credentials flow').check()
      await page.getByLabel('Authorization code flow').check()
      await press('Register App').catch(() => {})
      // The browser itself asks for the name.
      await page.getByLabel('App Name').fill('Deploy tool')
      await page.getByLabel('Description').fill('Brings releases to production.')
      await press('Register App')
      await page.getByRole('alert').first().waitFor()
      expect(await page.getByLabel('App Name').inputValue()).toBe('Deploy tool')
      expect(await page.getByLabel('Redirect URIs').getAttribute('aria-invalid')).toBe('true')
      if (javaScript) await look('app-form-problems')

      await page.getByLabel('Confidential', { exact: false }).first().check()
      await page.getByLabel('Redirect URIs').fill(CALLBACK)
      await press('Register App')
      await page.getByRole('heading', { name: 'App Registered' }).waitFor()
      const [secret = ''] = /ago_[a-z2-7]{52}/.exec(await page.content()) ?? []
      expect(secret).not.toBe('')
      if (javaScript) await look('app-registered')
      await follow('View My App')
      await page.getByRole('heading', { name: 'Deploy tool' }).waitFor()
      expect(await page.content()).not.toContain(secret)
      const clientId = decodeURIComponent(new URL(page.url()).pathname.split('/').pop() ?? '')
      const program = await page.locator('pre').first().textContent()
      expect(program).toContain(`client_id='${clientId}'`)
      expect(program).toContain(`issuer='${base}'`)
      if (javaScript) await look('app-pending')

      await follow('Regenerate Secret')
      await page.getByLabel('Works for 24 more hours').check()
      if (javaScript) await look('app-regenerate')
      await press('Regenerate Secret')
      await page.getByRole('heading', { name: 'Client Secret Regenerated' }).waitFor()
      expect(await page.content()).not.toContain(secret)
      await follow('View My App')
      await press('End the old secret now')
      await page.getByRole('dialog').getByRole('button', { name: 'End the old secret now' }).click()
      await page.getByText('The old secret has stopped working.').waitFor()

      await follow('Delete App')
      if (javaScript) await look('app-delete')
      await press('Delete')
      await page.getByText('Deploy tool was deleted').waitFor()
      expect(await clientRow(app, clientId)).toBeUndefined()
      expect(errors.filter((error) => !/status of 400/.test(error))).toEqual([])
    },
    PATIENCE_MS,
  )

  test(
    'an approved application: change in review, refusal, who has access',
    async () => {
      const user = await open('/apps')
      const client = await app.insertClient({
        ...fieldsOf({
          ...{ clientName: 'Team wiki', description: 'Pages for everybody', clientType: 'confidential' },
          ...{ enableAuthCodeFlow: true, enableClientCredentialsFlow: true, scopes: 'openid profile email' },
          ...{
            redirectUris: `https://wiki.example/callback\n${CALLBACK}`,
            project: 'wiki',
            serviceAccount: 'wiki@acme',
          },
        }),
        ...{ userId: user.id, origin: 'owner' },
      })
      for (const status of ['pending', 'inactive'] as const)
        await app.insertClient({ ...fieldsOf({ clientName: `Another ${status}` }), userId: user.id, status })
      await issueTokens(app, { user, client, scope: 'openid profile' })
      await issueTokens(app, { user: await app.insertUser(), client, scope: 'openid' })
      await issueMachineToken(app, client, 'email')
      await page.reload()
      await look('apps')

      await page.goto(`${base}/apps/${client.clientId}/edit`)
      await page.getByLabel('Redirect URIs').fill('https://new.example/callback')
      await page.getByLabel('Client credentials flow').uncheck()
      await look('app-edit')
      await press('Update App')
      await page.getByText('Change waiting for approval').waitFor()
      await look('app-in-review')
      const waiting = await findPending(app.ctx, client.clientId)
      const live = await clientRow(app, client.clientId)
      if (!live || !waiting) throw new Error('the change does not wait')
      await reject(app.ctx, { client: live, revision: waiting }, ADMIN, 'That host is not ours.')
      await page.reload()
      await page.getByText('Reason: That host is not ours.').waitFor()
      await look('app-refused')

      await follow('Who has access')
      await look('app-tokens')
      await press('Revoke All')
      expect(await axeFindings(page)).toEqual([])
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke All' }).click()
      await page.getByText('All access was revoked').waitFor()
    },
    PATIENCE_MS,
  )

  test(
    'the pages speak Chinese and go dark',
    async () => {
      await open('/apps/new', { colorScheme: 'dark' })
      await page.setExtraHTTPHeaders({ 'accept-language': 'zh-TW' })
      await page.reload()
      await page.getByRole('heading', { name: '註冊新應用程式' }).waitFor()
      await look('app-new-zh')
    },
    PATIENCE_MS,
  )
})
