/** Signing in at the login page with passwords that another service checks. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { commit } from '../../../src/db/commit'
import { findUser, findUserByUsername, type User } from '../../../src/identity/users'
import { retireUsername } from '../../../src/users/retired-usernames'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import { formBrowser } from '../../support/form-browser'
import { type HttpApiServer, type PlayedAnswer, startHttpApi } from '../../support/http-api-server'
import { audited } from '../audit-rows'
import { openBrowser, type Page } from '../browser'

const INVALID = 'Invalid username or password'
const DISABLED = 'Your account has been disabled. Please contact your administrator.'
const USERNAME_CONFLICT = 'Username conflict with existing user. Please contact administrator.'
const EMAIL_CONFLICT = 'Your account could not be set up. Please contact your administrator.'
const UNAVAILABLE = 'Your password cannot be checked at the moment. Please try again in a little while.'
const PASSWORD = 'directory-password'

let api: HttpApiServer
beforeAll(async () => {
  api = await startHttpApi()
})
afterAll(() => api.stop())

const settingsFor = (more: Record<string, string> = {}) => ({
  ENABLE_RATE_LIMIT: 'false',
  AUTH_MODE: 'http_api',
  HTTP_API_URL: api.url,
  HTTP_API_RETRY_DELAY: '5ms',
  HTTP_API_MAX_RETRY_DELAY: '10ms',
  ...more,
})

const says = (body: unknown, more: Partial<PlayedAnswer> = {}) => api.play(() => ({ body, ...more }))
const unique = (prefix: string): string => `${prefix}-${crypto.randomUUID().slice(0, 8)}`

/** A person of the directory that nobody here knows yet. */
const person = (name = unique('person')) => ({
  username: name,
  answer: { success: true, user_id: `id-${name}`, email: `${name}@directory.example`, full_name: `Full ${name}` },
})

