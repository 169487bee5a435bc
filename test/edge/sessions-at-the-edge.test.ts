import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { t } from 'elysia'
import { commit, run } from '../../src/db/commit'
import { write } from '../../src/db/definitions'
import { apiSurface } from '../../src/edge/surfaces/api'
import { openTestApp, type TestApp } from '../support/app'
import { openUnreachable, serveFeature } from './support'

const SECOND = 1000
const HOME = '/account/sessions'

let app: TestApp
beforeAll(async () => {
  app = await openTestApp()
})
afterAll(() => app.close())

const signedIn = async (overrides = {}) => app.signIn(await app.insertUser(overrides))
const locationOf = (response: Response) => [response.status, response.headers.get('location')]
const expectCleared = (response: Response) => {
  const cookies = response.headers.getSetCookie()
  expect(cookies).toHaveLength(1)
  expect(cookies[0]).toStartWith('oauth_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0')
}

const setActive = (id: string, isActive: boolean) =>
  commit(app.ctx, [
    run(
      write(`test_set_active_${id}_${isActive}`, (q, tables) =>
        q.update(tables.users).set({ isActive }).where(eq(tables.users.id, id)),
      ),
      {},
    ),
  ])

describe('session guard', () => {
  test('without a session a page leads to the login page and back, query included', async () => {
    const response = await app.get(`${HOME}?x=1&y=a%20b`)
    expect(locationOf(response)).toEqual([302, '/login?redirect=%2Faccount%2Fsessions%3Fx%3D1%26y%3Da%2520b'])
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('a form leads back to the page it was on, and only to one of ours', async () => {
    const post = (referer?: string) => app.postForm(`${HOME}/end-others`, {}, referer ? { referer } : {})
    const target = async (referer?: string) =>
      new URL((await post(referer)).headers.get('location') ?? '', 'http://x').searchParams.get('redirect')
    expect(await target('http://localhost:8080/account/sessions?tab=2#x')).toBe('/account/sessions?tab=2')
    expect(await target()).toBe('/account/sessions')
    expect(await target('https://evil.example/account/sessions?tab=2')).toBe('/account/sessions')
    expect(await target('not a url')).toBe('/account/sessions')
    const device = await app.postForm('/device/verify', { user_code: 'ABCD-EFGH' })
    expect(locationOf(device)).toEqual([302, '/login?redirect=%2Fdevice'])
  })

  test('an idle session ends with its reason, and the cookie is emptied', async () => {
    const { cookie } = await signedIn()
    app.clock.advance(1_801 * SECOND)
    const response = await app.get(HOME, { headers: { cookie } })
    expect(locationOf(response)).toEqual([302, '/login?redirect=%2Faccount%2Fsessions&error=session_timeout'])
    expectCleared(response)
  })

  test('another kind of browser ends it with its reason', async () => {
    const { cookie } = await signedIn()
    const headers = { cookie, 'user-agent': 'curl/8.0' }
    const response = await app.get(HOME, { headers })
    expect(locationOf(response)).toEqual([302, '/login?redirect=%2Faccount%2Fsessions&error=session_invalid'])
    expectCleared(response)
  })

  test('a disabled user is signed out at the next request', async () => {
    const user = await app.insertUser()
    const { cookie } = await app.signIn(user)
    expect((await app.get(HOME, { headers: { cookie } })).status).toBe(200)
    await setActive(user.id, false)
    const response = await app.get(HOME, { headers: { cookie } })
    expect(locationOf(response)).toEqual([302, '/login?redirect=%2Faccount%2Fsessions'])
    expectCleared(response)
    await setActive(user.id, true)
    expect((await app.get(HOME, { headers: { cookie } })).status).toBe(302)
  })

  test('an unknown or tampered cookie is no session', async () => {
    for (const value of ['x', 'a'.repeat(43), '', '"quoted"', '%00', 'a'.repeat(5_000)])
      expect((await app.get(HOME, { headers: { cookie: `oauth_session=${value}` } })).status).toBe(302)
  })

  test('while the database is away it is 503 with Retry-After, and the cookie stays', async () => {
    const down = await openTestApp({ open: openUnreachable })
    const headers = { cookie: `oauth_session=${'a'.repeat(43)}` }
    const text = await down.get(HOME, { headers })
    expect([text.status, text.headers.get('retry-after'), text.headers.get('content-type')]).toEqual([
      503,
      '5',
      'text/plain; charset=utf-8',
    ])
    expect(await text.text()).toBe('Service temporarily unavailable. Please try again.')
    const page = await down.get(HOME, { headers: { ...headers, accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('Service temporarily unavailable. Please try again.')
    for (const response of [text, page]) expect(response.headers.getSetCookie()).toEqual([])
    await down.close().catch(() => {})
  })

  test('a password that must be replaced comes before every page but that one and signing out', async () => {
    const { cookie, csrfToken } = await signedIn({ mustChangePassword: true })
    const headers = { cookie }
    const away = [302, '/account/change-password?redirect=%2Faccount%2Fsessions']
    expect(locationOf(await app.get(HOME, { headers }))).toEqual(away)
    expect((await app.postForm(`${HOME}/end-others`, { csrf_token: csrfToken }, headers)).status).toBe(302)
    expect(locationOf(await app.get('/device?user_code=ABCD-EFGH', { headers }))[1]).toBe(
      '/account/change-password?redirect=%2Fdevice%3Fuser_code%3DABCD-EFGH',
    )
    expect((await app.get('/account/change-password', { headers })).status).toBe(200)
    expect(locationOf(await app.postForm('/logout', { csrf_token: csrfToken }, headers))).toEqual([302, '/login'])
  })

  test('messages are shown once', async () => {
    const { cookie, csrfToken } = await signedIn()
    await app.postForm(`${HOME}/end-others`, { csrf_token: csrfToken }, { cookie })
    const pages = [await app.get(HOME, { headers: { cookie } }), await app.get(HOME, { headers: { cookie } })]
    const [first, second] = await Promise.all(pages.map((page) => page.text()))
    expect(first).toContain('0 other browsers were signed out.')
    expect(second).not.toContain('0 other browsers were signed out.')
  })
})

describe('where sessions mean nothing', () => {
  test('an expired session changes no answer of protocol, health, metadata and assets', async () => {
    const { cookie } = await signedIn()
    app.clock.advance(7_200 * SECOND)
    const headers = { cookie }
    expect((await app.postForm('/oauth/token', 'grant_type=x', headers)).status).toBe(400)
    for (const path of ['/health', '/.well-known/openid-configuration', '/favicon.ico']) {
      const response = await app.get(path, { headers })
      expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
    }
  })

  test('an expired session on a public page is silently none', async () => {
    const { cookie } = await signedIn()
    app.clock.advance(7_200 * SECOND)
    const response = await app.get('/login', { headers: { cookie } })
    expect(response.status).toBe(200)
    expect(response.headers.getSetCookie().filter((value) => value.startsWith('oauth_session='))).toEqual([])
  })

  test('an answer sets each cookie at most once', async () => {
    const { cookie } = await signedIn()
    for (const path of ['/login', HOME, '/logout']) {
      const names = (await app.get(path, { headers: { cookie } })).headers
        .getSetCookie()
        .map((value) => value.split('=')[0])
      expect(new Set(names).size).toBe(names.length)
    }
  })
})

describe('JSON for scripts of signed-in browsers', () => {
  const api = () =>
    serveFeature(
      app.ctx,
      apiSurface(app.ctx)
        .get('/thing', ({ session }) => ({ sid: session.sid }), { response: t.Object({ sid: t.String() }) })
        .post('/thing', () => ({ done: true }), { response: t.Object({ done: t.Boolean() }) })
        .get('/crash', (): never => {
          throw new Error('secret detail')
        }),
    )
  const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

  test('is JSON that nobody keeps', async () => {
    const { cookie, sid } = await signedIn()
    const response = await api()('/thing', { headers: { cookie, 'user-agent': BROWSER } })
    expect(await response.json()).toEqual({ sid })
    expect([response.headers.get('cache-control'), response.headers.get('vary')]).toEqual(['no-store', 'Cookie'])
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  test('answers 401 and 403 as JSON instead of leading elsewhere', async () => {
    const anonymous = await api()('/thing')
    expect([anonymous.status, await anonymous.json()]).toMatchObject([401, { error: 'login_required' }])
    const { cookie } = await signedIn()
    const forged = await api()('/thing', { method: 'POST', headers: { cookie, 'user-agent': BROWSER } })
    expect([forged.status, await forged.json()]).toMatchObject([403, { error: 'forbidden' }])
    const fresh = await signedIn({ mustChangePassword: true })
    const early = await api()('/thing', { headers: { cookie: fresh.cookie, 'user-agent': BROWSER } })
    expect([early.status, await early.json()]).toMatchObject([403, { error: 'password_change_required' }])
  })

  test('an unexpected error reveals nothing', async () => {
    const { cookie } = await signedIn()
    const response = await api()('/crash', { headers: { cookie, 'user-agent': BROWSER } })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret detail')
  })
})
