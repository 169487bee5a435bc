/** Limits per route and client, through the whole server. */
import { afterEach, describe, expect, test } from 'bun:test'
import { audited } from '../identity/audit-rows'
import { openBrowser } from '../identity/browser'
import { openTestApp, type SignedIn, type TestApp } from '../support/app'

const TOO_MANY = 'Too many requests. Please try again later.'
const EXCEEDED = { error: 'rate_limit_exceeded', error_description: TOO_MANY }
const PROXY = '127.0.0.1'
const STRANGER = '198.51.100.7'

let app: TestApp
afterEach(() => app.close())

const open = async (settings: Record<string, string> = {}) => {
  app = await openTestApp({ settings: { ENABLE_RATE_LIMIT: 'true', ...settings } })
}

const from = (address: string, headers: Record<string, string> = {}) => ({ 'x-forwarded-for': address, ...headers })
const ask = (path: string, headers: Record<string, string> = {}) => app.postForm(path, 'x=1', headers)
const askTimes = async (count: number, path: string, headers: Record<string, string> = {}) => {
  const answers: Response[] = []
  for (let n = 0; n < count; n += 1) answers.push(await ask(path, headers))
  return answers
}
const statuses = (answers: readonly Response[]) => answers.map(({ status }) => status)
const limitOf = ({ headers }: Response) => [
  headers.get('x-ratelimit-limit'),
  headers.get('x-ratelimit-remaining'),
  headers.get('x-ratelimit-reset'),
]
const basic = (client: { clientId: string }, secret: string) => ({
  authorization: `Basic ${btoa(`${client.clientId}:${secret}`)}`,
})