describe.each(databases)('login through the external API on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: settingsFor() })
  })
  afterAll(() => app.close())
  beforeEach(() => api.play(() => ({ body: { success: false } })))

  const logIn = (username: string, password = PASSWORD) => openBrowser(app).logIn({ username, password })
  const named = (username: string): Promise<User | undefined> => findUserByUsername(app.ctx, username)
  const insertExternal = (overrides: Partial<UserRow> = {}) => {
    const username = overrides.username ?? unique('known')
    const email = `${username}@directory.example`
    return app.insertUser({
      username,
      usernameNorm: username.toLowerCase(),
      email,
      emailNorm: email,
      emailVouchedBy: 'http_api',
      passwordHash: '',
      fullName: `Full ${username}`,
      authSource: 'http_api',
      externalId: `id-${username}`,
      ...overrides,
    })
  }
  const expectRefused = (page: Page, text = INVALID) => {
    expect(page.status).toBe(401)
    expect(page.text).toContain(text)
    expect(page.headers.getSetCookie().some((line) => line.startsWith('oauth_session='))).toBe(false)
  }

  describe('unknown names', () => {
    test('an accepted one gets an account and a session', async () => {
      const { username, answer } = person()
      says({ ...answer, role: 'admin', is_active: false })
      const browser = openBrowser(app)
      const page = await browser.logIn({ username, password: PASSWORD })
      expect(page.status).toBe(302)
      expect((await browser.get('/account/sessions')).status).toBe(200)
      expect(JSON.parse(api.calls[0]?.body ?? '')).toEqual({ username, password: PASSWORD })
      expect(await named(username)).toMatchObject({
        username,
        email: answer.email,
        fullName: answer.full_name,
        role: 'user',
        isActive: true,
        emailVerified: false,
        passwordHash: '',
        authSource: 'http_api',
        externalId: answer.user_id,
        mustChangePassword: false,
        lastLoginAt: new Date(app.clock.now()),
      })
      const [row] = await audited(app, 'AUTHENTICATION_SUCCESS', (each) => each.actorUsername === username)
      expect(row).toMatchObject({
        action: 'New external user created and authenticated',
        details: { auth_source: 'http_api', external_id: answer.user_id },
      })
    })

    test('the session says who checked the password, and the second login finds the account', async () => {
      const { username, answer } = person()
      says(answer)
      await logIn(username)
      await logIn(` ${username.toUpperCase()} `)
      const user = await named(username)
      const { q, t } = app.ctx.db
      const sessions = (await q.select().from(t.sessions)).filter((row) => row.userId === user?.id)
      expect(sessions.map(({ amr, idp }) => [amr, idp])).toEqual([
        ['pwd', 'http_api'],
        ['pwd', 'http_api'],
      ])
      // Known names are sent as they are stored.
      expect(api.calls.map(({ body }) => JSON.parse(body).username)).toEqual([username, username])
      const rows = await audited(app, 'AUTHENTICATION_SUCCESS', (row) => row.actorUserId === user?.id)
      expect(rows.map(({ action, details }) => [action, details?.provider])).toContainEqual([
        'User login successful',
        'HTTP API',
      ])
    })

    test('simultaneous first logins of one person make one account, and all succeed', async () => {
      const { username, answer } = person()
      says(answer)
      const pages = await Promise.all(Array.from({ length: 4 }, () => logIn(username)))
      expect(pages.map(({ status }) => status)).toEqual([302, 302, 302, 302])
      const { q, t } = app.ctx.db
      expect((await q.select().from(t.users)).filter((row) => row.externalId === answer.user_id)).toHaveLength(1)
    })

    test('a numeric id is kept as its digits', async () => {
      const { username, answer } = person()
      const user_id = Math.floor(Math.random() * 1e12)
      says({ ...answer, user_id })
      await logIn(username)
      expect((await named(username))?.externalId).toBe(String(user_id))
    })

    test.each(['', '  ', 'no address', 'two@at@x', undefined])(
      'without an address (%j) there is no account',
      async (email) => {
        const { username, answer } = person()
        says({ ...answer, email })
        expectRefused(await logIn(username))
        expect(await named(username)).toBeUndefined()
        const [row] = await audited(app, 'AUTHENTICATION_FAILURE', (each) => each.actorUsername === username)
        expect(row).toMatchObject({
          severity: 'ERROR',
          action: 'Failed to create external user',
          details: { auth_source: 'http_api', reason: 'email_missing' },
        })
      },
    )

    test.each<[string, PlayedAnswer, string]>([
      ['success: false', { body: { success: false } }, 'authentication API rejected credentials'],
      [
        'HTTP 401, whose message stays out of the trail [SEC]',
        { status: 401, body: { message: `no such password: ${PASSWORD}` } },
        'authentication API rejected credentials: HTTP 401',
      ],
      ['no JSON', { body: 'invalid json' }, 'invalid response from authentication API: not a JSON object'],
      [
        'no user_id',
        { body: { success: true } },
        'invalid response from authentication API: external API returned success=true but missing user_id',
      ],
      ['HTTP 307', { status: 307, headers: { Location: 'http://127.0.0.1:1/' } }, 'redirects are not followed'],
    ])('%s: refused after one call', async (_case, play, text) => {
      api.play(() => play)
      const username = unique('nobody')
      expectRefused(await logIn(username))
      expect(api.calls).toHaveLength(1)
      expect(await named(username)).toBeUndefined()
      const [row] = await audited(app, 'AUTHENTICATION_FAILURE', (each) => each.actorUsername === username)
      expect(row).toMatchObject({
        severity: 'WARNING',
        success: false,
        action: 'External user login attempt failed',
        actorUserId: '',
        details: { auth_source: 'http_api', reason: 'external_auth_error' },
      })
      expect(row?.errorMessage).toContain(text)
      expect(JSON.stringify(row)).not.toContain(PASSWORD)
    })

    test('[SEC] a refused known name and a refused unknown name get the same page', async () => {
      const user = await insertExternal()
      const strip = (page: Page, name: string) =>
        page.text
          .replaceAll(name, 'NAME')
          .replace(/name="csrf_token" value="[^"]*"/g, '')
          .replace(/[0-9a-f-]{36}/g, '')
      const unknown = unique('nobody')
      expect(strip(await logIn(user.username), user.username)).toBe(strip(await logIn(unknown), unknown))
    })
  })

  describe('what belongs to others', () => {
    test('[SEC] a local account keeps its name: its password is asked for here, the API is not called', async () => {
      const local = await app.insertUser()
      says(person(local.username).answer)
      expectRefused(await logIn(local.username))
      expect(api.calls).toHaveLength(0)
      expect((await openBrowser(app).logIn(local)).status).toBe(302)
      expect(await findUser(app.ctx, local.id)).toMatchObject({ authSource: 'local', externalId: null })
    })

    test('[SEC] a canonical name that somebody here has is not taken over; who knows the password is told', async () => {
      const local = await app.insertUser()
      const { username, answer } = person()
      says({ ...answer, username: local.username })
      expectRefused(await logIn(username), USERNAME_CONFLICT)
      says({ success: false })
      expectRefused(await logIn(username))
      expect(await findUser(app.ctx, local.id)).toMatchObject({ authSource: 'local', externalId: null })
      const [row] = await audited(app, 'AUTHENTICATION_FAILURE', (each) => each.details?.reason === 'username_taken')
      expect(row).toMatchObject({ severity: 'ERROR', errorMessage: 'username conflict with existing user' })
    })

    test('[SEC] nor the name of somebody who was deleted', async () => {
      const gone = unique('gone')
      await commit(app.ctx, [retireUsername(app.ctx, { id: 'deleted', username: gone })])
      says(person(gone).answer)
      expectRefused(await logIn(gone), USERNAME_CONFLICT)
    })

    test('[SEC] the address of another user makes no account, and does not say whose it is', async () => {
      const local = await app.insertUser()
      const { username, answer } = person()
      says({ ...answer, email: local.email.toUpperCase() })
      const page = await logIn(username)
      expectRefused(page, EMAIL_CONFLICT)
      expect(page.text).not.toContain(local.username)
      expect(await named(username)).toBeUndefined()
    })

    test('[SEC] another person under a known name is refused: the name was given away', async () => {
      const user = await insertExternal()
      says({ ...person(user.username).answer, user_id: 'somebody-else' })
      expectRefused(await logIn(user.username))
      expect(await findUser(app.ctx, user.id)).toMatchObject({ externalId: user.externalId, version: user.version })
      const [row] = await audited(app, 'SUSPICIOUS_ACTIVITY', (each) => each.actorUserId === user.id)
      expect(row).toMatchObject({
        severity: 'WARNING',
        success: false,
        details: {
          reason: 'external_id_mismatch',
          stored_external_id: user.externalId,
          received_external_id: 'somebody-else',
        },
      })
    })

    test('[SEC] nor does the id of one account open another that has none yet', async () => {
      const one = await insertExternal()
      const unbound = await insertExternal({ externalId: null })
      says({ ...person(unbound.username).answer, user_id: one.externalId })
      expectRefused(await logIn(unbound.username))
      expect((await findUser(app.ctx, unbound.id))?.externalId).toBeNull()
    })

    test('an account that was taken over without an id is bound at its first login', async () => {
      const unbound = await insertExternal({ externalId: null })
      says(person(unbound.username).answer)
      expect((await logIn(unbound.username)).status).toBe(302)
      expect((await findUser(app.ctx, unbound.id))?.externalId).toBe(`id-${unbound.username}`)
    })
  })

  describe('known accounts', () => {
    test('a new address and name are taken over, and the address is unverified again', async () => {
      const user = await insertExternal({ emailVerified: true, fullName: 'Before' })
      says({ ...person(user.username).answer, email: ` new-${user.email} `, full_name: ' After ' })
      expect((await logIn(user.username)).status).toBe(302)
      expect(await findUser(app.ctx, user.id)).toMatchObject({
        email: `new-${user.email}`,
        emailNorm: `new-${user.email}`,
        emailVerified: false,
        emailVouchedBy: 'http_api',
        fullName: 'After',
        version: user.version + 1,
      })
      const [row] = await audited(app, 'USER_UPDATED', (each) => each.resourceId === user.id)
      expect(row).toMatchObject({ details: { provider: 'http_api', changed: ['email', 'fullName'] } })
    })

    test('blanks around the address, or nothing, change nothing', async () => {
      const user = await insertExternal({ emailVerified: true, fullName: 'Kept' })
      for (const email of [` ${user.email} `, '', undefined, 'not an address']) {
        says({ success: true, user_id: user.externalId, email })
        expect((await logIn(user.username)).status).toBe(302)
        expect(await findUser(app.ctx, user.id)).toMatchObject({
          email: user.email,
          emailVerified: true,
          fullName: 'Kept',
          version: user.version,
        })
      }
    })

    test('an address that somebody else has is skipped, with a warning; the login goes on', async () => {
      const user = await insertExternal()
      const other = await app.insertUser()
      says({ ...person(user.username).answer, email: other.email, full_name: 'Taken Over' })
      expect((await logIn(user.username)).status).toBe(302)
      expect(await findUser(app.ctx, user.id)).toMatchObject({ email: user.email, fullName: 'Taken Over' })
      const rows = await audited(app, 'USER_UPDATED', (each) => each.resourceId === user.id && !each.success)
      expect(rows).toHaveLength(1)
      expect(rows[0]).toMatchObject({ severity: 'WARNING', details: { skipped: ['email'] } })
    })

    test('[SEC] what was typed never renames: the account of the external id keeps its name', async () => {
      const user = await insertExternal()
      says(person(user.username).answer)
      expect((await logIn(unique('variant'))).status).toBe(302)
      expect((await findUser(app.ctx, user.id))?.username).toBe(user.username)
    })

    test('the canonical name of the answer renames, and the old name stays taken', async () => {
      const user = await insertExternal()
      const [renamed, typed] = [unique('renamed'), unique('typed')]
      says({ ...person(user.username).answer, username: renamed })
      expect((await logIn(typed)).status).toBe(302)
      expect(await findUser(app.ctx, user.id)).toMatchObject({ username: renamed, usernameNorm: renamed })
      const [row] = await audited(app, 'USER_UPDATED', (each) => each.resourceId === user.id)
      expect(row).toMatchObject({
        details: { changed: ['username'], old_username: user.username, new_username: renamed },
      })
      // Nobody else gets it, and its owner may have it back.
      const other = person(user.username)
      says({ ...other.answer, user_id: 'another-person', email: `${renamed}@other.example` })
      expectRefused(await logIn(user.username), USERNAME_CONFLICT)
      says({ ...other.answer, username: user.username })
      expect((await logIn(renamed)).status).toBe(302)
      expect((await findUser(app.ctx, user.id))?.username).toBe(user.username)
    })

    test('a canonical name that somebody else has: skipped for a known name, refused for a typed one', async () => {
      const user = await insertExternal()
      const local = await app.insertUser()
      says({ ...person(user.username).answer, username: local.username })
      expect((await logIn(user.username)).status).toBe(302)
      expectRefused(await logIn(unique('typed')), USERNAME_CONFLICT)
      expect(await findUser(app.ctx, user.id)).toMatchObject({ username: user.username, version: user.version })
      expect((await findUser(app.ctx, local.id))?.externalId).toBeNull()
    })

    test('[SEC] a disabled one learns that only with the right password, also under another typed name', async () => {
      const user = await insertExternal({ isActive: false })
      expectRefused(await logIn(user.username))
      says({ ...person(user.username).answer, full_name: 'Other' })
      expectRefused(await logIn(user.username), DISABLED)
      expectRefused(await logIn(unique('typed')), DISABLED)
      expect((await findUser(app.ctx, user.id))?.fullName).toBe(user.fullName)
    })

    test('the role never comes from the API, and an administrator of the directory stays one', async () => {
      const admin = await insertExternal({ role: 'admin' })
      says({ ...person(admin.username).answer, role: 'user' })
      await logIn(admin.username)
      expect((await findUser(app.ctx, admin.id))?.role).toBe('admin')
    })

    test('a wrong password is audited like any other', async () => {
      const user = await insertExternal()
      expectRefused(await logIn(user.username))
      const [row] = await audited(app, 'AUTHENTICATION_FAILURE', (each) => each.actorUserId === user.id)
      expect(row).toMatchObject({
        action: 'User login attempt failed',
        severity: 'WARNING',
        errorMessage: 'Invalid credentials',
        resourceId: user.id,
        details: { auth_source: 'http_api', provider: 'HTTP API', reason: 'wrong_password' },
      })
    })

    test('[SEC] wrong guesses are delayed before they reach the API', async () => {
      const user = await insertExternal()
      for (let count = 0; count < 5; count += 1) expectRefused(await logIn(user.username))
      expect((await logIn(user.username)).status).toBe(429)
      expect(api.calls).toHaveLength(5)
    })
  })

  test('an outage is no guess: it delays nobody, and says so', async () => {
    const user = await insertExternal()
    for (let count = 0; count < 7; count += 1) {
      // In turn, because five failures of the service in a row would open the breaker.
      says({}, count % 2 === 0 ? { status: 500 } : { contentType: 'text/html' })
      expect((await logIn(user.username)).status).toBe(401)
    }
    says(person(user.username).answer)
    expect((await logIn(user.username)).status).toBe(302)
  })
})

