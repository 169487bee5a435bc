/** Logins that wait for the second factor: what ends them, and what they become. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { RequestContext } from '../../src/context'
import { commit } from '../../src/db/commit'
import { changePassword } from '../../src/identity/change-password'
import { addFactor, regenerateCodes } from '../../src/identity/second-factor/own-factors'
import { countRecoveryCodes, replaceTotp, sealTotpSecret } from '../../src/identity/second-factor/records'
import { completeLogin } from '../../src/identity/second-factor/second-step'
import { codeOf, newTotpSecret, stepAt } from '../../src/identity/second-factor/totp'
import { verifySecondFactor } from '../../src/identity/second-factor/verify'
import { endSessionsOfUser, findSession, type Login, startSession } from '../../src/identity/sessions'
import { findUser } from '../../src/identity/users'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { field, openBrowser } from './browser'
import { passkeyBrowser, userWithPasskey } from './passkeys/support'

const STEP = '/login/second-step'
const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const settings = { ENABLE_RATE_LIMIT: 'false', BASE_URL: 'http://localhost:8080' }

const requestOf = (app: TestApp): RequestContext => ({
  ...app.ctx,
  request: { id: 'x', ip: '192.0.2.10', userAgent: USER_AGENT, path: '/login', method: 'POST' },
})

const sessionsOf = (app: TestApp, user: UserRow) => {
  const { q, t } = app.ctx.db
  return q.select().from(t.sessions).where(eq(t.sessions.userId, user.id))
}

/** A user with an authenticator app, and what it shows. */
async function withApp(app: TestApp, overrides: Partial<UserRow> = {}) {
  const secret = newTotpSecret(app.ctx)
  const id = crypto.randomUUID()
  const user = await app.insertUser({ id, totpSecret: sealTotpSecret(app.ctx, id, secret), ...overrides })
  return { user, code: () => codeOf(secret, stepAt(app.clock.now())) }
}

/** A browser with a session as a login makes it. */
async function browserWith(app: TestApp, user: UserRow, proven: Partial<Login> = {}) {
  const browser = openBrowser(app)
  const login = { user: (await findUser(app.ctx, user.id)) ?? user, remember: false, amr: 'pwd', idp: 'local' }
  const started = await startSession(requestOf(app), { ...login, ...proven })
  browser.cookies.set('oauth_session', started.cookieValue)
  const { csrfToken: csrf_token } = started.session
  const send = (code: string, more = {}) => browser.post(STEP, { csrf_token, code, ...more })
  return { browser, started, csrf_token, send }
}

