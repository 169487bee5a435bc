/** A passkey after the password, and to confirm who one is, by real requests and an authenticator in software. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { listPasskeys } from '../../../src/identity/passkeys/records'
import { countRecoveryCodes } from '../../../src/identity/second-factor/records'
import { codeOf, stepAt } from '../../../src/identity/second-factor/totp'
import { startSession } from '../../../src/identity/sessions'
import { findUser } from '../../../src/identity/users'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { type Lies, type RequestOptions, type SoftPasskey, softAuthenticator } from '../../support/authenticator'
import { databases } from '../../support/databases'
import { audited } from '../audit-rows'
import { field, openBrowser } from '../browser'
import { csrfTokenOf, PASSKEYS, type PasskeyBrowser, passkeyBrowser, signedInBrowser, userWithPasskey } from './support'

const settings = { ENABLE_RATE_LIMIT: 'false', SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '360000' }
const STEP = '/login/second-step'
const CONFIRM = '/account/confirm'
const JSON_CALLER = { accept: 'application/json' }

/** Signed in, every page has the token of the session. */
const tokenFor = (browser: PasskeyBrowser, page: string) => csrfTokenOf(browser, page === CONFIRM ? PASSKEYS : page)

async function optionsAt(browser: PasskeyBrowser, page: string): Promise<RequestOptions> {
  const csrf_token = await tokenFor(browser, page)
  const answer = await browser.post(`${page}/passkey/options`, { csrf_token }, JSON_CALLER)
  if (answer.status !== 200) throw new Error(`no options: ${answer.status} ${answer.text}`)
  return JSON.parse(answer.text) as RequestOptions
}

const send = async (browser: PasskeyBrowser, page: string, credential: string, more: Record<string, string> = {}) =>
  browser.post(`${page}/passkey`, { csrf_token: await tokenFor(browser, page), credential, ...more })

const show = async (browser: PasskeyBrowser, page: string, passkey: SoftPasskey, lies?: Lies) =>
  send(browser, page, passkey.assert(await optionsAt(browser, page), lies))