describe('a limited route', () => {
  test('five wrong passwords are 401 and count down; the sixth attempt is 429 in the documented form', async () => {
    await open()
    const browser = openBrowser(app)
    const reset = String(Math.ceil((app.clock.now() + 60_000) / 1000))
    for (const remaining of ['4', '3', '2', '1', '0']) {
      const { status, headers } = await browser.logIn({ username: 'nobody', password: 'wrong-password' })
      expect(status).toBe(401)
      expect(['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`))).toEqual([
        '5',
        remaining,
        reset,
      ])
      expect(headers.get('retry-after')).toBeNull()
    }
    const sixth = await ask('/login', from('192.0.2.10'))
    expect([sixth.status, sixth.headers.get('content-type')]).toEqual([429, 'application/json; charset=utf-8'])
    expect(limitOf(sixth)).toEqual(['5', '0', reset])
    expect(sixth.headers.get('retry-after')).toBe('60')
    expect(sixth.headers.get('cache-control')).toBe('no-store')
    expect(await sixth.text()).toBe(JSON.stringify(EXCEEDED))
  })

  test('a browser gets a page', async () => {
    await open({ LOGIN_RATE_LIMIT: '1' })
    await ask('/login')
    const refused = await ask('/login', { accept: 'text/html,application/xhtml+xml' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect(refused.headers.get('content-type')).toContain('text/html')
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
    const html = await refused.text()
    expect(html).toContain('Rate Limit Exceeded')
    expect(html).toContain(TOO_MANY)
  })

  test.each(['*/*', 'text/plain', 'application/json'])('Accept: %s gets JSON', async (accept) => {
    await open({ LOGIN_RATE_LIMIT: '1' })
    const [, refused] = await askTimes(2, '/login', { accept })
    expect(await refused?.json()).toEqual(EXCEEDED)
  })

  test('one event and one count per excess, whichever its path; the next minute opens the next', async () => {
    await open({ TOKEN_RATE_LIMIT: '2', LOGIN_RATE_LIMIT: '1' })
    await askTimes(5, '/oauth/token')
    await askTimes(2, '/login')
    const rows = await audited(app, 'RATE_LIMIT_EXCEEDED', ({ details }) => details?.endpoint === '/login')
    expect(rows).toHaveLength(1)
    const [row] = await audited(app, 'RATE_LIMIT_EXCEEDED', ({ details }) => details?.endpoint === '/oauth/token')
    expect(row).toMatchObject({
      severity: 'WARNING',
      success: false,
      action: 'Rate limit exceeded',
      errorMessage: 'Too many requests',
      actorIp: PROXY,
      details: { endpoint: '/oauth/token', requests_per_minute: 2 },
    })
    const text = await app.ctx.metrics.registry.metrics()
    expect(text).toContain('ratelimit_rejected_total{route="token"} 3')
    expect(text).toContain('ratelimit_rejected_total{route="login"} 1')
  })

  test('what is refused before its body is read counts: unknown grants, broken bodies, disabled registration', async () => {
    await open({ TOKEN_RATE_LIMIT: '3', DYNAMIC_CLIENT_REGISTRATION_RATE_LIMIT: '1' })
    await app.postForm('/oauth/token', 'grant_type=none')
    await app.postForm('/oauth/token', 'grant_type=%zz')
    await app.postForm('/oauth/token', '{', { 'content-type': 'application/json' })
    expect((await app.postForm('/oauth/token', 'x'.repeat(100_000))).status).toBe(429)
    await ask('/oauth/register')
    expect((await ask('/oauth/register')).status).toBe(429)
  })

  test.each([
    ['/login', 'LOGIN_RATE_LIMIT'],
    ['/oauth/device/code', 'DEVICE_CODE_RATE_LIMIT'],
    ['/oauth/token', 'TOKEN_RATE_LIMIT'],
    ['/oauth/register', 'DYNAMIC_CLIENT_REGISTRATION_RATE_LIMIT'],
    ['/oauth/introspect', 'INTROSPECT_RATE_LIMIT'],
    ['/oauth/revoke', 'INTROSPECT_RATE_LIMIT'],
  ])('%s has the limit of %s', async (path, name) => {
    await open({ [name]: '3', ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' })
    const answers = await askTimes(4, path)
    expect(answers.map((answer) => limitOf(answer).slice(0, 2))).toEqual([
      ['3', '2'],
      ['3', '1'],
      ['3', '0'],
      ['3', '0'],
    ])
    expect(statuses(answers).indexOf(429)).toBe(3)
  })

  test('routes do not share a counter', async () => {
    await open({ LOGIN_RATE_LIMIT: '1', TOKEN_RATE_LIMIT: '2', INTROSPECT_RATE_LIMIT: '1' })
    await askTimes(2, '/login')
    await askTimes(2, '/oauth/introspect')
    expect(limitOf(await ask('/oauth/token'))[1]).toBe('1')
    expect((await ask('/oauth/revoke')).status).not.toBe(429)
  })

  test('other routes and methods have none', async () => {
    await open({ LOGIN_RATE_LIMIT: '1' })
    for (let n = 0; n < 100; n += 1) expect((await app.get('/login')).status).toBe(200)
    expect(limitOf(await app.get('/login'))).toEqual([null, null, null])
  })

  test('a refusal of another origin does not count', async () => {
    await open({ TOKEN_RATE_LIMIT: '1', CORS_ENABLED: 'true', CORS_ALLOWED_ORIGINS: 'https://app.example' })
    const foreign = await ask('/oauth/token', { origin: 'https://evil.example' })
    expect([foreign.status, foreign.headers.get('x-ratelimit-limit')]).toEqual([403, null])
    const own = await ask('/oauth/token', { origin: 'https://app.example' })
    expect(own.status).toBe(400)
    const refused = await ask('/oauth/token', { origin: 'https://app.example' })
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(refused.status).toBe(429)
  })

  test('with a prefix in BASE_URL it is the same route', async () => {
    await open({ BASE_URL: 'http://localhost:8080/auth', TOKEN_RATE_LIMIT: '1' })
    await ask('/auth/oauth/token')
    expect((await ask('/oauth/token')).status).toBe(429)
  })

  test('ENABLE_RATE_LIMIT=false: no headers, no events, no end', async () => {
    await open({ ENABLE_RATE_LIMIT: 'false' })
    const answers = await askTimes(100, '/oauth/token')
    expect(new Set(statuses(answers))).toEqual(new Set([400]))
    expect(answers.map((answer) => limitOf(answer)[0]).filter(Boolean)).toEqual([])
  })
})

describe('whose requests are counted', () => {
  const post = (peer: string, headers: Record<string, string>) =>
    app.handle(new Request('http://localhost:8080/oauth/token', { method: 'POST', body: 'a=1', headers }), peer)

  test('a peer that is no trusted proxy cannot choose its address [SEC]', async () => {
    await open({ TOKEN_RATE_LIMIT: '1' })
    await post(STRANGER, from('203.0.113.1'))
    expect((await post(STRANGER, from('203.0.113.2'))).status).toBe(429)
  })

  test('clients of a trusted proxy have counters of their own; what a client puts in front is ignored [SEC]', async () => {
    await open({ TOKEN_RATE_LIMIT: '1' })
    await post(PROXY, from('203.0.113.1'))
    expect((await post(PROXY, from('203.0.113.2'))).status).not.toBe(429)
    expect((await post(PROXY, from('192.0.2.99, 203.0.113.1'))).status).toBe(429)
  })

  test('addresses of one /64 are one client [SEC]', async () => {
    await open({ TOKEN_RATE_LIMIT: '1' })
    await post('2001:db8:1:2::1', {})
    expect((await post('2001:db8:1:2:ffff::9', {})).status).toBe(429)
    expect((await post('2001:db8:1:3::1', {})).status).not.toBe(429)
  })

  test('IPv4 and the same address mapped into IPv6 are one', async () => {
    await open({ TOKEN_RATE_LIMIT: '1' })
    await post('198.51.100.7', {})
    expect((await post('::ffff:198.51.100.7', {})).status).toBe(429)
  })
})

describe('the window', () => {
  test('slides: a request is admitted when the first of the last ones is 60 s old; refused ones do not extend it', async () => {
    await open({ LOGIN_RATE_LIMIT: '2' })
    await ask('/login')
    app.clock.advance(30_000)
    await ask('/login')
    app.clock.advance(29_999)
    const early = await ask('/login')
    expect([early.status, early.headers.get('retry-after')]).toEqual([429, '1'])
    app.clock.advance(1)
    expect((await ask('/login')).status).not.toBe(429)
    expect((await ask('/login')).status).toBe(429)
    app.clock.advance(30_000)
    expect((await ask('/login')).status).not.toBe(429)
  })
})

describe('signed-in people', () => {
  const signIn = async (): Promise<SignedIn> => app.signIn(await app.insertUser())
  const enter = ({ cookie, csrfToken }: SignedIn, token = csrfToken, accept = 'text/html') =>
    app.postForm('/device/verify', { csrf_token: token, user_code: 'AAAA-AAAA' }, { cookie, accept })

  test('entering codes is limited per address, but not what comes without session or token', async () => {
    await open({ DEVICE_VERIFY_RATE_LIMIT: '2' })
    const session = await signIn()
    for (let n = 0; n < 5; n += 1) expect((await enter(session, 'forged')).status).toBe(403)
    const stranger = await app.postForm('/device/verify', { user_code: 'AAAA-AAAA' })
    expect([stranger.status, limitOf(stranger)[0]]).toEqual([302, null])
    const [first, second, third] = [await enter(session), await enter(session), await enter(await signIn())]
    expect([first, second, third].map((answer) => [answer.status, limitOf(answer)[1]])).toEqual([
      [400, '1'],
      [400, '0'],
      [429, '0'],
    ])
    expect(await third.text()).toContain('Rate Limit Exceeded')
    expect(await (await enter(session, undefined, 'application/json')).json()).toEqual(EXCEEDED)
  })

  test('60 authorization requests a minute and session; other sessions are not affected', async () => {
    await open()
    const [one, other] = [await signIn(), await signIn()]
    const authorize = ({ cookie }: SignedIn) =>
      app.get('/oauth/authorize?client_id=x', { headers: { cookie, accept: 'text/html' } })
    for (let n = 0; n < 60; n += 1) expect((await authorize(one)).status).toBe(400)
    const refused = await authorize(one)
    expect([refused.status, ...limitOf(refused).slice(0, 2)]).toEqual([429, '60', '0'])
    expect((await authorize(other)).status).toBe(400)
    expect((await app.get('/oauth/authorize?client_id=x')).status).toBe(302)
  })
})

describe('failed client authentication', () => {
  const settings = { TOKEN_RATE_LIMIT: '1000', INTROSPECT_RATE_LIMIT: '1000', DEVICE_CODE_RATE_LIMIT: '1000' }
  const fields = { grant_type: 'client_credentials', scope: 'read' }

  test('ten a minute, then not even the right secret helps from there; elsewhere it does [SEC]', async () => {
    await open(settings)
    const client = await app.insertClient()
    const other = await app.insertClient()
    const attempt = (secret: string, address = STRANGER, of = client) =>
      app.postForm('/oauth/token', fields, from(address, basic(of, secret)))
    for (let n = 0; n < 10; n += 1) expect((await attempt('wrong')).status).toBe(401)
    const refused = await attempt(client.secret)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect(await refused.json()).toEqual(EXCEEDED)
    expect((await attempt(client.secret, '203.0.113.9')).status).toBe(200)
    expect((await attempt(other.secret, STRANGER, other)).status).toBe(200)
    const [row] = await audited(app, 'RATE_LIMIT_EXCEEDED')
    expect(row?.details).toMatchObject({ endpoint: '/oauth/token', requests_per_minute: 10 })
    app.clock.advance(60_000)
    expect((await attempt(client.secret)).status).toBe(200)
  })

  test('counted together at all endpoints; what succeeds does not count', async () => {
    await open(settings)
    const client = await app.insertClient()
    const right = basic(client, client.secret)
    for (let n = 0; n < 30; n += 1) expect((await app.postForm('/oauth/token', fields, right)).status).toBe(200)
    const wrong = basic(client, 'wrong')
    for (const path of ['/oauth/introspect', '/oauth/revoke', '/oauth/device/code'])
      for (let n = 0; n < 3; n += 1) expect((await app.postForm(path, { token: 'x' }, wrong)).status).toBe(401)
    expect((await app.postForm('/oauth/token', fields, wrong)).status).toBe(401)
    for (const path of ['/oauth/introspect', '/oauth/revoke', '/oauth/device/code', '/oauth/token'])
      expect((await app.postForm(path, { ...fields, token: 'x' }, wrong)).status).toBe(429)
  })
})

describe('refused access tokens', () => {
  const path = '/oauth/tokeninfo'
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  test('600 a minute from one address, then 429; good tokens are never kept out', async () => {
    await open()
    const client = await app.insertClient()
    const issued = await app.postForm(
      '/oauth/token',
      { grant_type: 'client_credentials' },
      basic(client, client.secret),
    )
    const { access_token } = (await issued.json()) as { access_token: string }
    for (let n = 0; n < 600; n += 1) expect((await app.get(path, bearer('bad'))).status).toBe(401)
    const refused = await app.get(path, bearer('bad'))
    expect([refused.status, await refused.json()]).toEqual([429, EXCEEDED])
    expect(Number(refused.headers.get('retry-after'))).toBe(60)
    expect((await app.get(path, bearer(access_token))).status).toBe(200)
    expect((await app.get('/oauth/userinfo', bearer('bad'))).status).toBe(401)
  })
})
