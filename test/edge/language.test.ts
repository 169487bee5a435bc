/** Which language a page is in. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { browserLanguage, preferredLanguage } from '../../src/edge/language'
import type { Language } from '../../views/messages'
import { openTestApp, type TestApp } from '../support/app'

describe('Accept-Language (RFC 9110 §12.5.4)', () => {
  test.each([
    ['', undefined],
    ['*', undefined],
    ['en', 'en'],
    ['en-GB', 'en'],
    ['EN_us', 'en'],
    ['zh', 'zh-TW'],
    ['zh-TW', 'zh-TW'],
    ['zh_tw', 'zh-TW'],
    ['zh-HK', 'zh-TW'],
    ['zh-MO', 'zh-TW'],
    ['zh-Hant', 'zh-TW'],
    ['zh-Hant-TW', 'zh-TW'],
    // Readers of Simplified Chinese get English.
    ['zh-CN', undefined],
    ['zh-Hans', undefined],
    ['zh-SG', undefined],
    ['fr', undefined],
    ['end', undefined],
    ['zh-CN,en;q=0.5', 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-TW'],
    ['zh-TW,zh;q=0.9', 'zh-TW'],
    ['fr,zh-TW;q=0.4,en;q=0.8', 'en'],
    ['en;q=0.3,zh-TW;q=0.7', 'zh-TW'],
    ['en,zh-TW', 'en'],
    ['zh-TW,en', 'zh-TW'],
    ['zh-TW;q=0,en;q=0.1', 'en'],
    ['zh-TW;q=0', undefined],
    ['zh-TW;q=2,en;q=0.1', 'en'],
    ['zh-TW;q=abc', 'zh-TW'],
    [' zh-TW ; q = 0.9 , en ; q=0.8', 'zh-TW'],
    [`${'x,'.repeat(100_000)}zh-TW`, undefined],
    ['constructor,__proto__', undefined],
  ] as const)('%p', (header, language) => {
    expect(preferredLanguage(header)).toBe(language as Language | undefined)
  })

  test.each([
    [{ cookie: 'lang=zh-TW', 'accept-language': 'en' }, '', 'zh-TW'],
    [{ cookie: 'lang=en', 'accept-language': 'zh-TW' }, '', 'en'],
    [{ cookie: 'docs_lang=zh-TW' }, '', 'zh-TW'],
    [{ cookie: 'docs_lang=zh-TW; lang=en' }, '', 'en'],
    [{ cookie: 'lang=fr', 'accept-language': 'zh-TW' }, '', 'zh-TW'],
    [{ cookie: 'lang=' }, '', 'en'],
    [{}, '', 'en'],
    // What an application asks for counts more than the browser's preferences, and less than a choice.
    [{ 'accept-language': 'en' }, 'fr zh-Hant-TW en', 'zh-TW'],
    [{ 'accept-language': 'zh-TW' }, 'fr de', 'zh-TW'],
    [{ cookie: 'lang=en' }, 'zh-TW', 'en'],
  ] as [Record<string, string>, string, Language][])('%p with ui_locales %p: %s', (headers, uiLocales, language) => {
    expect(browserLanguage(new Request('http://host/', { headers }), uiLocales)).toBe(language)
  })
})

describe('pages', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp()
  })
  afterAll(() => app.close())

  const TAIWAN = { 'accept-language': 'zh-TW,zh;q=0.9,en;q=0.8', accept: 'text/html' }

  test('are in the language of the browser, say so, and tell caches what they depend on', async () => {
    const response = await app.get('/login', { headers: TAIWAN })
    expect(response.headers.get('vary')).toContain('Accept-Language, Cookie')
    const html = await response.text()
    expect(html).toContain('<html lang="zh-TW"')
    expect(html).toContain('<title>登入 - AuthGate</title>')
    expect(await (await app.get('/login')).text()).toContain('<html lang="en"')
  })

  test('about errors too: unknown address, wrong method, form of another site, forms too large or broken', async () => {
    const chinese = async (response: Response, status: number, title: string) => {
      expect(response.status).toBe(status)
      const html = await response.text()
      expect(html).toContain('<html lang="zh-TW"')
      expect(html).toContain(`<title>${title} - AuthGate</title>`)
    }
    await chinese(await app.get('/nope', { headers: TAIWAN }), 404, '找不到頁面')
    await chinese(await app.get('/logout', { method: 'DELETE', headers: TAIWAN }), 405, '不允許的請求方法')
    await chinese(await app.postForm('/login', { username: 'a', password: 'b' }, TAIWAN), 403, '表單已過期')
    await chinese(await app.postForm('/login', `a=${'x'.repeat(1_100_000)}`, TAIWAN), 413, '資料過多')
    await chinese(await app.postForm('/login', 'a=1&a=2', TAIWAN), 400, '無法讀取表單')
  })

  test('programs read English whatever they ask for', async () => {
    const headers = { 'accept-language': 'zh-TW', accept: 'application/json' }
    expect(await (await app.get('/nope', { headers })).text()).toBe('404 page not found')
    expect(await (await app.get('/oauth/nope', { headers })).json()).toMatchObject({
      error_description: 'There is nothing at this address.',
    })
  })

  test('a setting of the signed-in person wins over cookie and browser, on error pages too', async () => {
    const reader = await app.signIn(await app.insertUser({ language: 'zh-TW' }))
    const headers = { cookie: `${reader.cookie}; lang=en`, 'accept-language': 'en', accept: 'text/html' }
    for (const path of ['/account/sessions', '/device/confirm?request=nope', '/nope'])
      expect(await (await app.get(path, { headers })).text()).toContain('<html lang="zh-TW"')
    const unknown = await app.signIn(await app.insertUser({ language: 'tlh' }))
    const page = await app.get('/account/sessions', { headers: { ...headers, cookie: unknown.cookie } })
    expect(await page.text()).toContain('<html lang="en"')
  })
})
