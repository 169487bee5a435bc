/** `/auth/login/:provider` and `/auth/callback/:provider`, with providers played by real servers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/app'
import { startGitea } from '../support/providers/gitea'
import { hubert, startGitHub } from '../support/providers/github'
import { openTraveller, type Traveller, there } from '../support/providers/journey'
import { startOidc } from '../support/providers/oidc'
import { json } from '../support/providers/provider-server'
import { audited } from './audit-rows'
import { setCookieOf } from './browser'

let github: Awaited<ReturnType<typeof startGitHub>>
let gitea: Awaited<ReturnType<typeof startGitea>>
let oidc: Awaited<ReturnType<typeof startOidc>>
let app: TestApp
let browser: Traveller

beforeAll(async () => {
  ;[github, gitea, oidc] = await Promise.all([startGitHub(), startGitea(), startOidc()])
  app = await openTestApp({ settings: { ...github.settings, ...gitea.settings, ...oidc.settings } })
  oidc.server.now = app.clock.now
})
beforeEach(() => {
  for (const { server } of [github, gitea, oidc]) server.reset()
  Object.assign(github.person, hubert())
  browser = openTraveller(app)
})
afterAll(async () => {
  await app.close()
  await Promise.all([github, gitea, oidc].map(({ server }) => server.stop()))
})

const rowsOfAttempts = async () => app.ctx.db.q.select().from(app.ctx.db.t.loginTransactions)

describe('the way there', () => {
  test('307 to the provider with a state of 44 characters, PKCE, and a cookie for this browser', async () => {
    const start = await browser.get('/auth/login/github?redirect=/device')
    expect(start.status).toBe(307)
    const query = new URL(start.location).searchParams
    expect(start.location).toStartWith(`${github.server.url}/login/oauth/authorize?`)
    expect(query.get('state')).toMatch(/^[\w-]{43}=$/)
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(query.get('redirect_uri')).toBe('http://localhost:8080/auth/callback/github')
    expect(query.has('access_type')).toBe(false)
    expect(setCookieOf(start, 'oauth_attempt')).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/)
    expect(start.headers.get('cache-control')).toBe('no-store')
  })

  test('an unknown provider: 400 with the documented text', async () => {
    const start = await browser.get('/auth/login/unknown')
    expect([
      start.status,
      start.text.includes('Unsupported OAuth provider. The requested OAuth provider is not configured.'),
    ]).toEqual([400, true])
    const back = await browser.get('/auth/callback/unknown?state=x')
    expect([back.status, back.text.includes('Invalid provider. OAuth provider not found.')]).toEqual([400, true])
  })

  test('[SEC] neither state nor verifier lies in the database', async () => {
    const start = await browser.get('/auth/login/oidc')
    const state = new URL(start.location).searchParams.get('state') ?? ''
    const text = JSON.stringify(await rowsOfAttempts())
    expect(text).not.toContain(state)
    expect(text).not.toContain(browser.cookies.get('oauth_attempt') ?? 'missing')
    await browser.get(await there(start.location))
    const verifier = oidc.server.at('/token')[0]?.form.get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[\w-]{43}$/)
    expect(text).not.toContain(verifier)
  })

  test('a provider that does not answer: 502, and nothing is remembered', async () => {
    const other = await openTestApp({ settings: { ...oidc.settings, OIDC_ISSUER: 'http://127.0.0.1:1' } })
    const start = await openTraveller(other).get('/auth/login/oidc')
    expect([start.status, start.text.includes('Example ID cannot be reached')]).toEqual([502, true])
    expect(await other.ctx.db.q.select().from(other.ctx.db.t.loginTransactions)).toEqual([])
    await other.close()
  })

  test('no provider, no such pages', async () => {
    const plain = await openTestApp()
    expect((await plain.get('/auth/login/github')).status).toBe(404)
    expect((await plain.get('/auth/callback/github')).status).toBe(404)
    expect(await (await plain.get('/login')).text()).not.toContain('/auth/login/')
    await plain.close()
  })
})

describe('the login page', () => {
  test('a link for each provider that keeps where one goes, in a fixed order', async () => {
    const { text } = await browser.get('/login?redirect=%2Fdevice%3Fcode%3D123')
    const links = [...text.matchAll(/href="(\/auth\/login\/[^"]*)"[^>]*>([^<]*)</g)].map(([, href, label]) => [
      href,
      label?.trim(),
    ])
    const query = 'redirect=%2Fdevice%3Fcode%3D123'
    expect(links).toEqual([
      [`/auth/login/github?${query}`, 'Sign in with GitHub'],
      [`/auth/login/gitea?${query}`, 'Sign in with Gitea'],
      [`/auth/login/oidc?${query}`, 'Sign in with Example ID'],
    ])
    expect(text).not.toMatch(/name="username"[^>]*autofocus/)
  })
})

describe('the way back', () => {
  test('a new person is signed in where they wanted to go', async () => {
    const done = await browser.enter('github', '?redirect=/device')
    expect([done.status, done.location]).toEqual([302, '/device'])
    expect(setCookieOf(done, 'oauth_session')).toContain('Max-Age=3600')
    const home = await browser.get('/account/sessions')
    expect([home.status, home.text.includes('Hubert H.')]).toEqual([200, true])
    const sessions = await app.ctx.db.q.select().from(app.ctx.db.t.sessions)
    expect(sessions.some(({ amr, idp }) => amr === 'fed' && idp === 'github')).toBe(true)
  })

  test.each(['https://attacker.com', '//evil.com', 'javascript:alert(1)', '/device%0d%0aSet-Cookie:x', '/logout'])(
    '[SEC] redirect=%s leads to the account',
    async (redirect) => {
      expect((await browser.enter('github', `?redirect=${redirect}`)).location).toBe('/account/sessions')
    },
  )

  test.each<[string, string, number]>([
    ['remember_me=1', '?remember_me=1', 2_592_000],
    ['nothing', '', 3_600],
    ['remember_me=true', '?remember_me=true', 3_600],
  ])('%s decides how long the session lasts', async (_, query, seconds) => {
    expect(setCookieOf(await browser.enter('github', query), 'oauth_session')).toContain(`Max-Age=${seconds}`)
  })

  test('[SEC] choices of an attempt that was given up count for no other', async () => {
    await browser.leave('github', '?redirect=/device&remember_me=1')
    const done = await browser.enter('github')
    expect(done.location).toBe('/account/sessions')
    expect(setCookieOf(done, 'oauth_session')).toContain('Max-Age=3600')
  })

  test('two tabs at two providers both arrive', async () => {
    const first = await browser.leave('github')
    const second = await browser.leave('oidc', '?redirect=/device')
    expect((await browser.get(first)).status).toBe(302)
    expect((await browser.get(second)).location).toBe('/device')
  })

  test('the sixth tab makes the first one expire', async () => {
    const tabs: string[] = []
    for (let count = 0; count < 6; count++) {
      tabs.push(await browser.leave('github'))
      app.clock.advance(1)
    }
    const [first = '', second = ''] = tabs
    expect((await browser.get(first)).status).toBe(400)
    expect((await browser.get(second)).status).toBe(302)
  })
})

const SESSION_TEXT = 'Invalid session. OAuth session expired or invalid. Please try again.'
const STATE_TEXT = 'Invalid state. CSRF validation failed. Please try again.'

describe('[SEC] answers that are refused', () => {
  const refused = async (path: string, from: Traveller = browser) => {
    const page = await from.get(path)
    const text = [SESSION_TEXT, STATE_TEXT].find((each) => page.text.includes(each))
    return [page.status, text, page.headers.getSetCookie().some((cookie) => cookie.startsWith('oauth_session'))]
  }

  test('a state of 1025 characters', async () => {
    const page = await browser.get(`/auth/callback/github?code=x&state=${'s'.repeat(1_025)}`)
    expect([page.status, page.text.includes('State parameter exceeds maximum length.')]).toEqual([400, true])
  })

  test('nothing was begun in this browser', async () => {
    expect(await refused('/auth/callback/github?code=x&state=x')).toEqual([400, SESSION_TEXT, false])
  })

  test('a wrong state, or none', async () => {
    await browser.leave('github')
    expect(await refused('/auth/callback/github?code=x&state=x')).toEqual([400, STATE_TEXT, false])
    expect(await refused('/auth/callback/github?code=x')).toEqual([400, STATE_TEXT, false])
  })

  test('the state of another provider', async () => {
    const back = await browser.leave('github')
    expect(await refused(back.replace('/github', '/gitea'))).toEqual([400, STATE_TEXT, false])
  })

  test('an answer made in another browser (login CSRF)', async () => {
    const attacker = openTraveller(app)
    const back = await attacker.leave('github')
    expect(await refused(back)).toEqual([400, SESSION_TEXT, false])
    await browser.leave('github')
    expect(await refused(back)).toEqual([400, STATE_TEXT, false])
  })

  test('the same answer a second time, also with the cookies of the first', async () => {
    const back = await browser.leave('github')
    const before = new Map(browser.cookies)
    expect((await browser.get(back)).status).toBe(302)
    expect(await refused(back)).toEqual([400, SESSION_TEXT, false])
    browser.cookies.clear()
    for (const [name, value] of before) browser.cookies.set(name, value)
    expect(await refused(back)).toEqual([400, SESSION_TEXT, false])
    expect(github.server.at('/login/oauth/access_token')).toHaveLength(1)
  })

  test('of 16 equal answers at once one signs in', async () => {
    const back = await browser.leave('github')
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answers = await Promise.all(Array.from({ length: 16 }, () => app.get(back, { headers: { cookie } })))
    expect(answers.filter(({ status }) => status === 302)).toHaveLength(1)
    expect(github.server.at('/login/oauth/access_token')).toHaveLength(1)
  })

  test('after ten minutes', async () => {
    const back = await browser.leave('github')
    app.clock.advance(600_000)
    expect(await refused(back)).toEqual([400, SESSION_TEXT, false])
  })

  test('after a failed exchange: the state is used up', async () => {
    const back = await browser.leave('github')
    github.server.instead.set('/login/oauth/access_token', () => json({ error: 'x' }, 400))
    const page = await browser.get(back)
    expect([page.status, page.text.includes('OAuth error. Failed to exchange authorization code.')]).toEqual([
      502,
      true,
    ])
    github.server.instead.clear()
    expect(await refused(back)).toEqual([400, SESSION_TEXT, false])
  })
})

describe('errors of the provider', () => {
  test('a cancelled login leads back to the login page, which says so, and keeps where one wanted to go', async () => {
    github.server.back = { code: '', error: 'access_denied', error_description: '<b>no</b>' }
    const back = await browser.enter('github', '?redirect=/device')
    expect([back.status, back.location]).toEqual([302, '/login?redirect=%2Fdevice&error=oauth_denied'])
    const login = await browser.get(back.location)
    expect(login.text).toContain('Sign-in was cancelled.')
    expect(login.text).not.toContain('<b>no')
    const [row] = await audited(
      app,
      'OAUTH_AUTHENTICATION',
      ({ errorMessage }) => errorMessage === 'provider: access_denied',
    )
    expect(row?.success).toBe(false)
  })

  test.each(['server_error', 'temporarily_unavailable', 'interaction_required', '<script>'])(
    '%s: 502',
    async (error) => {
      github.server.back = { code: '', error, error_description: 'words of somebody else' }
      const page = await browser.enter('github')
      expect([page.status, page.text.includes('GitHub did not sign you in.')]).toEqual([502, true])
      expect(page.text).not.toContain('words of somebody else')
      expect(page.text).not.toContain('<script>')
    },
  )

  test('[SEC] an error with a wrong state is no error of this attempt', async () => {
    await browser.leave('github')
    expect((await browser.get('/auth/callback/github?error=access_denied&state=x')).status).toBe(400)
  })

  test.each<[string, () => Response]>([
    ['401', () => json({}, 401)],
    ['500', () => new Response('secret words', { status: 500 })],
    ['no JSON', () => new Response('<html>', { headers: { 'content-type': 'application/json' } })],
    ['no id', () => json({ login: 'x', email: 'x@example.com' })],
  ])(
    'a profile of %s: 502, no account, a line in the log and an audit row without what was said',
    async (_, answer) => {
      const { q, t } = app.ctx.db
      const before = (await q.select().from(t.users)).length
      github.server.instead.set('/api/v3/user', answer)
      const page = await browser.enter('github')
      expect(page.status).toBe(502)
      expect(page.text).toContain('OAuth error. Failed to retrieve user information from provider.')
      expect((await q.select().from(t.users)).length).toBe(before)
      const logged = app.log().filter(({ message }) => message === 'sign-in through a provider failed')
      expect(logged.at(-1)?.fields.provider).toBe('github')
      expect(JSON.stringify(logged)).not.toContain('secret words')
    },
  )
})

describe('counting', () => {
  test('successes and failures by provider, and nothing else in the labels', async () => {
    const metric = async () => {
      const text = await app.ctx.metrics.registry.getSingleMetricAsString('auth_oauth_callback_total')
      return text.split('\n').filter((line) => line.startsWith('auth_oauth'))
    }
    const value = async (labels: string) =>
      Number(
        (await metric())
          .find((line) => line.includes(labels))
          ?.split(' ')
          .at(-1) ?? 0,
      )
    const success = 'provider="gitea",result="success"'
    const error = 'provider="gitea",result="error"'
    const before = [await value(success), await value(error)]
    await browser.enter('gitea')
    await browser.get('/auth/callback/gitea?state=x')
    expect([await value(success), await value(error)]).toEqual(before.map((number) => number + 1))
    for (const line of await metric())
      expect(line).toMatch(/provider="(github|gitea|gitlab|microsoft|oidc)",result="(success|error)"/)
  })

  test('[SEC] twenty a minute per address, each way counted by itself', async () => {
    const limited = await openTestApp({ settings: { ...github.settings, ENABLE_RATE_LIMIT: 'true' } })
    const visitor = openTraveller(limited)
    for (let count = 0; count < 20; count++) expect((await visitor.get('/auth/login/github')).status).toBe(307)
    const refused = await visitor.get('/auth/login/unknown')
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([429, true])
    for (let count = 0; count < 20; count++)
      expect((await visitor.get('/auth/callback/github?state=x')).status).toBe(400)
    expect((await visitor.get('/auth/callback/github?state=x')).status).toBe(429)
    expect((await openTraveller(limited, '192.0.2.77').get('/auth/login/github')).status).toBe(307)
    await limited.close()
  })
})

describe('somebody who is signed in', () => {
  test('[SEC] is asked for proof again, keeps what they chose, and the session has another secret', async () => {
    oidc.server.claims = { auth_time: Math.floor(app.clock.now() / 1000) }
    await browser.enter('oidc', '?remember_me=1')
    const before = browser.cookies.get('oauth_session')
    app.clock.advance(60_000)
    oidc.server.claims = { auth_time: Math.floor(app.clock.now() / 1000) }
    const again = await browser.enter('oidc', '?redirect=/account/sessions')
    expect(oidc.server.arrivals.findLast(({ path }) => path === '/authorize')?.query.get('prompt')).toBe('login')
    expect(setCookieOf(again, 'oauth_session')).toContain('Max-Age=2592000')
    expect(browser.cookies.get('oauth_session')).not.toBe(before)
  })

  test('[SEC] a provider that did not ask again: 403, the session stays as it was', async () => {
    oidc.server.claims = { auth_time: Math.floor(app.clock.now() / 1000) }
    await browser.enter('oidc')
    const before = browser.cookies.get('oauth_session')
    app.clock.advance(300_000)
    const page = await browser.enter('oidc')
    expect([page.status, page.text.includes('did not ask you to prove again')]).toEqual([403, true])
    expect(browser.cookies.get('oauth_session')).toBe(before)
  })

  test('somebody else through the same browser: a session of their own', async () => {
    await browser.enter('github')
    github.person.id = 99
    github.person.login = 'another'
    github.person.name = 'Ada Other'
    github.person.emails = [{ email: 'another@example.com', primary: true, verified: true }]
    await browser.enter('github')
    const { text } = await browser.get('/account/sessions')
    expect([text.includes('Ada Other'), text.includes('Hubert')]).toEqual([true, false])
  })

  test('[SEC] a session that began long ago at the provider says when (OIDC Core §2 auth_time)', async () => {
    const seen = Math.floor(app.clock.now() / 1000) - 1_000
    oidc.server.claims = { auth_time: seen }
    await browser.enter('oidc')
    const rows = await app.ctx.db.q.select().from(app.ctx.db.t.sessions)
    expect(rows.some(({ authTime }) => authTime.getTime() === seen * 1000)).toBe(true)
  })
})
