/** How the pages look in a real browser, under the policy they are sent with. */
import { describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { axeFindings, COLOUR_RULES, closePage, newPage, pageErrors, screenshot } from '../support/chromium'
import { suiteNeeds } from '../support/skip'
import { sampleBrowser } from '../views/sample-browser'
import { samples, UNBREAKABLE } from '../views/samples'

const WIDTHS = [320, 390, 768, 1024, 1280, 1920]
const PATIENCE_MS = 420_000

const names = samples({ now: new Date() }).map(({ name }) => name)
/** The narrow column of the other pages is the same on every screen that is wider than it. */
const changesWithWidth = (name: string) => /^(?:sessions|account|change-password|admin|apps?(?:-|$)|docs)/.test(name)

/** What reaches beyond the right edge of the window, as `tag.class` each. */
const OVERFLOWING = `[...document.body.querySelectorAll('*')]
  .filter((e) => e.checkVisibility() && !e.closest('.sr-only, .skip-link, thead, pre > *, .truncate > *, .docs-table *') && e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.tagName + '.' + e.getAttribute('class'))
  .concat(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [])`

suiteNeeds('chromium')('look of the pages in Chromium', () => {
  const usual = sampleBrowser()

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test(
      'no accessibility finding, no console error (WCAG 2.2 AA)',
      async () => {
        const page = await newPage(usual.browser, { colorScheme })
        const errors = pageErrors(page)
        const findings: string[] = []
        for (const [index, name] of names.entries()) {
          await page.goto(`${usual.server.url}/pages/${name}`)
          // The dark changes colours only, and those do not change with the width: each page at one, every width by turns.
          const turn = colorScheme === 'light' ? [390, 1280] : [390, 1280].slice(index % 2).slice(0, 1)
          for (const width of changesWithWidth(name) ? turn : [390]) {
            await page.setViewportSize({ width, height: 900 })
            const rules = colorScheme === 'dark' ? COLOUR_RULES : undefined
            for (const finding of await axeFindings(page, rules)) findings.push(`${name} at ${width}: ${finding}`)
            await screenshot(page, `${name}-${width}-${colorScheme}`)
          }
        }
        expect(findings).toEqual([])
        expect(errors).toEqual([])
        await closePage(page)
      },
      PATIENCE_MS,
    )

    test(
      'no accent makes anything hard to read',
      async () => {
        const page = await newPage(usual.browser, { colorScheme })
        const findings: string[] = []
        for (const name of ['device-entry', 'device-confirm-own']) {
          await page.goto(`${usual.server.url}/pages/${name}`)
          for (const accent of ['indigo', 'blue', 'teal', 'green', 'amber', 'rose', 'slate']) {
            await page.evaluate(`document.documentElement.dataset.accent = '${accent}'`)
            for (const finding of await axeFindings(page)) findings.push(`${name}, ${accent}: ${finding}`)
          }
        }
        expect(findings).toEqual([])
        await closePage(page)
      },
      PATIENCE_MS,
    )

    test('an open menu and an open dialog have no finding either', async () => {
      const page = await usual.open('sessions', { colorScheme })
      await page.locator('summary').click()
      expect(await axeFindings(page)).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
      expect(await axeFindings(page)).toEqual([])
      await closePage(page)
    })
  })
  async function overflows(page: Page, url: string): Promise<string[]> {
    const problems: string[] = []
    for (const name of names) {
      await page.goto(`${url}/pages/${name}`)
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 })
        for (const problem of await page.evaluate<string[]>(OVERFLOWING))
          problems.push(`${name} at ${width}: ${problem}`)
      }
    }
    return problems
  }

  test.each([true, false])(
    'nothing scrolls sideways or is cut off at any width (scripts: %p)',
    async (javaScript) => {
      const page = await newPage(usual.browser, { javaScript })
      expect(await overflows(page, usual.server.url)).toEqual([])
      await closePage(page)
    },
    PATIENCE_MS,
  )

  describe('with long names that have no blank', () => {
    const long = sampleBrowser({ text: UNBREAKABLE })
    test(
      'nothing scrolls sideways or is cut off at any width',
      async () => {
        const page = await newPage(long.browser)
        expect(await overflows(page, long.server.url)).toEqual([])
        await closePage(page)
      },
      PATIENCE_MS,
    )
  })

  test('a first visit loads less than 60 kB, and nothing from elsewhere', async () => {
    const page = await usual.open('device-confirm')
    await page.waitForLoadState('networkidle')
    const sizes = await page.evaluate<[string, number][]>(
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((e) => [e.name, e.encodedBodySize])`,
    )
    expect(sizes.filter(([url]) => !url.startsWith(usual.server.url))).toEqual([])
    expect(sizes.length).toBeGreaterThan(4)
    expect(sizes.reduce((sum, [, size]) => sum + size, 0)).toBeLessThan(60_000)
    await closePage(page)
  })
  describe('theme', () => {
    const theme = (page: Page) => page.evaluate<string | null>('document.documentElement.dataset.theme ?? null')
    const background = (page: Page) => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')

    test('follows the system until somebody chooses, then the choice, set before the first paint', async () => {
      const page = await usual.open('login', { colorScheme: 'dark' })
      expect(await theme(page)).toBeNull()
      const dark = await background(page)
      await page.getByRole('button', { name: 'Switch to light mode' }).click()
      expect(await theme(page)).toBe('light')
      expect(await background(page)).not.toBe(dark)
      await page.getByRole('button', { name: 'Switch to dark mode' }).waitFor()
      await page.route('**/main-*.js', (route) => route.abort())
      await page.reload()
      expect(await theme(page)).toBe('light')
      await closePage(page)
    })

    test('is the same in both ways to dark', async () => {
      const bySystem = await usual.open('sessions', { colorScheme: 'dark' })
      const byChoice = await usual.open('sessions', { colorScheme: 'light' })
      await byChoice.evaluate(`document.documentElement.dataset.theme = 'dark'`)
      const colours = `[...document.querySelectorAll('body, .panel, .top-bar, th, td, .btn, .tag, p')].map((e) => {
        const { color, backgroundColor, borderTopColor } = getComputedStyle(e)
        return [color, backgroundColor, borderTopColor].join()
      })`
      await byChoice.waitForTimeout(300)
      expect(await byChoice.evaluate<string[]>(colours)).toEqual(await bySystem.evaluate<string[]>(colours))
      await closePage(bySystem)
      await closePage(byChoice)
    })
  })
})
