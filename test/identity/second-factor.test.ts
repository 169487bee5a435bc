import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { codeOf, stepAt } from '../../src/identity/second-factor/totp'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { audited } from './audit-rows'
import { field, openBrowser, type Page, type TestBrowser } from './browser'

const STEP = '/login/second-step'
const SETUP = '/account/security/totp'
const STEP_MS = 30_000
const PATIENCE_MS = 30_000
type Person = UserRow & { password: string }

describe('codes (RFC 6238 Appendix B, SHA-1, eight digits)', () => {
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('at %i seconds', (seconds, code) => {
    expect(codeOf(secret, stepAt(seconds * 1000), 8)).toBe(code)
  })
})

describe.each(databases)('second factor on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
  }, PATIENCE_MS)
  afterAll(() => app.close())

  const code = (secret: string, steps = 0) => codeOf(secret, stepAt(app.clock.now()) + steps)
  const userRow = async (id: string) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.users).where(eq(t.users.id, id)))[0]
  }
  const secretIn = (page: Page): string => /<code[^>]*>([A-Z2-7]{32})</.exec(page.text)?.[1] ?? ''
  const recoveryIn = (page: Page): string[] =>
    /(?:[a-z2-9]{4}(?:-[a-z2-9]{4}){3} ){9}[a-z2-9]{4}(?:-[a-z2-9]{4}){3}/.exec(page.text)?.[0].split(' ') ?? []

  /** Sets up the app in a browser that is signed in. */
  async function setUp(browser: TestBrowser) {
    const intro = await browser.get(SETUP)
    const begun = await browser.post(`${SETUP}/begin`, { csrf_token: field(intro, 'csrf_token') })
    const form = await browser.get(begun.location)
    const secret = secretIn(form)
    const setup = { csrf_token: field(form, 'csrf_token'), setup: field(form, 'setup') }
    const done = await browser.post(SETUP, { ...setup, code: code(secret) })
    const shown = await browser.get(done.location)
    return { secret, recovery: [...new Set(recoveryIn(shown))], done, setup }
  }

  async function enrolled() {
    const user = await app.insertUser()
    const browser = openBrowser(app)
    await browser.logIn(user)
    const made = await setUp(browser)
    app.clock.advance(2 * STEP_MS)
    return { user, browser, ...made }
  }

  async function halfway(user: Person, options?: Parameters<typeof openBrowser>[1]) {
    const browser = openBrowser(app, options)
    const answer = await browser.logIn(user)
    const form = await browser.get(STEP)
    const token = field(form, 'csrf_token')
    const send = (typed: string) => browser.post(STEP, { csrf_token: token, code: typed })
    return { browser, answer, form, token, send }
  }

  test('set up: the secret is sealed, ten codes are shown once, and the account is protected from then on', async () => {
    const { user, secret, recovery, done, browser } = await enrolled()
    expect(secret).toHaveLength(32)
    expect(recovery).toHaveLength(10)
    expect(done.location).toStartWith('/account/reveal/')
    const row = await userRow(user.id)
    expect(row?.totpSecret).not.toContain(secret)
    expect((await browser.get(done.location)).status).toBe(410)
    expect((await browser.get('/account/security')).text).toContain('10 are left')
    const [event] = await audited(app, 'SECOND_FACTOR_ENABLED', ({ resourceId }) => resourceId === user.id)
    expect(JSON.stringify(event)).not.toContain(secret)
  })

  test('set up: a wrong code turns nothing on; another session’s setup is not found [SEC]', async () => {
    const user = await app.insertUser()
    const browser = openBrowser(app)
    await browser.logIn(user)
    const intro = await browser.get(SETUP)
    const begun = await browser.post(`${SETUP}/begin`, { csrf_token: field(intro, 'csrf_token') })
    const form = await browser.get(begun.location)
    const fields = { csrf_token: field(form, 'csrf_token'), setup: field(form, 'setup') }
    expect((await browser.post(SETUP, { ...fields, code: '000000' })).status).toBe(400)
    const other = openBrowser(app)
    await other.logIn(user)
    expect((await other.get(begun.location)).status).toBe(410)
    expect((await userRow(user.id))?.totpSecret).toBeNull()
  })

  test('login: the password alone opens nothing; the code finishes it, with amr pwd otp mfa (RFC 8176) [SEC]', async () => {
    const { user, secret } = await enrolled()
    const { browser, answer, send } = await halfway(user)
    expect(answer.location).toStartWith(STEP)
    expect(browser.cookies.has('oauth_device')).toBe(false)
    for (const path of ['/account', '/apps', '/device', '/oauth/authorize?client_id=x', '/account/change-password'])
      expect((await browser.get(path)).location || 'refused').not.toBe('')
    expect((await browser.get('/account')).location).toStartWith(STEP)
    expect((await browser.get('/login')).location).toStartWith(STEP)
    const json = await browser.get('/account', { accept: 'application/json' })
    expect(json.status).toBe(401)
    const done = await send(code(secret))
    expect(done.location).toBe('/account/sessions')
    expect((await browser.get('/account')).status).toBe(200)
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.sessions).where(eq(t.sessions.userId, user.id))
    expect(rows.some(({ amr }) => amr === 'pwd otp mfa')).toBe(true)
  })

  test('login: the id of the session changes, and the form’s token is checked (CWE-384, CWE-352) [SEC]', async () => {
    const { user, secret } = await enrolled()
    const { browser, token } = await halfway(user)
    const before = browser.cookies.get('oauth_session')
    expect((await browser.post(STEP, { csrf_token: '', code: code(secret) })).status).toBe(403)
    await browser.post(STEP, { csrf_token: token, code: code(secret) })
    expect(browser.cookies.get('oauth_session')).not.toBe(before)
  })

  test('login: where one was going and the choice to stay signed in survive', async () => {
    const { user, secret } = await enrolled()
    const browser = openBrowser(app)
    const first = await browser.logIn(user, { redirect: '/apps?x=1', remember_me: '1' })
    const form = await browser.get(first.location)
    const done = await browser.post(STEP, {
      csrf_token: field(form, 'csrf_token'),
      redirect: field(form, 'redirect'),
      code: ` ${code(secret).slice(0, 3)} ${code(secret).slice(3)}`,
    })
    expect(done.location).toBe('/apps?x=1')
    expect(done.headers.getSetCookie().join()).toMatch(/oauth_session=[^;]+;.*Max-Age=2592000/)
  })

  test('a code is good once, and not for a time before the last one (RFC 6238 §5.2) [SEC]', async () => {
    const { user, secret } = await enrolled()
    const used = code(secret)
    expect((await (await halfway(user)).send(used)).status).toBe(302)
    expect((await (await halfway(user)).send(used)).status).toBe(401)
    expect((await (await halfway(user)).send(code(secret, -1))).status).toBe(401)
    expect((await (await halfway(user)).send(code(secret, 1))).status).toBe(302)
  })

  test.each(['１２３４５６', '', '0', '1234567', 'x'.repeat(2000), 'aaaa-aaaa-aaaa-aaaa'])(
    'nonsense (%p) is refused, at the login and at the setup',
    async (typed) => {
      const { user } = await enrolled()
      expect((await (await halfway(user)).send(typed)).status).toBe(401)
      const other = openBrowser(app)
      await other.logIn(await app.insertUser())
      const intro = await other.get(SETUP)
      const begun = await other.post(`${SETUP}/begin`, { csrf_token: field(intro, 'csrf_token') })
      const form = await other.get(begun.location)
      const fields = { csrf_token: field(form, 'csrf_token'), setup: field(form, 'setup') }
      expect((await other.post(SETUP, { ...fields, code: typed })).status).toBe(400)
    },
  )

  test('a change of the password does not stand in for the factor before a sensitive action [SEC]', async () => {
    const { user, browser } = await enrolled()
    app.clock.advance(11 * 60_000)
    const form = await browser.get('/account/change-password')
    const changed = await browser.post('/account/change-password', {
      ...{ csrf_token: field(form, 'csrf_token'), current_password: user.password },
      ...{ password: 'Correct horse battery 7', password_confirm: 'Correct horse battery 7' },
    })
    expect(changed.status).toBe(302)
    const page = await browser.get('/account/security')
    const off = await browser.post(`${SETUP}/disable`, { csrf_token: field(page, 'csrf_token') })
    expect(off.location).toStartWith('/account/confirm')
  })

  test('codes of other steps are refused [SEC]', async () => {
    const { user, secret } = await enrolled()
    for (const steps of [-2, 2]) expect((await (await halfway(user)).send(code(secret, steps))).status).toBe(401)
  })

  test('64 times the same code: one session [SEC]', async () => {
    const { user, secret } = await enrolled()
    const { send } = await halfway(user)
    const typed = code(secret)
    const answers = await Promise.all(Array.from({ length: 64 }, () => send(typed)))
    expect(answers.filter(({ location }) => location === '/account/sessions')).toHaveLength(1)
  })

  test('64 times the same recovery code: one session, and one code less [SEC]', async () => {
    const { user, recovery, browser } = await enrolled()
    const { send } = await halfway(user)
    const typed = (recovery[0] ?? '').toUpperCase().replaceAll('-', ' ')
    const answers = await Promise.all(Array.from({ length: 64 }, () => send(typed)))
    expect(answers.filter(({ location }) => location === '/account/sessions')).toHaveLength(1)
    expect((await browser.get('/account/security')).text).toContain('9 are left')
  })

  test('recovery codes: one of another account is refused; new ones end the old [SEC]', async () => {
    const mine = await enrolled()
    const theirs = await enrolled()
    expect((await (await halfway(mine.user)).send(theirs.recovery[0] ?? '')).status).toBe(401)
    const page = await mine.browser.get('/account/security')
    const made = await mine.browser.post('/account/security/recovery-codes', { csrf_token: field(page, 'csrf_token') })
    const fresh = recoveryIn(await mine.browser.get(made.location))
    expect((await (await halfway(mine.user)).send(mine.recovery[1] ?? '')).status).toBe(401)
    expect((await (await halfway(mine.user)).send(fresh[0] ?? '')).status).toBe(302)
  })

  test('guesses are slowed down, however often the password is typed again; a known browser has a count of its own [SEC]', async () => {
    const { user, secret } = await enrolled()
    const known = await halfway(user)
    expect((await known.send(code(secret))).status).toBe(302)
    app.clock.advance(STEP_MS * 2)
    const statuses: number[] = []
    for (let guess = 0; guess < 7; guess += 1)
      statuses.push((await (await halfway(user, { ip: '192.0.2.77' })).send('000000')).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    expect((await (await halfway(user, { ip: '192.0.2.78' })).send(code(secret))).status).toBe(429)
    known.browser.cookies.delete('oauth_session')
    await known.browser.logIn(user)
    const form = await known.browser.get(STEP)
    const again = await known.browser.post(STEP, { csrf_token: field(form, 'csrf_token'), code: code(secret) })
    expect(again.status).toBe(302)
    const failures = await audited(app, 'AUTHENTICATION_FAILURE', ({ actorUserId }) => actorUserId === user.id)
    expect(JSON.stringify(failures)).not.toContain('000000')
  })

  test('the second step ends after ten minutes', async () => {
    const { user, secret } = await enrolled()
    const { browser, send } = await halfway(user)
    app.clock.advance(601_000)
    expect((await send(code(secret))).location).toStartWith('/login')
    expect((await browser.get('/account')).location).toStartWith('/login')
  })

  test('other browsers have to show the factor once it is set up [SEC]', async () => {
    const user = await app.insertUser()
    const [one, two] = [openBrowser(app), openBrowser(app)]
    await one.logIn(user)
    await two.logIn(user)
    await setUp(one)
    expect((await one.get('/account')).status).toBe(200)
    expect((await two.get('/account')).location).toStartWith('/login')
  })

  test('a sensitive action asks for password and code [SEC]', async () => {
    const { secret, browser, user } = await enrolled()
    app.clock.advance(11 * 60_000)
    const page = await browser.get('/account/security')
    const held = await browser.post(`${SETUP}/disable`, { csrf_token: field(page, 'csrf_token') })
    expect(held.location).toStartWith('/account/confirm?held=')
    const form = await browser.get(held.location)
    const fields = { csrf_token: field(form, 'csrf_token'), held: field(form, 'held'), password: user.password }
    expect((await browser.post('/account/confirm', { ...fields, code: '' })).status).toBe(400)
    expect((await userRow(user.id))?.totpSecret).not.toBeNull()
    const confirmed = await browser.post('/account/confirm', { ...fields, code: code(secret) })
    expect(confirmed.status).toBe(303)
    expect((await browser.get('/account')).status).toBe(200)
  })

  test('turned off: the password is enough again, recovery codes are gone', async () => {
    const { user, browser } = await enrolled()
    const page = await browser.get('/account/security')
    await browser.post(`${SETUP}/disable`, { csrf_token: field(page, 'csrf_token') })
    const { q, t } = app.ctx.db
    expect(await q.select().from(t.recoveryCodes).where(eq(t.recoveryCodes.userId, user.id))).toEqual([])
    expect((await openBrowser(app).logIn(user)).location).toBe('/account/sessions')
  })

  test('an administrator removes it: sessions end, it is recorded', async () => {
    const { user, browser } = await enrolled()
    const admin = await app.insertUser({ role: 'admin' })
    const { cookie, csrfToken } = await app.signIn(admin)
    const answer = await app.postForm(
      `/admin/users/${user.id}/reset-second-factor`,
      { csrf_token: csrfToken },
      { accept: 'text/html', cookie },
    )
    expect(answer.status).toBe(302)
    expect((await browser.get('/account')).location).toStartWith('/login')
    expect((await openBrowser(app).logIn(user)).location).toBe('/account/sessions')
    const [event] = await audited(app, 'SECOND_FACTOR_DISABLED', ({ resourceId }) => resourceId === user.id)
    expect(event?.actorUserId).toBe(admin.id)
  })

  test('a disabled user gets no further [SEC]', async () => {
    const { user, secret } = await enrolled()
    const { send } = await halfway(user)
    const { q, t } = app.ctx.db
    await q.update(t.users).set({ isActive: false }).where(eq(t.users.id, user.id))
    expect((await send(code(secret))).location).toStartWith('/login')
  })
})

