import { Database as SqliteHandle } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../src/db/sqlite'
import { findUser } from '../../src/identity/users'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { audited } from './audit-rows'
import { field, openBrowser, setCookieOf } from './browser'

const INVALID = 'Invalid username or password'
const DISABLED = 'Your account has been disabled. Please contact your administrator.'
const WRONG = 'not-the-password-of-anybody'
const settings = { ENABLE_RATE_LIMIT: 'false' }

describe('login page', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings })
  })
  afterAll(() => app.close())

  test('has the fields of the form and starts no session', async () => {
    const page = await openBrowser(app).get('/login')
    expect(page.status).toBe(200)
    expect(page.headers.get('cache-control')).toContain('no-store')
    for (const name of ['redirect', 'username', 'password', 'remember_me', 'csrf_token'])
      expect(page.text).toContain(`name="${name}"`)
    expect(setCookieOf(page, 'oauth_session')).toBeUndefined()
    expect(page.text).toContain('Remember me for 30 days')
  })

  test.each([
    ['session_timeout', 'Your session has expired due to inactivity. Please sign in again.'],
    [
      'session_invalid',
      'Your session is invalid or may have been accessed from a different device. Please sign in again.',
    ],
  ])('error=%s shows its text', async (error, text) => {
    expect((await openBrowser(app).get(`/login?error=${error}`)).text).toContain(text)
  })

  test.each(['<script>alert(1)</script>', 'Call 555-0100 to unlock your account', '__proto__', 'constructor'])(
    'error=%s shows nothing: no link puts words into the page',
    async (error) => {
      const page = await openBrowser(app).get(`/login?error=${encodeURIComponent(error)}`)
      expect(page.text).not.toContain(error)
      expect(page.text).not.toContain('role="alert"')
    },
  )

  test('keeps a safe redirect and drops an unsafe one', async () => {
    const browser = openBrowser(app)
    expect(field(await browser.get('/login?redirect=/device%3Fuser_code=ABCD-EFGH'), 'redirect')).toBe(
      '/device?user_code=ABCD-EFGH',
    )
    expect(field(await browser.get('/login?redirect=https://evil.com'), 'redirect')).toBe('')
  })

  test('leads on when somebody is signed in, to the safe redirect', async () => {
    const browser = openBrowser(app)
    await browser.logIn(await app.insertUser())
    expect((await browser.get('/login')).location).toBe('/account/sessions')
    expect((await browser.get('/login?redirect=/device')).location).toBe('/device')
    expect((await browser.get('/login?redirect=//evil.com')).location).toBe('/account/sessions')
  })

  test('an expired session leads to the form, not around in circles', async () => {
    const browser = openBrowser(app)
    await browser.logIn(await app.insertUser())
    app.clock.advance(1_801_000)
    expect((await browser.get('/login')).status).toBe(200)
  })

  test.each([
    ['86400', '1 day'],
    ['86401', '2 days'],
    ['2592000', '30 days'],
  ])('SESSION_REMEMBER_ME_MAX_AGE=%s is offered as %s', async (seconds, label) => {
    const other = await openTestApp({ settings: { SESSION_REMEMBER_ME_MAX_AGE: seconds } })
    expect((await openBrowser(other).get('/login')).text).toContain(`Remember me for ${label}`)
    await other.close()
  })
})

