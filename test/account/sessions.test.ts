import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit, run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import type { FamilyRow, TokenRow } from '../../src/tokens/records'
import { audited } from '../identity/audit-rows'
import { openBrowser } from '../identity/browser'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const HERE = '/account/sessions'
const HOUR = 3_600_000

const insertFamily = write('test_insert_family', (q, t) =>
  q.insert(t.tokenFamilies).values(rowParameters(t.tokenFamilies)),
)
const insertToken = write('test_insert_token', (q, t) => q.insert(t.accessTokens).values(rowParameters(t.accessTokens)))

describe.each(databases)('account sessions on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  async function signedIn(user?: UserRow & { password: string }) {
    const who = user ?? (await app.insertUser())
    const browser = openBrowser(app)
    await browser.logIn(who)
    const idHash = app.ctx.secrets.browserSession.digest(browser.cookies.get('oauth_session') ?? '')
    const row = (await sessionsOf(who.id)).find((session) => session.idHash === idHash)
    return { user: who, browser, csrf: row?.csrfToken ?? '', sid: row?.sid ?? '' }
  }

  const sessionsOf = async (userId: string) => {
    const { q, t } = app.ctx.db
    return q.select().from(t.sessions).where(eq(t.sessions.userId, userId))
  }

  async function grant(userId: string, clientId: string, overrides: Partial<FamilyRow> = {}) {
    const at = new Date(app.clock.now())
    const family: FamilyRow = {
      id: crypto.randomUUID(),
      userId,
      clientId,
      authorizationId: null,
      grantType: 'device_code',
      scopes: 'read offline_access',
      resource: '',
      ip: '203.0.113.7',
      userAgent: 'some-cli/1.2',
      sid: '',
      authTime: null,
      amr: '',
      createdAt: at,
      expiresAt: new Date(at.getTime() + 100 * HOUR),
      lastUsedAt: null,
      revokedAt: null,
      reuseCount: 0,
      reuseReportedAt: null,
      ...overrides,
    }
    const token = (tokenCategory: 'access' | 'refresh', hours: number): TokenRow => ({
      id: crypto.randomUUID(),
      tokenHash: crypto.randomUUID(),
      tokenType: 'Bearer',
      tokenCategory,
      status: 'active',
      userId,
      clientId,
      scopes: family.scopes,
      grantType: 'device_code',
      expiresAt: new Date(at.getTime() + hours * HOUR),
      createdAt: at,
      updatedAt: at,
      lastUsedAt: null,
      revokedAt: null,
      disabledBy: null,
      parentTokenId: null,
      tokenFamilyId: family.id,
      authorizationId: null,
      authorizationCodeId: null,
      deviceCodeId: null,
      imported: false,
    })
    await commit(app.ctx, [
      run(insertFamily, family),
      run(insertToken, token('access', 1)),
      run(insertToken, token('refresh', 50)),
    ])
    return family
  }

  const tokensOf = async (familyId: string) => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.accessTokens).where(eq(t.accessTokens.tokenFamilyId, familyId))
    return rows.map(({ status }) => status)
  }

  test('the home page leads here; signed out, here leads to the login page and back', async () => {
    const browser = openBrowser(app)
    expect((await browser.get('/')).location).toBe(HERE)
    const page = await browser.get(`${HERE}?page=2`)
    expect([page.status, page.location]).toEqual([302, '/login?redirect=%2Faccount%2Fsessions%3Fpage%3D2'])
  })

  test('lists the browsers of this user only, and marks this one', async () => {
    const { user, browser } = await signedIn()
    const other = openBrowser(app, { userAgent: 'Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36' })
    await other.logIn(user)
    const stranger = await signedIn()
    const page = await browser.get(HERE)
    expect(page.headers.get('cache-control')).toContain('no-store')
    expect(page.text).toContain('Firefox on Linux')
    expect(page.text).toContain('Chrome on Windows')
    expect(page.text.match(/>This browser</g)).toHaveLength(1)
    expect(page.text).not.toContain(stranger.sid)
  })

  test('ends another browser, or all others, and says so once', async () => {
    const { user, browser, csrf } = await signedIn()
    const second = await signedIn(user)
    const third = await signedIn(user)
    const ended = await browser.post(`${HERE}/${second.sid}/end`, { csrf_token: csrf })
    expect([ended.status, ended.location]).toEqual([302, HERE])
    expect((await second.browser.get(HERE)).status).toBe(302)
    expect((await third.browser.get(HERE)).status).toBe(200)
    expect((await browser.get(HERE)).text).toContain('The browser was signed out.')
    expect((await browser.get(HERE)).text).not.toContain('The browser was signed out.')
    await signedIn(user)
    await browser.post(`${HERE}/end-others`, { csrf_token: csrf })
    expect((await third.browser.get(HERE)).status).toBe(302)
    expect((await browser.get(HERE)).text).toContain('2 other browsers were signed out.')
    expect(await sessionsOf(user.id)).toHaveLength(1)
    expect(await audited(app, 'LOGOUT', (row) => row.actorUserId === user.id)).toHaveLength(2)
  })

  test('ending this very browser is a logout', async () => {
    const { browser, csrf, sid } = await signedIn()
    const page = await browser.post(`${HERE}/${sid}/end`, { csrf_token: csrf })
    expect([page.status, page.location]).toEqual([302, '/login'])
    expect(browser.cookies.has('oauth_session')).toBe(false)
  })

  test('the session of somebody else and one that does not exist get the same refusal', async () => {
    const { browser, csrf } = await signedIn()
    const stranger = await signedIn()
    const foreign = await browser.post(`${HERE}/${stranger.sid}/end`, { csrf_token: csrf })
    const unknown = await browser.post(`${HERE}/${crypto.randomUUID()}/end`, { csrf_token: csrf })
    expect([foreign.status, unknown.status]).toEqual([403, 403])
    expect(withoutIds(foreign.text)).toBe(withoutIds(unknown.text))
    expect((await stranger.browser.get(HERE)).status).toBe(200)
  })

  test('lists own grants with application, device, place and end; revoked ones are gone', async () => {
    const { user, browser } = await signedIn()
    const client = await app.insertClient({ clientName: 'Deploy <b>tool</b>' })
    await grant(user.id, client.clientId)
    await grant(user.id, client.clientId, { userAgent: 'revoked-cli/1', revokedAt: new Date(app.clock.now()) })
    await grant((await app.insertUser()).id, client.clientId, { userAgent: 'strangers-cli/1' })
    const { text } = await browser.get(HERE)
    expect(text).toContain('Deploy &lt;b&gt;tool&lt;/b&gt;')
    expect(text).toContain('some-cli')
    expect(text).toContain('203.0.113.7')
    expect(text).toContain(new Date(app.clock.now() + 50 * HOUR).toISOString().slice(0, 16))
    expect(text).not.toContain('revoked-cli')
    expect(text).not.toContain('strangers-cli')
  })

  test('revoking a grant revokes every token of it, with its audit record, and nothing else', async () => {
    const { user, browser, csrf } = await signedIn()
    const client = await app.insertClient({ clientName: 'Deploy tool' })
    const family = await grant(user.id, client.clientId)
    const kept = await grant(user.id, client.clientId)
    const page = await browser.post(`/account/grants/${family.id}/revoke`, { csrf_token: csrf })
    expect([page.status, page.location]).toEqual([302, HERE])
    expect(await tokensOf(family.id)).toEqual(['revoked', 'revoked'])
    expect(await tokensOf(kept.id)).toEqual(['active', 'active'])
    expect((await browser.get(HERE)).text).toContain('Access of Deploy tool was revoked: 2 tokens stopped working.')
    const rows = await audited(app, 'TOKEN_REVOKED', (row) => row.resourceId === family.id)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ actorUserId: user.id, clientId: client.clientId, resourceType: 'TOKEN' })
    await browser.post(`/account/grants/${family.id}/revoke`, { csrf_token: csrf })
    expect(await audited(app, 'TOKEN_REVOKED', (row) => row.resourceId === family.id)).toHaveLength(1)
  })

  test('of simultaneous revocations one is recorded', async () => {
    const { user, browser, csrf } = await signedIn()
    const client = await app.insertClient()
    const family = await grant(user.id, client.clientId)
    const send = () => browser.post(`/account/grants/${family.id}/revoke`, { csrf_token: csrf })
    const pages = await Promise.all([send(), send(), send(), send()])
    expect(pages.map(({ status }) => status)).toEqual([302, 302, 302, 302])
    expect(await audited(app, 'TOKEN_REVOKED', (row) => row.resourceId === family.id)).toHaveLength(1)
  })

  test('the grant of somebody else and one that does not exist get the same refusal', async () => {
    const { browser, csrf } = await signedIn()
    const victim = await app.insertUser()
    const client = await app.insertClient()
    const family = await grant(victim.id, client.clientId)
    const foreign = await browser.post(`/account/grants/${family.id}/revoke`, { csrf_token: csrf })
    const unknown = await browser.post(`/account/grants/${crypto.randomUUID()}/revoke`, { csrf_token: csrf })
    expect([foreign.status, unknown.status]).toEqual([403, 403])
    expect(withoutIds(foreign.text)).toBe(withoutIds(unknown.text))
    expect(await tokensOf(family.id)).toEqual(['active', 'active'])
  })

  test('every change needs the token of this session (CSRF)', async () => {
    const { user, browser } = await signedIn()
    const second = await signedIn(user)
    const client = await app.insertClient()
    const family = await grant(user.id, client.clientId)
    for (const path of [`${HERE}/end-others`, `${HERE}/${second.sid}/end`, `/account/grants/${family.id}/revoke`]) {
      expect((await browser.post(path, {})).status).toBe(403)
      expect((await browser.post(path, { csrf_token: second.csrf })).status).toBe(403)
      expect((await browser.post(path, {}, { 'x-csrf-token': second.csrf })).status).toBe(403)
    }
    expect(await tokensOf(family.id)).toEqual(['active', 'active'])
    expect((await second.browser.get(HERE)).status).toBe(200)
    const anonymous = await openBrowser(app).post(`${HERE}/end-others`, {})
    expect([anonymous.status, anonymous.location.slice(0, 6)]).toEqual([302, '/login'])
  })

  const withoutIds = (text: string): string => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '')
})
