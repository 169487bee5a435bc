/** A real browser for tests: pages with and without JavaScript, accessibility findings, screenshots. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumProgram } from './parts'

// The sandbox needs privileges that containers withhold; /dev/shm is too small there. The rest keeps the browser from
// calling home.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function launchChromium(): Promise<Browser> {
  const executablePath = chromiumProgram()
  if (!executablePath) throw new Error('Chromium is not installed; guard the suite with suiteNeeds("chromium")')
  return chromium.launch({ executablePath, args: ARGUMENTS })
}

export interface PageOptions {
  /** `false`: the page as somebody sees it who has switched JavaScript off. */
  javaScript?: boolean
  width?: number
  height?: number
  colorScheme?: 'light' | 'dark'
  /** Accept the self-signed certificate of a server under test. */
  ignoreHTTPSErrors?: boolean
}

/** A page in a browser profile of its own: no cookies are shared with other pages. Close it with `closePage`. */
export async function newPage(browser: Browser, options: PageOptions = {}): Promise<Page> {
  const { javaScript = true, width = 1280, height = 900, colorScheme = 'light', ignoreHTTPSErrors = false } = options
  const profile = await browser.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width, height },
    colorScheme,
    ignoreHTTPSErrors,
    reducedMotion: 'reduce',
  })
  return profile.newPage()
}

export const closePage = (page: Page): Promise<void> => page.context().close()

/** Collects what the page complains about in the console (refused by CSP, script errors) while a test goes on. */
export function pageErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  return errors
}

/** What a colour scheme can break. */
export const COLOUR_RULES = ['color-contrast', 'link-in-text-block']
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * Accessibility findings of the page, for tags or rules of axe, as one line each (`rule: help: elements`); an empty list is the goal.
 * Runs through the debugger, so the page's Content-Security-Policy stays as it is. The page must allow JavaScript.
 */
export async function axeFindings(page: Page, rules = RULES): Promise<string[]> {
  const isLoaded = await page.evaluate<boolean>(`typeof axe === 'object'`)
  if (!isLoaded) await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'))
  const results = await page.evaluate<AxeResults>(`axe.run(document, { runOnly: ${JSON.stringify(rules)} })`)
  return results.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
  )
}

/** Writes `<name>.png` into the folder AUTHGATE_SCREENSHOTS names; does nothing when it is not set. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.AUTHGATE_SCREENSHOTS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