describe.each(databases)('password login on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings })
  })
  afterAll(() => app.close())

  test('the right password starts a session and leads to the account', async () => {
    const user = await app.insertUser()
    const browser = openBrowser(app)
    const page = await browser.logIn(user)
    expect(page.status).toBe(302)
    expect(page.location).toBe('/account/sessions')
    const cookie = setCookieOf(page, 'oauth_session')
    expect(cookie).toMatch(/^oauth_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/)
    expect(page.headers.getSetCookie().filter((line) => line.startsWith('oauth_session=')).length).toBe(1)
    expect((await browser.get('/account/sessions')).status).toBe(200)
    const rows = await audited(app, 'AUTHENTICATION_SUCCESS', (row) => row.actorUserId === user.id)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      actorUsername: user.username,
      actorIp: '192.0.2.10',
      severity: 'INFO',
      success: true,
      resourceType: 'USER',
      resourceId: user.id,
      details: { auth_source: 'local', provider: 'local' },
    })
    expect((await findUser(app.ctx, user.id))?.lastLoginAt).toEqual(new Date(app.clock.now()))
  })

  test('simultaneous right passwords of one user all sign in', async () => {
    const user = await app.insertUser()
    const browsers = Array.from({ length: 5 }, () => openBrowser(app))
    const pages = await Promise.all(browsers.map((browser) => browser.logIn(user)))
    expect(pages.map(({ status }) => status)).toEqual([302, 302, 302, 302, 302])
  })

  test('names are found in any letter case and with blanks around them', async () => {
    const user = await app.insertUser({ username: 'Ångström', usernameNorm: 'ångström' })
    for (const username of ['Ångström', 'ångström', ' ÅNGSTRÖM ', 'A\u030angström']) {
      const { status } = await openBrowser(app).logIn({ username, password: user.password })
      expect(status).toBe(302)
    }
  })

  test('imported names that differ in case only: each signs in under its exact name', async () => {
    const oldest = await app.insertUser({ username: 'twin', usernameNorm: 'twin', password: 'password-of-the-oldest' })
    const other = await app.insertUser({ username: 'TWIN', usernameNorm: null, password: 'password-of-the-other' })
    expect((await openBrowser(app).logIn(oldest)).status).toBe(302)
    expect((await openBrowser(app).logIn(other)).status).toBe(302)
    expect((await openBrowser(app).logIn({ ...oldest, username: 'Twin' })).status).toBe(302)
    expect((await openBrowser(app).logIn({ ...other, username: 'Twin' })).status).toBe(401)
  })

  test('a wrong password: 401, one text, the name and the box kept, the password never', async () => {
    const user = await app.insertUser()
    const page = await openBrowser(app).logIn({ ...user, password: WRONG }, { redirect: '/device', remember_me: '1' })
    expect(page.status).toBe(401)
    expect(page.text).toContain(INVALID)
    expect(field(page, 'username')).toBe(user.username)
    expect(field(page, 'redirect')).toBe('/device')
    expect(page.text).toMatch(/<input[^>]*name="remember_me"[^>]*checked/)
    expect(page.text).not.toContain(WRONG)
    expect(setCookieOf(page, 'oauth_session')).toBeUndefined()
    const rows = await audited(app, 'AUTHENTICATION_FAILURE', (row) => row.actorUserId === user.id)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      severity: 'WARNING',
      success: false,
      errorMessage: 'Invalid credentials',
      details: { auth_source: 'local', provider: 'local', reason: 'wrong_password' },
    })
  })

  test('unknown, disabled and password-less accounts answer like a wrong password, byte for byte', async () => {
    const bodyOf = async (username: string, password: string) => {
      const page = await openBrowser(app).logIn({ username, password })
      expect(page.status).toBe(401)
      const varying = [username, field(page, 'csrf_token'), page.headers.get('x-request-id') ?? '?']
      return varying.reduce((text, value) => text.replaceAll(value, ''), page.text)
    }
    const known = await app.insertUser()
    const disabled = await app.insertUser({ isActive: false })
    const external = await app.insertUser({ passwordHash: '' })
    const elsewhere = await app.insertUser({ authSource: 'http_api' })
    const expected = await bodyOf(known.username, WRONG)
    expect(expected).toContain(INVALID)
    expect(await bodyOf('nobody-of-that-name', WRONG)).toBe(expected)
    expect(await bodyOf(disabled.username, WRONG)).toBe(expected)
    expect(await bodyOf(external.username, WRONG)).toBe(expected)
    expect(await bodyOf(elsewhere.username, elsewhere.password)).toBe(expected)
    expect(await bodyOf(external.username, '')).toBe(expected)
  })

  test('that an account is disabled is told only to who knows its password', async () => {
    const disabled = await app.insertUser({ isActive: false })
    const page = await openBrowser(app).logIn(disabled)
    expect(page.status).toBe(401)
    expect(page.text).toContain(DISABLED)
    expect(setCookieOf(page, 'oauth_session')).toBeUndefined()
    expect((await openBrowser(app).logIn({ ...disabled, password: WRONG })).text).not.toContain(DISABLED)
  })

  test('every name costs one hash: unknown ones take as long as known ones', async () => {
    const user = await app.insertUser()
    const counted = { verified: 0, burned: 0 }
    const { passwords } = app.ctx
    const spied: typeof passwords = {
      hash: passwords.hash,
      verify: (password, hash) => {
        counted.verified += 1
        return passwords.verify(password, hash)
      },
      burn: (password) => {
        counted.burned += 1
        return passwords.burn(password)
      },
    }
    const { logIn } = await import('../../src/identity/login')
    const request = { id: 'r', ip: '192.0.2.1', userAgent: 'x', path: '/login', method: 'POST' }
    const ctx = { ...app.ctx, passwords: spied, request }
    const attempt = (username: string) =>
      logIn(ctx, { username, password: WRONG, remember: false, knownDevice: undefined, replaces: undefined })
    await attempt(user.username)
    expect(counted).toEqual({ verified: 1, burned: 0 })
    await attempt('nobody-at-all')
    expect(counted).toEqual({ verified: 1, burned: 1 })
  })

  test('the audit trail knows the typed name of an unknown user, cut to 100 characters', async () => {
    const typed = `ghost-${'x'.repeat(200)}`
    await openBrowser(app).logIn({ username: typed, password: WRONG })
    const [row] = await audited(app, 'AUTHENTICATION_FAILURE', ({ actorUsername }) =>
      actorUsername.startsWith('ghost-'),
    )
    expect(row).toMatchObject({
      actorUserId: '',
      actorUsername: typed.slice(0, 100),
      details: { reason: 'unknown_user' },
    })
  })
})

