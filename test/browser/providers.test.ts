/** Signing in through other systems in a real browser, and connecting and disconnecting them. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { connections } from '../identity/linking/support'
import type { TestApp } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { axeFindings, closePage, newPage, pageErrors, screenshot } from '../support/chromium'
import { startGitea } from '../support/providers/gitea'
import { startGitHub } from '../support/providers/github'
import { startGitLab } from '../support/providers/gitlab'
import { startMicrosoft } from '../support/providers/microsoft'
import { startOidc } from '../support/providers/oidc'
import type { ProviderServer } from '../support/providers/provider-server'
import { suiteNeeds } from '../support/skip'

suiteNeeds('chromium')('other systems in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let providers: readonly { readonly server: ProviderServer; readonly settings: Record<string, string> }[]
  let base: string
  let page: Page

  beforeAll(async () => {
    providers = await Promise.all([startGitHub(), startGitea(), startGitLab(), startMicrosoft(), startOidc()])
    const settings = Object.assign({}, ...providers.map((each) => each.settings))
    ;({ browser, app, base, close } = await openBrowserApp({ ...settings, SESSION_IDLE_TIMEOUT: '0' }))
  }, 30_000)
  afterAll(async () => {
    await close?.()
    await Promise.all((providers ?? []).map((each) => each.server.stop()))
  })
  afterEach(() => closePage(page))

  test('the login page has no findings, wide and narrow, light and dark', async () => {
    for (const options of [{}, { width: 320, colorScheme: 'dark' as const }]) {
      page = await newPage(browser, options)
      const errors = pageErrors(page)
      await page.goto(`${base}/login`)
      expect(await axeFindings(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      expect(errors).toEqual([])
      await screenshot(page, `login-providers-${options.width ?? 'wide'}`)
      if (options.width === undefined) await closePage(page)
    }
  }, 30_000)

  test.each([
    ['GitHub', 'Hubert H.'],
    ['Gitea', 'Gitta G.'],
    ['GitLab', 'Gil L.'],
    ['Microsoft', 'Mika M.'],
    ['Example ID', 'Olga O.'],
  ])(
    'sign in with %s, with and without JavaScript',
    async (label, fullName) => {
      for (const javaScript of [true, false]) {
        page = await newPage(browser, { javaScript })
        await page.goto(`${base}/account/sessions`)
        await page.getByRole('link', { name: `Sign in with ${label}` }).click()
        await page.waitForURL(`${base}/account/sessions`)
        expect(await page.content()).toContain(fullName)
        if (javaScript) await closePage(page)
      }
    },
    30_000,
  )

  test('the choice to stay signed in goes along', async () => {
    page = await newPage(browser)
    await page.goto(`${base}/login`)
    await page.getByRole('checkbox').check()
    await page.getByRole('link', { name: 'Sign in with GitHub' }).click()
    await page.waitForURL(`${base}/account/sessions`)
    const session = (await page.context().cookies()).find(({ name }) => name === 'oauth_session')
    expect((session?.expires ?? 0) - Date.now() / 1000).toBeGreaterThan(29 * 86_400)
  }, 30_000)

  test('connect and disconnect, with and without JavaScript', async () => {
    for (const javaScript of [true, false]) {
      const user = await app.insertUser()
      page = await newPage(browser, { javaScript })
      const errors = pageErrors(page)
      await page.goto(`${base}/login?redirect=%2Faccount%2Fconnections`)
      await page.locator('[name=username]').fill(user.username)
      await page.locator('[name=password]').fill(user.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`${base}/account/connections`)
      const oidc = providers[4] as Awaited<ReturnType<typeof startOidc>>
      oidc.person.sub = `connected-${javaScript}`

      await page.getByRole('button', { name: 'Connect Example ID' }).click()
      await page.getByText('Your Example ID account is connected.').waitFor()
      expect(page.url()).toBe(`${base}/account/connections`)
      if (javaScript) {
        expect(await axeFindings(page)).toEqual([])
        await screenshot(page, 'account-connections')
      }
      await page.getByRole('button', { name: 'Disconnect Example ID' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click()
      await page.getByText('Your Example ID account is disconnected.').waitFor()
      expect((await connections(app)).some(({ userId }) => userId === user.id)).toBe(false)
      expect(errors).toEqual([])
      if (javaScript) await closePage(page)
    }
  }, 30_000)

  test('the connections page on a narrow screen has no findings', async () => {
    page = await newPage(browser, { width: 320, colorScheme: 'dark' })
    await page.goto(`${base}/login?redirect=%2Faccount%2Fconnections`)
    await page.getByRole('link', { name: 'Sign in with Gitea' }).click()
    await page.getByText('Your only way to sign in').waitFor()
    expect(await axeFindings(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await screenshot(page, 'account-connections-320')
  }, 30_000)

  test('a refused account is told why, in a page without findings', async () => {
    await app.insertUser({
      role: 'admin',
      email: 'boss@example.com',
      emailNorm: 'boss@example.com',
      emailVerified: true,
    })
    const github = providers[0] as Awaited<ReturnType<typeof startGitHub>>
    Object.assign(github.person, { id: 9, emails: [{ email: 'boss@example.com', primary: true, verified: true }] })
    page = await newPage(browser)
    await page.goto(`${base}/login`)
    await page.getByRole('link', { name: 'Sign in with GitHub' }).click()
    await page.getByText('cannot be linked automatically').waitFor()
    expect(await axeFindings(page)).toEqual([])
    await screenshot(page, 'provider-refused')
  }, 30_000)
})
