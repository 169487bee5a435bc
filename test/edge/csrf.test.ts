import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import { page } from '../../src/edge/page'
import { signedInSurface } from '../../src/edge/surfaces/page'
import { openTestApp, type SignedIn, type TestApp } from '../support/app'
import { ORIGIN, serveFeature } from './support'

const REFUSED = 'CSRF token validation failed. Please refresh the page and try again.'
const END_OTHERS = '/account/sessions/end-others'

let app: TestApp
let alice: SignedIn
let other: SignedIn
beforeAll(async () => {
  app = await openTestApp()
  alice = await app.signIn(await app.insertUser())
  other = await app.signIn(await app.insertUser())
})
afterAll(() => app.close())

const post = (fields: Record<string, string> | string, headers: Record<string, string> = {}, path = END_OTHERS) =>
  app.postForm(path, fields, { cookie: alice.cookie, ...headers })

const expectRefused = async (answer: Promise<Response>) => {
  const response = await answer
  expect(response.status).toBe(403)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(await response.text()).toContain(REFUSED)
}

describe('CSRF: forms of signed-in people', () => {
  test('without the token the form is refused with the exact text', () => expectRefused(post({})))

  test('the token is accepted as a field and as a header', async () => {
    expect((await post({ csrf_token: alice.csrfToken })).status).toBe(302)
    expect((await post({}, { 'x-csrf-token': alice.csrfToken })).status).toBe(302)
  })

  test('an empty field leaves the decision to the header', async () => {
    expect((await post('csrf_token=', { 'x-csrf-token': alice.csrfToken })).status).toBe(302)
  })

  test('in the query it does not count', () =>
    expectRefused(post({}, {}, `${END_OTHERS}?csrf_token=${encodeURIComponent(alice.csrfToken)}`)))

  test("another session's token, a part of the token and an empty one are refused", async () => {
    for (const token of [other.csrfToken, alice.csrfToken.slice(0, -1), `${alice.csrfToken} `, ''])
      await expectRefused(post({ csrf_token: token }))
  })

  test('a multipart form may carry it too', async () => {
    const body = new FormData()
    body.set('csrf_token', alice.csrfToken)
    const headers = { cookie: alice.cookie }
    expect((await app.get(END_OTHERS, { method: 'POST', body, headers })).status).toBe(302)
  })

  test('the right token from another site is refused', async () => {
    const token = { csrf_token: alice.csrfToken }
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: ORIGIN },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'http://localhost:8081' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
    ])
      await expectRefused(post(token, headers as Record<string, string>))
  })

  test('our own pages, also under no-referrer, and programs are let through', async () => {
    const token = { csrf_token: alice.csrfToken }
    for (const headers of [
      { 'sec-fetch-site': 'same-origin', origin: ORIGIN },
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { origin: ORIGIN },
      {},
    ])
      expect((await post(token, headers as Record<string, string>)).status).toBe(302)
  })

  test('every method that changes something needs it, GET and HEAD do not', async () => {
    const everyMethod = signedInSurface(app.ctx)
    const handlers = { response: t.Any() }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      everyMethod.route(method, '/x', () => page('done'), handlers)
    everyMethod.get('/x', () => page('done'), handlers)
    const send = serveFeature(app.ctx, everyMethod)
    const headers = { cookie: alice.cookie, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect((await send('/x', { method, headers })).status).toBe(403)
    for (const method of ['GET', 'HEAD']) expect((await send('/x', { method, headers })).status).toBe(200)
  })

  test('it is the same for one session, and different for each', async () => {
    // A link on another site: the page that asks first.
    const headers = { cookie: alice.cookie, 'sec-fetch-site': 'cross-site' }
    const [first, second] = await Promise.all([1, 2].map(async () => (await app.get('/logout', { headers })).text()))
    expect(first).toContain(Bun.escapeHTML(alice.csrfToken))
    expect(second).toContain(Bun.escapeHTML(alice.csrfToken))
    expect(other.csrfToken).not.toBe(alice.csrfToken)
    expect(Buffer.from(alice.csrfToken, 'base64')).toHaveLength(32)
  })

  test('signed out, a form leads to the login page, not to 403', async () => {
    const response = await app.postForm(END_OTHERS, {})
    expect([response.status, response.headers.get('location')]).toEqual([302, '/login?redirect=%2Faccount%2Fsessions'])
  })
})

