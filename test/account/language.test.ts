/** The language switch of every page, and journeys in Traditional Chinese. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { findUser } from '../../src/identity/users'
import { open, requestOf } from '../oauth/authorize/support'
import { newCodes } from '../oauth/device/support'
import { auditRows } from '../oauth/support'
import { openTestApp, type SignedIn, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { formBrowser } from '../support/form-browser'

const TAIWAN = 'zh-TW,zh;q=0.9,en;q=0.8'

const browser = (app: TestApp, acceptLanguage: string) =>
  formBrowser(app.ctx.settings.origin, (path, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('accept-language', acceptLanguage)
    headers.set('accept', 'text/html')
    return app.get(path, { ...init, headers })
  })

/** What the reader sees: no markup, none of the words that are the same in every language. */
const visible = (html: string): string =>
  html
    .replace(/<head>[\s\S]*<\/head>/, '')
    .replace(/<(script|svg|code)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, '\n')

const englishWords = (html: string, known: readonly string[]): string[] => {
  let text = visible(html)
  for (const word of ['AuthGate', 'English', 'Caps Lock', 'Firefox', 'Linux', 'token', 'UTC', 'dev', ...known])
    text = text.replaceAll(word, '')
  return text.match(/[A-Za-z]{2,}/g) ?? []
}

describe('a journey in Traditional Chinese', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  test('sign in with a wrong and the right password, allow a device, be told about a bad password', async () => {
    const user = await app.insertUser()
    const client = await app.insertClient({ clientName: 'Acme' })
    const { userCode: code } = await newCodes(app, client, 'email profile')
    const known = [user.username, 'Acme', code, code.replace('-', ''), 'XXXX']
    const visitor = browser(app, TAIWAN)
    const inChinese = (html: string) => {
      expect(html).toContain('<html lang="zh-TW"')
      expect(englishWords(html, known)).toEqual([])
    }

    let page = await visitor.open(`/device?user_code=${code}`)
    inChinese(page.html)
    page = await visitor.submit(page, '/login', { username: user.username, password: 'wrong' })
    expect(page.status).toBe(401)
    expect(page.html).toContain('使用者名稱或密碼不正確')
    inChinese(page.html)
    page = await visitor.submit(page, '/login', { username: user.username, password: user.password })
    expect(page.html).toContain('請輸入您的裝置或終端機顯示的代碼。')
    inChinese(page.html)
    page = await visitor.submit(page, '/device/verify', { user_code: 'BCDF-GHJK' })
    expect(page.html).toContain('找不到這個代碼')
    page = await visitor.submit(page, '/device/verify', { user_code: code })
    expect(page.html).toContain('使用您的帳號？')
    inChinese(page.html)
    page = await visitor.submit(page, '/device/decide', { action: 'approve' })
    expect(page.html).toContain('您可以關閉這個視窗')
    inChinese(page.html)
    page = await visitor.open('/account/change-password')
    page = await visitor.submit(page, '/account/change-password', {
      current_password: user.password,
      password: 'short',
      password_confirm: 'short',
    })
    expect(page.html).toContain('請使用至少 12 個字元。')
    inChinese(page.html)
    page = await visitor.open('/nowhere')
    inChinese(page.html)
  })

  test('an application asks for it (OpenID Connect Core §3.1.2.1 ui_locales): login, wrong password, consent', async () => {
    const user = await app.insertUser()
    const client = await app.insertClient({ redirectUris: ['https://app.example/callback'], clientName: 'Acme' })
    const visitor = browser(app, 'en')
    let page = await visitor.open(requestOf(client, { ui_locales: 'fr zh-Hant' }))
    expect(page.html).toContain('<html lang="zh-TW"')
    page = await visitor.submit(page, '/login', { username: user.username, password: 'wrong' })
    expect(page.html).toContain('使用者名稱或密碼不正確')
    page = await visitor.submit(page, '/login', { username: user.username, password: user.password })
    expect(page.html).toContain('它將能夠')
    page = await visitor.open('/account/sessions')
    expect(page.html).toContain('<html lang="en"')

    const set = await app.signIn(await app.insertUser({ language: 'en' }))
    expect(await (await open(app, set, requestOf(client, { ui_locales: 'zh-TW' }))).text()).toContain('<html lang="en"')
  })
})

