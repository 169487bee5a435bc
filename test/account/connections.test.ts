/** `/account/connections`: connecting and disconnecting accounts at other providers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { audited } from '../identity/audit-rows'
import { field, type Page } from '../identity/browser'
import { connections, insertConnection, severed, userOf } from '../identity/linking/support'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { startGitea } from '../support/providers/gitea'
import { openTraveller, type Traveller, there } from '../support/providers/journey'
import { olga, startOidc } from '../support/providers/oidc'

let oidc: Awaited<ReturnType<typeof startOidc>>
let gitea: Awaited<ReturnType<typeof startGitea>>
beforeAll(async () => {
  ;[oidc, gitea] = await Promise.all([startOidc(), startGitea()])
})
afterAll(() => Promise.all([oidc.server.stop(), gitea.server.stop()]))

describe.each(databases)('connected accounts on %s', (_, open) => {
  let app: TestApp
  let user: UserRow & { password: string }
  let browser: Traveller
  let count = 0
  const subject = () => `person-${count}`

  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ...oidc.settings, ...gitea.settings } })
    oidc.server.now = app.clock.now
  }, 20_000)
  afterAll(() => app.close())
  beforeEach(async () => {
    count++
    oidc.server.reset()
    gitea.server.reset()
    Object.assign(oidc.person, olga(), { sub: subject(), email: `${subject()}@example.com` })
    user = await app.insertUser()
    browser = await signedIn(user)
  })

  async function signedIn(who: UserRow): Promise<Traveller> {
    const { cookie } = await app.signIn(who)
    const traveller = openTraveller(app, '127.0.0.1')
    traveller.cookies.set('oauth_session', cookie.slice(cookie.indexOf('=') + 1))
    return traveller
  }

  const token = async (from = browser) => field(await from.get('/account/connections'), 'csrf_token') || csrf(from)
  /** Pages without a form have no field; the account menu's pages do. */
  const csrf = async (from: Traveller) => field(await from.get('/account/change-password'), 'csrf_token')
  const post = async (path: string, from = browser): Promise<Page> =>
    from.post(`/account/connections/${path}`, { csrf_token: await token(from) })

  /** The way to the provider and back, to the answer of our callback. */
  async function connect(from = browser, provider = 'oidc'): Promise<Page> {
    const left = await post(`${provider}/connect`, from)
    expect(left.status).toBe(200)
    return from.get(await there(providerUrl(left)))
  }
  const providerUrl = (page: Page): string => /^0; url=(.*)$/.exec(page.headers.get('refresh') ?? '')?.[1] ?? ''
  const mine = async (who = user) => (await connections(app)).filter(({ userId }) => userId === who.id)

  test('the page offers what is not connected', async () => {
    const { status, text } = await browser.get('/account/connections')
    expect(status).toBe(200)
    for (const part of ['No connected accounts', 'Connect Example ID', 'Connect Gitea']) expect(text).toContain(part)
  })

  test('connect: to the provider, back, and the account can sign in', async () => {
    const left = await post('oidc/connect')
    expect(left.text).toContain('Continue to Example ID')
    // Browsers hold the policy for forms against redirects; the way out must be none.
    expect(left.headers.get('content-security-policy')).toContain("form-action 'self'")
    const back = await browser.get(await there(providerUrl(left)))
    expect([back.status, back.location]).toEqual([302, '/account/connections'])
    const page = await browser.get('/account/connections')
    expect(page.text).toContain('Your Example ID account is connected.')
    expect(page.text).not.toContain('Connect Example ID')
    const [row] = await mine()
    expect(row).toMatchObject({ provider: 'oidc', issuer: oidc.server.url, providerUserId: subject() })
    const [audit] = await audited(app, 'OAUTH_AUTHENTICATION', ({ actorUserId }) => actorUserId === user.id)
    expect([audit?.action, audit?.success]).toEqual(['OAuth provider linked by user', true])

    const elsewhere = openTraveller(app)
    expect((await elsewhere.enter('oidc')).status).toBe(302)
    expect((await mine())[0]?.lastUsedAt).not.toBeNull()
    const sessions = await app.ctx.db.q.select().from(app.ctx.db.t.sessions)
    expect(sessions.some(({ userId, idp }) => userId === user.id && idp === 'oidc')).toBe(true)
  })

  test('[SEC] no token of the provider is kept', async () => {
    await connect()
    expect(JSON.stringify(await mine())).not.toContain('provider-access-token')
    expect(JSON.stringify(await mine())).not.toContain('provider-refresh-token')
  })

  test('connecting it again is no error', async () => {
    await connect()
    expect((await connect()).location).toBe('/account/connections')
    expect((await browser.get('/account/connections')).text).toContain('was connected already')
    expect(await mine()).toHaveLength(1)
  })

  test('a cancelled connection leads back and says so', async () => {
    oidc.server.back = { code: '', error: 'access_denied' }
    expect((await connect()).location).toBe('/account/connections')
    expect((await browser.get('/account/connections')).text).toContain('Sign-in was cancelled.')
  })

  test('[SEC] administrators may connect one themselves, also with a foreign address', async () => {
    const admin = await app.insertUser({ role: 'admin', emailVouchedBy: null, emailNorm: null })
    expect((await connect(await signedIn(admin))).status).toBe(302)
    expect(await mine(admin)).toHaveLength(1)
    expect(await userOf(app, admin.id)).toMatchObject({ emailNorm: null, emailVerified: false, email: admin.email })
  })

  test('[SEC] not to accounts that a directory decides about', async () => {
    const external = await app.insertUser({ authSource: 'http_api' })
    const page = await post('oidc/connect', await signedIn(external))
    expect([page.status, page.text.includes('Your directory decides who may sign in')]).toEqual([409, true])
    expect(await mine(external)).toEqual([])
  })

  test('[SEC] a form of another site connects nothing', async () => {
    const page = await browser.post('/account/connections/oidc/connect', { csrf_token: 'x' })
    expect(page.status).toBe(403)
    expect(oidc.server.arrivals).toEqual([])
  })

  test.each(['connect', 'disconnect'])('[SEC] %s asks who it is after ten minutes', async (action) => {
    await connect()
    const [row] = await mine()
    app.clock.advance(601_000)
    const page = await post(action === 'connect' ? 'gitea/connect' : `${row?.id}/disconnect`)
    expect(page.status).toBe(302)
    expect(page.location).toStartWith('/account/confirm?held=')
    expect(await mine()).toHaveLength(1)
  })

  test('[SEC] an answer that arrives in the session of somebody else connects nothing', async () => {
    const way = await there(providerUrl(await post('oidc/connect')))
    const { cookie } = await app.signIn(await app.insertUser())
    browser.cookies.set('oauth_session', cookie.slice(cookie.indexOf('=') + 1))
    const page = await browser.get(way)
    expect([page.status, page.text.includes('OAuth session expired or invalid')]).toEqual([400, true])
    expect((await connections(app)).some(({ providerUserId }) => providerUserId === subject())).toBe(false)
  })

  test('[SEC] an answer that arrives after signing out connects nothing and signs nobody in', async () => {
    const way = await there(providerUrl(await post('oidc/connect')))
    browser.cookies.delete('oauth_session')
    expect((await browser.get(way)).status).toBe(400)
    expect(browser.cookies.has('oauth_session')).toBe(false)
  })

  test('[SEC] an account that signs somebody else in: 409', async () => {
    await connect()
    const other = await app.insertUser()
    const page = await connect(await signedIn(other))
    expect([page.status, page.text.includes('is connected to another account')]).toEqual([409, true])
    expect(await mine(other)).toEqual([])
  })

  test('a second account of the same provider: 409', async () => {
    await connect()
    oidc.person.sub = `${subject()}-second`
    const page = await connect()
    expect([page.status, page.text.includes('Another Example ID account is connected')]).toEqual([409, true])
    expect(await mine()).toHaveLength(1)
  })

  test('disconnect: gone, said, audited; other browsers it signed in are signed out, this one is not', async () => {
    await connect()
    const elsewhere = openTraveller(app)
    await elsewhere.enter('oidc')
    const [row] = await mine()
    const page = await post(`${row?.id}/disconnect`)
    expect([page.status, page.location]).toEqual([302, '/account/connections'])
    expect((await browser.get('/account/connections')).text).toContain(
      'Your Example ID account is disconnected. 1 browser was signed out.',
    )
    expect(await mine()).toEqual([])
    expect((await elsewhere.get('/account/connections')).status).toBe(302)
    const [audit] = await audited(app, 'OAUTH_CONNECTION_DELETED', ({ resourceId }) => resourceId === user.id)
    expect(audit).toMatchObject({
      action: 'OAuth connection removed by user',
      severity: 'WARNING',
      actorUserId: user.id,
      resourceName: 'oidc:olga',
    })
    expect(audit?.details).toMatchObject({ provider: 'oidc', connection_id: row?.id })
  })

  test('[SEC] what was disconnected is not connected by itself again, only by its user', async () => {
    oidc.person.email = user.email
    const visitor = openTraveller(app)
    expect((await visitor.enter('oidc')).status).toBe(302)
    const [row] = await mine()
    await post(`${row?.id}/disconnect`)
    expect((await visitor.enter('oidc')).status).toBe(409)
    expect(await mine()).toEqual([])
    expect((await connect()).status).toBe(302)
    expect(await mine()).toHaveLength(1)
    expect((await severed(app)).some(({ userId }) => userId === user.id)).toBe(false)
    expect((await visitor.enter('oidc')).status).toBe(302)
  })

  test('[SEC] the connection of somebody else, or none: 404', async () => {
    await connect()
    const [row] = await mine()
    const stranger = await signedIn(await app.insertUser())
    for (const id of [row?.id, crypto.randomUUID()]) {
      const page = await post(`${id}/disconnect`, stranger)
      expect([page.status, page.text.includes('OAuth connection not found')]).toEqual([404, true])
    }
    expect(await mine()).toHaveLength(1)
  })

  test('[SEC] the only way to sign in cannot be taken away', async () => {
    const born = openTraveller(app)
    await born.enter('oidc')
    const { text } = await born.get('/account/connections')
    expect([text.includes('Your only way to sign in'), text.includes('Disconnect Example ID')]).toEqual([true, false])
    const row = (await connections(app)).find(({ providerUserId }) => providerUserId === subject())
    const page = await post(`${row?.id}/disconnect`, born)
    expect([page.status, page.text.includes('you could not sign in any more')]).toEqual([409, true])
    expect((await connections(app)).some(({ id }) => id === row?.id)).toBe(true)
  })

  test('[SEC] a connection at an issuer that nobody can sign in through is no other way', async () => {
    const born = await app.insertUser({ passwordHash: '' })
    await insertConnection(app, born, { provider: 'gitea', issuer: 'https://old.example', providerUserId: subject() })
    const here = await insertConnection(app, born, {
      provider: 'oidc',
      issuer: oidc.server.url,
      providerUserId: subject(),
    })
    expect((await post(`${here.id}/disconnect`, await signedIn(born))).status).toBe(409)
  })

  test('[SEC] of two last ones that are disconnected at once, one stays', async () => {
    const born = await app.insertUser({ passwordHash: '' })
    const gone = [
      await insertConnection(app, born, { provider: 'oidc', issuer: oidc.server.url, providerUserId: subject() }),
      await insertConnection(app, born, { provider: 'gitea', issuer: gitea.server.url, providerUserId: subject() }),
    ]
    const from = await signedIn(born)
    const csrf_token = await token(from)
    const pages = await Promise.all(
      gone.map(({ id }) => from.post(`/account/connections/${id}/disconnect`, { csrf_token })),
    )
    expect(pages.map(({ status }) => status).sort()).toEqual([302, 409])
    expect(await mine(born)).toHaveLength(1)
  })

  test('[SEC] an address that the connection vouched for is verified no longer', async () => {
    oidc.person.email = user.email
    await connect()
    expect((await userOf(app, user.id)).emailVerified).toBe(true)
    const [row] = await mine()
    await post(`${row?.id}/disconnect`)
    expect(await userOf(app, user.id)).toMatchObject({ emailVerified: false, emailVouchedBy: 'admin' })
  })

  test('a connection of a former instance is shown as one that does not work any more', async () => {
    await insertConnection(app, user, { provider: 'gitea', issuer: 'https://old.example', providerUserId: '1' })
    const { text } = await browser.get('/account/connections')
    expect([text.includes('Not offered any more'), text.includes('Connect Gitea')]).toEqual([true, true])
  })

  test('[SEC] words of the provider are text', async () => {
    await insertConnection(app, user, {
      provider: 'oidc',
      issuer: oidc.server.url,
      providerUserId: subject(),
      providerUsername: '<script>alert(1)</script>',
    })
    expect((await browser.get('/account/connections')).text).not.toContain('<script>alert')
  })

  test('[SEC] who has no password confirms at the provider, and the form that was sent is not lost', async () => {
    const seenNow = () => ({ auth_time: Math.floor(app.clock.now() / 1000) })
    oidc.server.claims = seenNow()
    const born = openTraveller(app)
    await born.enter('oidc')
    app.clock.advance(601_000)

    const late = await post('gitea/connect', born)
    const confirm = await born.get(late.location)
    const link = /href="(\/auth\/login\/oidc[^"]*)"/.exec(confirm.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const start = await born.get(link)
    expect(new URL(start.location).searchParams.get('prompt')).toBe('login')

    // Still signed in there and not asked: no confirmation.
    const stale = await there(start.location)
    expect((await born.get(stale)).status).toBe(403)
    oidc.server.claims = seenNow()
    const back = await born.get(await there((await born.get(link)).location))
    const offered = await born.get(back.location)
    expect(offered.text).toContain('action="/account/connections/gitea/connect"')
    const sent = await born.post('/account/connections/gitea/connect', { csrf_token: field(offered, 'csrf_token') })
    expect((await born.get(await there(providerUrl(sent)))).location).toBe('/account/connections')
    const { text } = await born.get('/account/connections')
    expect(text).toContain('Your Gitea account is connected.')
  })
})
