/** The whole server, listening below a path, beside a real browser: what every journey of test/browser begins with. */
import type { Browser } from 'playwright-core'
import { openTestApp, type TestApp } from './app'
import { launchChromium } from './chromium'
import { freePort } from './ports'

export interface BrowserApp {
  readonly browser: Browser
  readonly app: TestApp
  /** `BASE_URL`, without a slash at its end. */
  readonly base: string
  close(): Promise<void>
}

export async function openBrowserApp(settings: Record<string, string> = {}): Promise<BrowserApp> {
  const port = await freePort()
  const base = `http://localhost:${port}/id`
  const app = await openTestApp({ settings: { ...settings, BASE_URL: base } })
  const server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
  const browser = await launchChromium()
  const close = async () => {
    await browser.close()
    await server.stop(true)
    await app.close()
  }
  return { browser, app, base, close }
}