describe.each(databases)('POST /language on %s', (_name, openDatabase) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open: openDatabase, settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  test('a form on every page that works without scripts, and comes back to the page with all of its address', async () => {
    const visitor = browser(app, 'en')
    let page = await visitor.open('/login?redirect=%2Fdevice%3Fuser_code%3DBCDF-GHJK')
    expect(page.html).toContain('>繁體中文</button>')
    page = await visitor.submit(page, '/language', { language: 'zh-TW' })
    expect(page.path).toBe('/login?redirect=%2Fdevice%3Fuser_code%3DBCDF-GHJK')
    expect(page.html).toContain('<html lang="zh-TW"')
    page = await visitor.submit(page, '/language', { language: 'en' })
    expect(page.html).toContain('<html lang="en"')
  })

  test('pages of a decision have none: nothing to press but the decision', async () => {
    const reader = await app.signIn(await app.insertUser())
    const client = await app.insertClient({ redirectUris: ['https://app.example/callback'] })
    const consent = await (await open(app, reader, requestOf(client))).text()
    expect(consent).toContain('name="request_id"')
    expect(consent).not.toContain('/language')
  })

  const press = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    app.postForm('/language', { language: 'zh-TW', ...fields }, headers)

  test('sets the cookie for a year, for this server only, and nothing else', async () => {
    const response = await press({ redirect: '/device' })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/device'])
    expect(response.headers.getSetCookie()).toEqual(['lang=zh-TW; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000'])
  })

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/logout',
    '/oauth/end_session',
    '/nope\r\nSet-Cookie: a=b',
    '',
    'x'.repeat(10_000),
  ])('leads to no other place than a page of this server: %p', async (redirect) => {
    expect((await press({ redirect })).headers.get('location')).toBe('/')
  })

  test('of the login page only what is safe is kept', async () => {
    const to = async (redirect: string) => (await press({ redirect })).headers.get('location')
    expect(await to('/login?redirect=https%3A%2F%2Fevil.example&error=session_timeout')).toBe('/login')
    expect(await to('/login?redirect=%2Fdevice&prompt=login&x=1')).toBe('/login?redirect=%2Fdevice&prompt=login')
  })

  test('an unknown language is refused', async () => {
    const response = await press({ language: 'fr' })
    expect([response.status, response.headers.getSetCookie()]).toEqual([400, []])
  })

  test('another site cannot press it', async () => {
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }] as Record<
      string,
      string
    >[]) {
      const response = await press({}, headers)
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []])
    }
  })

  const languageOf = async (id: string) => (await findUser(app.ctx, id))?.language

  test('somebody signed in needs the token; without a setting only this browser changes', async () => {
    const user = await app.insertUser()
    const { cookie, csrfToken } = await app.signIn(user)
    expect((await press({}, { cookie })).status).toBe(403)
    expect((await press({ csrf_token: csrfToken }, { cookie })).status).toBe(303)
    expect(await languageOf(user.id)).toBeNull()
  })

  test('somebody with a setting changes it, and the change is recorded', async () => {
    const user = await app.insertUser({ language: 'en' })
    const { cookie, csrfToken }: SignedIn = await app.signIn(user)
    expect((await press({ csrf_token: csrfToken }, { cookie })).status).toBe(303)
    expect(await languageOf(user.id)).toBe('zh-TW')
    expect((await press({ csrf_token: csrfToken }, { cookie })).status).toBe(303)
    const changes = (await auditRows(app, 'USER_UPDATED')).filter(({ resourceId }) => resourceId === user.id)
    expect(changes.map(({ action, actorUserId }) => [action, actorUserId])).toEqual([
      ['Language changed by user', user.id],
    ])
  })

  test('works from an error page of somebody signed in', async () => {
    const { cookie } = await app.signIn(await app.insertUser())
    const html = await (
      await app.get('/device/confirm?request=nope', { headers: { cookie, accept: 'text/html' } })
    ).text()
    const token =
      /action="\/language"[^>]*><input type="hidden" name="csrf_token" value="([^"]+)"/.exec(html)?.[1] ?? ''
    expect((await press({ csrf_token: token }, { cookie })).status).toBe(303)
  })
})