describe.each(databases)('password login on %s: limits and imported hashes', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings })
  })
  afterAll(() => app.close())

  test.each([
    ['a password of 5,000 bytes', 'somebody', 'x'.repeat(5_000)],
    ['a name of 256 characters', 'n'.repeat(256), WRONG],
    ['a name with NUL', 'some\u0000body', WRONG],
    ['no name', '', WRONG],
    ['no password', 'somebody', ''],
  ])('%s is refused without an error', async (_what, username, password) => {
    const page = await openBrowser(app).logIn({ username, password })
    expect([400, 401]).toContain(page.status)
  })

  test.each([
    ['$2b$12$', 12],
    ['$2b$10$', 10],
  ])('bcrypt %s verifies once and is replaced by Argon2id', async (prefix, cost) => {
    const password = 'a-password-from-before'
    const passwordHash = await Bun.password.hash(password, { algorithm: 'bcrypt', cost })
    expect(passwordHash).toStartWith(prefix)
    const user = await app.insertUser({ passwordHash })
    expect((await openBrowser(app).logIn({ ...user, password: WRONG })).status).toBe(401)
    expect((await findUser(app.ctx, user.id))?.passwordHash).toBe(passwordHash)
    expect((await openBrowser(app).logIn({ ...user, password })).status).toBe(302)
    expect((await findUser(app.ctx, user.id))?.passwordHash).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')
    expect((await openBrowser(app).logIn({ ...user, password })).status).toBe(302)
  })

  test('a weaker Argon2id hash is replaced on success', async () => {
    const password = 'a-password-from-before'
    const passwordHash = await Bun.password.hash(password, { algorithm: 'argon2id', memoryCost: 8_192, timeCost: 1 })
    const user = await app.insertUser({ passwordHash })
    expect((await openBrowser(app).logIn({ ...user, password })).status).toBe(302)
    expect((await findUser(app.ctx, user.id))?.passwordHash).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')
  })

  test('after five failures an account is delayed from any address, known or not, without a look at the password', async () => {
    const user = await app.insertUser()
    for (const username of [user.username, `nobody-${user.username}`]) {
      for (let failure = 0; failure < 5; failure += 1) {
        const browser = openBrowser(app, { ip: `198.51.100.${failure}` })
        expect((await browser.logIn({ username, password: WRONG })).status).toBe(401)
      }
      const delayed = await openBrowser(app, { ip: '203.0.113.9' }).logIn({ username, password: user.password })
      expect(delayed.status).toBe(429)
      expect(delayed.headers.get('retry-after')).toBe('1')
      expect(delayed.text).toContain('Too many requests. Please try again later.')
    }
    app.clock.advance(1_000)
    expect((await openBrowser(app).logIn(user)).status).toBe(302)
    expect((await openBrowser(app).logIn({ ...user, password: WRONG })).status).toBe(401)
  })

  test('of 40 simultaneous wrong passwords only the free ones are looked at', async () => {
    const user = await app.insertUser()
    const browsers = Array.from({ length: 40 }, () => openBrowser(app))
    const pages = await Promise.all(browsers.map((browser) => browser.logIn({ ...user, password: WRONG })))
    expect(pages.filter(({ status }) => status === 401).length).toBe(5)
    expect(pages.filter(({ status }) => status === 429).length).toBe(35)
  })

  test('who signed in before is not locked out by the wrong guesses of others; the mark alone is worth nothing', async () => {
    const user = await app.insertUser()
    const other = await app.insertUser()
    const home = openBrowser(app)
    await home.logIn(user)
    for (let failure = 0; failure < 20; failure += 1) await openBrowser(app).logIn({ ...user, password: WRONG })
    expect((await openBrowser(app).logIn(user)).status).toBe(429)
    home.cookies.delete('oauth_session')
    expect((await home.logIn(user)).status).toBe(302)

    home.cookies.delete('oauth_session')
    for (let failure = 0; failure < 5; failure += 1)
      expect((await home.logIn({ ...user, password: WRONG })).status).toBe(401)
    expect((await home.logIn({ ...user, password: WRONG })).status).toBe(429)
    // A mark made for one account does not count for another.
    const mark = home.cookies.get('oauth_device') ?? ''
    for (let failure = 0; failure < 5; failure += 1) await openBrowser(app).logIn({ ...other, password: WRONG })
    const foreign = openBrowser(app)
    foreign.cookies.set('oauth_device', mark)
    expect((await foreign.logIn(other)).status).toBe(429)
  })
})

