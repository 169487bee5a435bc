import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { audited } from '../identity/audit-rows'
import { field, openBrowser, type Page, type TestBrowser } from '../identity/browser'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const MINUTE = 60_000
const STALE = 11 * MINUTE
const TYPED = 'typed-into-the-form-1234'

type Person = UserRow & { password: string }

describe.each(databases)('confirming who one is on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({
      open,
      settings: { ENABLE_RATE_LIMIT: 'false', SESSION_MAX_AGE: '36000', SESSION_IDLE_TIMEOUT: '0' },
    })
  })
  afterAll(() => app.close())

  let admin: Person
  let browser: TestBrowser
  beforeEach(async () => {
    admin = await app.insertUser({ role: 'admin' })
    browser = await signedIn(admin)
  })

  async function signedIn(user: Person): Promise<TestBrowser> {
    const opened = openBrowser(app)
    await opened.logIn(user)
    return opened
  }
  const tokenOf = async (at: TestBrowser) => field(await at.get('/account/sessions'), 'csrf_token')
  const newName = () => `new-${crypto.randomUUID().slice(0, 8)}`
  const create = async (username: string, at = browser): Promise<Page> =>
    at.post('/admin/users', {
      csrf_token: await tokenOf(at),
      username,
      email: `${username}@example.com`,
      full_name: `<b>"${username}"</b>`,
      role: 'user',
      password: TYPED,
    })
  const confirm = async (asked: Page, password: string, at = browser): Promise<Page> => {
    const form = await at.get(asked.location)
    return at.post('/account/confirm', {
      csrf_token: field(form, 'csrf_token'),
      held: field(form, 'held'),
      redirect: field(form, 'redirect'),
      password,
    })
  }
  const hidden = (page: Page): Record<string, string> =>
    Object.fromEntries(
      [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [
          name,
          value.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
        ],
      ),
    )
  const userNamed = async (username: string) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.users).where(eq(t.users.username, username)))[0]
  }
  const rows = () => app.ctx.db.q.select().from(app.ctx.db.t.pendingRequests)

  test('a recent sign-in is asked nothing; after ten minutes an action does not happen [SEC]', async () => {
    const first = newName()
    await create(first)
    expect(await userNamed(first)).toBeDefined()
    app.clock.advance(STALE)
    const second = newName()
    const asked = await create(second)
    expect(asked.status).toBe(302)
    expect(asked.location).toStartWith('/account/confirm?held=')
    expect(await userNamed(second)).toBeUndefined()
  })

  test('the form is kept sealed, offered again as it was, and does what it would have done', async () => {
    app.clock.advance(STALE)
    const username = newName()
    const asked = await create(username)
    expect(JSON.stringify(await rows())).not.toContain(TYPED)
    const confirmed = await confirm(asked, admin.password)
    expect(confirmed.status).toBe(303)
    const offered = await browser.get(confirmed.location)
    expect(offered.headers.get('cache-control')).toBe('no-store')
    const fields = hidden(offered)
    expect(fields).toMatchObject({ username, password: TYPED, full_name: `<b>"${username}"</b>` })
    const { csrf_token: token } = fields
    expect(token).toBe(await tokenOf(browser))
    expect(offered.text).toContain('action="/admin/users"')
    const done = await browser.post('/admin/users', fields)
    expect(done.status).toBeOneOf([302, 303])
    expect(await userNamed(username)).toBeDefined()
    const [row] = await audited(app, 'AUTHENTICATION_SUCCESS', (each) => each.action.startsWith('Password confirmed'))
    expect(row?.success).toBe(true)
  })

  test('the session gets a new id and token; the old cookie is worth nothing, the public id stays [SEC]', async () => {
    const cookie = browser.cookies.get('oauth_session') ?? ''
    const { q, t } = app.ctx.db
    const before = await q.select().from(t.sessions).where(eq(t.sessions.userId, admin.id))
    app.clock.advance(STALE)
    await confirm(await create(newName()), admin.password)
    const after = await q.select().from(t.sessions).where(eq(t.sessions.userId, admin.id))
    expect(after).toHaveLength(1)
    expect(after[0]?.sid).toBe(before[0]?.sid ?? '')
    expect(after[0]?.idHash).not.toBe(before[0]?.idHash ?? '')
    expect(after[0]?.csrfToken).not.toBe(before[0]?.csrfToken ?? '')
    const copied = await app.get('/account/sessions', { headers: { cookie: `oauth_session=${cookie}` } })
    expect(copied.headers.get('location')).toStartWith('/login')
  })

  test('a wrong password renews nothing, is counted and recorded [SEC]', async () => {
    app.clock.advance(STALE)
    const asked = await create(newName())
    const refused = await confirm(asked, 'not-the-password-at-all')
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('The password is not correct.')
    expect((await create(newName())).location).toStartWith('/account/confirm')
    const failures = await audited(app, 'AUTHENTICATION_FAILURE', (row) => row.actorUserId === admin.id)
    expect(failures[0]?.action).toBe('Password confirmation refused')
  })

  test('guesses are slowed down as at the login, also for the right password [SEC]', async () => {
    app.clock.advance(STALE)
    const asked = await create(newName())
    const guesses = []
    for (let guess = 0; guess < 5; guess += 1)
      guesses.push((await confirm(asked, `wrong-guess-number-${guess}`)).status)
    expect(guesses).toEqual([400, 400, 400, 400, 400])
    const slowed = await confirm(asked, admin.password)
    expect(slowed.status).toBe(429)
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0)
    app.clock.advance(2_000)
    expect((await confirm(asked, admin.password)).status).toBe(303)
  })

  test('a kept form is nothing to another user, nor without confirmation [SEC]', async () => {
    app.clock.advance(STALE)
    const asked = await create(newName())
    const held = asked.location.slice(asked.location.indexOf('held='))
    const unconfirmed = await browser.get(`/account/confirm/continue?${held}`)
    expect(unconfirmed.location).toStartWith('/account/confirm?redirect=')
    expect(unconfirmed.text).not.toContain(TYPED)
    const other = await signedIn(await app.insertUser({ role: 'admin' }))
    const foreign = await other.get(`/account/confirm/continue?${held}`)
    expect(foreign.status).toBe(410)
    expect(foreign.text).not.toContain(TYPED)
  })

  test('a kept form is over after ten minutes, and the page says so', async () => {
    app.clock.advance(STALE)
    const asked = await create(newName())
    app.clock.advance(10 * MINUTE)
    const confirmed = await confirm(asked, admin.password)
    const gone = await browser.get(confirmed.location)
    expect(gone.status).toBe(410)
    expect(gone.text).toContain('is not kept any more')
  })

  test('who has confirmed in another tab goes on at once; targets stay on this server [SEC]', async () => {
    const on = async (redirect: string) =>
      (await browser.get(`/account/confirm?${new URLSearchParams({ redirect })}`)).location
    expect(await on('/admin/users?page=2')).toBe('/admin/users?page=2')
    for (const hostile of ['//evil.example', 'https://evil.example/', '/\\evil.example', '/logout'])
      expect(await on(hostile)).toBe('/')
  })

  test('a form from elsewhere confirms nothing [SEC]', async () => {
    app.clock.advance(STALE)
    const answer = await browser.post('/account/confirm', { csrf_token: 'guessed', password: admin.password })
    expect(answer.status).toBe(403)
    expect((await create(newName())).location).toStartWith('/account/confirm')
  })

  test('without a password here one is sent to sign in again', async () => {
    const federated = await app.insertUser({ passwordHash: '' })
    const session = await app.signIn(federated)
    app.clock.advance(STALE)
    const html = await (await app.get('/account/confirm', { headers: { cookie: session.cookie } })).text()
    expect(html).not.toContain('name="password"')
    expect(html).toContain('/login?prompt=login')
  })

  describe('secrets shown once', () => {
    const reset = async (): Promise<Page> => {
      const user = await app.insertUser()
      return browser.post(`/admin/users/${user.id}/reset-password`, { csrf_token: await tokenOf(browser) })
    }

    test('the page shows it once, is kept nowhere, and the row does not tell it [SEC]', async () => {
      const made = await reset()
      expect(made.location).toStartWith('/account/reveal/')
      const shown = await browser.get(made.location)
      expect(shown.status).toBe(200)
      expect(shown.headers.get('cache-control')).toBe('no-store')
      const secret = /data-copy="([^"]+)"/.exec(shown.text)?.[1] ?? ''
      expect(secret.length).toBeGreaterThan(11)
      expect(JSON.stringify(await rows())).not.toContain(secret)
      const again = await browser.get(made.location)
      expect(again.status).toBe(410)
      expect(again.text).toContain('was shown once')
      expect(again.text).not.toContain(secret)
    })

    test('not in another session of the same person, nor to anybody else, nor by HEAD, nor after five minutes [SEC]', async () => {
      const made = await reset()
      const second = await signedIn(admin)
      expect((await second.get(made.location)).status).toBe(410)
      const other = await signedIn(await app.insertUser({ role: 'admin' }))
      expect((await other.get(made.location)).status).toBe(410)
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      await app.get(made.location, { method: 'HEAD', headers: { cookie } })
      expect((await browser.get(made.location)).status).toBe(200)
      const late = await reset()
      app.clock.advance(5 * MINUTE)
      expect((await browser.get(late.location)).status).toBe(410)
    })

    test('of two looks at the same time one sees it [SEC]', async () => {
      const { location } = await reset()
      const looks = await Promise.all([browser.get(location), browser.get(location)])
      expect(looks.map(({ status }) => status).sort()).toEqual([200, 410])
    })
  })
})

test('STEP_UP_MAX_AGE=0 asks nobody', async () => {
  const app = await openTestApp({
    settings: { ENABLE_RATE_LIMIT: 'false', STEP_UP_MAX_AGE: '0', SESSION_MAX_AGE: '36000', SESSION_IDLE_TIMEOUT: '0' },
  })
  const { cookie, csrfToken } = await app.signIn(await app.insertUser({ role: 'admin' }))
  app.clock.advance(9 * 60 * MINUTE)
  const answer = await app.postForm('/admin/users', { csrf_token: csrfToken, username: 'x' }, { cookie })
  expect(answer.headers.get('location') ?? '').not.toContain('confirm')
  await app.close()
})