describe.each(databases)('a passkey as second factor on %s', (_, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings, open })
  })
  afterAll(() => app.close())

  /** Those in which both factors were shown. */
  const sessionsOf = async (user: UserRow) => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.sessions).where(eq(t.sessions.userId, user.id))
    return rows.filter(({ amr }) => amr.includes('mfa'))
  }
  /** A browser in which the password was right. */
  const waiting = async (user: UserRow & { password: string }) => {
    const browser = passkeyBrowser(app)
    expect((await browser.logIn(user, { redirect: '/account/profile' })).location).toStartWith(STEP)
    return browser
  }

  test('who has one is asked for it after the password; amr and acr say both', async () => {
    const { user, passkey } = await userWithPasskey(app)
    const browser = await waiting(user)
    const page = await browser.get(`${STEP}?redirect=/account/profile`)
    expect(page.text).toContain('Use a passkey')
    expect(page.text).not.toContain('Code from the app')
    expect((await browser.get('/account')).location).toStartWith(STEP)
    const options = await optionsAt(browser, STEP)
    expect(options).toMatchObject({ allowCredentials: [{ id: passkey.credentialId, transports: ['usb'] }] } as object)
    const done = await send(browser, STEP, passkey.assert(options), { redirect: '/account/profile' })
    expect(done.location).toBe('/account/profile')
    expect((await sessionsOf(user)).map(({ amr }) => amr)).toContain('pwd hwk user mfa')
    const [row] = await audited(
      app,
      'AUTHENTICATION_SUCCESS',
      ({ actorUserId, details }) => actorUserId === user.id && details?.second_factor === 'passkey',
    )
    expect(row?.details).toMatchObject({ auth_source: 'local' })
  })

  test.each([
    ['not verified', { userVerified: false }],
    ['another origin', { origin: 'https://evil.example' }],
    ['an unknown passkey', { credentialId: 'AAAA' }],
    ['a counter that went back', { counter: 1 }],
  ] as readonly (readonly [string, Lies])[])('refused: %s; the login still waits [SEC]', async (_, lies) => {
    const { user, passkey } = await userWithPasskey(app)
    const before = (await sessionsOf(user)).length
    const browser = await waiting(user)
    const page = await show(browser, STEP, passkey, lies)
    expect([page.status, page.text.includes('This passkey was not accepted')]).toEqual([401, true])
    expect((await sessionsOf(user)).length).toBe(before)
    expect((await show(browser, STEP, passkey)).status).toBe(302)
  })

  test('refused: somebody else’s passkey, a challenge of the login form, of another login that waits [SEC]', async () => {
    const alice = await userWithPasskey(app)
    const mallory = await userWithPasskey(app)
    const browser = await waiting(alice.user)
    const foreign = mallory.passkey.assert(await optionsAt(browser, STEP))
    expect((await send(browser, STEP, foreign)).status).toBe(401)
    const fromForm = alice.passkey.assert(await browser.requestOptions())
    expect((await send(browser, STEP, fromForm)).status).toBe(401)
    const elsewhere = alice.passkey.assert(await optionsAt(await waiting(alice.user), STEP))
    expect((await send(browser, STEP, elsewhere)).status).toBe(401)
    const forStep = alice.passkey.assert(await optionsAt(browser, STEP))
    expect((await browser.sendAssertion(forStep)).status).toBe(401)
  })

  test('without a login that waits there is nothing to answer', async () => {
    const browser = passkeyBrowser(app)
    const csrf_token = await csrfTokenOf(browser, '/login')
    expect((await browser.post(`${STEP}/passkey/options`, { csrf_token }, JSON_CALLER)).status).toBe(404)
    expect((await browser.post(`${STEP}/passkey`, { csrf_token, credential: '{}' })).location).toStartWith('/login')
  })

  test('the same answer 64 times at once: one session (races) [SEC]', async () => {
    const { user, passkey } = await userWithPasskey(app, {}, { counts: false })
    const browser = await waiting(user)
    const credential = passkey.assert(await optionsAt(browser, STEP))
    const csrf_token = await csrfTokenOf(browser, STEP)
    const before = (await sessionsOf(user)).length
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => app.postForm(`${STEP}/passkey`, { csrf_token, credential }, { cookie })),
    )
    expect(answers.filter(({ headers }) => headers.get('location') === '/account/sessions').length).toBe(1)
    expect((await sessionsOf(user)).length).toBe(before + 1)
  })

  test('confirms who one is in the place of password and code; a held form goes on', async () => {
    const { user, browser, passkey } = await userWithPasskey(app)
    app.clock.advance(3_600_000)
    expect((await browser.get(CONFIRM)).text).toContain('Use a passkey')
    const refused = await show(browser, CONFIRM, passkey, { userVerified: false })
    expect([refused.status, refused.text.includes('This passkey was not accepted')]).toEqual([400, true])
    const before = browser.cookies.get('oauth_session')
    const credential = passkey.assert(await optionsAt(browser, CONFIRM))
    const done = await send(browser, CONFIRM, credential, { redirect: PASSKEYS })
    expect([done.status, done.location]).toEqual([303, PASSKEYS])
    expect(browser.cookies.get('oauth_session')).not.toBe(before)
    const sessions = await sessionsOf(user)
    expect(sessions.map(({ amr, authTime }) => [amr, authTime.getTime()])).toEqual([['hwk user mfa', app.clock.now()]])
    expect((await send(browser, CONFIRM, credential)).status).toBe(400)
  })

  test('confirming is refused with somebody else’s passkey, and in another session [SEC]', async () => {
    const { browser, user, passkey } = await userWithPasskey(app)
    const mallory = await userWithPasskey(app)
    expect((await show(browser, CONFIRM, mallory.passkey)).status).toBe(400)
    const other = passkeyBrowser(app)
    await other.logInWith(passkey)
    expect((await sessionsOf(user)).length).toBe(2)
    const elsewhere = passkey.assert(await optionsAt(other, CONFIRM))
    expect((await send(browser, CONFIRM, elsewhere)).status).toBe(400)
  })

  test('a recovery code stands in for it; the codes were shown with the first passkey, and only then', async () => {
    const user = await app.insertUser()
    const browser = await signedInBrowser(app, user)
    const attest = async () =>
      softAuthenticator({ origin: app.ctx.settings.origin }).create(await browser.creationOptions()).attestation
    const first = await browser.sendNew(await attest())
    const codes = (await browser.get(first.location)).text.match(RECOVERY_CODE) ?? []
    expect(codes).toHaveLength(10)
    expect((await browser.sendNew(await attest())).location).toBe(PASSKEYS)
    const other = await waiting(user)
    const csrf_token = await csrfTokenOf(other, STEP)
    expect((await other.post(STEP, { csrf_token, code: codes[0] ?? '' })).location).toBe('/account/sessions')
  })

  test('beside an authenticator app: either is enough, and the codes go with the last of them', async () => {
    const { user, browser } = await userWithPasskey(app)
    const secret = await setUpApp(app, browser)
    expect(await recoveryCodesOf(user)).toBe(10)
    app.clock.advance(60_000)
    const other = await waiting(user)
    expect((await other.get(STEP)).text).toContain('Code from the app')
    const code = codeOf(secret, stepAt(app.clock.now()))
    expect((await other.post(STEP, { csrf_token: await csrfTokenOf(other, STEP), code })).status).toBe(302)
    const csrf_token = await csrfTokenOf(browser)
    expect((await browser.post('/account/security/totp/disable', { csrf_token })).status).toBe(302)
    expect(await recoveryCodesOf(user)).toBe(10)
    expect((await openBrowser(app).logIn(user)).location).toStartWith(STEP)
    expect((await browser.post(`${PASSKEYS}/${await passkeyIdOf(user)}/delete`, { csrf_token })).status).toBe(303)
    expect(await recoveryCodesOf(user)).toBe(0)
    expect((await openBrowser(app).logIn(user)).location).toBe('/account/sessions')
  })

  test('signing in with a passkey alone is enough where an authenticator app is set up too', async () => {
    const { browser, passkey } = await userWithPasskey(app)
    await setUpApp(app, browser)
    const other = passkeyBrowser(app)
    await other.logInWith(passkey)
    expect((await other.get('/account')).status).toBe(200)
  })

  test('other browsers have to sign in again once there is one [SEC]', async () => {
    const user = await app.insertUser()
    const [one, two] = [await signedInBrowser(app, user), await signedInBrowser(app, user)]
    await one.register()
    expect((await one.get('/account')).status).toBe(200)
    expect((await two.get('/account')).location).toStartWith('/login')
  })

  test('an administrator removes them all: they let nobody in, sessions end, the password is enough again [SEC]', async () => {
    const { user, browser, passkey } = await userWithPasskey(app)
    await browser.register()
    const { cookie, csrfToken } = await app.signIn(await app.insertUser({ role: 'admin' }))
    const reset = `/admin/users/${user.id}/reset-second-factor`
    const answer = await app.postForm(reset, { csrf_token: csrfToken }, { accept: 'text/html', cookie })
    expect(answer.status).toBe(302)
    expect(await passkeyIdOf(user)).toBeUndefined()
    expect(await recoveryCodesOf(user)).toBe(0)
    expect((await browser.get('/account')).location).toStartWith('/login')
    expect((await passkeyBrowser(app).logInWith(passkey)).status).toBe(401)
    expect((await openBrowser(app).logIn(user)).location).toBe('/account/sessions')
    const [row] = await audited(app, 'SECOND_FACTOR_DISABLED', ({ resourceId }) => resourceId === user.id)
    expect(row?.details).toMatchObject({ totp: false, passkeys: 2 })
  })

  test('a login that looked at the account before the passkey was there gets no session without it (races) [SEC]', async () => {
    const user = await app.insertUser()
    const browser = await signedInBrowser(app, user)
    const stale = await findUser(app.ctx, user.id)
    await browser.register()
    if (!stale) throw new Error('no user')
    const request = { id: 'x', ip: '127.0.0.1', userAgent: '', path: '/login', method: 'POST' }
    const login = { user: stale, remember: false, amr: 'pwd', idp: 'local' }
    expect(await startSession({ ...app.ctx, request }, login).catch((error) => error.label)).toBe('user')
  })

  const recoveryCodesOf = async (user: UserRow) => (await countRecoveryCodes(app.ctx, user.id)) as number
  const passkeyIdOf = async (user: UserRow) => (await listPasskeys(app.ctx, user.id))[0]?.id
})

