import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const CLIENTS = '/admin/clients'
const HOSTILE = `<script>alert(1)</script>"'&`
const PATIENCE_MS = 30_000
const FIELDS = {
  client_name: 'Wiki',
  client_type: 'confidential',
  enable_auth_code_flow: 'true',
  scopes: 'openid profile',
  redirect_uris: 'https://wiki.example/callback',
}

describe.each(databases)('pages about applications on %s', (_name, open) => {
  let app: TestApp
  let admin: UserRow
  let signedIn: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false', SESSION_MAX_AGE: '36000' } })
    admin = await app.insertUser({ role: 'admin' })
    signedIn = await app.signIn(admin)
  }, PATIENCE_MS)
  afterAll(() => app.close())

  const get = async (path: string, who = signedIn) =>
    app.get(path, { headers: { accept: 'text/html', cookie: who.cookie } })
  const post = (path: string, fields: Record<string, string> = {}, who = signedIn) =>
    app.postForm(path, { csrf_token: who.csrfToken, ...fields }, { accept: 'text/html', cookie: who.cookie })
  const row = async (clientId: string) => {
    const { q, t } = app.ctx.db
    const [found] = await q.select().from(t.oauthApplications).where(eq(t.oauthApplications.clientId, clientId))
    return found
  }
  const events = async (clientId: string) => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.auditLogs).where(eq(t.auditLogs.resourceId, clientId))
    return rows.map(({ eventType, actorUsername }) => [eventType, actorUsername])
  }

  test('the list is searched and filtered, and hostile names stay text [SEC]', async () => {
    const client = await app.insertClient({ clientName: `${HOSTILE}-needle`, status: 'pending' })
    const html = await (await get(`${CLIENTS}?search=needle&status=pending`)).text()
    expect(html).toContain(client.clientId)
    expect(html).not.toContain('<script>alert')
    expect(await (await get(`${CLIENTS}?search=needle&status=active`)).text()).not.toContain(client.clientId)
    expect((await get(`${CLIENTS}?page=-1&status=bogus&search=%00`)).status).toBe(200)
  })

  test('one is made, its secret shown once and never again [SEC]', async () => {
    const answer = await post(CLIENTS, FIELDS)
    expect(answer.status).toBe(302)
    const reveal = answer.headers.get('location') ?? ''
    const shown = await (await get(reveal)).text()
    const { q, t } = app.ctx.db
    const [made] = await q.select().from(t.oauthApplications).where(eq(t.oauthApplications.clientName, 'Wiki'))
    expect(made).toMatchObject({ status: 'active', origin: 'admin', clientType: 'confidential' })
    expect(shown).toContain(made?.clientId ?? 'none')
    expect(await (await get(reveal)).text()).not.toContain('CLIENT_SECRET')
    expect(await events(made?.clientId ?? '')).toContainEqual(['CLIENT_CREATED', admin.username])
  })

  test('what is wrong with a form is said at its fields, and nothing is lost', async () => {
    const answer = await post(CLIENTS, { ...FIELDS, client_name: 'Kept name', redirect_uris: 'javascript:alert(1)' })
    expect(answer.status).toBe(400)
    const html = await answer.text()
    expect(html).toContain('Kept name')
    expect(html).toContain('aria-invalid="true"')
  })

  test('a change holds at once; flags of administrators too; a stale form is refused', async () => {
    const client = await app.insertClient({ clientType: 'confidential', redirectUris: ['https://old.example/cb'] })
    const version = String((await row(client.clientId))?.version)
    const form = {
      ...FIELDS,
      version,
      token_profile: 'short',
      has_allow_introspection: 'true',
      allow_introspection: 'true',
    }
    expect((await post(`${CLIENTS}/${client.clientId}`, form)).status).toBe(302)
    expect(await row(client.clientId)).toMatchObject({
      ...{ clientName: 'Wiki', tokenProfile: 'short', allowIntrospection: true },
      redirectUris: ['https://wiki.example/callback'],
    })
    expect((await post(`${CLIENTS}/${client.clientId}`, { ...form, client_name: 'Stale' })).status).toBe(409)
    expect((await row(client.clientId))?.clientName).toBe('Wiki')
  })

  test('one that waits is approved, or rejected with a reason', async () => {
    const first = await app.insertClient({ status: 'pending' })
    expect(await (await get(`${CLIENTS}/${first.clientId}`)).text()).toContain('Waits for approval')
    expect((await post(`${CLIENTS}/${first.clientId}/approve`)).status).toBe(302)
    expect((await row(first.clientId))?.status).toBe('active')
    expect(await events(first.clientId)).toContainEqual(['CLIENT_APPROVED', admin.username])
    expect((await post(`${CLIENTS}/${first.clientId}/approve`)).status).toBe(409)

    const second = await app.insertClient({ status: 'pending' })
    expect((await post(`${CLIENTS}/${second.clientId}/reject`, { reason: 'No address' })).status).toBe(302)
    expect((await row(second.clientId))?.status).toBe('inactive')
    expect(await events(second.clientId)).toContainEqual(['CLIENT_REJECTED', admin.username])
  })

  test('deactivating ends tokens, activating restores none; deleting removes it', async () => {
    const { clientId } = await app.insertClient()
    expect((await post(`${CLIENTS}/${clientId}/disable`)).status).toBe(302)
    expect((await row(clientId))?.status).toBe('inactive')
    expect((await post(`${CLIENTS}/${clientId}/enable`)).status).toBe(302)
    expect((await row(clientId))?.status).toBe('active')
    expect((await post(`${CLIENTS}/${clientId}/revoke-all`)).status).toBe(302)
    expect((await post(`${CLIENTS}/${clientId}/delete`)).status).toBe(302)
    expect(await row(clientId)).toBeUndefined()
    expect((await get(`${CLIENTS}/${clientId}`)).status).toBe(404)
  })

  test('a new secret replaces the old one; public clients have none', async () => {
    const client = await app.insertClient({ clientType: 'confidential' })
    const answer = await post(`${CLIENTS}/${client.clientId}/regenerate-secret`)
    expect(await (await get(answer.headers.get('location') ?? '')).text()).toContain('CLIENT_SECRET')
    expect((await row(client.clientId))?.clientSecret).not.toBe(client.clientSecret)
    const isPublic = await app.insertClient({ clientType: 'public' })
    expect((await post(`${CLIENTS}/${isPublic.clientId}/regenerate-secret`)).status).toBe(400)
  })

  test('two administrators decide at once: one of them does [SEC]', async () => {
    const { clientId } = await app.insertClient({ status: 'pending' })
    const version = String((await row(clientId))?.version)
    const answers = await Promise.all([
      post(`${CLIENTS}/${clientId}/approve`, { version }),
      post(`${CLIENTS}/${clientId}/reject`, { version }),
    ])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([302, 409])
  })

  test('every change asks who one is after a while [SEC]', async () => {
    const old = await app.signIn(admin)
    app.clock.advance(11 * 60_000)
    const { clientId } = await app.insertClient({ status: 'pending' })
    for (const action of ['approve', 'reject', 'disable', 'enable', 'regenerate-secret', 'revoke-all', 'delete']) {
      const answer = await post(`${CLIENTS}/${clientId}/${action}`, {}, old)
      expect([action, answer.headers.get('location')?.split('?')[0]]).toEqual([action, '/account/confirm'])
    }
    expect((await row(clientId))?.status).toBe('pending')
  })
})
