/** The way of an authorization request from the client's link to the answer (RFC 6749 §4.1, OIDC Core §3.1.2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { hashOf } from '../../../src/oauth/authorization-codes'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import { auditRows, consentRow } from '../device/support'
import {
  answerAt,
  CALLBACK,
  CHALLENGE,
  changeClient,
  codesOf,
  decideOn,
  open as openPage,
  requestIdOf,
  requestOf,
  settle,
  type TestClient,
} from './support'

const ISSUER_SETTINGS = { SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '86400' }

describe.each(databases)('authorization endpoint on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let session: SignedIn
  const newClient = (changes: Partial<TestClient> = {}) =>
    app.insertClient({ redirectUris: [CALLBACK], scopes: 'openid email read write', ...changes })
  const newcomer = async () => {
    const person = await app.insertUser()
    return { person, session: await app.signIn(person) }
  }
  beforeAll(async () => {
    app = await openTestApp({
      open,
      settings: { ...ISSUER_SETTINGS, JWT_AUDIENCE: 'https://api.example,https://b.example' },
    })
    user = await app.insertUser({ username: 'zoe' })
    session = await app.signIn(user)
  })
  afterAll(() => app.close())

  test('without a session a request leads to the login and back, valid or not: strangers learn nothing of clients', async () => {
    const client = await newClient()
    const twice = `${requestOf(client)}&client_id=x&nonce=%zz`
    for (const path of [requestOf(client), requestOf(client, { client_id: 'nobody', nonce: 'a b&c' }), twice]) {
      const response = await app.get(path)
      expect(response.status).toBe(302)
      const login = new URL(response.headers.get('location') ?? '', 'http://x')
      expect(login.pathname).toBe('/login')
      expect(login.searchParams.get('redirect')).toBe(path)
    }
  })

  test('the page says who asks, for what, as whom, and where one goes next; the form holds only an id', async () => {
    const client = await newClient({ clientName: 'Wiki', description: 'Pages for all' })
    const response = await openPage(app, session, requestOf(client, { scope: 'openid write' }))
    const html = await response.text()
    expect(response.status).toBe(200)
    for (const text of ['Wiki', 'Pages for all', 'Provided by your organisation', 'zoe', '>app.example</strong>'])
      expect(html).toContain(text)
    expect(html).toContain('Change data on your behalf')
    expect(html).not.toContain('See your email address')
    const form = html.slice(html.indexOf('<form'), html.indexOf('</form>'))
    for (const text of [CHALLENGE, 'st-1', client.clientId]) expect(form).not.toContain(text)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example")
  })

  test.each([
    ['http://127.0.0.1:9/cb', 'Back to an application on this computer,', '127.0.0.1:9'],
    ['http://[::1]:9/cb', 'Back to an application on this computer,', '[::1]:9'],
    ['com.example.app:/cb', 'Back to the application', 'com.example.app'],
  ])('the page says what kind of place is next: %s', async (redirectUri, words, place) => {
    const client = await newClient({ clientType: 'public', redirectUris: [redirectUri] })
    const html = await (await openPage(app, session, requestOf(client))).text()
    expect(html).toContain(words)
    expect(html).toContain(`>${place}</strong>`)
  })

  test('Allow: one commit of consent, code and audit; the answer carries code, state and issuer (RFC 9207)', async () => {
    const client = await newClient()
    const path = requestOf(client, { scope: 'openid read', nonce: 'n-1', resource: 'https://api.example' })
    const response = await settle(app, session, path)
    expect(response.status).toBe(303)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    const answer = answerAt(response)
    expect(answer).toEqual({
      code: expect.stringMatching(/^[0-9a-f]{64}$/),
      state: 'st-1',
      iss: app.ctx.settings.issuer,
    })

    const consent = await consentRow(app, { userId: user.id, clientId: client.clientId })
    expect(consent).toMatchObject({ scopes: 'openid read', webScopes: 'openid read', isActive: true })
    const [code, ...more] = await codesOf(app, client.clientId)
    expect(more).toEqual([])
    expect(code).toMatchObject({
      codeHash: hashOf(answer?.code ?? ''),
      userId: user.id,
      authorizationId: consent?.uuid ?? '',
      redirectUri: CALLBACK,
      scopes: 'openid read',
      resource: 'https://api.example',
      codeChallenge: CHALLENGE,
      codeChallengeMethod: 'S256',
      nonce: 'n-1',
      amr: 'pwd',
      sid: session.sid,
      failedAttempts: 0,
      usedAt: null,
    })
    expect(code?.expiresAt.getTime()).toBe(app.clock.now() + 600_000)
    expect(JSON.stringify(code)).not.toContain(answer?.code ?? '')
    const [generated] = await auditRows(app, 'AUTHORIZATION_CODE_GENERATED', client.clientId)
    expect(generated).toMatchObject({ actorUserId: user.id, resourceId: code?.uuid ?? '' })
    expect(await auditRows(app, 'USER_AUTHORIZATION_GRANTED', client.clientId)).toHaveLength(1)
  })

  test('auth_time of the code is the time of the login, not of the code (OIDC Core §2)', async () => {
    const client = await newClient()
    const own = await newcomer()
    const signedInAt = app.clock.now()
    app.clock.advance(120_000)
    await settle(app, own.session, requestOf(client))
    const [code] = await codesOf(app, client.clientId)
    expect(code?.authTime?.getTime()).toBe(signedInAt)
  })

  test('Deny: access_denied with state and issuer, no consent, no code, audited', async () => {
    const client = await newClient()
    const response = await settle(app, session, requestOf(client), 'deny')
    expect(answerAt(response)).toEqual({
      error: 'access_denied',
      error_description: 'User denied the authorization request',
      state: 'st-1',
      iss: app.ctx.settings.issuer,
    })
    expect(await codesOf(app, client.clientId)).toEqual([])
    expect(await consentRow(app, { userId: user.id, clientId: client.clientId })).toBeUndefined()
    const [denied] = await auditRows(app, 'AUTHORIZATION_CODE_DENIED', client.clientId)
    expect(denied).toMatchObject({ actorUserId: user.id })
  })

  test('a request is decided once, whichever button comes second [SEC]', async () => {
    const client = await newClient()
    for (const [first, second] of [
      ['approve', 'approve'],
      ['approve', 'deny'],
      ['deny', 'approve'],
    ] as const) {
      const requestId = await requestIdOf(await openPage(app, session, requestOf(client, { prompt: 'consent' })))
      const before = (await codesOf(app, client.clientId)).length
      expect((await decideOn(app, session, { request_id: requestId, action: first })).status).toBe(303)
      const again = await decideOn(app, session, { request_id: requestId, action: second })
      expect(again.status).toBe(400)
      expect(await again.text()).toContain('already been answered')
      expect((await codesOf(app, client.clientId)).length).toBe(before + (first === 'approve' ? 1 : 0))
    }
  })

  test('sixteen decisions at once make one code [SEC]', async () => {
    const client = await newClient()
    const requestId = await requestIdOf(await openPage(app, session, requestOf(client)))
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => decideOn(app, session, { request_id: requestId, action: 'approve' })),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(await codesOf(app, client.clientId)).toHaveLength(1)
  })

  test('a request belongs to the session and user that saw the page [SEC]', async () => {
    const client = await newClient()
    const requestId = await requestIdOf(await openPage(app, session, requestOf(client)))
    for (const other of [await app.signIn(user), (await newcomer()).session]) {
      const response = await decideOn(app, other, { request_id: requestId, action: 'approve' })
      expect(response.status).toBe(400)
    }
    expect(await codesOf(app, client.clientId)).toEqual([])
  })

  test('after the session ended a decision leads to the login and back to the request', async () => {
    const client = await newClient()
    const path = requestOf(client)
    const requestId = await requestIdOf(await openPage(app, session, path))
    const response = await app.postForm('/oauth/authorize', {
      request_id: requestId,
      action: 'approve',
      csrf_token: 'x',
    })
    const login = new URL(response.headers.get('location') ?? '', 'http://x')
    expect([response.status, login.pathname, login.searchParams.get('redirect')]).toEqual([303, '/login', path])
  })

  test('the page is good for ten minutes', async () => {
    const client = await newClient()
    const requestId = await requestIdOf(await openPage(app, session, requestOf(client)))
    app.clock.advance(600_000)
    expect((await decideOn(app, session, { request_id: requestId, action: 'approve' })).status).toBe(400)
  })

  test('a form without the session token decides nothing [SEC]', async () => {
    const client = await newClient()
    const requestId = await requestIdOf(await openPage(app, session, requestOf(client)))
    const { cookie } = session
    const stranger = (await newcomer()).session.csrfToken
    for (const csrf of [{}, { csrf_token: 'wrong' }, { csrf_token: stranger }] as Record<string, string>[]) {
      const fields = { request_id: requestId, action: 'approve', ...csrf }
      const response = await app.postForm('/oauth/authorize', fields, { cookie })
      expect(response.status).toBe(403)
      expect(await response.text()).toContain('CSRF token validation failed')
    }
    const foreign = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const fields = { request_id: requestId, action: 'approve', csrf_token: session.csrfToken }
    expect((await app.postForm('/oauth/authorize', fields, foreign)).status).toBe(403)
    expect(await codesOf(app, client.clientId)).toEqual([])
  })

  test.each([
    ['deactivated', { status: 'inactive' }],
    ['waiting for approval', { status: 'pending' }],
    ['without the redirect URI', { redirectUris: ['https://app.example/other'] }],
  ] as const)('client %s between page and decision: a local page, nothing granted [SEC]', async (_what, changes) => {
    const client = await newClient()
    const [toAllow, toDeny] = [
      await requestIdOf(await openPage(app, session, requestOf(client))),
      await requestIdOf(await openPage(app, session, requestOf(client))),
    ]
    await changeClient(app, client, changes as Partial<TestClient>)
    for (const fields of [
      { request_id: toAllow, action: 'approve' },
      { request_id: toDeny, action: 'deny' },
    ]) {
      const response = await decideOn(app, session, fields)
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    }
    expect(await codesOf(app, client.clientId)).toEqual([])
    expect(await consentRow(app, { userId: user.id, clientId: client.clientId })).toBeUndefined()
  })

  test.each([
    ['without the flow', { enableAuthCodeFlow: false }, 'unauthorized_client'],
    ['with fewer scopes', { scopes: 'email' }, 'invalid_scope'],
  ])('client %s between page and decision: an error for the client [SEC]', async (_what, changes, error) => {
    const client = await newClient()
    const requestId = await requestIdOf(await openPage(app, session, requestOf(client)))
    await changeClient(app, client, changes)
    expect(answerAt(await decideOn(app, session, { request_id: requestId, action: 'approve' }))?.error).toBe(error)
    expect(await codesOf(app, client.clientId)).toEqual([])
  })

  test('a client that gains scopes after the page does not get them [SEC]', async () => {
    const client = await newClient({ scopes: 'email' })
    const requestId = await requestIdOf(await openPage(app, session, requestOf(client)))
    await changeClient(app, client, { scopes: 'email admin' })
    await decideOn(app, session, { request_id: requestId, action: 'approve' })
    expect((await codesOf(app, client.clientId)).map(({ scopes }) => scopes)).toEqual(['email'])
  })

  test('a user who was disabled gets no code [SEC]', async () => {
    const client = await newClient()
    const own = await newcomer()
    const requestId = await requestIdOf(await openPage(app, own.session, requestOf(client)))
    const { q, t } = app.ctx.db
    await q.update(t.users).set({ isActive: false }).where(eq(t.users.id, own.person.id))
    const response = await decideOn(app, own.session, { request_id: requestId, action: 'approve' })
    expect(response.headers.get('location')).toStartWith('/login')
    expect(await codesOf(app, client.clientId)).toEqual([])
  })

  test('a password that somebody else chose is replaced first; then the request goes on', async () => {
    const client = await newClient()
    const person = await app.insertUser({ mustChangePassword: true })
    const own = await app.signIn(person)
    const path = requestOf(client)
    const response = await openPage(app, own, path)
    expect(response.headers.get('location')).toBe(`/account/change-password?${new URLSearchParams({ redirect: path })}`)
    expect(answerAt(await openPage(app, own, requestOf(client, { prompt: 'none' })))?.error).toBe(
      'interaction_required',
    )
    const decision = await decideOn(app, own, { request_id: 'x'.repeat(43), action: 'approve' })
    expect(decision.headers.get('location')).toBe('/account/change-password')
  })

  describe('a form that carries the request itself', () => {
    const fieldsOf = (client: TestClient, changes: Record<string, string> = {}) => ({
      action: 'approve',
      client_id: client.clientId,
      redirect_uri: CALLBACK,
      scope: 'openid read',
      state: 'st-2',
      nonce: 'n-2',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...changes,
    })

    test('is decided', async () => {
      const client = await newClient()
      const answer = answerAt(await decideOn(app, session, fieldsOf(client)))
      expect(answer).toMatchObject({ state: 'st-2', iss: app.ctx.settings.issuer })
      expect(await codesOf(app, client.clientId)).toMatchObject([{ scopes: 'openid read', nonce: 'n-2' }])
      expect(answerAt(await decideOn(app, session, fieldsOf(client, { action: 'deny' })))?.error).toBe('access_denied')
      const { action: _, ...without } = fieldsOf(client)
      expect(answerAt(await decideOn(app, session, without))?.error).toBe('access_denied')
    })

    test.each([
      ['scope', 'openid admin', 'invalid_scope'],
      ['code_challenge_method', 'plain', 'invalid_request'],
      ['code_challenge', 'short', 'invalid_request'],
      ['nonce', 'n'.repeat(1025), 'invalid_request'],
    ])('is believed nothing: %s', async (name, value, error) => {
      const client = await newClient()
      expect(answerAt(await decideOn(app, session, fieldsOf(client, { [name]: value })))?.error).toBe(error)
      expect(await codesOf(app, client.clientId)).toEqual([])
    })

    test.each(['approve', 'deny'])('never leads to a foreign address (%s) [SEC]', async (action) => {
      const client = await newClient()
      const foreign: Record<string, string>[] = [{ redirect_uri: 'https://evil.example/' }, { client_id: 'nobody' }]
      for (const changes of foreign) {
        const response = await decideOn(app, session, fieldsOf(client, { action, ...changes }))
        expect([response.status, response.headers.get('location')]).toEqual([400, null])
      }
    })
  })

  test('a request sent as a form goes on as a query (OIDC Core §3.1.2.1)', async () => {
    const client = await newClient()
    const path = requestOf(client)
    const response = await app.postForm('/oauth/authorize', path.slice(path.indexOf('?') + 1))
    expect([response.status, response.headers.get('location')]).toEqual([303, path])
  })

  test('an authorization request is never answered across origins', async () => {
    const client = await newClient()
    const response = await app.get(requestOf(client), {
      headers: { origin: 'https://app.example', cookie: session.cookie },
    })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('fifty codes may wait for one user and client; more only without limits', async () => {
    for (const limited of ['true', 'false']) {
      const own = await openTestApp({ open, settings: { ...ISSUER_SETTINGS, ENABLE_RATE_LIMIT: limited } })
      const client = await own.insertClient({ redirectUris: [CALLBACK] })
      const signedIn = await own.signIn(await own.insertUser())
      await settle(own, signedIn, requestOf(client))
      const [row] = await codesOf(own, client.clientId)
      if (!row) throw new Error('no code')
      const more = Array.from({ length: 49 }, (_, i) => ({ ...row, uuid: crypto.randomUUID(), codeHash: `h${i}` }))
      await own.ctx.db.q.insert(own.ctx.db.t.authorizationCodes).values(more)
      const error = answerAt(await openPage(own, signedIn, requestOf(client)))?.error
      expect(error).toBe(limited === 'true' ? 'temporarily_unavailable' : undefined)
      own.clock.advance(600_000)
      expect(answerAt(await openPage(own, signedIn, requestOf(client)))?.code).toBeDefined()
      await own.close()
    }
  })
})
