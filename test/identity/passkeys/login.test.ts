/** Signing in with a passkey, by real requests and an authenticator in software. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { commit, run } from '../../../src/db/commit'
import { param, write } from '../../../src/db/definitions'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import { audited } from '../audit-rows'
import { setCookieOf } from '../browser'
import { csrfTokenOf, PASSKEYS, passkeyBrowser, userWithPasskey } from './support'

const settings = { ENABLE_RATE_LIMIT: 'false', BASE_URL: 'http://localhost:8080/id' }
const REFUSED = 'This passkey was not accepted.'

const setUser = write('test_set_user', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: param('isActive'), mustChangePassword: param('mustChange'), authSource: param('authSource') })
    .where(eq(t.users.id, param('id'))),
)
const deleteUser = write('test_delete_user', (q, t) => q.delete(t.users).where(eq(t.users.id, param('id'))))

describe.each(databases)('login with a passkey on %s', (_, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings, open })
  })
  afterAll(() => app.close())

  const sessionsOf = async (user: UserRow) => {
    const { q, t } = app.ctx.db
    return q.select().from(t.sessions).where(eq(t.sessions.userId, user.id))
  }
  const passkeyRow = async (user: UserRow) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.passkeys).where(eq(t.passkeys.userId, user.id)))[0]
  }
  const change = (user: UserRow, changes: { isActive?: boolean; mustChange?: boolean; authSource?: string }) =>
    commit(app.ctx, [run(setUser, { id: user.id, isActive: true, mustChange: false, authSource: 'local', ...changes })])

  test.each([
    [{ synced: false }, 'hwk user mfa'],
    [{ synced: true, counts: false }, 'swk user mfa'],
  ])('a new session without a name or password; amr says what it was (RFC 8176): %p', async (kind, amr) => {
    const { user, passkey } = await userWithPasskey(app, {}, kind)
    const browser = passkeyBrowser(app)
    const before = (await sessionsOf(user)).length
    const page = await browser.logInWith(passkey, {}, { redirect: '/account/profile' })
    expect([page.status, page.location]).toEqual([302, '/id/account/profile'])
    expect((await browser.get('/account')).status).toBe(200)
    const sessions = await sessionsOf(user)
    expect(sessions.length).toBe(before + 1)
    const session = sessions.find((each) => each.amr === amr)
    expect(session?.idp).toBe('local')
    expect(session?.authTime.getTime()).toBe(app.clock.now())
    const [row] = await audited(
      app,
      'AUTHENTICATION_SUCCESS',
      (each) => each.details?.passkey !== undefined && each.actorUserId === user.id,
    )
    expect(row?.details).toMatchObject({ provider: 'passkey', amr })
    expect((await passkeyRow(user))?.lastUsedAt?.getTime()).toBe(app.clock.now())
  })

  test('the session is new, and the one the browser had is over (session fixation)', async () => {
    const { user, browser, passkey } = await userWithPasskey(app)
    const before = browser.cookies.get('oauth_session')
    await browser.logInWith(passkey)
    expect(browser.cookies.get('oauth_session')).not.toBe(before)
    const sessions = await sessionsOf(user)
    expect(sessions.map(({ amr }) => amr)).toEqual(['hwk user mfa'])
  })

  test('staying signed in is kept, and an unsafe target is not', async () => {
    const { passkey } = await userWithPasskey(app)
    const page = await passkeyBrowser(app).logInWith(
      passkey,
      {},
      { remember_me: '1', redirect: 'https://evil.example' },
    )
    expect(page.location).toBe('/id/account/sessions')
    expect(setCookieOf(page, 'oauth_session')).toContain('Max-Age=2592000')
  })

  test('a password that somebody else chose is replaced first', async () => {
    const { user, passkey } = await userWithPasskey(app)
    await change(user, { mustChange: true })
    const browser = passkeyBrowser(app)
    expect((await browser.logInWith(passkey)).location).toContain('/account/change-password')
    expect((await browser.get('/account')).location).toContain('/account/change-password')
  })

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

  test('refused: an answer that was used before, though its counter were right (replay) [SEC]', async () => {
    const { user, passkey } = await userWithPasskey(app, {}, { counts: false })
    const browser = passkeyBrowser(app)
    const assertion = passkey.assert(await browser.requestOptions())
    expect((await browser.sendAssertion(assertion)).status).toBe(302)
    const sessions = (await sessionsOf(user)).length
    expect((await browser.sendAssertion(assertion)).status).toBe(401)
    expect((await sessionsOf(user)).length).toBe(sessions)
  })

  test('a challenge is used up by the first answer, also a wrong one [SEC]', async () => {
    const { passkey } = await userWithPasskey(app)
    const browser = passkeyBrowser(app)
    const options = await browser.requestOptions()
    expect((await browser.sendAssertion(passkey.assert(options, { key: stranger }))).status).toBe(401)
    expect((await browser.sendAssertion(passkey.assert(options))).status).toBe(401)
  })

  test('refused: the challenge of another browser (login CSRF) [SEC]', async () => {
    const { passkey } = await userWithPasskey(app)
    const assertion = passkey.assert(await passkeyBrowser(app).requestOptions())
    expect((await passkeyBrowser(app).sendAssertion(assertion)).status).toBe(401)
  })

  test('refused: the challenge of a registration [SEC]', async () => {
    const { browser, passkey } = await userWithPasskey(app)
    const { challenge, rp } = await browser.creationOptions()
    expect((await browser.sendAssertion(passkey.assert({ challenge, rpId: rp.id }))).status).toBe(401)
  })

  test('refused: a foreign passkey under the own user handle, and the other way round [SEC]', async () => {
    const alice = await userWithPasskey(app)
    const mallory = await userWithPasskey(app)
    const handle = (await passkeyRow(alice.user))?.userHandle
    const page = await passkeyBrowser(app).logInWith(mallory.passkey, { userHandle: handle })
    expect(page.status).toBe(401)
    const asAlice = { credentialId: alice.passkey.credentialId, userHandle: handle }
    expect((await passkeyBrowser(app).logInWith(mallory.passkey, asAlice)).status).toBe(401)
  })

  test('a disabled user learns it and gets no session; a deleted one and a directory’s get in no more [SEC]', async () => {
    const { user, passkey } = await userWithPasskey(app)
    await change(user, { isActive: false })
    const page = await passkeyBrowser(app).logInWith(passkey)
    expect([page.status, page.text.includes('Your account has been disabled')]).toEqual([401, true])
    await change(user, { authSource: 'http_api' })
    expect((await passkeyBrowser(app).logInWith(passkey)).text).toContain(REFUSED)
    await commit(app.ctx, [run(deleteUser, { id: user.id })])
    expect((await passkeyBrowser(app).logInWith(passkey)).text).toContain(REFUSED)
    expect(await passkeyRow(user)).toBeUndefined()
  })

  test.each([1, 5])(
    'refused: a counter that does not grow (%p of 5), and an alarm (WebAuthn §6.1.1) [SEC]',
    async (back) => {
      const { user, passkey } = await userWithPasskey(app)
      const browser = passkeyBrowser(app)
      expect((await browser.logInWith(passkey, { counter: 5 })).status).toBe(302)
      expect((await browser.logInWith(passkey, { counter: back })).status).toBe(401)
      const [row] = await audited(app, 'SUSPICIOUS_ACTIVITY', (each) => each.actorUserId === user.id)
      expect(row).toMatchObject({ severity: 'CRITICAL', success: false })
      expect(row?.details).toMatchObject({ reason: 'passkey_counter', known_counter: 5, signed_counter: back })
      expect((await passkeyRow(user))?.counter).toBe(5)
    },
  )

  test('the same answer 64 times at once: one session (races) [SEC]', async () => {
    const { user, passkey } = await userWithPasskey(app, {}, { counts: false })
    const browser = passkeyBrowser(app)
    const credential = passkey.assert(await browser.requestOptions())
    const csrf_token = await csrfTokenOf(browser, '/login?prompt=login')
    const before = (await sessionsOf(user)).length
    const pages = await Promise.all(
      Array.from({ length: 64 }, () => browser.post('/login/passkey', { csrf_token, credential })),
    )
    expect(pages.filter(({ status }) => status === 302).length).toBe(1)
    expect(pages.filter(({ status }) => status === 401).length).toBe(63)
    expect((await sessionsOf(user)).length).toBe(before + 1)
  })

  test('a deleted passkey lets nobody in', async () => {
    const { user, browser, passkey } = await userWithPasskey(app)
    const id = (await passkeyRow(user))?.id ?? ''
    const csrf_token = await csrfTokenOf(browser)
    expect((await browser.post(`${PASSKEYS}/${id}/delete`, { csrf_token })).status).toBe(303)
    expect((await passkeyBrowser(app).logInWith(passkey)).status).toBe(401)
  })
})
