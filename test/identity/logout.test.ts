import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/app'
import { audited } from './audit-rows'
import { field, openBrowser, setCookieOf } from './browser'

describe('logout', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  async function signedIn() {
    const user = await app.insertUser()
    const browser = openBrowser(app)
    await browser.logIn(user)
    return { user, browser, cookie: browser.cookies.get('oauth_session') ?? '' }
  }

  const isSignedIn = async (cookie: string) => {
    const browser = openBrowser(app)
    browser.cookies.set('oauth_session', cookie)
    return (await browser.get('/account/sessions')).status === 200
  }

  test('GET signs out, also copies of the cookie, and deletes it with the attributes it was set with', async () => {
    const { user, browser, cookie } = await signedIn()
    const page = await browser.get('/logout')
    expect(page.status).toBe(302)
    expect(page.location).toBe('/login')
    expect(setCookieOf(page, 'oauth_session')).toBe('oauth_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0')
    expect(page.headers.get('clear-site-data')).toBe('"cache"')
    expect(await isSignedIn(cookie)).toBe(false)
    expect(await audited(app, 'LOGOUT', (row) => row.actorUserId === user.id)).toHaveLength(1)
  })

  test('without a session it leads to the login page and counts nothing', async () => {
    const before = await app.ctx.metrics.registry.getSingleMetricAsString('auth_logout_total')
    const page = await openBrowser(app).get('/logout')
    expect([page.status, page.location]).toEqual([302, '/login'])
    expect(await app.ctx.metrics.registry.getSingleMetricAsString('auth_logout_total')).toBe(before)
  })

  test.each(['same-origin', 'none'])('GET from %s signs out', async (site) => {
    const { browser, cookie } = await signedIn()
    expect((await browser.get('/logout', { 'sec-fetch-site': site })).location).toBe('/login')
    expect(await isSignedIn(cookie)).toBe(false)
  })

  test.each(['cross-site', 'same-site'])('GET from %s asks first; the form of that page signs out', async (site) => {
    const { browser, cookie } = await signedIn()
    const page = await browser.get('/logout', { 'sec-fetch-site': site })
    expect(page.status).toBe(200)
    expect(await isSignedIn(cookie)).toBe(true)
    const sent = await browser.post('/logout', { csrf_token: field(page, 'csrf_token') })
    expect([sent.status, sent.location]).toEqual([302, '/login'])
    expect(await isSignedIn(cookie)).toBe(false)
  })

  test('POST without the token, with another session’s, or from another site is refused', async () => {
    const { browser, cookie } = await signedIn()
    const other = await signedIn()
    const foreign = field(await other.browser.get('/logout', { 'sec-fetch-site': 'cross-site' }), 'csrf_token')
    const own = field(await browser.get('/logout', { 'sec-fetch-site': 'cross-site' }), 'csrf_token')
    expect((await browser.post('/logout', {})).status).toBe(403)
    expect((await browser.post('/logout', { csrf_token: foreign })).status).toBe(403)
    expect((await browser.post('/logout', { csrf_token: own }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await browser.post('/logout', { csrf_token: own }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect(await isSignedIn(cookie)).toBe(true)
  })

  test('metrics: sign-outs, ended sessions by reason, duration from the sign-in', async () => {
    const own = await openTestApp({ settings: { ENABLE_RATE_LIMIT: 'false' } })
    const browser = openBrowser(own)
    await browser.logIn(await own.insertUser())
    own.clock.advance(90_000)
    await browser.get('/logout')
    const text = await own.ctx.metrics.registry.metrics()
    expect(text).toMatch(/auth_logout_total(\{\})? 1/)
    expect(text).toContain('sessions_expired_total{reason="logout"} 1')
    expect(text).toMatch(/session_duration_seconds_sum(\{\})? 90/)
    await own.close()
  })
})
