import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { and, eq } from 'drizzle-orm'
import { commit, run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import type { FamilyRow, TokenRow } from '../../src/tokens/records'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const TOKENS = '/admin/tokens'
const HOUR = 3_600_000
const PATIENCE_MS = 30_000

const insertFamily = write('test_insert_family', (q, t) =>
  q.insert(t.tokenFamilies).values(rowParameters(t.tokenFamilies)),
)
const insertToken = write('test_insert_token', (q, t) => q.insert(t.accessTokens).values(rowParameters(t.accessTokens)))

describe.each(databases)('pages about tokens on %s', (_name, open) => {
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
  const list = async (query: string) => (await get(`${TOKENS}${query}`)).text()
  const post = (path: string, fields: Record<string, string> = {}, who = signedIn) =>
    app.postForm(path, { csrf_token: who.csrfToken, ...fields }, { accept: 'text/html', cookie: who.cookie })
  const tokenRow = async (id: string) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.accessTokens).where(eq(t.accessTokens.id, id)))[0]
  }
  const eventsAbout = async (id: string) => {
    const { q, t } = app.ctx.db
    const rows = await q
      .select()
      .from(t.auditLogs)
      .where(and(eq(t.auditLogs.resourceType, 'TOKEN'), eq(t.auditLogs.resourceId, id)))
    return rows.map(({ eventType, actorUserId }) => [eventType, actorUserId])
  }

  function token(overrides: Partial<TokenRow> = {}): TokenRow {
    const at = new Date(app.clock.now())
    return {
      ...{ id: crypto.randomUUID(), tokenHash: crypto.randomUUID(), tokenType: 'Bearer', tokenCategory: 'access' },
      ...{ status: 'active', userId: 'nobody', clientId: 'gone', scopes: 'read', grantType: 'device_code' },
      ...{ expiresAt: new Date(at.getTime() + HOUR), createdAt: at, updatedAt: at, lastUsedAt: null, revokedAt: null },
      ...{ disabledBy: null, parentTokenId: null, tokenFamilyId: null, authorizationId: null },
      ...{ authorizationCodeId: null, deviceCodeId: null, imported: false },
      ...overrides,
    } as TokenRow
  }

  /** A grant with one token of each kind. */
  async function grant(overrides: Partial<TokenRow> = {}) {
    const at = new Date(app.clock.now())
    const access = token({ tokenFamilyId: crypto.randomUUID(), ...overrides })
    const refresh = {
      ...access,
      id: crypto.randomUUID(),
      tokenHash: crypto.randomUUID(),
      tokenCategory: 'refresh' as const,
    }
    const family: FamilyRow = {
      ...{ id: access.tokenFamilyId ?? '', userId: access.userId, clientId: access.clientId, authorizationId: null },
      ...{
        grantType: 'device_code',
        scopes: access.scopes,
        resource: '',
        ip: '203.0.113.7',
        userAgent: 'cli',
        sid: '',
      },
      ...{ authTime: null, amr: '', createdAt: at, expiresAt: new Date(at.getTime() + 100 * HOUR), lastUsedAt: null },
      ...{ revokedAt: null, reuseCount: 0, reuseReportedAt: null },
    }
    await commit(app.ctx, [run(insertFamily, family), run(insertToken, access), run(insertToken, refresh)])
    return { access: access.id, refresh: refresh.id, family: family.id }
  }

  const statuses = async ({ access, refresh }: { access: string; refresh: string }) => [
    (await tokenRow(access))?.status,
    (await tokenRow(refresh))?.status,
  ]

  test('tokens of users, of machines and of who is gone are listed, and never what they are [SEC]', async () => {
    const user = await app.insertUser({ username: `needle-<b>-${crypto.randomUUID().slice(0, 8)}` })
    const client = await app.insertClient({ clientName: '<script>alert(1)</script>' })
    const { access } = await grant({ userId: user.id, clientId: client.clientId })
    const machine = token({ userId: `client:${client.clientId}`, clientId: client.clientId })
    await commit(app.ctx, [run(insertToken, machine)])
    const html = await list(`?client_id=${client.clientId}`)
    expect(html).toContain(access)
    expect(html).toContain(machine.id)
    expect(html).toContain('the application itself')
    expect(html).toContain('&lt;script&gt;')
    expect(html).not.toContain('<script>alert')
    expect(html).not.toContain(machine.tokenHash)
    expect(html).toContain(`/admin/users/${user.id}`)
  })

  test('searched by names of users and applications and by permission, filtered by state, kind, user and application', async () => {
    const mark = crypto.randomUUID().slice(0, 8)
    const user = await app.insertUser({ username: `u${mark}` })
    const client = await app.insertClient({ clientName: `App ${mark}` })
    const own = await grant({ userId: user.id })
    const its = await grant({ clientId: client.clientId, status: 'disabled', disabledBy: 'admin' })
    const scoped = await grant({ scopes: `scope:${mark}` })
    const found = async (query: string) => {
      const html = await list(query)
      return [own, its, scoped].map(({ access, refresh }) => [html.includes(access), html.includes(refresh)])
    }
    const [yes, no] = [
      [true, true],
      [false, false],
    ]
    expect(await found(`?search=u${mark}`)).toEqual([yes, no, no] as never)
    expect(await found(`?search=App+${mark}`)).toEqual([no, yes, no] as never)
    expect(await found(`?search=scope:${mark.toUpperCase()}`)).toEqual([no, no, yes] as never)
    expect(await found(`?search=${mark}&status=disabled`)).toEqual([no, yes, no] as never)
    expect(await found(`?search=${mark}&category=refresh`)).toEqual([
      [false, true],
      [false, true],
      [false, true],
    ])
    expect(await found(`?user_id=${user.id}`)).toEqual([yes, no, no] as never)
    expect(await list(`?user_id=${user.id}`)).toContain(`Only tokens of u${mark}`)
    expect(await list('?search=no-such-thing')).toContain('No tokens found')
  })

  test.each(['?page=-1', '?page=999999', '?search=%00', '?search=%25', '?status=bogus', '?user_id=%00', '?client_id='])(
    'hostile input %s is a list',
    async (query) => {
      expect((await get(`${TOKENS}${query}`)).status).toBe(200)
    },
  )

  test('disable, enable and revoke concern the whole grant, and are recorded with their actor', async () => {
    const made = await grant()
    const other = await grant()
    const back = 'status=active&page_size=20&evil=1'
    const answer = await post(`${TOKENS}/${made.access}/disable`, { list: back })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${TOKENS}?page_size=20&status=active`])
    expect(await list('')).toContain('Token has been disabled. It can be re-enabled later.')
    expect(await statuses(made)).toEqual(['disabled', 'disabled'])
    expect((await tokenRow(made.refresh))?.disabledBy).toBe('admin')
    await post(`${TOKENS}/${made.refresh}/enable`)
    expect(await statuses(made)).toEqual(['active', 'active'])
    await post(`${TOKENS}/${made.access}/revoke`)
    expect(await statuses(made)).toEqual(['revoked', 'revoked'])
    expect(await statuses(other)).toEqual(['active', 'active'])
    expect(await eventsAbout(made.access)).toEqual([
      ['TOKEN_DISABLED', admin.id],
      ['TOKEN_REVOKED', admin.id],
    ])
    expect(await eventsAbout(made.refresh)).toEqual([['TOKEN_ENABLED', admin.id]])
  })

  test('an administrator enables what the owner disabled; one token of a machine is alone', async () => {
    const made = await grant({ status: 'disabled', disabledBy: 'owner' })
    await post(`${TOKENS}/${made.access}/enable`)
    expect(await statuses(made)).toEqual(['active', 'active'])
    const machines = [token({ userId: 'client:m' }), token({ userId: 'client:m' })]
    await commit(
      app.ctx,
      machines.map((each) => run(insertToken, each)),
    )
    await post(`${TOKENS}/${machines[0]?.id}/disable`)
    await post(`${TOKENS}/${machines[0]?.id}/revoke`)
    expect((await tokenRow(machines[0]?.id ?? ''))?.status).toBe('revoked')
    expect((await tokenRow(machines[1]?.id ?? ''))?.status).toBe('active')
  })

  test.each([
    ['disabled', 'disable', 'Token cannot be disabled (only active tokens can be disabled).'],
    ['revoked', 'disable', 'Token cannot be disabled (only active tokens can be disabled).'],
    ['active', 'enable', 'Token cannot be enabled (only disabled tokens can be re-enabled).'],
    ['revoked', 'enable', 'Token cannot be enabled (only disabled tokens can be re-enabled).'],
    ['revoked', 'revoke', 'Token had been revoked already.'],
  ] as const)('%s cannot %s: it says so and changes nothing', async (status, action, text) => {
    const made = await grant({ status, disabledBy: status === 'disabled' ? 'admin' : null })
    expect((await post(`${TOKENS}/${made.access}/${action}`)).status).toBe(302)
    expect(await list('')).toContain(text)
    expect(await statuses(made)).toEqual([status, status])
    expect(await eventsAbout(made.access)).toEqual([])
  })

  test('64 enables against one revoke: nothing is left alive [SEC]', async () => {
    const made = await grant({ status: 'disabled', disabledBy: 'admin' })
    const enables = Array.from({ length: 64 }, () => post(`${TOKENS}/${made.access}/enable`))
    const revokes = [1, 2].map(() => post(`${TOKENS}/${made.refresh}/revoke`))
    await Promise.all([...enables.slice(0, 32), ...revokes, ...enables.slice(32)])
    expect(await statuses(made)).toEqual(['revoked', 'revoked'])
    expect(await eventsAbout(made.refresh)).toEqual([['TOKEN_REVOKED', admin.id]])
  })

  test('an unknown token is 404; an old sign-in is confirmed first [SEC]', async () => {
    for (const id of [crypto.randomUUID(), '%00', 'x'.repeat(300)])
      expect((await post(`${TOKENS}/${id}/revoke`)).status).toBe(404)
    const made = await grant()
    const old = await app.signIn(admin)
    app.clock.advance(11 * 60_000)
    const held = await post(`${TOKENS}/${made.access}/revoke`, {}, old)
    expect(held.headers.get('location')).toStartWith('/account/confirm')
    expect(await statuses(made)).toEqual(['active', 'active'])
    app.clock.advance(-11 * 60_000)
  })

  test('the page of keys shows which signs, and no secret [SEC]', async () => {
    const html = await (await get('/admin/keys')).text()
    expect(html).toContain('Signs every new token.')
    expect(html).not.toContain(app.ctx.settings.JWT_SECRET)
  })
})