describe.each(databases)('REQUIRE_MFA on %s', (_name, open) => {
  test.each([
    ['none', 'user', false],
    ['none', 'admin', false],
    ['admin', 'user', false],
    ['admin', 'admin', true],
    ['all', 'user', true],
    ['all', 'admin', true],
  ] as const)(
    '%s: %s without a factor has to set one up first: %p [SEC]',
    async (value, role, required) => {
      const app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false', REQUIRE_MFA: value } })
      const user = await app.insertUser({ role })
      const browser = openBrowser(app)
      await browser.logIn(user)
      const client = await app.insertClient({
        ...{ enableAuthCodeFlow: true, scopes: 'openid', redirectUris: ['https://app.example/cb'] },
      })
      const authorize = `/oauth/authorize?${new URLSearchParams({
        ...{
          client_id: client.clientId,
          response_type: 'code',
          redirect_uri: 'https://app.example/cb',
          scope: 'openid',
        },
        ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
      })}`
      for (const path of ['/account', '/device', '/apps', '/account/security', authorize]) {
        const { location } = await browser.get(path)
        expect([path, location.startsWith(SETUP)]).toEqual([path, required])
      }
      expect((await browser.get(SETUP)).text.includes('before you go on')).toBe(required)
      const json = await browser.get('/account', { accept: 'application/json' })
      expect(json.status).toBe(required ? 403 : 200)
      const silent = await browser.get(`${authorize}&prompt=none`)
      if (required) expect(silent.location).toContain('error=interaction_required')
      await app.close()
    },
    PATIENCE_MS,
  )

  test(
    'after the setup one goes on, and cannot turn it off [SEC]',
    async () => {
      const app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false', REQUIRE_MFA: 'all' } })
      const browser = openBrowser(app)
      await browser.logIn(await app.insertUser())
      const first = await browser.get('/apps')
      const intro = await browser.get(first.location)
      const begun = await browser.post(`${SETUP}/begin`, {
        csrf_token: field(intro, 'csrf_token'),
        redirect: field(intro, 'redirect'),
      })
      const form = await browser.get(begun.location)
      const secret = /<code[^>]*>([A-Z2-7]{32})</.exec(form.text)?.[1] ?? ''
      const done = await browser.post(SETUP, {
        csrf_token: field(form, 'csrf_token'),
        redirect: field(form, 'redirect'),
        setup: field(form, 'setup'),
        code: codeOf(secret, stepAt(app.clock.now())),
      })
      expect((await browser.get(done.location)).text).toContain('href="/apps"')
      expect((await browser.get('/apps')).status).toBe(200)
      const page = await browser.get('/account/security')
      expect(page.text).not.toContain('turn-off')
      const off = await browser.post(`${SETUP}/disable`, { csrf_token: field(page, 'csrf_token') || 'none' })
      expect(off.status).toBe(403)
      await app.close()
    },
    PATIENCE_MS,
  )
})
