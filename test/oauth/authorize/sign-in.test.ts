/** When a request needs a login, a new login or a page: prompt, max_age, id_token_hint, remembered consents. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { findConsent, grantConsent } from '../../../src/consent/consents'
import { commit } from '../../../src/db/commit'
import { signJwt } from '../../../src/tokens/jwt'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import {
  answerAt,
  CALLBACK,
  decideOn,
  type Fields,
  open as openPage,
  requestOf,
  settle,
  type TestClient,
} from './support'

type Account = UserRow & { password: string }

describe.each(databases)('sign-in before consent on %s', (_name, open) => {
  let app: TestApp
  let user: Account
  let client: TestClient
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '864000' } })
    user = await app.insertUser({ username: 'zoe' })
    client = await app.insertClient({ redirectUris: [CALLBACK], scopes: 'openid email read write' })
  })
  afterAll(() => app.close())

  const errorOf = (response: Response) => answerAt(response)?.error
  const isPage = async (response: Response) =>
    response.status === 200 && (await response.text()).includes('name="request_id"')

  /** The login page of a redirect there; undefined when the answer is another. */
  const loginOf = (response: Response): URL | undefined => {
    const location = new URL(response.headers.get('location') ?? '', 'http://server')
    return response.status === 302 && location.pathname === '/login' ? location : undefined
  }

  /** Signs in on that page as a browser does; resolves to where it leads and the new session. */
  async function signInAt(login: URL, who: Account, cookie = ''): Promise<{ path: string; session: SignedIn }> {
    const form = await app.get(login.pathname + login.search, { headers: { cookie } })
    const html = await form.text()
    if (form.status !== 200) throw new Error(`no login form: ${form.status} ${form.headers.get('location')}`)
    const token = /name="csrf_token" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const loginCookie = form.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const fields = {
      csrf_token: token,
      redirect: login.searchParams.get('redirect') ?? '',
      username: who.username,
      password: who.password,
    }
    const answer = await app.postForm('/login', fields, { cookie: [cookie, loginCookie].filter(Boolean).join('; ') })
    const session = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .find((line) => line.includes('oauth_session='))
    if (session === undefined) throw new Error(`not signed in: ${answer.status} ${await answer.text()}`)
    return {
      path: answer.headers.get('location') ?? '',
      session: { cookie: session, csrfToken: '', sid: '' },
    }
  }

  const demands: [string, Fields, number][] = [
    ['prompt=login', { prompt: 'login' }, 0],
    ['prompt=select_account', { prompt: 'select_account' }, 0],
    ['prompt=login consent', { prompt: 'login consent' }, 0],
    ['max_age=0', { max_age: '0' }, 0],
    ['max_age=60 after 61 s', { max_age: '60' }, 61_000],
  ]

  test.each(demands)('%s: a new login, once, then the page (OIDC Core §3.1.2.3)', async (_what, changes, afterMs) => {
    const session = await app.signIn(user)
    app.clock.advance(afterMs)
    const login = loginOf(await openPage(app, session, requestOf(client, changes)))
    if (!login) throw new Error('no login page')
    app.clock.advance(20_000)
    const after = await signInAt(login, user, session.cookie)
    expect(await isPage(await openPage(app, after.session, after.path))).toBe(true)
    // A reload later does not ask again, and the request is the same but for the mark.
    app.clock.advance(300_000)
    expect(await isPage(await openPage(app, after.session, after.path))).toBe(true)
    expect(after.path).toStartWith(requestOf(client, changes))
  })

  test.each(demands)('%s: signed out, one login is enough', async (_what, changes) => {
    const login = loginOf(await app.get(requestOf(client, changes)))
    if (!login) throw new Error('no login page')
    app.clock.advance(5_000)
    const after = await signInAt(login, user)
    expect(await isPage(await openPage(app, after.session, after.path))).toBe(true)
  })

  test('going back to the address without a new login is of no use [SEC]', async () => {
    const session = await app.signIn(user)
    app.clock.advance(1_000)
    const login = loginOf(await openPage(app, session, requestOf(client, { prompt: 'login' })))
    const target = login?.searchParams.get('redirect') ?? ''
    expect(loginOf(await openPage(app, session, target))).toBeDefined()
  })

  test('the mark of one request does not serve another, nor for ever [SEC]', async () => {
    const session = await app.signIn(user)
    app.clock.advance(1_000)
    const login = loginOf(await openPage(app, session, requestOf(client, { prompt: 'login' })))
    if (!login) throw new Error('no login page')
    const after = await signInAt(login, user, session.cookie)
    const mark = /&login_since=.*$/.exec(after.path)?.[0] ?? ''
    const other = `${requestOf(client, { prompt: 'login', nonce: 'other' })}${mark}`
    expect(loginOf(await openPage(app, after.session, other))).toBeDefined()
    const forged = after.path.replace(/login_since=[^.]*/, 'login_since=0')
    expect(loginOf(await openPage(app, after.session, forged))).toBeDefined()
    app.clock.advance(3_600_000)
    expect(loginOf(await openPage(app, after.session, after.path))).toBeDefined()
  })

  test('max_age that has not passed asks for nothing', async () => {
    const session = await app.signIn(user)
    app.clock.advance(60_000)
    expect(await isPage(await openPage(app, session, requestOf(client, { max_age: '60' })))).toBe(true)
  })

  test('auth_time after a forced login is its time', async () => {
    const own = await app.insertClient({ redirectUris: [CALLBACK] })
    const session = await app.signIn(user)
    app.clock.advance(120_000)
    const login = loginOf(await openPage(app, session, requestOf(own, { max_age: '1' })))
    if (!login) throw new Error('no login page')
    const signedInAt = app.clock.now()
    const after = await signInAt(login, user, session.cookie)
    const page = await openPage(app, after.session, after.path)
    const html = await page.text()
    const requestId = /name="request_id" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const csrfToken = (/name="csrf_token" value="([^"]+)"/.exec(html)?.[1] ?? '').replaceAll('&#x2F;', '/')
    app.clock.advance(30_000)
    await decideOn(app, { ...after.session, csrfToken }, { request_id: requestId, action: 'approve' })
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.authorizationCodes)
    expect(rows.find(({ clientId }) => clientId === own.clientId)?.authTime?.getTime()).toBe(signedInAt)
  })

  describe('prompt=none never shows a page', () => {
    const silent = (changes: Fields = {}) => requestOf(client, { prompt: 'none', ...changes })

    test('signed out: login_required', async () => {
      expect(errorOf(await app.get(silent()))).toBe('login_required')
    })

    test('signed out and wrong otherwise: the login page, as for every stranger', async () => {
      const mistakes = [
        { client_id: 'nobody' },
        { redirect_uri: 'https://evil.example/' },
        { scope: 'admin' },
      ] as Fields[]
      for (const changes of mistakes) expect(loginOf(await app.get(silent(changes)))).toBeDefined()
    })

    test('no consent: consent_required', async () => {
      expect(errorOf(await openPage(app, await app.signIn(await app.insertUser()), silent()))).toBe('consent_required')
    })

    test('an older login than max_age: login_required', async () => {
      const session = await app.signIn(user)
      app.clock.advance(11_000)
      expect(errorOf(await openPage(app, session, silent({ max_age: '10' })))).toBe('login_required')
      expect(errorOf(await openPage(app, session, silent({ max_age: '0' })))).toBe('login_required')
    })

    test('a remembered consent: the code', async () => {
      const person = await app.signIn(await app.insertUser())
      await settle(app, person, requestOf(client))
      expect(answerAt(await openPage(app, person, silent()))?.code).toBeDefined()
    })
  })

  describe('id_token_hint', () => {
    const hintFor = async (sub: string, changes: Record<string, unknown> = {}) => {
      const iat = Math.floor(app.clock.now() / 1000)
      const claims = { iss: app.ctx.settings.issuer, sub, aud: client.clientId, iat, exp: iat + 60, ...changes }
      return await signJwt(app.ctx.keys, 'JWT', JSON.stringify(claims))
    }

    test('of the signed-in user, also expired: nothing is asked', async () => {
      const session = await app.signIn(user)
      const hint = await hintFor(user.id, { exp: 1 })
      expect(await isPage(await openPage(app, session, requestOf(client, { id_token_hint: hint })))).toBe(true)
    })

    test('of another user: login_required, or a login that must be theirs', async () => {
      const other = await app.insertUser()
      const session = await app.signIn(user)
      app.clock.advance(1_000)
      const changes = { id_token_hint: await hintFor(other.id) }
      expect(errorOf(await openPage(app, session, requestOf(client, { ...changes, prompt: 'none' })))).toBe(
        'login_required',
      )
      const login = loginOf(await openPage(app, session, requestOf(client, changes)))
      if (!login) throw new Error('no login page')
      const theirs = await signInAt(login, other, session.cookie)
      expect(await isPage(await openPage(app, theirs.session, theirs.path))).toBe(true)
      const wrong = await signInAt(login, user)
      expect(errorOf(await openPage(app, wrong.session, wrong.path))).toBe('login_required')
    })

    test.each([
      ['of another client', { aud: 'other' }],
      ['of another issuer', { iss: 'https://evil.example' }],
      ['that is an access token', { type: 'access' }],
    ])('%s is refused', async (_what, changes) => {
      const hint = await hintFor(user.id, changes)
      const response = await openPage(app, await app.signIn(user), requestOf(client, { id_token_hint: hint }))
      expect(errorOf(response)).toBe('invalid_request')
    })

    test('with another signature is refused [SEC]', async () => {
      const hint = (await hintFor(user.id)).replace(/\.[^.]*$/, `.${'A'.repeat(43)}`)
      const response = await openPage(app, await app.signIn(user), requestOf(client, { id_token_hint: hint }))
      expect(errorOf(response)).toBe('invalid_request')
    })
  })

  test('login_hint fills the user name in, escaped', async () => {
    const login = loginOf(await app.get(requestOf(client, { login_hint: 'zoe"><b>' })))
    const html = await (await app.get(`${login?.pathname}${login?.search}`)).text()
    expect(html).toContain('value="zoe&quot;&gt;&lt;b&gt;"')
  })

  test('the login page leads a signed-in browser on, unless another login is asked for', async () => {
    const session = await app.signIn(user)
    const at = (path: string) => app.get(path, { headers: { cookie: session.cookie } })
    expect((await at('/login?redirect=%2Fdevice')).headers.get('location')).toBe('/device')
    expect((await at('/login?redirect=%2Fdevice&prompt=login')).status).toBe(200)
  })

  describe('remembered consents', () => {
    const allowed = async (of: TestClient, changes: Fields, path?: Fields) => {
      const person = await app.insertUser()
      const session = await app.signIn(person)
      await settle(app, session, requestOf(of, changes))
      return { person, session, again: await openPage(app, session, requestOf(of, path ?? changes)) }
    }
    const codeOf = (response: Response, redirectUri = CALLBACK) => answerAt(response, redirectUri)?.code

    test('the same or fewer scopes: the code without a page, linked to the consent', async () => {
      const { again, session, person } = await allowed(client, { scope: 'read write' })
      expect(codeOf(again)).toBeDefined()
      expect(again.status).toBe(302)
      expect(codeOf(await openPage(app, session, requestOf(client, { scope: 'write' })))).toBeDefined()
      const consent = await findConsent(app.ctx, { userId: person.id, clientId: client.clientId })
      const { q, t } = app.ctx.db
      const rows = (await q.select().from(t.authorizationCodes)).filter(({ userId }) => userId === person.id)
      expect(rows.map(({ authorizationId }) => authorizationId)).toEqual(Array(3).fill(consent?.uuid ?? ''))
    })

    test('more scopes: the page; what is allowed then adds up, under the same id', async () => {
      const { again, session, person } = await allowed(client, { scope: 'read' }, { scope: 'read write' })
      expect(await isPage(again)).toBe(true)
      const pair = { userId: person.id, clientId: client.clientId }
      const before = await findConsent(app.ctx, pair)
      await settle(app, session, requestOf(client, { scope: 'write' }))
      const after = await findConsent(app.ctx, pair)
      expect(after).toMatchObject({ uuid: before?.uuid ?? '', scopes: 'read write', webScopes: 'read write' })
    })

    test('prompt=consent: the page', async () => {
      const { again } = await allowed(client, { scope: 'read' }, { scope: 'read', prompt: 'consent' })
      expect(await isPage(again)).toBe(true)
    })

    test('another user: the page', async () => {
      await allowed(client, { scope: 'read' })
      const stranger = await app.signIn(await app.insertUser())
      expect(await isPage(await openPage(app, stranger, requestOf(client, { scope: 'read' })))).toBe(true)
    })

    test('withdrawn: the page, also for what is allowed elsewhere later', async () => {
      const { person, session } = await allowed(client, { scope: 'read write' })
      const { q, t } = app.ctx.db
      const pair = { userId: person.id, clientId: client.clientId }
      const consent = await findConsent(app.ctx, pair)
      if (!consent) throw new Error('no consent')
      await q.update(t.userAuthorizations).set({ isActive: false, tokenEpoch: consent.tokenEpoch + 1 })
      expect(await isPage(await openPage(app, session, requestOf(client, { scope: 'read' })))).toBe(true)
      const seen = await findConsent(app.ctx, pair)
      const device = { user: person, clientId: client.clientId, scopes: ['read'] }
      await commit(app.ctx, grantConsent(app.ctx, seen, device).statements)
      expect(await isPage(await openPage(app, session, requestOf(client, { scope: 'read' })))).toBe(true)
    })

    test('allowed to a device only: the page [SEC]', async () => {
      const person = await app.insertUser()
      const device = { user: person, clientId: client.clientId, scopes: ['read'] }
      await commit(app.ctx, grantConsent(app.ctx, undefined, device).statements)
      const session = await app.signIn(person)
      expect(await isPage(await openPage(app, session, requestOf(client, { scope: 'read' })))).toBe(true)
    })

    test.each([
      ['confidential', 'https://app.example/callback', true],
      ['confidential', 'http://localhost:9999/callback', true],
      ['public', 'https://app.example/callback', true],
      ['public', 'http://127.0.0.1:9/cb', false],
      ['public', 'http://localhost:9/cb', false],
      ['public', 'com.example.app:/cb', false],
    ] as const)('%s client at %s: skipped %p (RFC 8252 §8.6) [SEC]', async (clientType, redirectUri, skipped) => {
      const own = await app.insertClient({ clientType, redirectUris: [redirectUri], scopes: 'read' })
      const { again } = await allowed(own, {})
      expect(codeOf(again.clone() as Response, redirectUri) !== undefined).toBe(skipped)
      expect(await isPage(again)).toBe(!skipped)
    })

    test('CONSENT_REMEMBER=false: always the page', async () => {
      const asking = await openTestApp({ settings: { CONSENT_REMEMBER: 'false' } })
      const own = await asking.insertClient({ redirectUris: [CALLBACK] })
      const session = await asking.signIn(await asking.insertUser())
      await settle(asking, session, requestOf(own))
      expect(await isPage(await openPage(asking, session, requestOf(own)))).toBe(true)
      await asking.close()
    })
  })
})
