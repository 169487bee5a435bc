/** Back-channel logout: who is told of the end of a session, with what, and how often (Back-Channel Logout 1.0). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { commit } from '../../src/db/commit'
import { endSessionsOfUser, findSession } from '../../src/identity/sessions'
import { deleteExpiredRows } from '../../src/jobs/expired-rows'
import { startJobs } from '../../src/jobs/jobs'
import { deliverLogoutNotices, hasDueLogoutNotices } from '../../src/oauth/backchannel-logout/delivery'
import { pem } from '../config/support'
import { field, openBrowser, type TestBrowser } from '../identity/browser'
import { openTestApp, type TestApp } from '../support/app'
import { eventually } from '../support/daemon'
import { databases } from '../support/databases'
import { type Application, grantInSession, startApplication } from './logout-support'
import { auditRows, decode } from './support'

const folder = mkdtempSync(join(tmpdir(), 'authgate-logout-'))
const keyFile = join(folder, 'key.pem')
writeFileSync(keyFile, pem('prime256v1'), { mode: 0o600 })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SETTINGS = { JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: keyFile, JWT_EXPIRATION_JITTER: '0s' }
const never = new AbortController().signal
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe.each(databases)('back-channel logout on %s', (_name, open) => {
  let app: TestApp
  let rp: Application
  beforeAll(async () => {
    app = await openTestApp({ open, settings: SETTINGS })
  })
  afterAll(() => app.close())
  beforeEach(() => {
    rp = startApplication()
  })
  afterEach(async () => {
    await rp.stop()
    await app.ctx.db.q.delete(app.ctx.db.t.logoutNotices)
  })

  const notices = async () => app.ctx.db.q.select().from(app.ctx.db.t.logoutNotices)
  const emptyQueue = async () => ((await notices()).length === 0 ? true : undefined)
  const deliver = () => deliverLogoutNotices(app.ctx, never)
  const told = () => rp.received.map((token) => decode(token).payload)
  const insertRp = (path = '/logout') => app.insertClient({ backchannelLogoutUri: rp.url + path })

  /** A person with a session in which the application got tokens. */
  async function signedIn(scope?: string) {
    const user = await app.insertUser()
    const client = await insertRp()
    const session = await app.signIn(user)
    const tokens = await grantInSession(app, user, client, session.sid, scope)
    return { user, client, ...session, tokens }
  }
  const logOut = ({ cookie, csrfToken }: { cookie: string; csrfToken: string }) =>
    app.postForm('/logout', { csrf_token: csrfToken }, { cookie })

  test('the logout token is what §2.4 demands, verified by a standard library', async () => {
    const person = await signedIn()
    await logOut(person)
    await deliver()
    expect(rp.requests).toHaveLength(1)
    const [request] = rp.requests
    expect(request?.path).toBe('/logout')
    expect(request?.contentType).toBe('application/x-www-form-urlencoded')
    expect([...new URLSearchParams(request?.body).keys()]).toEqual(['logout_token'])

    const keys = createLocalJWKSet(JSON.parse(app.ctx.keys.jwks))
    const { payload, protectedHeader } = await jwtVerify(rp.received[0] ?? '', keys, {
      issuer: app.ctx.settings.issuer,
      audience: person.client.clientId,
      typ: 'logout+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti', 'events', 'sub', 'sid'],
      currentDate: new Date(app.clock.now()),
    })
    expect(protectedHeader.kid).toBe(app.ctx.keys.active.kid)
    expect(payload).toMatchObject({ sub: person.user.id, sid: person.sid, aud: person.client.clientId })
    expect(payload.events).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} })
    expect(payload.nonce).toBeUndefined()
    expect(Number(payload.exp) - Number(payload.iat)).toBe(120)
    // What the application knows of the session.
    expect(decode(person.tokens.id_token).payload).toMatchObject({ sub: person.user.id, sid: person.sid })
    expect(await notices()).toEqual([])
  })

  test('[SEC] a logout token is accepted nowhere as another token', async () => {
    const person = await signedIn()
    await logOut(person)
    await deliver()
    const [token = ''] = rp.received
    const answer = await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(401)
  })

  test('only applications with an address that got tokens in this session are told, each once', async () => {
    const user = await app.insertUser()
    const [first, second, quiet, elsewhere, unused] = [
      await insertRp('/first'),
      await insertRp('/second'),
      await app.insertClient(),
      await insertRp('/elsewhere'),
      await insertRp('/unused'),
    ]
    const here = await app.signIn(user)
    const there = await app.signIn(user)
    for (const client of [first, first, second, quiet]) await grantInSession(app, user, client, here.sid)
    await grantInSession(app, user, elsewhere, there.sid)
    await grantInSession(app, await app.insertUser(), unused, '')

    await logOut(here)
    await deliver()
    expect(rp.requests.map(({ path }) => path).sort()).toEqual(['/first', '/second'])
    expect(
      told()
        .map(({ aud }) => aud)
        .sort(),
    ).toEqual([first.clientId, second.clientId].sort())
    await logOut(there)
    await deliver()
    expect(rp.requests.map(({ path }) => path)).toContain('/elsewhere')
    expect(rp.requests).toHaveLength(3)
  })

  describe('every end of a session is told', () => {
    test('one that the user ends from another browser', async () => {
      const person = await signedIn()
      const other = await app.signIn(person.user)
      const path = `/account/sessions/${person.sid}/end`
      await app.postForm(path, { csrf_token: other.csrfToken }, { cookie: other.cookie })
      expect(await notices()).toMatchObject([{ sid: person.sid, clientId: person.client.clientId, attempts: 0 }])
    })

    test('all others', async () => {
      const person = await signedIn()
      const other = await app.signIn(person.user)
      await grantInSession(app, person.user, person.client, other.sid)
      const answer = await app.postForm(
        '/account/sessions/end-others',
        { csrf_token: other.csrfToken },
        { cookie: other.cookie },
      )
      expect(answer.status).toBe(302)
      expect(await notices()).toMatchObject([{ sid: person.sid }])
    })

    test('all, by a new password', async () => {
      const person = await signedIn()
      const other = await app.signIn(person.user)
      await grantInSession(app, person.user, person.client, other.sid)
      const form = {
        csrf_token: other.csrfToken,
        current_password: person.user.password,
        password: 'another-long-passphrase',
        password_confirm: 'another-long-passphrase',
      }
      await app.postForm('/account/change-password', form, { cookie: other.cookie })
      expect((await notices()).map(({ sid }) => sid).sort()).toEqual([person.sid, other.sid].sort())
    })

    test('all, by an administrator', async () => {
      const person = await signedIn()
      await commit(app.ctx, endSessionsOfUser(app.ctx, person.user.id))
      expect(await notices()).toMatchObject([{ sid: person.sid, userId: person.user.id }])
    })

    test('a stolen one', async () => {
      const person = await signedIn()
      await app.get('/account/sessions', { headers: { cookie: person.cookie, 'user-agent': 'curl/8.0' } })
      expect(await notices()).toMatchObject([{ sid: person.sid }])
    })

    test('one that somebody else takes the browser over from', async () => {
      const browser = openBrowser(app)
      const [first, second] = [await app.insertUser(), await app.insertUser()]
      const logIn = await openLogin(browser)
      await logIn(first)
      const sid = await sessionOf(first.id)
      await grantInSession(app, first, await insertRp(), sid)
      await logIn(second)
      expect(await notices()).toMatchObject([{ sid, userId: first.id }])
    })
  })

  /** The login form in a tab of its own: it can be sent while the browser is signed in. */
  async function openLogin(browser: TestBrowser) {
    const csrf_token = field(await browser.get('/login'), 'csrf_token')
    const cookie = browser.cookies.get('oauth_login') ?? ''
    return ({ username, password }: { username: string; password: string }) => {
      // The answer of an earlier login takes the form's cookie away; requests sent before it came still have it.
      browser.cookies.set('oauth_login', cookie)
      return browser.post('/login', { csrf_token, username, password })
    }
  }

  const sessionOf = async (userId: string): Promise<string> => {
    const rows = await app.ctx.db.q.select().from(app.ctx.db.t.sessions)
    return rows.find((row) => row.userId === userId)?.sid ?? ''
  }

  test('who signs in again in the same browser keeps the session for applications, and nothing secret of it', async () => {
    const browser = openBrowser(app)
    const user = await app.insertUser()
    const client = await insertRp()
    const logIn = await openLogin(browser)
    await logIn(user)
    const before = new Map(browser.cookies)
    const sid = await sessionOf(user.id)
    const csrf = field(await browser.get('/account/sessions'), 'csrf_token')
    await grantInSession(app, user, client, sid)

    await logIn(user)
    expect(await notices()).toEqual([])
    expect(await sessionOf(user.id)).toBe(sid)
    expect(browser.cookies.get('oauth_session')).not.toBe(before.get('oauth_session'))
    const page = await browser.get('/account/sessions')
    expect(field(page, 'csrf_token')).not.toBe(csrf)
    const old = await findSession(
      { ...app.ctx, request: { id: '', ip: '', userAgent: '', path: '/', method: 'GET' } },
      before.get('oauth_session') ?? '',
    )
    expect(old.session).toBeUndefined()

    await browser.post('/logout', { csrf_token: field(page, 'csrf_token') })
    expect(await notices()).toMatchObject([{ sid, clientId: client.clientId }])
  })

  test('two logins at once in the same browser both succeed', async () => {
    const browser = openBrowser(app)
    const user = await app.insertUser()
    const logIn = await openLogin(browser)
    await logIn(user)
    const answers = await Promise.all([logIn(user), logIn(user)])
    expect(answers.map(({ status }) => status)).toEqual([302, 302])
  })

  test('a session that passes its limit is not told: applications have limits of their own', async () => {
    const person = await signedIn()
    app.clock.advance(2 * HOUR)
    const answer = await app.get('/account/sessions', { headers: { cookie: person.cookie } })
    expect(answer.status).toBe(302)
    expect(await notices()).toEqual([])
  })

  test('an application is told though its tokens have long expired', async () => {
    const user = await app.insertUser()
    const client = await insertRp()
    const session = await app.signIn(user, { remember: true })
    await grantInSession(app, user, client, session.sid)
    const other = await signedIn()
    app.clock.advance(20 * DAY)
    // Families live as long as their refresh tokens may; this one is over.
    await app.ctx.db.q.update(app.ctx.db.t.tokenFamilies).set({ expiresAt: new Date(app.clock.now() - 5 * DAY) })
    await deleteExpiredRows(app.ctx, never)
    await logOut(session)
    expect(await notices()).toMatchObject([{ sid: session.sid }])
    // The family of a session that is gone goes.
    const families = await app.ctx.db.q.select().from(app.ctx.db.t.tokenFamilies)
    expect(families.some(({ sid }) => sid === other.sid)).toBe(false)
  })

  test('the notice is written in the commit that ends the session, or neither is', async () => {
    const person = await signedIn()
    const both = [logOut(person), logOut(person)]
    await Promise.all(both)
    expect(await notices()).toHaveLength(1)
    const failing = {
      kind: 'must' as const,
      write: { name: 'x', build: () => never as never },
      parameters: {},
      label: '',
    }
    const other = await signedIn()
    await expect(commit(app.ctx, [...endSessionsOfUser(app.ctx, other.user.id), failing])).rejects.toThrow()
    expect((await notices()).filter(({ sid }) => sid === other.sid)).toEqual([])
    expect(await sessionOf(other.user.id)).toBe(other.sid)
  })

  test('a process that ends between logout and delivery loses nothing: another one delivers', async () => {
    const person = await signedIn()
    await logOut(person)
    expect(rp.requests).toEqual([])
    const jobs = startJobs(app.ctx)
    try {
      await eventually('the delivery', async () => (rp.requests.length > 0 ? true : undefined))
      expect(told()).toMatchObject([{ sid: person.sid }])
      await eventually('an empty queue', emptyQueue)
    } finally {
      await jobs.stop()
    }
  })

  test('a shutdown ends a waiting attempt at once, and the notice stays', async () => {
    await logOut(await signedIn())
    rp.answers = [() => Bun.sleep(3_000).then(() => new Response())]
    const stopping = new AbortController()
    const started = performance.now()
    const work = deliverLogoutNotices(app.ctx, stopping.signal)
    await eventually('the attempt', async () => (rp.requests.length === 1 ? true : undefined))
    stopping.abort()
    await work
    expect(performance.now() - started).toBeLessThan(2_500)
    expect(await notices()).toMatchObject([{ attempts: 0 }])
  })

  describe('delivery', () => {
    test.each([200, 204])('status %i is success (§2.8)', async (status) => {
      await logOut(await signedIn())
      rp.answers = [() => new Response(null, { status })]
      await deliver()
      expect(await notices()).toEqual([])
    })

    test('a failure is tried again after a pause, with a new token', async () => {
      await logOut(await signedIn())
      rp.answers = [() => new Response('', { status: 500 }), () => new Response()]
      await deliver()
      expect(await notices()).toMatchObject([{ attempts: 1 }])
      expect(await hasDueLogoutNotices(app.ctx)).toBe(false)
      await deliver()
      expect(rp.requests).toHaveLength(1)
      app.clock.advance(12_000)
      expect(await hasDueLogoutNotices(app.ctx)).toBe(true)
      await deliver()
      expect(rp.requests).toHaveLength(2)
      expect(new Set(told().map(({ jti }) => jti)).size).toBe(2)
      expect(await notices()).toEqual([])
    })

    test('pauses grow, with jitter, and end after nine attempts with a record and a warning', async () => {
      const { client, user, sid, ...person } = await signedIn()
      await logOut(person)
      rp.answers = [() => new Response('', { status: 400 })]
      const pauses: number[] = []
      for (let attempt = 1; attempt < 9; attempt++) {
        await deliver()
        const [notice] = await notices()
        pauses.push((notice?.nextAttemptAt.getTime() ?? 0) - app.clock.now())
        expect(notice?.attempts).toBe(attempt)
        app.clock.set(notice?.nextAttemptAt.getTime() ?? 0)
      }
      for (const [index, pause] of pauses.entries()) {
        const expected = 10_000 * 3 ** index
        expect(pause).toBeGreaterThanOrEqual(expected * 0.89)
        expect(pause).toBeLessThanOrEqual(expected * 1.11)
      }
      await deliver()
      expect(rp.requests).toHaveLength(9)
      expect(await notices()).toEqual([])
      const rows = (await auditRows(app, 'LOGOUT')).filter((row) => row.resourceId === client.clientId)
      expect(rows).toMatchObject([
        {
          severity: 'WARNING',
          success: false,
          actorUserId: user.id,
          errorMessage: 'answer 400',
          resourceType: 'CLIENT',
        },
      ])
      const lines = app.log().filter(({ level, fields }) => level === 'warn' && fields.sid === sid)
      expect(lines).toMatchObject([{ fields: { clientId: client.clientId, attempts: 9, reason: 'answer 400' } }])
      expect(JSON.stringify(app.log())).not.toContain('eyJ')
    })

    test('[SEC] a redirect is a failure, and is not followed', async () => {
      await logOut(await signedIn())
      rp.answers = [() => Response.redirect(`${rp.url}/elsewhere`, 307)]
      await deliver()
      expect(rp.requests.map(({ path }) => path)).toEqual(['/logout'])
      expect(await notices()).toMatchObject([{ attempts: 1 }])
    })

    test('[SEC] a huge answer is not read', async () => {
      await logOut(await signedIn())
      let sent = 0
      const endless = () =>
        new Response(
          new ReadableStream({
            pull: async (controller) => {
              sent += 1
              await Bun.sleep(1)
              controller.enqueue(new Uint8Array(65_536))
            },
          }),
        )
      rp.answers = [endless]
      const started = performance.now()
      await deliver()
      expect(performance.now() - started).toBeLessThan(2_000)
      expect(sent).toBeLessThan(200)
      expect(await notices()).toEqual([])
    })

    test('one that is down does not keep the others waiting, and costs one attempt a turn', async () => {
      const down = startApplication()
      const gone = await app.insertClient({ backchannelLogoutUri: `${down.url}/logout` })
      await down.stop()
      const user = await app.insertUser()
      const client = await insertRp()
      const sessions = [await app.signIn(user), await app.signIn(user)]
      for (const { sid } of sessions) for (const each of [gone, client]) await grantInSession(app, user, each, sid)
      for (const session of sessions) await logOut(session)
      await deliver()
      expect(rp.requests).toHaveLength(2)
      const left = await notices()
      expect(left.map(({ attempts }) => attempts).sort()).toEqual([0, 1])
      expect(
        left.every(
          ({ clientId, nextAttemptAt }) => clientId === gone.clientId && nextAttemptAt.getTime() > app.clock.now(),
        ),
      ).toBe(true)
    })

    test('a slow one is given up after five seconds', async () => {
      await logOut(await signedIn())
      rp.answers = [() => Bun.sleep(8_000).then(() => new Response())]
      const started = performance.now()
      await deliver()
      expect(performance.now() - started).toBeLessThan(7_000)
      expect(await notices()).toMatchObject([{ attempts: 1 }])
    })

    test('an application that no longer wants to know, or is gone, is forgotten', async () => {
      const { client, ...person } = await signedIn()
      const other = await signedIn()
      await logOut(person)
      await logOut(other)
      const { q, t } = app.ctx.db
      await q.update(t.oauthApplications).set({ backchannelLogoutUri: '' })
      await deliver()
      expect(rp.requests).toEqual([])
      expect(await notices()).toEqual([])
      expect(client.backchannelLogoutUri).not.toBe('')
    })

    test('[SEC] an internal address is not called, whatever is registered (CWE-918)', async () => {
      const user = await app.insertUser()
      const inside = [
        'http://169.254.169.254/latest/meta-data/',
        'https://10.0.0.1/logout',
        'https://[fd00::1]/logout',
        'http://app.example/logout',
      ]
      const session = await app.signIn(user)
      for (const backchannelLogoutUri of inside)
        await grantInSession(app, user, await app.insertClient({ backchannelLogoutUri }), session.sid)
      await logOut(session)
      await deliver()
      const left = await notices()
      expect(left.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1])
      const reasons = app.log().flatMap(({ fields }) => (fields.sid === session.sid ? [String(fields.reason)] : []))
      expect(reasons).toHaveLength(4)
      for (const reason of reasons) expect(reason).toStartWith('refused: ')
    })

    test('of two processes one delivers', async () => {
      for (let i = 0; i < 5; i++) await logOut(await signedIn())
      rp.answers = [() => Bun.sleep(100).then(() => new Response())]
      const all = [startJobs(app.ctx), startJobs(app.ctx), startJobs(app.ctx)]
      await eventually('an empty queue', emptyQueue)
      await Promise.all(all.map((jobs) => jobs.stop()))
      expect(rp.requests).toHaveLength(5)
    })
  })
})