describe('outages', () => {
  test('HTTP 500 without repetition is one call and no login', async () => {
    const app = await openTestApp({ settings: settingsFor({ HTTP_API_MAX_RETRIES: '0' }) })
    api.play(() => ({ status: 500, body: {} }))
    const page = await openBrowser(app).logIn({ username: 'alice', password: PASSWORD })
    expect(page.status).toBe(401)
    expect(api.calls).toHaveLength(1)
    await app.close()
  })

  test('503 three times, then yes: the login succeeds', async () => {
    const app = await openTestApp({ settings: settingsFor() })
    api.play((_call, count) => (count < 4 ? { status: 503, body: {} } : { body: person('late').answer }))
    expect((await openBrowser(app).logIn({ username: 'late', password: PASSWORD })).status).toBe(302)
    expect(api.calls).toHaveLength(4)
    await app.close()
  })

  test('nobody listens: 503 with Retry-After, the form as it was, and local accounts still sign in', async () => {
    const down = await startHttpApi()
    await down.stop()
    const app = await openTestApp({ settings: settingsFor({ HTTP_API_URL: down.url, HTTP_API_MAX_RETRIES: '1' }) })
    const page = await openBrowser(app).logIn({ username: 'alice', password: PASSWORD }, { redirect: '/device' })
    expect(page.status).toBe(503)
    expect(page.headers.get('retry-after')).toBe('5')
    expect(page.text).toContain(UNAVAILABLE)
    expect(page.text).toContain('value="alice"')
    expect(page.text).toContain('value="/device"')
    for (const secret of [PASSWORD, 'ECONNREFUSED', String(down.port)]) expect(page.text).not.toContain(secret)
    const admin = await app.insertUser({ username: 'admin', usernameNorm: 'admin', role: 'admin' })
    expect((await openBrowser(app).logIn(admin)).status).toBe(302)
    await app.close()
  })

  test('after five failed logins the API is not called for a while', async () => {
    const app = await openTestApp({ settings: settingsFor({ HTTP_API_MAX_RETRIES: '0' }) })
    api.play(() => 'cut')
    const logIn = (username: string) => openBrowser(app).logIn({ username, password: PASSWORD })
    for (let count = 0; count < 5; count += 1) expect((await logIn(`u${count}`)).status).toBe(503)
    expect((await logIn('u6')).headers.get('retry-after')).toBe('5')
    expect(api.calls).toHaveLength(5)
    app.clock.advance(5_000)
    says(person('back').answer)
    expect((await logIn('back')).status).toBe(302)
    await app.close()
  })

  test('the database is away: 503, and the password goes nowhere', async () => {
    const app = await openTestApp({ settings: settingsFor() })
    api.play(() => ({ body: person('alice').answer }))
    const browser = openBrowser(app)
    const form = await browser.get('/login')
    const token = /name="csrf_token" value="([^"]*)"/.exec(form.text)?.[1] ?? ''
    await app.ctx.db.close()
    const page = await browser.post('/login', { csrf_token: token, username: 'alice', password: PASSWORD })
    expect(page.status).toBeGreaterThanOrEqual(500)
    expect(api.calls).toHaveLength(0)
  })

  test('AUTH_MODE=local again: accounts of the API cannot sign in', async () => {
    const app = await openTestApp({ settings: { ENABLE_RATE_LIMIT: 'false', HTTP_API_URL: api.url } })
    api.play(() => ({ body: person('left').answer }))
    const user = await app.insertUser({ authSource: 'http_api', externalId: 'id-left' })
    const page = await openBrowser(app).logIn(user)
    expect(page.status).toBe(401)
    expect(page.text).toContain(INVALID)
    expect(api.calls).toHaveLength(0)
    const [row] = await audited(app, 'AUTHENTICATION_FAILURE', (each) => each.actorUserId === user.id)
    expect(row?.details).toMatchObject({ auth_source: 'http_api', reason: 'not_configured' })
    await app.close()
  })
})

