import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { countActivity } from '../../src/activity/count'
import { auditRow } from '../../src/audit/row'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const never = new AbortController().signal

describe.each(databases)('the dashboard on %s', (name, open) => {
  let app: TestApp
  let admin: UserRow
  let signedIn: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false' } })
    admin = await app.insertUser({ role: 'admin' })
    signedIn = await app.signIn(admin)
  })
  afterAll(() => app.close())

  const shown = async (query = '') => {
    const page = await app.get(`/admin${query}`, { headers: { cookie: signedIn.cookie, accept: 'text/html' } })
    expect(page.status).toBe(200)
    return (await page.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
  }
  const happened = async (event: Parameters<typeof auditRow>[1], times: number) => {
    const rows = Array.from({ length: times }, () => auditRow(app.ctx, event))
    await app.ctx.db.q.insert(app.ctx.db.t.auditLogs).values(rows)
  }

  test('counts users, clients and what waits, and warns', async () => {
    await app.insertUser({ isActive: false })
    await app.insertUser()
    await app.insertClient({ status: 'pending' })
    await app.insertClient()
    const text = await shown()
    expect(text).toContain('Total Users 3 1 admin, 2 users (1 disabled)')
    expect(text).toContain('OAuth Clients 2 1 active, 1 pending')
    expect(text).toContain('Pending Approvals 1 Needs review 1 new application, 0 changes')
    expect(text).toContain('There is a single administrator.')
    expect(text).toContain('Rate limits are switched off')
  })

  test('charts show what happened, counted already or not, also as a table', async () => {
    const client = await app.insertClient({ clientName: 'Busy <b>tool</b>' })
    const action = 'Access token issued via device code exchange'
    await happened({ event: 'ACCESS_TOKEN_ISSUED', action, clientId: client.clientId }, 7)
    await happened({ event: 'AUTHENTICATION_FAILURE', action: 'User login attempt failed', success: false }, 3)
    for (const period of ['', '?period=7d', '?period=30d', '?period=%3Cb%3E']) {
      const text = await shown(period)
      expect(text).toContain('Device 7')
      expect(text).toContain('Failed 3')
      expect(text).toContain('Busy &lt;b&gt;tool&lt;/b&gt; 7')
      expect(text).toContain('Show as table')
    }
    app.clock.advance(5 * 60_000)
    await countActivity(app.ctx, never)
    expect(await shown()).toContain('Device 7')
  })

  test('the newest events are listed', async () => {
    await happened(
      { event: 'CLIENT_UPDATED', action: 'Something quite particular', actor: { username: 'somebody' } },
      1,
    )
    expect(await shown()).toContain('Something quite particular CLIENT_UPDATED Actor somebody')
  })

  test('without an audit trail it says so, and the rest is there', async () => {
    const silent = await openTestApp({ open, settings: { ENABLE_AUDIT_LOGGING: 'false' } })
    const one = await silent.signIn(await silent.insertUser({ role: 'admin' }))
    const page = await silent.get('/admin', { headers: { cookie: one.cookie, accept: 'text/html' } })
    const text = await page.text()
    expect(text).toContain('Charts are drawn from the audit log, which is switched off')
    expect(text).toContain('Total Users')
    await silent.close()
  })

  /** Tables this small are read whole whatever indexes there are; so the planner is told not to. */
  test.each([
    ['select count(*) from users where is_active = false', 'users_active'],
    [`select count(*) from users where role = 'admin'`, 'users_role'],
    ['select status, count(*) from oauth_applications group by status', 'oauth_applications_status'],
    [`select count(*) from client_revisions where status = 'pending'`, 'client_revisions_status'],
    [
      `select label, sum(count) from activity_hours where series = 'issued_to_client' and hour >= '2026-01-01' group by label`,
      'activity_hours',
    ],
    [
      `select event_type, count(*) from audit_logs where event_type in ('ACCESS_TOKEN_ISSUED', 'TOKEN_REFRESHED') and event_time >= '2026-01-01' and event_time < '2026-01-02' group by event_type`,
      'audit_logs_',
    ],
  ])('%s goes through an index', async (query, index) => {
    const { q } = app.ctx.db as unknown as {
      q: { all?(s: unknown): unknown[]; execute?(s: unknown): Promise<unknown[]> }
    }
    const rows =
      name === 'SQLite'
        ? q.all?.(sql.raw(`explain query plan ${query}`))
        : await q.execute?.(sql.raw(`set enable_seqscan = off; explain ${query}`))
    expect(JSON.stringify(rows)).toContain(index)
  })
})
