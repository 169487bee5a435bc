/** Logins in two steps: what counts as signed in before the second factor, and who is slowed down by wrong ones. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq, like } from 'drizzle-orm'
import { readCounters } from '../../src/admin/counters'
import { sealTotpSecret } from '../../src/identity/second-factor/records'
import { codeOf, newTotpSecret, stepAt } from '../../src/identity/second-factor/totp'
import { createRowGauges } from '../../src/jobs/row-gauges'
import { composeFeatures } from '../../src/server'
import { parseExposition } from '../metrics/exposition'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { type HttpApiServer, startHttpApi } from '../support/http-api-server'
import { hubert, startGitHub } from '../support/providers/github'
import { openTraveller } from '../support/providers/journey'
import { audited } from './audit-rows'
import { field, openBrowser, type TestBrowser } from './browser'

const STEP = '/login/second-step'
const FACTOR = 'auth_second_factor_total'
const SETTINGS = { ENABLE_RATE_LIMIT: 'false', METRICS_ENABLED: 'true' }
type Person = UserRow & { readonly password: string; readonly secret: string }

let api: HttpApiServer
let github: Awaited<ReturnType<typeof startGitHub>>
let app: TestApp
beforeAll(async () => {
  ;[api, github] = await Promise.all([startHttpApi(), startGitHub()])
})
beforeEach(async () => {
  Object.assign(github.person, hubert())
  const outside = { AUTH_MODE: 'http_api', HTTP_API_URL: api.url, ...github.settings }
  app = await openTestApp({ settings: { ...SETTINGS, ...outside } })
})
afterEach(() => app.close())
afterAll(() => Promise.all([api.stop(), github.server.stop()]))

const code = ({ secret }: Pick<Person, 'secret'>): string => codeOf(secret, stepAt(app.clock.now()))
const rowOf = async (id: string) => {
  const { q, t } = app.ctx.db
  return (await q.select().from(t.users).where(eq(t.users.id, id)))[0]
}
const trail = async (id: string) => {
  await Bun.sleep(20)
  const { q, t } = app.ctx.db
  const rows = await q.select().from(t.auditLogs).where(eq(t.auditLogs.actorUserId, id))
  return rows.filter(({ eventType }) => /AUTHENTICATION|SECOND_FACTOR/.test(eventType))
}
const counted = async (name: string): Promise<Record<string, number>> => {
  const samples = parseExposition(await app.ctx.metrics.text()).get(name)?.samples ?? []
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

async function withApp(overrides: Partial<UserRow> = {}): Promise<Person> {
  const user = await app.insertUser(overrides)
  const secret = newTotpSecret(app.ctx)
  const { q, t } = app.ctx.db
  const totpSecret = sealTotpSecret(app.ctx, user.id, secret)
  await q.update(t.users).set({ totpSecret }).where(eq(t.users.id, user.id))
  return { ...user, totpSecret, secret }
}

async function send(browser: TestBrowser, typed: string) {
  const form = await browser.get(STEP)
  return browser.post(STEP, { csrf_token: field(form, 'csrf_token'), code: typed })
}

async function guess(person: Person, typed: string, ip: string): Promise<number> {
  const browser = openBrowser(app, { ip })
  const { cookie } = await app.signIn(person)
  browser.cookies.set('oauth_session', cookie.slice(cookie.indexOf('=') + 1))
  return (await send(browser, typed)).status
}

const WAYS: [string, string, () => Promise<{ person: Person; begin: (browser: TestBrowser) => Promise<unknown> }>][] = [
  [
    'a password here',
    'local',
    async () => {
      const person = await withApp()
      return { person, begin: (browser) => browser.logIn(person) }
    },
  ],
  [
    'a password at the HTTP API',
    'http_api',
    async () => {
      const facts = { authSource: 'http_api', externalId: 'e1', passwordHash: '', email: 'a@x.example' }
      const person = await withApp({ ...facts, emailNorm: 'a@x.example' })
      return { person, begin: (browser) => browser.logIn(person) }
    },
  ],
  [
    'a provider',
    'github',
    async () => {
      await openTraveller(app).enter('github')
      const { q, t } = app.ctx.db
      const secret = newTotpSecret(app.ctx)
      const [user] = await q.select().from(t.users).where(like(t.users.username, 'hubert%'))
      if (!user) throw new Error('nobody signed up')
      const totpSecret = sealTotpSecret(app.ctx, user.id, secret)
      await q.update(t.users).set({ totpSecret, lastLoginAt: null }).where(eq(t.users.id, user.id))
      await q.delete(t.auditLogs)
      const begin = async (browser: TestBrowser) => {
        const traveller = openTraveller(app)
        const arrived = await traveller.enter('github')
        for (const [name, value] of traveller.cookies) browser.cookies.set(name, value)
        return arrived
      }
      return { person: { ...user, password: '', secret }, begin }
    },
  ],
]

describe.each(WAYS)('first %s', (_way, source, prepare) => {
  const EVENT = source === 'github' ? 'OAUTH_AUTHENTICATION' : 'AUTHENTICATION_SUCCESS'

  test('no login is recorded, dated or counted before the second factor, and one with it [SEC]', async () => {
    const { person, begin } = await prepare()
    const successBefore = (await counted('auth_login_total'))[`${source} success`] ?? 0
    const createdBefore = (await counted('sessions_created_total'))[''] ?? 0
    const browser = openBrowser(app)
    await begin(browser)

    expect((await rowOf(person.id))?.lastLoginAt).toBeNull()
    expect((await trail(person.id)).map(({ eventType }) => eventType)).toEqual(['SECOND_FACTOR_REQUIRED'])
    expect((await counted('auth_login_total'))[`${source} success`] ?? 0).toBe(successBefore)
    expect((await counted('sessions_created_total'))['']).toBe(createdBefore)

    app.clock.advance(5_000)
    expect((await send(browser, code(person))).location).toBe('/account/sessions')
    expect((await rowOf(person.id))?.lastLoginAt?.getTime()).toBe(app.clock.now())
    const [, success, ...more] = await trail(person.id)
    expect(more).toEqual([])
    expect([success?.eventType, success?.success]).toEqual([EVENT, true])
    expect(success?.details).toMatchObject({ second_factor: 'totp' })
    expect((await counted('auth_login_total'))[`${source} success`]).toBe(successBefore + 1)
    expect((await counted('sessions_created_total'))['']).toBe(createdBefore + 1)
    expect(await counted(FACTOR)).toEqual({ 'totp success': 1 })
  })

  test('wrong factors leave the account as it was [SEC]', async () => {
    const { person, begin } = await prepare()
    const browser = openBrowser(app)
    await begin(browser)
    expect((await send(browser, '000000')).status).toBe(401)
    expect((await send(browser, 'aaaa-aaaa-aaaa-aaaa')).status).toBe(401)
    expect((await rowOf(person.id))?.lastLoginAt).toBeNull()
    await audited(app, 'AUTHENTICATION_FAILURE')
    expect((await trail(person.id)).filter(({ success }) => success)).toHaveLength(1)
    expect(await counted(FACTOR)).toEqual({ 'totp failure': 1, 'recovery_code failure': 1 })
  })
})

test('a login that waits for its second factor is no session in any list or count [SEC]', async () => {
  const person = await withApp()
  const admin = await app.signIn(await app.insertUser({ role: 'admin' }))
  const own = await app.signIn(person, { amr: 'pwd otp mfa' })
  const update = createRowGauges(app.ctx)
  const numbers = async () => {
    await update()
    return [(await readCounters(app.ctx)).sessions, (await counted('sessions_active'))['']]
  }
  const lists = async () => {
    const mine = await app.get('/account/sessions', { headers: { cookie: own.cookie, accept: 'text/html' } })
    const theirs = await app.get(`/admin/users/${person.id}`, {
      headers: { cookie: admin.cookie, accept: 'text/html' },
    })
    return [mine, theirs].map(async (page) => ((await page.text()).match(/203\.0\.113\.77/g) ?? []).length)
  }
  expect(await numbers()).toEqual([2, 2])
  const browser = openBrowser(app, { ip: '203.0.113.77' })
  await browser.logIn(person)
  expect(await numbers()).toEqual([2, 2])
  expect(await Promise.all(await lists())).toEqual([0, 0])
  expect((await send(browser, code(person))).location).toBe('/account/sessions')
  expect(await numbers()).toEqual([3, 3])
  expect(Math.min(...(await Promise.all(await lists())))).toBeGreaterThan(0)
})

test('a login that waits opens nothing that a stranger could not open, on any route [SEC]', async () => {
  const { cookie } = await app.signIn(await withApp({ role: 'admin' }), { amr: 'pwd' })
  const SECOND_STEP = /^\/login(\/|$)/
  const routes = composeFeatures(app.ctx, { draining: () => false }).routes.filter(
    ({ method, path }) => method === 'GET' && !SECOND_STEP.test(path) && !path.includes(':'),
  )
  expect(routes.length).toBeGreaterThan(40)
  const differing: unknown[] = []
  for (const { path } of routes) {
    const answers = await Promise.all(
      ['', cookie].map((sent) => app.get(path, { headers: { accept: 'text/html', cookie: sent } })),
    )
    const [stranger, waiting] = answers.map(({ status, headers }) => ({
      status,
      to: (headers.get('location') ?? '').replace(/^\/login(\/second-step)?(?=[?]|$)/, '/login'),
    }))
    // Providers get a new state each time.
    if (!path.startsWith('/auth/') && !Bun.deepEquals(stranger, waiting)) differing.push([path, stranger, waiting])
  }
  expect(differing).toEqual([])
})

test('the factor is removed while a login waits for it: nobody is signed in by that [SEC]', async () => {
  const person = await withApp()
  const browser = openBrowser(app)
  await browser.logIn(person)
  const { q, t } = app.ctx.db
  await q.update(t.users).set({ totpSecret: null }).where(eq(t.users.id, person.id))
  expect((await browser.get('/account')).location).toStartWith('/login?')
  expect(await q.select().from(t.sessions).where(eq(t.sessions.userId, person.id))).toEqual([])
  expect((await browser.logIn(person)).location).toBe('/account/sessions')
  expect((await rowOf(person.id))?.lastLoginAt).not.toBeNull()
})

test('signing out ends a login that waits', async () => {
  const person = await withApp()
  const browser = openBrowser(app)
  await browser.logIn(person)
  const kept = new Map(browser.cookies)
  await browser.get('/logout')
  for (const [name, value] of kept) browser.cookies.set(name, value)
  expect((await browser.get(STEP)).location).toStartWith('/login?')
  expect((await counted('sessions_expired_total')).logout).toBeUndefined()
})

describe('wrong codes', () => {
  test('one address that guesses at many accounts waits; others do not, and its own factor forgives nothing [SEC]', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, () => withApp()))
    const [mine, ...theirs] = people as [Person, ...Person[]]
    for (const person of theirs)
      for (let n = 0; n < 4; n += 1) expect(await guess(person, '000000', '203.0.113.5')).toBe(401)
    // The twentieth was wrong as well: the next has to wait, whoever it is for.
    expect(await guess(mine, code(mine), '203.0.113.5')).toBe(429)
    expect(await guess(mine, code(mine), '203.0.113.6')).toBe(302)
    app.clock.advance(31_000)
    expect(await guess(mine, code(mine), '203.0.113.5')).toBe(302)
    expect(await guess(theirs[0] as Person, '000000', '203.0.113.5')).toBe(401)
    expect(await guess(theirs[1] as Person, '000000', '203.0.113.5')).toBe(429)
    expect((await counted(FACTOR))['totp delayed']).toBe(2)
  })

  test('an IPv6 network of one subscriber is one address [SEC]', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, () => withApp()))
    for (const [at, person] of people.slice(0, 5).entries())
      for (let n = 0; n < 4; n += 1) await guess(person, '000000', `2001:db8:1:2::${at}${n}`)
    const last = people[5] as Person
    expect(await guess(last, code(last), '2001:db8:1:2:ffff::1')).toBe(429)
    expect(await guess(last, code(last), '2001:db8:1:3::1')).toBe(302)
  })

  test('many addresses that guess at one account wait; its owner’s known browser does not [SEC]', async () => {
    const person = await withApp()
    const owner = openBrowser(app, { ip: '198.51.100.1' })
    await owner.logIn(person)
    expect((await send(owner, code(person))).status).toBe(302)
    app.clock.advance(31_000)
    const statuses: number[] = []
    for (let n = 0; n < 7; n += 1) statuses.push(await guess(person, '000000', `203.0.113.${n}`))
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    owner.cookies.delete('oauth_session')
    await owner.logIn(person)
    expect((await send(owner, code(person))).status).toBe(302)
  })

  test('an address that has to wait holds up nobody in a browser that is known [SEC]', async () => {
    const [owner, ...others] = (await Promise.all(Array.from({ length: 6 }, () => withApp()))) as [Person, ...Person[]]
    const browser = openBrowser(app, { ip: '203.0.113.9' })
    await browser.logIn(owner)
    await send(browser, code(owner))
    app.clock.advance(31_000)
    for (const person of others) for (let n = 0; n < 4; n += 1) await guess(person, '000000', '203.0.113.9')
    expect(await guess(owner, code(owner), '203.0.113.9')).toBe(429)
    browser.cookies.delete('oauth_session')
    await browser.logIn(owner)
    expect((await send(browser, code(owner))).status).toBe(302)
  })

  test('a code typed too early is recorded as such', async () => {
    const person = await withApp()
    for (let n = 0; n < 6; n += 1) await guess(person, '000000', '203.0.113.20')
    const [row] = await audited(app, 'AUTHENTICATION_FAILURE', ({ details }) => details?.reason === 'throttled')
    expect(row?.details).toMatchObject({ second_factor: 'totp' })
  })
})