test('without audit trail everything works alike', async () => {
  const app = await openTestApp({ settings: settingsFor({ ENABLE_AUDIT_LOGGING: 'false' }) })
  says(person('quiet').answer)
  const logIn = () => openBrowser(app).logIn({ username: 'quiet', password: PASSWORD })
  expect((await logIn()).status).toBe(302)
  says({ ...person('quiet').answer, user_id: 'other' })
  expect((await logIn()).status).toBe(401)
  await app.close()
})

test('metrics name the source that was asked', async () => {
  const app = await openTestApp({ settings: settingsFor() })
  says(person('counted').answer)
  await openBrowser(app).logIn({ username: 'counted', password: PASSWORD })
  says({ success: false })
  await openBrowser(app).logIn({ username: 'counted', password: 'wrong' })
  const text = await (await app.get('/metrics')).text()
  for (const line of [
    'auth_attempts_total{method="http_api",result="success"} 1',
    'auth_attempts_total{method="http_api",result="failure"} 1',
    'auth_login_total{auth_source="http_api",result="success"} 1',
    'auth_external_api_duration_seconds_count{provider="http_api"} 2',
    'auth_login_duration_seconds_count{method="http_api"} 2',
  ])
    expect(text).toContain(line)
  await app.close()
})

test('a browser signs in with what the person types, from the first page to the account', async () => {
  const app = await openTestApp({ settings: settingsFor() })
  says(person('walker').answer)
  const url = app.ctx.settings.origin
  const browser = formBrowser(url, (path, init) => app.handle(new Request(url + path, { ...init, redirect: 'manual' })))
  const form = await browser.open('/account/sessions')
  const page = await browser.submit(form, '/login', { username: 'walker', password: PASSWORD })
  expect([page.status, page.path]).toEqual([200, '/account/sessions'])
  expect(page.html).toContain('walker')
  await app.close()
})
