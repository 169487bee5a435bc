/** GET and POST /oauth/userinfo (OpenID Connect Core §5.3, RFC 6750 §3). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { DatabaseUnavailable } from '../../src/db/errors'
import { createHandler } from '../../src/server'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { bearer, issueMachineToken, issueTokens, outcome } from './support'

describe.each(databases)('userinfo on %s', (_name, open) => {
  let app: TestApp
  let client: Awaited<ReturnType<TestApp['insertClient']>>
  beforeAll(async () => {
    app = await openTestApp({ open })
    client = await app.insertClient({ clientType: 'public', scopes: 'openid profile email read' })
  })
  afterAll(() => app.close())

  const ask = (authorization?: string, init: RequestInit = {}) =>
    app.get('/oauth/userinfo', { ...init, ...(authorization !== undefined && { headers: { authorization } }) })
  const tokenFor = async (user: Awaited<ReturnType<TestApp['insertUser']>>, scope: string) =>
    (await issueTokens(app, { user, client, scope })).access_token

  test.each(['GET', 'POST'])('%s: the claims of the granted scopes and no others [SEC]', async (method) => {
    const updatedAt = new Date(1_700_000_000_123)
    const profile = { fullName: 'Ann Example', avatarUrl: 'https://example.com/a.png', updatedAt }
    const always = (id: string) => ({ sub: id, iss: app.ctx.settings.issuer })
    const expected = (user: Awaited<ReturnType<TestApp['insertUser']>>): Record<string, Record<string, unknown>> => ({
      read: {},
      openid: {},
      profile: {
        name: 'Ann Example',
        preferred_username: user.username,
        picture: 'https://example.com/a.png',
        updated_at: 1_700_000_000,
      },
      email: { email: user.email, email_verified: true },
    })
    for (const scope of ['read', 'openid', 'profile', 'email']) {
      const user = await app.insertUser({ ...profile, emailVerified: true })
      const response = await ask(`Bearer ${await tokenFor(user, scope)}`, { method })
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.json()).toEqual({ ...always(user.id), ...expected(user)[scope] })
    }
    const user = await app.insertUser({ ...profile, emailVerified: true })
    const { profile: ofProfile, email: ofEmail } = expected(user)
    const whole = await ask(`Bearer ${await tokenFor(user, 'openid profile email')}`, { method })
    expect(await whole.json()).toEqual({ ...always(user.id), ...ofProfile, ...ofEmail })
  })

  test('empty name and address are empty texts, an empty picture is left out', async () => {
    const user = await app.insertUser({ email: '', emailNorm: null })
    const response = await ask(`Bearer ${await tokenFor(user, 'profile email')}`)
    expect(await response.json()).toMatchObject({ name: '', email: '', email_verified: false })
    expect(await (await ask(`Bearer ${await tokenFor(await app.insertUser(), 'profile')}`)).json()).not.toHaveProperty(
      'picture',
    )
  })

  test('POST: the token may come in a form instead, but not twice (RFC 6750 §2.2) [SEC]', async () => {
    const user = await app.insertUser()
    const access_token = await tokenFor(user, 'read')
    const fromForm = await app.postForm('/oauth/userinfo', { access_token })
    expect(await fromForm.json()).toMatchObject({ sub: user.id })
    const twice = await app.postForm('/oauth/userinfo', { access_token }, bearer(access_token))
    expect(await outcome(twice)).toEqual([400, 'invalid_request', 'Multiple access tokens'])
    const inUrl = await app.postForm(`/oauth/userinfo?access_token=${access_token}`, {}, bearer(access_token))
    expect((await outcome(inUrl)).slice(0, 2)).toEqual([400, 'invalid_request'])
    expect((await app.get(`/oauth/userinfo?access_token=${access_token}`)).status).toBe(401)
  })

  test('POST: a body of another kind is not read', async () => {
    const headers = bearer(await tokenFor(await app.insertUser(), 'read'))
    const json = { ...headers, 'content-type': 'application/json' }
    const response = await app.get('/oauth/userinfo', { method: 'POST', body: '{"a":', headers: json })
    expect(response.status).toBe(200)
  })

  test.each([
    ['no header', undefined, 'Bearer realm="authgate"'],
    ['another scheme', 'Basic YTpi', 'Bearer error="invalid_token", error_description="Bearer token required"'],
    ['a naked token', 'a.b.c', 'Bearer error="invalid_token", error_description="Bearer token required"'],
  ])('%s: Bearer token required, with a challenge (RFC 6750 §3)', async (_what, authorization, challenge) => {
    const response = await ask(authorization)
    expect(response.headers.get('www-authenticate')).toBe(challenge)
    expect(await outcome(response)).toEqual([401, 'invalid_token', 'Bearer token required'])
  })

  test('every token that is not accepted gets one text (P21) [SEC]', async () => {
    const user = await app.insertUser()
    const tokens = await issueTokens(app, { user, client, scope: 'read' })
    const gone = await app.insertUser()
    const orphaned = await tokenFor(gone, 'profile')
    await app.ctx.db.q.delete(app.ctx.db.t.users).where(eq(app.ctx.db.t.users.id, gone.id))
    const disabled = await app.insertUser()
    const ofDisabled = await tokenFor(disabled, 'profile')
    const { users } = app.ctx.db.t
    await app.ctx.db.q.update(users).set({ isActive: false }).where(eq(users.id, disabled.id))
    for (const token of ['x', tokens.refresh_token, `${tokens.access_token}A`, orphaned, ofDisabled]) {
      const response = await ask(`Bearer ${token}`)
      expect(response.headers.get('www-authenticate')).toBe(
        'Bearer error="invalid_token", error_description="Token is invalid or expired"',
      )
      expect(await outcome(response)).toEqual([401, 'invalid_token', 'Token is invalid or expired'])
    }
  })

  test('a machine token stands for no user', async () => {
    const machine = await app.insertClient({ scopes: 'read profile' })
    const response = await ask(`Bearer ${await issueMachineToken(app, machine, 'read profile')}`)
    expect(await outcome(response)).toEqual([401, 'invalid_token', 'User not found'])
  })

  test('a database that does not answer is 503, not "User not found"', async () => {
    const token = await tokenFor(await app.insertUser(), 'profile')
    const one = () => Promise.reject(new DatabaseUnavailable('ECONNREFUSED'))
    const handle = createHandler({ ...app.ctx, db: { ...app.ctx.db, one } })
    const response = await handle(new Request('http://localhost:8080/oauth/userinfo', { headers: bearer(token) }))
    expect((await outcome(response)).slice(0, 2)).toEqual([503, 'temporarily_unavailable'])
  })
})
