import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { findUser } from '../../src/identity/users'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { audited } from './audit-rows'
import { field, openBrowser } from './browser'

const PATH = '/account/change-password'
const NEW = 'a brand new passphrase 7'

describe.each(databases)('changing the password on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  async function signedIn(overrides: Parameters<TestApp['insertUser']>[0] = {}) {
    const user = await app.insertUser(overrides)
    const browser = openBrowser(app)
    await browser.logIn(user)
    const change = async (fields: Record<string, string>) => {
      const csrf_token = field(await browser.get(PATH), 'csrf_token')
      return browser.post(PATH, { csrf_token, ...fields })
    }
    return { user, browser, change }
  }

  test('needs the current password, ends every other session and starts a new one here', async () => {
    const { user, browser, change } = await signedIn()
    const elsewhere = openBrowser(app)
    await elsewhere.logIn(user)
    const before = browser.cookies.get('oauth_session') ?? ''
    const page = await change({ current_password: user.password, password: NEW, password_confirm: NEW })
    expect([page.status, page.location]).toEqual([302, '/account/sessions'])
    expect((await elsewhere.get('/account/sessions')).status).toBe(302)
    const copied = openBrowser(app)
    copied.cookies.set('oauth_session', before)
    expect((await copied.get('/account/sessions')).status).toBe(302)
    const next = await browser.get('/account/sessions')
    expect(next.status).toBe(200)
    expect(next.text).toContain('Your password was changed.')
    expect((await openBrowser(app).logIn(user)).status).toBe(401)
    expect((await openBrowser(app).logIn({ ...user, password: NEW })).status).toBe(302)
    expect(await audited(app, 'USER_UPDATED', (row) => row.resourceId === user.id)).toHaveLength(1)
  })

  test('refuses a wrong current password, and slows down who guesses it', async () => {
    const { user, change } = await signedIn()
    const wrong = { current_password: 'not-the-current-one', password: NEW, password_confirm: NEW }
    for (let failure = 0; failure < 5; failure += 1) {
      const page = await change(wrong)
      expect(page.status).toBe(400)
      expect(page.text).toContain('The current password is not correct.')
    }
    const delayed = await change({ ...wrong, current_password: user.password })
    expect([delayed.status, delayed.headers.get('retry-after')]).toEqual([429, '1'])
    expect((await change({ password: NEW, password_confirm: NEW })).status).toBe(429)
    expect((await openBrowser(app).logIn(user)).status).toBe(302)
  })

  test.each([
    ['too short', 'short', 'short', 'Use at least 12 characters.'],
    ['too common', 'password1234', 'password1234', 'too common'],
    ['not repeated', NEW, `${NEW}x`, 'not the same'],
    ['the present one', 'a-long-test-passphrase', 'a-long-test-passphrase', 'differs from the present one'],
    ['missing', '', '', 'Use at least 12 characters.'],
  ])('a new password that is %s: 400 and nothing changes', async (_what, password, password_confirm, problem) => {
    const { user, change } = await signedIn()
    const page = await change({ current_password: user.password, password, password_confirm })
    expect(page.status).toBe(400)
    expect(page.text).toContain(problem)
    expect((await findUser(app.ctx, user.id))?.passwordHash).toBe(user.passwordHash)
  })

  test('the user name is no password', async () => {
    const { user, change } = await signedIn({ username: 'a-rather-long-name', usernameNorm: 'a-rather-long-name' })
    const page = await change({
      current_password: user.password,
      password: 'A-rather-long-NAME',
      password_confirm: 'A-rather-long-NAME',
    })
    expect(page.text).toContain('must not be your user name')
  })

  test('forced: nothing else is reachable, the current password is not asked again, the way on is kept', async () => {
    const user = await app.insertUser({ mustChangePassword: true })
    const browser = openBrowser(app)
    const first = await browser.logIn(user, { redirect: '/device?user_code=ABCD-EFGH' })
    expect(first.location).toStartWith(`${PATH}?redirect=`)
    const before = browser.cookies.get('oauth_session')
    expect((await browser.get('/account/sessions')).location).toStartWith(PATH)

    const form = await browser.get(first.location)
    expect(form.text).not.toContain('current_password')
    const fields = { csrf_token: field(form, 'csrf_token'), redirect: field(form, 'redirect') }
    const kept = await browser.post(PATH, { ...fields, password: user.password, password_confirm: user.password })
    expect(kept.status).toBe(400)
    expect(field(kept, 'redirect')).toBe('/device?user_code=ABCD-EFGH')
    const changed = await browser.post(PATH, { ...fields, password: NEW, password_confirm: NEW })
    expect(changed.location).toBe('/device?user_code=ABCD-EFGH')
    expect(browser.cookies.get('oauth_session')).not.toBe(before)
    expect((await browser.get('/account/sessions')).status).toBe(200)
    expect((await findUser(app.ctx, user.id))?.mustChangePassword).toBe(false)
  })

  test('a redirect to another host is not followed', async () => {
    const { user, change } = await signedIn()
    const page = await change({
      current_password: user.password,
      password: NEW,
      password_confirm: NEW,
      redirect: '//evil.com',
    })
    expect(page.location).toBe('/account/sessions')
  })

  test('without the token of the session nothing changes', async () => {
    const { user, browser } = await signedIn()
    const fields = { current_password: user.password, password: NEW, password_confirm: NEW }
    expect((await browser.post(PATH, fields)).status).toBe(403)
    expect((await findUser(app.ctx, user.id))?.passwordHash).toBe(user.passwordHash)
  })

  test('accounts without a password here are told so', async () => {
    const user = await app.insertUser({ passwordHash: '' })
    const { cookie } = await app.signIn(user)
    const response = await app.get(PATH, { headers: { cookie } })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('This account has no password on this server.')
  })

  test('of two simultaneous changes one succeeds', async () => {
    const { user, browser } = await signedIn()
    const csrf_token = field(await browser.get(PATH), 'csrf_token')
    const send = (password: string) =>
      browser.post(PATH, { csrf_token, current_password: user.password, password, password_confirm: password })
    const pages = await Promise.all([send(`${NEW} one`), send(`${NEW} two`)])
    expect(pages.filter(({ status }) => status === 302)).toHaveLength(1)
  })
})
