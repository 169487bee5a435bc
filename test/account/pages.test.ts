import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { listSignIns, MOST_SIGN_INS } from '../../src/account/sign-ins'
import type { AuditRow } from '../../src/audit/row'
import { audited } from '../identity/audit-rows'
import { openBrowser } from '../identity/browser'
import { issueTokens } from '../oauth/support'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const HOSTILE = `<script>alert(1)</script>"'&`
const PAGES = ['/account', '/account/sessions', '/account/authorizations', '/account/activity', '/account/profile']

describe.each(databases)('account pages on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  const get = (path: string, who?: SignedIn) =>
    app.get(path, { headers: { accept: 'text/html', ...(who && { cookie: who.cookie }) } })
  const textOf = async (path: string, who: SignedIn) => (await get(path, who)).text()
  const post = (path: string, fields: Record<string, string>, who: SignedIn) =>
    app.postForm(path, { csrf_token: who.csrfToken, ...fields }, { accept: 'text/html', cookie: who.cookie })
  const userRow = async ({ id }: UserRow) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.users).where(eq(t.users.id, id)))[0]
  }

  test.each(PAGES)('%s needs a session, is kept nowhere, and marks where one is', async (path) => {
    const stranger = await get(path)
    expect([stranger.status, stranger.headers.get('location')]).toEqual([
      302,
      `/login?${new URLSearchParams({ redirect: path })}`,
    ])
    const who = await app.signIn(await app.insertUser())
    const answer = await get(path, who)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const html = await answer.text()
    expect(html).toMatch(new RegExp(`href="${path}" aria-current="page"`))
    for (const other of PAGES) expect(html).toContain(`href="${other}"`)
  })

  test('hostile names stay text on every page [SEC]', async () => {
    const user = await app.insertUser({ fullName: HOSTILE })
    const client = await app.insertClient({ clientName: HOSTILE })
    await issueTokens(app, { user, client, scope: `read ${'x'.repeat(300)}` })
    const who = await app.signIn(user)
    for (const path of PAGES) expect(await textOf(path, who)).not.toContain('<script>alert')
  })

  describe('authorized applications', () => {
    test('come in pages, and a page beyond the end is the last', async () => {
      const user = await app.insertUser()
      for (const clientName of ['First', 'Second', 'Third']) {
        app.clock.advance(1_000)
        await issueTokens(app, { user, client: await app.insertClient({ clientName }) })
      }
      const signedIn = await app.signIn(user)
      const names = async (query: string) => {
        const html = await textOf(`/account/authorizations?page_size=2${query}`, signedIn)
        return ['First', 'Second', 'Third'].filter((name) => html.includes(`>${name}<`))
      }
      expect(await names('')).toEqual(['Second', 'Third'])
      expect(await names('&page=2')).toEqual(['First'])
      expect(await names('&page=9')).toEqual(['First'])
    })

    test('are listed with what they may do, newest first, and only one’s own', async () => {
      const [user, other] = [await app.insertUser(), await app.insertUser()]
      const client = await app.insertClient({ clientName: 'My reports' })
      await issueTokens(app, { user, client, scope: 'read offline_access' })
      app.clock.advance(1_000)
      await issueTokens(app, { user, client: await app.insertClient({ clientName: 'The newer one' }) })
      await issueTokens(app, { user: other, client: await app.insertClient({ clientName: 'Not mine' }) })
      const html = await textOf('/account/authorizations', await app.signIn(user))
      expect(html).toContain('Read data on your behalf')
      expect(html).toContain('Showing 2 total applications')
      expect(html.indexOf('The newer one')).toBeLessThan(html.indexOf('My reports'))
      expect(html).not.toContain('Not mine')
    })

    test('revoking stops every token of the pair, says how many, and is recorded [SEC]', async () => {
      const user = await app.insertUser()
      const client = await app.insertClient()
      const issued = await issueTokens(app, { user, client })
      const who = await app.signIn(user)
      const revoked = await post(`/account/authorizations/${issued.consentId}/revoke`, {}, who)
      expect([revoked.status, revoked.headers.get('location')]).toEqual([302, '/account/authorizations'])
      const html = await textOf('/account/authorizations', who)
      expect(html).toContain('Application access has been revoked successfully. 2 tokens stopped working.')
      expect(html).toContain('No authorized applications')
      const used = await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${issued.access_token}` } })
      expect(used.status).toBe(401)
      const rows = await audited(app, 'USER_AUTHORIZATION_REVOKED', (row) => row.resourceId === issued.consentId)
      expect(rows.map(({ actorUserId }) => actorUserId)).toEqual([user.id])
      const again = await post(`/account/authorizations/${issued.consentId}/revoke`, {}, who)
      expect(again.headers.get('location')).toBe('/account/authorizations')
    })

    test('somebody else’s and missing ones are one answer, and stay [SEC]', async () => {
      const issued = await issueTokens(app, { user: await app.insertUser(), client: await app.insertClient() })
      const who = await app.signIn(await app.insertUser())
      for (const id of [issued.consentId, crypto.randomUUID(), '%00', HOSTILE.replaceAll('/', '')]) {
        const answer = await post(`/account/authorizations/${id}/revoke`, {}, who)
        expect(answer.headers.get('location')).toBe('/account/authorizations?error=not_found')
      }
      const used = await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${issued.access_token}` } })
      expect(used.status).toBe(200)
      expect(await textOf('/account/authorizations?error=not_found', who)).toContain('Authorization not found.')
      expect(await textOf(`/account/authorizations?error=${HOSTILE}`, who)).not.toContain('<script>alert')
    })

    test('a form from elsewhere revokes nothing [SEC]', async () => {
      const user = await app.insertUser()
      const issued = await issueTokens(app, { user, client: await app.insertClient() })
      const who = await app.signIn(user)
      const path = `/account/authorizations/${issued.consentId}/revoke`
      expect((await post(path, { csrf_token: 'guessed' }, who)).status).toBe(403)
      expect((await post('/account/sessions/revoke-all', { csrf_token: '' }, who)).status).toBe(403)
      expect((await post(`/account/sessions/${issued.familyId}/disable`, { csrf_token: 'x' }, who)).status).toBe(403)
      const used = await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${issued.access_token}` } })
      expect(used.status).toBe(200)
    })
  })

  describe('profile', () => {
    test('name and language are saved, recorded, and shown in the new language', async () => {
      const user = await app.insertUser({ fullName: 'Old Name' })
      const who = await app.signIn(user)
      const saved = await post('/account/profile', { full_name: ' New\u202e Name ', language: 'zh-TW' }, who)
      expect([saved.status, saved.headers.get('location')]).toEqual([302, '/account/profile'])
      expect(await userRow(user)).toMatchObject({ fullName: 'New Name', language: 'zh-TW' })
      expect(await textOf('/account/profile', who)).toContain('已儲存您的個人資料。')
      const rows = await audited(app, 'USER_UPDATED', (row) => row.resourceId === user.id)
      expect(rows.map(({ action }) => action).sort()).toEqual(['Language changed by user', 'Profile changed by user'])
      await post('/account/profile', { full_name: 'New Name', language: '' }, who)
      expect((await userRow(user))?.language).toBeNull()
    })

    test('nothing else can be changed here: no address, no role, no name of somebody else [SEC]', async () => {
      const user = await app.insertUser()
      const who = await app.signIn(user)
      const fields = { full_name: 'x', email: 'evil@example.com', role: 'admin', username: 'root', id: 'other' }
      await post('/account/profile', fields, who)
      const { email, role, username, emailVerified } = user
      expect(await userRow(user)).toMatchObject({ fullName: 'x', email, role, username, emailVerified })
    })

    test('a name from a directory stays as it is [SEC]', async () => {
      const user = await app.insertUser({ authSource: 'http_api', passwordHash: '', fullName: 'From the directory' })
      await post('/account/profile', { full_name: 'Chosen' }, await app.signIn(user))
      expect((await userRow(user))?.fullName).toBe('From the directory')
    })

    test('what is too long is refused, and stays in the form', async () => {
      const user = await app.insertUser({ fullName: 'Short' })
      const answer = await post('/account/profile', { full_name: 'x'.repeat(256) }, await app.signIn(user))
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain(`value="${'x'.repeat(256)}"`)
      expect((await userRow(user))?.fullName).toBe('Short')
    })
  })

  describe('own sign-ins', () => {
    test('logins, refusals and logouts of this user with device and address, nobody else’s [SEC]', async () => {
      const user = await app.insertUser()
      const browser = openBrowser(app, { ip: '198.51.100.77' })
      await browser.logIn({ ...user, password: 'not-the-right-one' })
      await browser.logIn(user)
      await audited(app, 'AUTHENTICATION_FAILURE', (row) => row.actorUserId === user.id)
      const page = await browser.get('/account/activity')
      expect(page.text).toContain('Signed in')
      expect(page.text).toContain('Sign-in refused')
      expect(page.text).toContain('198.51.100.77')
      const other = openBrowser(app)
      await other.logIn(await app.insertUser())
      expect((await other.get('/account/activity')).text).not.toContain('198.51.100.77')
    })

    test('a long history is paged and ends at a thousand; hostile parameters are the defaults', async () => {
      const user = await app.insertUser()
      const { q, t } = app.ctx.db
      const browser = openBrowser(app)
      await browser.logIn(user)
      const [sample] = await audited(app, 'AUTHENTICATION_SUCCESS', (row) => row.actorUserId === user.id)
      if (!sample) throw new Error('the login was not recorded')
      const row = (index: number): AuditRow => ({
        ...sample,
        id: `${user.id.slice(0, 20)}-${index}`,
        eventTime: new Date(app.clock.now() - Math.floor(index / 5) * 1000),
      })
      for (let start = 0; start < 1_200; start += 300)
        await q.insert(t.auditLogs).values(Array.from({ length: 300 }, (_, index) => row(start + index)))
      const seen = new Set<string>()
      for (let at = 1; at <= 20; at += 1)
        for (const { id } of (await listSignIns(app.ctx, user.id, { page: at, pageSize: 50 })).rows) seen.add(id)
      expect(seen.size).toBe(MOST_SIGN_INS)
      const html = (await browser.get("/account/activity?page=-1&page_size='x&search=<b>")).text
      expect(html).toContain('Page 1 of 100')
      expect(html).not.toContain('<b>')
      expect((await browser.get('/account/activity?page=999999')).text).toContain('Page 100 of 100')
    })
  })

  test('the overview counts what there is and leads to it', async () => {
    const user = await app.insertUser({ fullName: 'Alice Archer' })
    await issueTokens(app, { user, client: await app.insertClient() })
    const who = await app.signIn(user)
    const html = await textOf('/account', who)
    expect(html).toContain('Hello, Alice Archer')
    expect(html).toContain('/account/sessions?status=active#application-access')
    expect(html).toContain('/account/change-password')
    const federated = await app.signIn(await app.insertUser({ passwordHash: '' }))
    expect(await textOf('/account', federated)).toContain('None on this server')
  })
})

test('without an audit trail the page says so', async () => {
  const app = await openTestApp({ settings: { ENABLE_AUDIT_LOGGING: 'false' } })
  const { cookie } = await app.signIn(await app.insertUser())
  const html = await (await app.get('/account/activity', { headers: { cookie } })).text()
  expect(html).toContain('records no sign-ins')
  await app.close()
})