describe('CSRF: the login form [login CSRF]', () => {
  const form = async (cookie?: string) => {
    const response = await app.get('/login', cookie ? { headers: { cookie } } : {})
    const token = /name="csrf_token" value="([^"]+)"/.exec(await response.text())?.[1] ?? ''
    const [pair = ''] = (response.headers.getSetCookie()[0] ?? '').split(';')
    return { token, cookie: pair, attributes: response.headers.getSetCookie()[0] ?? '' }
  }
  const logIn = (fields: Record<string, string>, headers: Record<string, string>) =>
    app.postForm('/login', { username: 'nobody', password: 'wrong', ...fields }, headers)

  test('its cookie is short-lived and out of reach of scripts and other sites', async () => {
    const { attributes } = await form()
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Max-Age=3600', 'Path=/'])
      expect(attributes).toContain(attribute)
  })

  test('token and cookie together are accepted', async () => {
    const { token, cookie } = await form()
    expect((await logIn({ csrf_token: token }, { cookie })).status).toBe(401)
    const own = { cookie, origin: 'null', 'sec-fetch-site': 'same-origin' }
    expect((await logIn({ csrf_token: token }, own)).status).toBe(401)
  })

  test('a second tab does not make the first one useless', async () => {
    const first = await form()
    const second = await form(first.cookie)
    expect(second.cookie).toBe(first.cookie)
    expect((await logIn({ csrf_token: first.token }, { cookie: second.cookie })).status).toBe(401)
  })

  test('neither alone, nor those of two browsers, nor a chosen cookie', async () => {
    const [mine, attackers] = [await form(), await form()]
    await expectRefused(logIn({}, { cookie: mine.cookie }))
    await expectRefused(logIn({ csrf_token: mine.token }, {}))
    await expectRefused(logIn({ csrf_token: attackers.token }, { cookie: mine.cookie }))
    await expectRefused(logIn({ csrf_token: mine.token }, { cookie: 'oauth_login=' }))
    await expectRefused(logIn({ csrf_token: 'x' }, { cookie: 'oauth_login=x' }))
  })

  test('the right pair from another site is refused, whatever Origin says', async () => {
    const { token, cookie } = await form()
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
      { 'sec-fetch-site': 'same-site', origin: ORIGIN },
    ])
      await expectRefused(logIn({ csrf_token: token }, { cookie, ...(headers as Record<string, string>) }))
  })

  test('a refusal is audited', async () => {
    await expectRefused(logIn({}, {}))
    await app.ctx.audit.stop(5_000)
    const rows = await app.ctx.db.q.select().from(app.ctx.db.t.auditLogs)
    const refusals = rows.filter(
      ({ eventType, details }) => eventType === 'SUSPICIOUS_ACTIVITY' && details?.reason === 'csrf',
    )
    expect(refusals.length).toBeGreaterThan(0)
    expect(refusals[0]).toMatchObject({ success: false, severity: 'WARNING' })
  })
})

describe('CSRF: own origin', () => {
  test('on https only BASE_URL is ours, not what Host says', async () => {
    const secure = await openTestApp({ settings: { BASE_URL: 'https://auth.example.com' } })
    const session = await secure.signIn(await secure.insertUser())
    const send = (headers: Record<string, string>) =>
      secure.postForm(END_OTHERS, { csrf_token: session.csrfToken }, { cookie: session.cookie, ...headers })
    expect((await send({ origin: 'https://auth.example.com' })).status).toBe(302)
    expect((await send({ origin: 'http://auth.example.com', host: 'auth.example.com' })).status).toBe(403)
    await secure.close()
  })

  test('on http a server that goes by several names takes the one it was called by', async () => {
    const token = { csrf_token: alice.csrfToken }
    expect((await post(token, { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' })).status).toBe(302)
    await expectRefused(post(token, { origin: 'http://127.0.0.1:9', host: '127.0.0.1:8080' }))
  })
})
