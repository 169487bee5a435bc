/** Sample pages in a real browser, for the suites that look at pages. */
import { afterAll, beforeAll } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, newPage, type PageOptions } from '../support/chromium'
import { type SampleOptions, samples } from './samples'
import { type SampleServer, serveSamples } from './serve-samples'

export interface SampleBrowser {
  readonly browser: Browser
  readonly server: SampleServer
  /** A page in a browser profile of its own, at the sample of that name. */
  open(name: string, options?: PageOptions): Promise<Page>
}

/** To be called inside a suite, which gets browser and server for as long as it runs. */
export function sampleBrowser(options: Omit<SampleOptions, 'now'> = {}): SampleBrowser {
  let running: { browser: Browser; server: SampleServer } | undefined
  const parts = () => {
    if (running === undefined) throw new Error('the browser is there inside tests only')
    return running
  }
  beforeAll(async () => {
    running = { browser: await launchChromium(), server: serveSamples(samples({ ...options, now: new Date() })) }
  }, 30_000)
  afterAll(async () => {
    await running?.browser.close()
    await running?.server.stop()
  })
  return {
    get browser() {
      return parts().browser
    },
    get server() {
      return parts().server
    },
    async open(name, pageOptions) {
      const page = await newPage(parts().browser, pageOptions)
      await page.goto(`${parts().server.url}/pages/${name}`)
      return page
    },
  }
}