describe('login: where it leads (RFC 9700 §4.11)', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings })
  })
  afterAll(() => app.close())

  test.each([
    ['/device', '/device'],
    ['/device?user_code=ABCD-EFGH', '/device?user_code=ABCD-EFGH'],
    ['http://localhost:8080/device', '/device'],
  ])('%s is followed', async (redirect, location) => {
    expect((await openBrowser(app).logIn(await app.insertUser(), { redirect })).location).toBe(location)
  })

  test.each([
    ...['', '//evil.com', '/\\evil.com', 'https://evil.com', 'javascript:alert(1)', 'data:text/html,x', '/a\r\nb'],
    ...[
      'https:foo',
      '/\t/evil.com',
      '\\evil.com',
      '/.//evil.com',
      'http://localhost:8080@evil.com',
      '/logout',
      '/login',
    ],
    ...['http://localhost:9999/device', 'https://localhost:8080/device', `/${'x'.repeat(10_000)}`],
  ])('%j is not', async (redirect) => {
    const page = await openBrowser(app).logIn(await app.insertUser(), { redirect })
    expect(page.status).toBe(302)
    expect(page.location).toBe('/account/sessions')
  })
})

describe('login: session and cookies', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings })
  })
  afterAll(() => app.close())

  test('remember_me counts only as 1 and only while it is offered', async () => {
    const user = await app.insertUser()
    const maxAge = async (of: TestApp, value: string) =>
      /Max-Age=(\d+)/.exec(
        setCookieOf(await openBrowser(of).logIn(user, { remember_me: value }), 'oauth_session') ?? '',
      )?.[1]
    expect(await maxAge(app, '1')).toBe('2592000')
    for (const value of ['true', 'on', '0', '2', ' 1']) expect(await maxAge(app, value)).toBe('3600')
    const off = await openTestApp({ settings: { ...settings, SESSION_REMEMBER_ME_ENABLED: 'false' } })
    const other = await off.insertUser()
    const page = await openBrowser(off).logIn(other, { remember_me: '1' })
    expect(setCookieOf(page, 'oauth_session')).toContain('Max-Age=3600')
    expect((await openBrowser(off).get('/login')).text).not.toContain('remember_me')
    await off.close()
  })

  test('session fixation: a login makes a new id and a new token, and ends the session it replaces', async () => {
    const user = await app.insertUser()
    const victim = openBrowser(app)
    await victim.logIn(user, { remember_me: '1' })
    const planted = victim.cookies.get('oauth_session') ?? ''
    const before = field(await victim.get('/logout', { 'sec-fetch-site': 'cross-site' }), 'csrf_token')
    const page = await victim.post('/login', {
      csrf_token: await freshLoginToken(victim),
      username: user.username,
      password: user.password,
    })
    expect(page.status).toBe(302)
    const after = field(await victim.get('/logout', { 'sec-fetch-site': 'cross-site' }), 'csrf_token')
    expect(victim.cookies.get('oauth_session')).not.toBe(planted)
    expect(before.length).toBe(44)
    expect(after.length).toBe(44)
    expect(after).not.toBe(before)
    // Not remembered: the box of the earlier login is not carried over.
    expect(setCookieOf(page, 'oauth_session')).toContain('Max-Age=3600')
    const attacker = openBrowser(app)
    attacker.cookies.set('oauth_session', planted)
    expect((await attacker.get('/account/sessions')).location).toBe('/login?redirect=%2Faccount%2Fsessions')
  })

  async function freshLoginToken(browser: ReturnType<typeof openBrowser>): Promise<string> {
    const session = browser.cookies.get('oauth_session') ?? ''
    browser.cookies.delete('oauth_session')
    const token = field(await browser.get('/login'), 'csrf_token')
    browser.cookies.set('oauth_session', session)
    return token
  }

  test('a cookie value chosen by somebody else never becomes a session', async () => {
    const browser = openBrowser(app)
    const chosen = Buffer.alloc(32, 7).toString('base64url')
    browser.cookies.set('oauth_session', chosen)
    await browser.logIn(await app.insertUser())
    expect(browser.cookies.get('oauth_session')).not.toBe(chosen)
  })

  test('https BASE_URL: Secure and the __Host- prefix', async () => {
    const https = await openTestApp({ settings: { ...settings, BASE_URL: 'https://id.example' } })
    const page = await openBrowser(https).logIn(await https.insertUser())
    const cookie = setCookieOf(page, '__Host-oauth_session')
    expect(cookie).toContain('; Secure')
    expect(cookie).toContain('Path=/;')
    expect(cookie).not.toContain('Domain')
    await https.close()
  })

  test('a form of another site is refused and starts nothing (login CSRF)', async () => {
    const user = await app.insertUser()
    const { username, password } = user
    const attempts: [
      string,
      (browser: ReturnType<typeof openBrowser>, token: string) => [Record<string, string>, Record<string, string>],
    ][] = [
      ['no token', () => [{}, {}]],
      ['wrong token', () => [{ csrf_token: 'x'.repeat(64) }, {}]],
      ['foreign origin', (_browser, token) => [{ csrf_token: token }, { origin: 'https://evil.example' }]],
      ['cross-site', (_browser, token) => [{ csrf_token: token }, { 'sec-fetch-site': 'cross-site' }]],
      [
        'token of another browser',
        (browser, token) => {
          browser.cookies.clear()
          return [{ csrf_token: token }, {}]
        },
      ],
    ]
    for (const [what, prepare] of attempts) {
      const browser = openBrowser(app)
      const token = field(await browser.get('/login'), 'csrf_token')
      const [fields, headers] = prepare(browser, token)
      const page = await browser.post('/login', { username, password, ...fields }, headers)
      expect([what, page.status]).toEqual([what, 403])
      expect(browser.cookies.has('oauth_session')).toBe(false)
    }
  })

  test('metrics count attempts, logins and sessions', async () => {
    const own = await openTestApp({ settings })
    const user = await own.insertUser()
    await openBrowser(own).logIn(user)
    await openBrowser(own).logIn({ ...user, password: WRONG })
    const text = await own.ctx.metrics.registry.metrics()
    expect(text).toContain('auth_attempts_total{method="local",result="success"} 1')
    expect(text).toContain('auth_attempts_total{method="local",result="failure"} 1')
    expect(text).toContain('auth_login_total{auth_source="local",result="success"} 1')
    expect(text).toContain('auth_login_total{auth_source="local",result="failure"} 1')
    expect(text).toContain('auth_login_duration_seconds_count{method="local"} 2')
    expect(text).toMatch(/sessions_created_total(\{\})? 1/)
    await own.close()
  })

  test('a database that cannot write: 503 and no word about the account', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'authgate-login-'))
    const path = join(directory, 'test.db')
    const own = await openTestApp({
      settings,
      open: async () => {
        const db = openSqlite({ path, busyTimeoutMs: 5_000 })
        await db.migrate()
        return { db, close: () => db.close() }
      },
    })
    const user = await own.insertUser()
    const browser = openBrowser(own)
    const token = field(await browser.get('/login'), 'csrf_token')
    const elsewhere = new SqliteHandle(path)
    elsewhere.run('BEGIN IMMEDIATE')
    const page = await browser.post('/login', { csrf_token: token, username: user.username, password: user.password })
    elsewhere.run('ROLLBACK')
    elsewhere.close()
    expect(page.status).toBe(503)
    expect(page.headers.get('retry-after')).not.toBeNull()
    expect(page.text).not.toContain(INVALID)
    expect(setCookieOf(page, 'oauth_session')).toBeUndefined()
    await own.close()
    rmSync(directory, { recursive: true })
  })
})
