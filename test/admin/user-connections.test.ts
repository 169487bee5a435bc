/** `/admin/users/:id/connections`: seeing and removing the connected accounts of a user. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq, ne } from 'drizzle-orm'
import { audited } from '../identity/audit-rows'
import { field, openBrowser, type Page, type TestBrowser } from '../identity/browser'
import { connections, insertConnection, severed } from '../identity/linking/support'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { openTraveller } from '../support/providers/journey'
import { olga, startOidc } from '../support/providers/oidc'

let oidc: Awaited<ReturnType<typeof startOidc>>
beforeAll(async () => {
  oidc = await startOidc()
})
afterAll(() => oidc.server.stop())

describe.each(databases)('connections of a user on %s', (_, open) => {
  let app: TestApp
  let admin: UserRow
  let user: UserRow
  let browser: TestBrowser
  let count = 0

  beforeAll(async () => {
    app = await openTestApp({ open, settings: oidc.settings })
    oidc.server.now = app.clock.now
    admin = await app.insertUser({ role: 'admin', username: 'boss', usernameNorm: 'boss' })
  }, 20_000)
  afterAll(() => app.close())
  beforeEach(async () => {
    count++
    user = await app.insertUser()
    browser = await signedIn(admin)
    Object.assign(oidc.person, olga(), { sub: `p${count}`, email: user.email })
  })

  async function signedIn(who: UserRow): Promise<TestBrowser> {
    const { cookie } = await app.signIn(who)
    const opened = openBrowser(app, { ip: '127.0.0.1' })
    opened.cookies.set('oauth_session', cookie.slice(cookie.indexOf('=') + 1))
    return opened
  }
  const connected = (of: UserRow, more = {}) =>
    insertConnection(app, of, { provider: 'oidc', issuer: oidc.server.url, providerUserId: `p${count}`, ...more })
  const list = (of: UserRow, from = browser) => from.get(`/admin/users/${of.id}/connections`)
  async function unlink(of: UserRow, id: string, more: Record<string, string> = {}, from = browser): Promise<Page> {
    const csrf_token = field(await from.get('/account/change-password'), 'csrf_token')
    return from.post(`/admin/users/${of.id}/connections/${id}/delete`, { csrf_token, ...more })
  }
  const exists = async (id: string) => (await connections(app)).some((row) => row.id === id)

  test('newest first, with what the provider said; never a token', async () => {
    const at = app.clock.now()
    await connected(user, {
      providerUsername: 'older',
      provider: 'gitea',
      issuer: 'https://gitea.example',
      createdAt: new Date(at - 1_000),
    })
    await connected(user, { providerUsername: 'newer', lastUsedAt: new Date(at) })
    const { status, text } = await list(user)
    expect(status).toBe(200)
    expect(text).toContain('2 linked providers')
    expect(text.indexOf('newer')).toBeLessThan(text.indexOf('older'))
    for (const part of ['Gitea', 'Example ID', 'Never', user.email]) expect(text).toContain(part)
  })

  test('none, and no such user', async () => {
    expect((await list(user)).text).toContain('No OAuth Connections')
    const missing = await browser.get(`/admin/users/${crypto.randomUUID()}/connections`)
    expect([missing.status, missing.text.includes('User not found')]).toEqual([404, true])
  })

  test('[SEC] administrators only', async () => {
    const row = await connected(user)
    const other = await signedIn(await app.insertUser())
    expect((await list(user, other)).status).toBe(403)
    expect((await unlink(user, row.id, {}, other)).status).toBe(403)
    expect((await openBrowser(app).get(`/admin/users/${user.id}/connections`)).location).toStartWith('/login?')
    expect(await exists(row.id)).toBe(true)
  })

  test('unlink: gone, said, audited; the sessions it began end, and nothing links it again by itself', async () => {
    const visitor = openTraveller(app)
    expect((await visitor.enter('oidc')).status).toBe(302)
    const row = (await connections(app)).find(({ userId }) => userId === user.id)
    const page = await unlink(user, row?.id ?? '')
    expect([page.status, page.location]).toEqual([302, `/admin/users/${user.id}/connections`])
    expect((await list(user)).text).toContain('OAuth connection removed successfully.')
    expect(await exists(row?.id ?? '')).toBe(false)
    const [audit] = await audited(app, 'OAUTH_CONNECTION_DELETED', ({ resourceId }) => resourceId === user.id)
    expect(audit).toMatchObject({
      action: 'OAuth connection removed by admin',
      severity: 'WARNING',
      actorUsername: 'boss',
      resourceName: 'oidc:olga',
      details: { provider: 'oidc', provider_username: 'olga', connection_id: row?.id },
    })
    expect((await visitor.get('/account/sessions')).location).toStartWith('/login?')
    expect((await visitor.enter('oidc')).status).toBe(409)
    expect((await severed(app)).some(({ userId }) => userId === user.id)).toBe(true)
  })

  test('[SEC] the connection of another user, or none: 404', async () => {
    const row = await connected(user)
    for (const [of, id] of [
      [admin, row.id],
      [user, crypto.randomUUID()],
      [{ ...user, id: 'nobody' }, row.id],
    ] as const) {
      const page = await unlink(of, id)
      expect([page.status, page.text.includes('OAuth connection not found')]).toEqual([404, true])
    }
    expect(await exists(row.id)).toBe(true)
  })

  test('[SEC] the only way in is taken from a user only when the page said so', async () => {
    const born = await app.insertUser({ passwordHash: '' })
    const row = await connected(born)
    const { text } = await list(born)
    expect(text).toContain('nobody can sign in to this account')
    expect(text).toContain('name="force" value="1"')
    const refused = await unlink(born, row.id)
    expect([refused.status, refused.text.includes('the user could not sign in any more')]).toEqual([409, true])
    expect((await unlink(born, row.id, { force: '1' })).status).toBe(302)
    expect(await exists(row.id)).toBe(false)
  })

  test('[SEC] no administrator locks themselves out', async () => {
    const born = await app.insertUser({ passwordHash: '', role: 'admin' })
    const row = await connected(born)
    expect((await unlink(born, row.id, { force: '1' }, await signedIn(born))).status).toBe(409)
    expect(await exists(row.id)).toBe(true)
  })

  test('[SEC] the only way in of the last administrator who has one stays, also when it is forced', async () => {
    const born = await app.insertUser({ passwordHash: '', role: 'admin' })
    const row = await connected(born)
    const { q, t } = app.ctx.db
    const isOther = ne(t.users.id, born.id)
    await q.update(t.users).set({ role: 'user' }).where(isOther)
    await q.update(t.users).set({ role: 'admin', passwordHash: '' }).where(eq(t.users.id, admin.id))
    expect((await unlink(born, row.id, { force: '1' })).status).toBe(409)
    expect(await exists(row.id)).toBe(true)
    await q.update(t.users).set({ passwordHash: admin.passwordHash }).where(eq(t.users.id, admin.id))
    expect((await unlink(born, row.id, { force: '1' })).status).toBe(302)
  })

  test('[SEC] asks who it is after ten minutes', async () => {
    const row = await connected(user)
    app.clock.advance(601_000)
    expect((await unlink(user, row.id)).location).toStartWith('/account/confirm?held=')
    expect(await exists(row.id)).toBe(true)
  })

  test('[SEC] a form of another site removes nothing', async () => {
    const row = await connected(user)
    expect(
      (await browser.post(`/admin/users/${user.id}/connections/${row.id}/delete`, { csrf_token: 'x' })).status,
    ).toBe(403)
    expect(await exists(row.id)).toBe(true)
  })
})
