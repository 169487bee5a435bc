import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const PATIENCE_MS = 30_000

describe.each(databases)('who allows an application what, on %s', (_name, open) => {
  let app: TestApp
  let admin: UserRow
  let signedIn: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
    admin = await app.insertUser({ role: 'admin' })
    signedIn = await app.signIn(admin)
  }, PATIENCE_MS)
  afterAll(() => app.close())

  const get = (path: string) => app.get(path, { headers: { accept: 'text/html', cookie: signedIn.cookie } })
  const post = (path: string, fields: Record<string, string> = {}) =>
    app.postForm(path, { csrf_token: signedIn.csrfToken, ...fields }, { accept: 'text/html', cookie: signedIn.cookie })

  async function allow(userId: string, clientId: string): Promise<string> {
    const { q, t } = app.ctx.db
    const at = new Date(app.clock.now())
    const uuid = crypto.randomUUID()
    await q.insert(t.userAuthorizations).values({
      ...{ uuid, userId, clientId, scopes: 'openid email', webScopes: '', isActive: true, tokenEpoch: 0 },
      ...{ grantedAt: at, createdAt: at, updatedAt: at, revokedAt: null },
    } as never)
    return uuid
  }
  const isActive = async (uuid: string) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.userAuthorizations).where(eq(t.userAuthorizations.uuid, uuid)))[0]?.isActive
  }

  test('they are listed, and one is revoked with its actor on record', async () => {
    const client = await app.insertClient()
    const [user, other] = [await app.insertUser(), await app.insertUser()]
    const uuid = await allow(user.id, client.clientId)
    const kept = await allow(other.id, client.clientId)
    const here = `/admin/clients/${client.clientId}/authorizations`
    const html = await (await get(here)).text()
    expect(html).toContain(user.username)
    expect(html).toContain('openid, email')
    const answer = await post(`${here}/${uuid}/revoke`)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, here])
    expect([await isActive(uuid), await isActive(kept)]).toEqual([false, true])
    const { q, t } = app.ctx.db
    const [event] = await q.select().from(t.auditLogs).where(eq(t.auditLogs.resourceId, uuid))
    expect(event).toMatchObject({ eventType: 'USER_AUTHORIZATION_REVOKED', actorUserId: admin.id })
    expect((await post(`${here}/${uuid}/revoke`)).status).toBe(404)
  })

  test('one of another application is not found there [SEC]', async () => {
    const [client, other] = [await app.insertClient(), await app.insertClient()]
    const uuid = await allow((await app.insertUser()).id, other.clientId)
    expect((await post(`/admin/clients/${client.clientId}/authorizations/${uuid}/revoke`)).status).toBe(404)
    expect((await get('/admin/clients/none/authorizations')).status).toBe(404)
    expect(await isActive(uuid)).toBe(true)
  })

  test('the navigation counts what waits for a decision', async () => {
    expect(await (await get('/admin/keys')).text()).not.toContain('for a decision')
    await app.insertClient({ status: 'pending' })
    expect(await (await get('/admin/keys')).text()).toContain('1 waits for a decision')
  })

  test('a new secret may leave the old one some time; without a word it ends at once [SEC]', async () => {
    const client = await app.insertClient({ clientType: 'confidential' })
    const row = async () => {
      const { q, t } = app.ctx.db
      return (await q.select().from(t.oauthApplications).where(eq(t.oauthApplications.clientId, client.clientId)))[0]
    }
    const before = await row()
    const here = `/admin/clients/${client.clientId}`
    const answer = await post(`${here}/regenerate-secret`, { overlap: '3600' })
    expect(await (await get(answer.headers.get('location') ?? '')).text()).toContain('works for another hour')
    expect(await row()).toMatchObject({
      previousClientSecret: before?.clientSecret ?? '',
      previousSecretExpiresAt: new Date(app.clock.now() + 3_600_000),
    })
    await post(`${here}/regenerate-secret`, { overlap: '99999999' })
    expect(await row()).toMatchObject({ previousClientSecret: null })
  })

  test('decisions are listed at the application', async () => {
    const client = await app.insertClient({ status: 'pending' })
    await post(`/admin/clients/${client.clientId}/reject`, { reason: 'No <address>' })
    const html = await (await get(`/admin/clients/${client.clientId}`)).text()
    expect(html).toContain('No &lt;address&gt;')
    expect(html).toContain('Decisions')
  })

  test('an external identity is forgotten, and with it everything open [SEC]', async () => {
    const user = await app.insertUser({ authSource: 'http_api', externalId: 'ext-1', passwordHash: '' })
    const theirs = await app.signIn(user)
    expect(await (await get(`/admin/users/${user.id}`)).text()).toContain('Forget external identity')
    expect((await post(`/admin/users/${user.id}/rebind`)).status).toBe(302)
    const { q, t } = app.ctx.db
    const [row] = await q.select().from(t.users).where(eq(t.users.id, user.id))
    expect(row?.externalId).toBeNull()
    const answer = await app.get('/account', { headers: { accept: 'text/html', cookie: theirs.cookie } })
    expect(answer.headers.get('location')).toStartWith('/login')
    const local = await app.insertUser()
    expect((await post(`/admin/users/${local.id}/rebind`)).status).toBe(409)
  })
})
