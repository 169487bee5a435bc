/** The documentation in a real browser: read on a phone and on a desk, in light and dark, in both languages. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { availableSlugs } from '../../src/docs/pages'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { axeFindings, closePage, newPage, pageErrors, screenshot } from '../support/chromium'
import { suiteNeeds } from '../support/skip'

suiteNeeds('chromium')('the documentation in Chromium', () => {
  let browser: Browser
  let close: BrowserApp['close']
  let base: string

  beforeAll(async () => {
    ;({ browser, base, close } = await openBrowserApp())
  }, 30_000)
  afterAll(() => close?.())

  test.each([
    ['en', 390, 'light'],
    ['zh-TW', 390, 'dark'],
    ['en', 1280, 'dark'],
    ['zh-TW', 1280, 'light'],
  ] as const)(
    '%s at %d px, %s: nothing runs out of the page, no axe findings, no errors',
    async (language, width, colorScheme) => {
      const page = await newPage(browser, { width, colorScheme })
      const errors = pageErrors(page)
      for (const slug of availableSlugs) {
        await page.goto(`${base}/docs/${language}/${slug}`)
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect([slug, overflow]).toEqual([slug, 0])
        if (slug === 'getting-started' || slug === 'auth-code-flow' || slug === 'configuration')
          expect([slug, await axeFindings(page)]).toEqual([slug, []])
        if (slug === 'auth-code-flow' || slug === 'configuration')
          await screenshot(page, `docs-${slug}-${language}-${width}`)
      }
      expect(errors).toEqual([])
      await closePage(page)
    },
    90_000,
  )

  test('one goes from page to page and to the other language', async () => {
    const page = await newPage(browser, { javaScript: false })
    await page.goto(`${base}/docs`)
    await page.getByRole('link', { name: 'Device flow' }).first().click()
    expect(page.url()).toBe(`${base}/docs/en/device-flow`)
    await page.getByRole('link', { name: '繁體中文' }).click()
    expect(page.url()).toBe(`${base}/docs/zh-TW/device-flow`)
    await page.goto(`${base}/docs/tokens`)
    expect(page.url()).toBe(`${base}/docs/zh-TW/tokens`)
    await closePage(page)
  }, 30_000)
})
