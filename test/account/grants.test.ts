import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import { GRANT_FILTERS, listGrants, selectGrantIds } from '../../src/account/grant-list'
import { commit } from '../../src/db/commit'
import { readListRequest } from '../../src/edge/list-request'

import { disableFamily } from '../../src/tokens/status'
import { audited } from '../identity/audit-rows'
import { type Issued, issueTokens } from '../oauth/support'
import { type ClientRow, openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const HERE = '/account/sessions'
const ALL = readListRequest({}, { filters: GRANT_FILTERS })

describe.each(databases)('grants of a user on %s', (name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
  })
  afterAll(() => app.close())

  interface Setting {
    readonly user: UserRow
    readonly client: ClientRow & { secret: string }
    readonly issued: Issued
    readonly signedIn: SignedIn
  }
  async function setting(): Promise<Setting> {
    const user = await app.insertUser()
    const client = await app.insertClient({ clientName: 'Some CLI' })
    const issued = await issueTokens(app, { user, client, scope: 'read offline_access' })
    return { user, client, issued, signedIn: await app.signIn(user) }
  }
  const act = ({ signedIn }: Pick<Setting, 'signedIn'>, path: string) =>
    app.postForm(
      `${HERE}/${path}`,
      { csrf_token: signedIn.csrfToken },
      { cookie: signedIn.cookie, accept: 'text/html' },
    )
  const pageOf = async ({ signedIn }: Pick<Setting, 'signedIn'>, query = '') =>
    (await app.get(HERE + query, { headers: { cookie: signedIn.cookie } })).text()
  const works = async ({ issued }: Setting) =>
    (await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${issued.access_token}` } })).status === 200
  const refresh = ({ client, issued }: Setting) =>
    app.postForm('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: issued.refresh_token },
      ...{ client_id: client.clientId, client_secret: client.secret },
    })
  const statuses = async ({ issued }: Setting) => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.accessTokens).where(eq(t.accessTokens.tokenFamilyId, issued.familyId))
    return rows.map(({ status }) => status)
  }

  test('disabling stops both tokens at once, enabling brings both back; each is recorded [SEC]', async () => {
    const own = await setting()
    expect(await works(own)).toBeTrue()
    const disabled = await act(own, `${own.issued.familyId}/disable`)
    expect([disabled.status, disabled.headers.get('location')]).toEqual([302, HERE])
    expect(await works(own)).toBeFalse()
    expect(await statuses(own)).toEqual(['disabled', 'disabled'])
    const page = await pageOf(own)
    expect(page).toContain('Access of Some CLI was disabled: 2 tokens stopped working.')
    expect(page).toContain(`${HERE}/${own.issued.familyId}/enable`)
    await act(own, `${own.issued.familyId}/enable`)
    expect(await works(own)).toBeTrue()
    expect((await refresh(own)).status).toBe(200)
    for (const event of ['TOKEN_DISABLED', 'TOKEN_ENABLED']) {
      const rows = await audited(app, event, (row) => row.resourceId === own.issued.familyId)
      expect(rows).toHaveLength(1)
      expect(rows[0]).toMatchObject({ actorUserId: own.user.id, actorUsername: own.user.username })
    }
  })

  test('what an administrator disabled its owner does not enable, but may revoke [SEC]', async () => {
    const own = await setting()
    await commit(app.ctx, disableFamily(app.ctx, own.issued.familyId, 'admin'))
    expect((await act(own, `${own.issued.familyId}/enable`)).status).toBe(409)
    expect(await works(own)).toBeFalse()
    expect(await pageOf(own)).toContain('Disabled by an administrator')
    expect((await act(own, `${own.issued.familyId}/revoke`)).status).toBe(302)
    expect(await statuses(own)).toEqual(['revoked', 'revoked'])
  })

  test('what was revoked stays so, and nothing is recorded about what did not happen [SEC]', async () => {
    const own = await setting()
    expect((await act(own, `${own.issued.familyId}/enable`)).status).toBe(409)
    await act(own, `${own.issued.familyId}/revoke`)
    expect((await act(own, `${own.issued.familyId}/enable`)).status).toBe(409)
    expect((await act(own, `${own.issued.familyId}/disable`)).status).toBe(409)
    expect(await statuses(own)).toEqual(['revoked', 'revoked'])
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.auditLogs).where(eq(t.auditLogs.resourceId, own.issued.familyId))
    expect(rows.map(({ eventType }) => eventType).filter((type) => type.startsWith('TOKEN_'))).toEqual([
      'TOKEN_REVOKED',
    ])
  })

  test.each(['revoke', 'disable', 'enable'])(
    '%s of what is somebody else’s or does not exist is one answer [SEC]',
    async (action) => {
      const own = await setting()
      const other = await setting()
      const foreign = await act(own, `${other.issued.familyId}/${action}`)
      const missing = await act(own, `${crypto.randomUUID()}/${action}`)
      expect([foreign.status, missing.status]).toEqual([403, 403])
      const plain = async (answer: Response) => (await answer.text()).replaceAll(/[\w-]{20,}/g, '')
      expect(await plain(foreign)).toBe(await plain(missing))
      expect(await works(other)).toBeTrue()
      expect((await act(own, `%00/${action}`)).status).toBe(403)
    },
  )

  test('revoking all ends every grant of this user, says how many tokens, and is recorded [SEC]', async () => {
    const own = await setting()
    const second = await issueTokens(app, { user: own.user, client: await app.insertClient() })
    const other = await setting()
    await act(own, `${second.familyId}/disable`)
    await act(own, 'revoke-all')
    expect(await pageOf(own)).toContain('All access was revoked: 4 tokens stopped working.')
    expect(await statuses(own)).toEqual(['revoked', 'revoked'])
    expect(await works(other)).toBeTrue()
    expect((await refresh(own)).status).toBe(400)
    const rows = await audited(app, 'TOKEN_REVOKED', (row) => row.resourceId === own.user.id)
    expect(rows).toHaveLength(1)
    expect(rows[0]?.actorUserId).toBe(own.user.id)
  })

  test('a refresh that runs beside a disabling leaves nothing that works [SEC]', async () => {
    for (let round = 0; round < 5; round += 1) {
      const own = await setting()
      await Promise.all([refresh(own), act(own, `${own.issued.familyId}/disable`)])
      expect(await statuses(own)).not.toContain('active')
    }
  })

  test('is searched and filtered; what matches nothing says so and offers to clear', async () => {
    const own = await setting()
    const other = await app.insertClient({ clientName: 'Another 100% tool' })
    const second = await issueTokens(app, { user: own.user, client: other, scope: 'profile' })
    await act(own, `${second.familyId}/disable`)
    await pageOf(own)
    const shown = async (query: string) => {
      const html = await pageOf(own, query)
      return [html.includes('>Some CLI<'), html.includes('>Another 100% tool<')]
    }
    expect(await shown('')).toEqual([true, true])
    expect(await shown('?status=active')).toEqual([true, false])
    expect(await shown('?status=disabled')).toEqual([false, true])
    expect(await shown('?status=revoked')).toEqual([false, false])
    expect(await shown('?search=CLI')).toEqual([true, false])
    expect(await shown('?search=100%25')).toEqual([false, true])
    expect(await shown('?search=%25')).toEqual([false, true])
    expect(await shown('?search=_')).toEqual([true, false])
    expect(await shown("?search='%20or%201=1--&status=nonsense&page=-1&page_size=1e9")).toEqual([false, false])
    const html = await pageOf(own, '?search=<b>nothing&status=active')
    expect(html).toContain('No sessions found')
    expect(html).toContain('value="&lt;b&gt;nothing"')
    expect(html).not.toContain('<b>nothing')
    expect(html).toContain(`href="${HERE}"`)
  })

  describe('a hundred thousand grants of one user', () => {
    let user: UserRow
    beforeAll(async () => {
      user = await app.insertUser()
      const { clientId } = await app.insertClient()
      const { q, t } = app.ctx.db
      const at = app.clock.now()
      const family = (index: number) => ({
        ...{ id: `grant-${String(index).padStart(6, '0')}`, userId: user.id, clientId, authorizationId: null },
        ...{ grantType: 'device_code', scopes: 'read', resource: '', ip: '', userAgent: '', sid: '', authTime: null },
        createdAt: new Date(at - Math.floor(index / 7) * 1000),
        expiresAt: new Date(at + 86_400_000),
        ...{ lastUsedAt: null, revokedAt: null, reuseCount: 0, reuseReportedAt: null },
      })
      for (let start = 0; start < 100_000; start += 1_000)
        await q.insert(t.tokenFamilies).values(Array.from({ length: 1_000 }, (_, index) => family(start + index)))
    }, 120_000)

    test('a page comes from the index, in order', async () => {
      const query = selectGrantIds(app.ctx, user.id, ALL, { limit: 10, offset: 0 })
      const { q } = app.ctx.db as unknown as {
        q: { all?(s: unknown): unknown[]; execute?(s: unknown): Promise<unknown[]> }
      }
      const explain = name === 'SQLite' ? sql`explain query plan ${query.getSQL()}` : sql`explain ${query.getSQL()}`
      const plan = JSON.stringify(name === 'SQLite' ? q.all?.(explain) : await q.execute?.(explain))
      // SQLite closes the explained statement with its object; until then it holds the table.
      Bun.gc(true)
      expect(plan).toContain('token_families_live')
      expect(plan).not.toContain('TEMP B-TREE')
    })

    test('every page is there soon, none repeats or leaves out a row', async () => {
      const first = await listGrants(app.ctx, user.id, { ...ALL, pageSize: 50 })
      const second = await listGrants(app.ctx, user.id, { ...ALL, page: 2, pageSize: 50 })
      const ids = new Set([...first.rows, ...second.rows].map(({ family }) => family.id))
      expect(ids.size).toBe(100)
      const began = performance.now()
      const last = await listGrants(app.ctx, user.id, { ...ALL, page: 1_000_000 })
      expect(last).toMatchObject({ total: 10_000, cut: true, page: 1_000, pages: 1_000 })
      expect(last.rows).toHaveLength(10)
      expect(performance.now() - began).toBeLessThan(2_000)
    })
  })
})