const RECOVERY_CODE = /\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b(?=[^"]*<\/code>)/g

async function setUpApp(app: TestApp, browser: PasskeyBrowser): Promise<string> {
  const SETUP = '/account/security/totp'
  const begun = await browser.post(`${SETUP}/begin`, { csrf_token: await csrfTokenOf(browser) })
  const form = await browser.get(begun.location)
  const secret = /<code[^>]*>([A-Z2-7]{32})</.exec(form.text)?.[1] ?? ''
  const fields = { csrf_token: field(form, 'csrf_token'), setup: field(form, 'setup') }
  const done = await browser.post(SETUP, { ...fields, code: codeOf(secret, stepAt(app.clock.now())) })
  expect([done.status, done.location]).toEqual([303, '/account/security'])
  return secret
}

describe('where everybody needs a second factor', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings: { ...settings, REQUIRE_MFA: 'all' } })
  })
  afterAll(() => app.close())

  test('a passkey is one: it can be set up first, one goes on, and the only one is not deleted [SEC]', async () => {
    const user = await app.insertUser()
    const browser = await signedInBrowser(app, user)
    const intro = await browser.get((await browser.get('/apps')).location)
    const link = /href="(\/account\/security\/passkeys\?[^"]*)"/.exec(intro.text)?.[1] ?? ''
    const page = await browser.get(link)
    expect(page.text).toContain('before you go on')
    expect(field(page, 'redirect')).toBe('/apps')
    const passkey = softAuthenticator({ origin: app.ctx.settings.origin }).create(await browser.creationOptions())
    const sent = { csrf_token: await csrfTokenOf(browser), credential: passkey.attestation, name: 'Key' }
    const done = await browser.post(PASSKEYS, { ...sent, redirect: '/apps' })
    expect((await browser.get(done.location)).text).toContain('href="/apps"')
    expect((await browser.get('/account')).status).toBe(200)

    const other = passkeyBrowser(app)
    await other.logInWith(passkey)
    expect((await other.get('/account')).status).toBe(200)
    const id = (await listPasskeys(app.ctx, user.id))[0]?.id
    const refused = await other.post(`${PASSKEYS}/${id}/delete`, { csrf_token: await csrfTokenOf(other) })
    expect([refused.status, refused.text.includes('the only one you have')]).toEqual([403, true])
    await setUpApp(app, other)
    const removed = await other.post(`${PASSKEYS}/${id}/delete`, { csrf_token: await csrfTokenOf(other) })
    expect(removed.status).toBe(303)
  })
})