describe('a login that waits for the second factor', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings })
  })
  afterAll(() => app.close())

  test.each(['GET', 'POST'])(
    '%s /logout ends it on the server: a copy of the cookie is worth nothing [SEC]',
    async (method) => {
      const { user, code } = await withApp(app)
      const { browser, send, started } = await browserWith(app, user)
      await (method === 'GET' ? browser.get('/logout') : browser.post('/logout', {}))
      expect(await sessionsOf(app, user)).toEqual([])
      browser.cookies.set('oauth_session', started.cookieValue)
      expect((await send(code())).location).toStartWith('/login?')
    },
  )

  test('a login of somebody else in the same browser ends it [SEC]', async () => {
    const { user } = await withApp(app)
    const { browser } = await browserWith(app, user)
    const form = await browser.get('/login?prompt=login')
    const { username, password } = await app.insertUser()
    await browser.post('/login', { csrf_token: field(form, 'csrf_token'), username, password })
    expect((await browser.get('/account')).status).toBe(200)
    expect(await sessionsOf(app, user)).toEqual([])
  })

  test('a login with a passkey in the same browser ends it [SEC]', async () => {
    const { user } = await withApp(app)
    const { passkey } = await userWithPasskey(app)
    const { started } = await browserWith(app, user)
    const other = passkeyBrowser(app)
    other.cookies.set('oauth_session', started.cookieValue)
    expect((await other.logInWith(passkey)).status).toBe(302)
    expect(await sessionsOf(app, user)).toEqual([])
  })

  test('one that was ended while the code was checked is not completed (races) [SEC]', async () => {
    const { user, code } = await withApp(app)
    const { started } = await browserWith(app, user)
    const ctx = requestOf(app)
    const lookup = await findSession(ctx, started.cookieValue)
    const halfway = lookup.session ? undefined : lookup.halfway
    if (!halfway) throw new Error('does not wait')
    const shown = await verifySecondFactor(ctx, halfway.user, code(), undefined)
    await commit(ctx, endSessionsOfUser(ctx, user.id))
    expect(shown.kind === 'right' && (await completeLogin(ctx, halfway, shown))).toBeUndefined()
    expect(await sessionsOf(app, user)).toEqual([])
  })

  test('a code does not make a login at a provider newer than it was (OIDC Core §2 auth_time) [SEC]', async () => {
    const { user, code } = await withApp(app)
    const authTime = new Date(app.clock.now() - 3_600_000)
    const { browser, send } = await browserWith(app, user, { amr: 'fed', idp: 'github', authTime })
    expect((await send(code())).location).toBe('/account/sessions')
    expect((await sessionsOf(app, user)).map((row) => row.authTime)).toEqual([authTime])
    expect((await browser.get('/account/security/totp')).location).toBe('/account/security')
    const begin = await browser.get('/account/security')
    const off = await browser.post('/account/security/totp/disable', { csrf_token: field(begin, 'csrf_token') })
    expect(off.location).toStartWith('/account/confirm')
  })

  test('an application that wants a login now gets password and code of now (OIDC Core §3.1.2.1 prompt=login) [SEC]', async () => {
    const { user, code } = await withApp(app)
    const redirectUris = ['https://app.example/cb']
    const { clientId } = await app.insertClient({ scopes: 'openid', redirectUris })
    const asked = `/oauth/authorize?${new URLSearchParams({
      ...{ client_id: clientId, response_type: 'code', redirect_uri: 'https://app.example/cb', scope: 'openid' },
      ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
      prompt: 'login',
    })}`
    const { browser } = await browserWith(app, user)
    app.clock.advance(60_000)
    const form = await browser.get((await browser.get(asked)).location)
    expect(form.status).toBe(200)
    const redirect = field(form, 'redirect')
    const fields = { csrf_token: field(form, 'csrf_token'), redirect, username: user.username, password: user.password }
    const step = await browser.get((await browser.post('/login', fields)).location)
    app.clock.advance(60_000)
    const done = await browser.post(STEP, { csrf_token: field(step, 'csrf_token'), redirect, code: code() })
    expect(done.location).toBe(redirect)
    expect((await browser.get(done.location)).status).toBe(200)
  })

  test('a factor is not added to a session that was ended meanwhile (races) [SEC]', async () => {
    const user = await app.insertUser()
    const { session } = (await browserWith(app, user)).started
    const ctx = requestOf(app)
    await commit(ctx, endSessionsOfUser(ctx, user.id))
    const [secret, step] = [sealTotpSecret(ctx, user.id, newTotpSecret(ctx)), 1]
    const adding = addFactor(ctx, session, {
      factor: 'totp',
      changed: { ...user, totpSecret: secret, totpLastStep: step, version: user.version + 1 },
      claim: replaceTotp(ctx, user, { secret, step }),
      alongside: [],
      amr: ['otp'],
      next: '/',
    })
    expect(await adding.catch((error) => error.label)).toBe('session')
    expect([await sessionsOf(app, user), (await findUser(ctx, user.id))?.totpSecret]).toEqual([[], null])
  })

  test('who came from a provider goes on, though an administrator chose the password', async () => {
    const { user, code } = await withApp(app, { mustChangePassword: true })
    const { send } = await browserWith(app, user, { amr: 'fed', idp: 'github' })
    expect((await send(code())).location).toBe('/account/sessions')
  })
})

test('a password that was not typed to sign in is asked for when it is replaced [SEC]', async () => {
  const app = await openTestApp({ settings })
  const user = await app.insertUser({ mustChangePassword: true })
  const { browser, csrf_token } = await browserWith(app, user, { amr: 'fed', idp: 'github' })
  const fresh = 'Correct horse battery 7'
  const fields = { csrf_token, password: fresh, password_confirm: fresh }
  expect((await browser.get('/account/change-password')).text).toContain('name="current_password"')
  expect((await browser.post('/account/change-password', fields)).status).toBe(400)
  const done = await browser.post('/account/change-password', { ...fields, current_password: user.password })
  expect(done.status).toBe(302)
  await app.close()
})

test('a forced change of the password is not made from a session that was ended meanwhile (races) [SEC]', async () => {
  const app = await openTestApp({ settings })
  const user = await app.insertUser({ mustChangePassword: true })
  const { session } = (await browserWith(app, user)).started
  const ctx = requestOf(app)
  await commit(ctx, endSessionsOfUser(ctx, user.id))
  const fresh = 'Correct horse battery 7'
  const change = { currentPassword: '', password: fresh, confirmation: fresh }
  expect(await changePassword(ctx, session, change)).toEqual({ kind: 'problem', problem: 'account_changed' })
  expect((await findUser(ctx, user.id))?.passwordHash).toBe(user.passwordHash)
  await app.close()
})

test.each(databases)(
  'recovery codes that are asked for many times at once: ten are good (races) on %s',
  async (_, open) => {
    const app = await openTestApp({ settings, open })
    const { user } = await withApp(app)
    const { session } = (await browserWith(app, user, { amr: 'pwd otp mfa' })).started
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, () => regenerateCodes(requestOf(app), session, '/')),
    )
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await countRecoveryCodes(app.ctx, user.id)).toBe(10)
    await app.close()
  },
  60_000,
)
