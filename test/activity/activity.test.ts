import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readActivity } from '../../src/activity/charts'
import { countActivity, KEPT_MS } from '../../src/activity/count'
import type { AuditEvent } from '../../src/audit/events'
import { auditRow } from '../../src/audit/row'
import { databases } from '../support/databases'
import { openTestContext, START, type TestContext } from '../tokens/support'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const never = new AbortController().signal

describe.each(databases)('counted activity on %s', (_name, open) => {
  let t: TestContext
  beforeEach(async () => {
    t = await openTestContext(open)
  })
  afterEach(() => t.close())

  /** Events `ago` milliseconds before now. */
  async function happened(ago: number, event: Partial<AuditEvent>, times = 1) {
    const at = { now: () => t.ctx.clock.now() - ago }
    const rows = Array.from({ length: times }, () =>
      auditRow({ ...t.ctx, clock: at }, { event: 'ACCESS_TOKEN_ISSUED', action: '', ...event }),
    )
    await t.ctx.db.q.insert(t.ctx.db.t.auditLogs).values(rows)
  }
  const issued = (ago: number, way: string, clientId: string, times = 1) =>
    happened(ago, { action: `Access token issued via ${way}`, clientId }, times)
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
  const hours = async () => await t.ctx.db.q.select().from(t.ctx.db.t.activityHours)

  test('a chart is the same before, between and after counting', async () => {
    const client = await t.insertClient({ clientName: 'Deploy tool' })
    await issued(HOUR, 'device code exchange', client.clientId, 3)
    await issued(5 * HOUR, 'authorization code exchange', 'gone', 2)
    await issued(26 * HOUR, 'device code exchange', client.clientId, 7)
    await issued(MINUTE, 'device code exchange', client.clientId)
    await happened(2 * HOUR, { event: 'CLIENT_CREDENTIALS_TOKEN_ISSUED', clientId: 'gone' }, 4)
    await happened(2 * HOUR, { event: 'TOKEN_REFRESHED', clientId: client.clientId }, 5)
    await happened(2 * HOUR, { event: 'AUTHENTICATION_SUCCESS' }, 6)
    await happened(2 * HOUR, { event: 'AUTHENTICATION_FAILURE', success: false }, 8)
    await happened(2 * HOUR, { event: 'OAUTH_AUTHENTICATION', success: false })
    await happened(2 * HOUR, { event: 'CLIENT_UPDATED' }, 9)

    await countActivity(t.ctx, never)
    await issued(0, 'device code exchange', client.clientId)
    const day = await readActivity(t.ctx, '24h')
    const sums = Object.fromEntries(Object.entries(day.series).map(([name, points]) => [name, sum(points)]))
    expect(sums).toEqual({
      'issued.device_code': 5,
      'issued.authorization_code': 2,
      'issued.client_credentials': 4,
      'issued.refresh_token': 5,
      'issued.other': 0,
      'login.success': 6,
      'login.failure': 9,
    })
    expect(day.before['issued.device_code']).toBe(7)
    expect(day.columns).toHaveLength(24)
    expect(day.columns.at(-1)?.getTime()).toBe(START - (START % HOUR))
    expect(day.series['issued.device_code'].slice(-2)).toEqual([4, 1])
    expect(day.clients).toEqual([
      { clientId: client.clientId, name: 'Deploy tool', count: 10 },
      { clientId: 'gone', name: 'gone', count: 6 },
    ])

    // Counting again, and later, adds nothing twice.
    await countActivity(t.ctx, never)
    t.advance(10 * MINUTE)
    await countActivity(t.ctx, never)
    const later = await readActivity(t.ctx, '24h')
    expect(sum(later.series['issued.device_code'])).toBe(5)
    expect(later.clients[0]?.count).toBe(10)
  })

  test('seven and thirty days', async () => {
    for (const days of [0, 1, 6, 8, 29, 31]) await issued(days * DAY, 'device code exchange', 'c')
    await countActivity(t.ctx, never)
    const week = await readActivity(t.ctx, '7d')
    expect([week.columns.length, sum(week.series['issued.device_code'])]).toEqual([28, 3])
    expect(week.before['issued.device_code']).toBe(1)
    const month = await readActivity(t.ctx, '30d')
    expect([month.columns.length, sum(month.series['issued.device_code'])]).toEqual([30, 5])
    expect(month.series['issued.device_code'].at(-1)).toBe(1)
    expect(month.before['issued.device_code']).toBe(1)
  })

  test('what is older than two periods of the longest chart is neither counted nor kept', async () => {
    await issued(KEPT_MS + DAY, 'device code exchange', 'c')
    await issued(KEPT_MS - HOUR, 'device code exchange', 'c')
    await countActivity(t.ctx, never)
    expect(await hours()).toHaveLength(2)
    t.advance(DAY)
    await countActivity(t.ctx, never)
    expect(await hours()).toHaveLength(0)
  })

  test('an empty trail is counted from now on; one that ends goes on where it stopped', async () => {
    await countActivity(t.ctx, never)
    const stopping = new AbortController()
    stopping.abort()
    t.advance(2 * HOUR)
    await issued(HOUR, 'device code exchange', 'c')
    await countActivity(t.ctx, stopping.signal)
    expect(await hours()).toHaveLength(0)
    await countActivity(t.ctx, never)
    expect((await hours()).map(({ series, count }) => [series, count]).sort()).toEqual([
      ['issued.device_code', 1],
      ['issued_to_client', 1],
    ])
  })
})
