import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { deleteExpiredRows } from '../../src/jobs/expired-rows'
import { auditRows } from '../oauth/support'
import { type ClientRow, openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'

const DAY = 24 * 3_600_000
const never = new AbortController().signal

describe.each(databases)('clients nobody approved, on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())

  test('go after 30 days, recorded; approved ones and those of people stay', async () => {
    const at = (age: number) => new Date(app.clock.now() - age)
    const waiting = { origin: 'registration', status: 'pending', createdAt: at(30 * DAY) } as const
    const insert = async (clientName: string, more: Partial<ClientRow>) =>
      await app.insertClient({ ...waiting, clientName, ...more })
    const old = await insert('old', {})
    await insert('younger', { createdAt: at(30 * DAY - 1) })
    await insert('approved', { status: 'active' })
    await insert('rejected', { status: 'inactive' })
    await insert('once approved', { tokenEpoch: 1 })
    await insert('of a user', { origin: 'owner' })
    await insert('taken over', { origin: 'import' })

    expect(await deleteExpiredRows(app.ctx, never)).toEqual({ oauth_applications: 1 })
    const left = await app.ctx.db.q.select().from(app.ctx.db.t.oauthApplications)
    expect(left.map(({ clientName }) => clientName).sort()).toEqual(
      ['approved', 'of a user', 'once approved', 'rejected', 'taken over', 'younger'].sort(),
    )
    expect(await auditRows(app, 'CLIENT_DELETED')).toEqual([
      expect.objectContaining({ resourceId: old.clientId, resourceName: 'old', actorUserId: '', severity: 'WARNING' }),
    ])
    app.clock.advance(1)
    expect(await deleteExpiredRows(app.ctx, never)).toEqual({ oauth_applications: 1 })
  })

  test('more than a batch of them', async () => {
    const { q, t } = app.ctx.db
    const createdAt = new Date(app.clock.now() - 31 * DAY)
    const { secret: _, ...row } = await app.insertClient({ origin: 'registration', status: 'pending', createdAt })
    await q
      .insert(t.oauthApplications)
      .values(Array.from({ length: 249 }, () => ({ ...row, clientId: crypto.randomUUID() })))
    expect(await deleteExpiredRows(app.ctx, never)).toEqual({ oauth_applications: 250 })
    const stopped = AbortSignal.abort()
    await app.insertClient({ origin: 'registration', status: 'pending', createdAt })
    expect(await deleteExpiredRows(app.ctx, stopped)).toEqual({})
  })
})
