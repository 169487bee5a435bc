import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { axeFindings, closePage, launchChromium, newPage, pageErrors } from './chromium'
import { suiteNeeds } from './skip'

const GOOD = '<!doctype html><html lang="en"><title>t</title><main><h1>t</h1></main></html>'
const BAD = '<!doctype html><html lang="en"><title>t</title><main><h1>t</h1><img src="/x.png"></main></html>'
const SCRIPTED = `${GOOD}<script>document.title = 'scripted'</script>`

suiteNeeds('chromium')('Chromium for tests', () => {
  let browser: Browser
  let server: ReturnType<typeof Bun.serve>
  let origin: string
  const html = (body: string, headers: Record<string, string> = {}) =>
    new Response(body, { headers: { 'content-type': 'text/html', ...headers } })

  beforeAll(async () => {
    server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      routes: {
        '/good': html(GOOD, { 'content-security-policy': "default-src 'none'" }),
        '/bad': html(BAD),
        '/scripted': html(SCRIPTED),
        '/refused': html(SCRIPTED, { 'content-security-policy': "script-src 'none'" }),
        '/*': new Response(null, { status: 204 }),
      },
    })
    origin = `http://127.0.0.1:${server.port}`
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop(true)
  })

  test('accessibility findings name the rule and the element, under a strict CSP too', async () => {
    const page = await newPage(browser)
    await page.goto(`${origin}/good`)
    expect(await axeFindings(page)).toEqual([])
    await page.goto(`${origin}/bad`)
    expect(await axeFindings(page)).toEqual([expect.stringMatching(/^image-alt: .*: img$/)])
    await closePage(page)
  })

  test('a page without JavaScript runs no script', async () => {
    const withScripts = await newPage(browser)
    await withScripts.goto(`${origin}/scripted`)
    expect(await withScripts.title()).toBe('scripted')
    await closePage(withScripts)

    const without = await newPage(browser, { javaScript: false })
    await without.goto(`${origin}/scripted`)
    expect(await without.title()).toBe('t')
    await closePage(without)
  })

  test('what the CSP refuses is reported', async () => {
    const page = await newPage(browser)
    const errors = pageErrors(page)
    await page.goto(`${origin}/refused`)
    expect(errors).toEqual([expect.stringContaining('Content Security Policy')])
    await closePage(page)
  })
})
