import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { asc, eq } from 'drizzle-orm'
import { insertAuditRow } from '../../src/audit/audit'
import type { AuditEvent } from '../../src/audit/events'
import { auditRow } from '../../src/audit/row'
import { recordDigest } from '../../src/audit/seals/digest'
import { BATCH_RECORDS, createSealer, LATE_MS, MARGIN_MS, SEALS_LOCK } from '../../src/audit/seals/sealer'
import { verifyAuditTrail } from '../../src/audit/seals/verify'
import type { Context } from '../../src/context'
import { commit, run } from '../../src/db/commit'
import type { Database } from '../../src/db/database'
import { deleteOldAuditRows } from '../../src/jobs/audit-retention'
import { databases } from '../support/databases'
import { openTestContext, type TestContext } from '../tokens/support'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const never = new AbortController().signal

describe.each(databases)('seals of the audit trail on %s', (_name, open) => {
  let t: TestContext
  beforeEach(async () => {
    t = await openTestContext(open, { AUDIT_LOG_RETENTION: '48h' })
  })
  afterEach(() => t.close())

  /** Records as of now, a millisecond apart; `backMs` makes them late. */
  const record = async (howMany = 1, backMs = 0, event: Partial<AuditEvent> = {}) => {
    const rows = Array.from({ length: howMany }, (_, index) => {
      const row = auditRow(t.ctx, {
        event: 'LOGOUT',
        action: `number ${index}`,
        details: { b: index, a: { z: 1, y: 'é' } },
        ...event,
      })
      const at = new Date(row.eventTime.getTime() - backMs + index)
      return { ...row, eventTime: at, createdAt: at }
    })
    await commit(
      t.ctx,
      rows.map((row) => run(insertAuditRow, row)),
    )
    return rows.map(({ id }) => id)
  }
  const seal = (ctx: Context = t.ctx) => createSealer(ctx).seal(never)
  const verify = () => verifyAuditTrail(t.ctx)
  const logs = () => t.ctx.db.t.auditLogs
  const seals = () => t.ctx.db.t.auditSeals
  const allSeals = () => t.ctx.db.q.select().from(seals()).orderBy(asc(seals().number))
  /** Three sealed batches of four records, an hour apart; resolves to the ids of all of them. */
  const threeBatches = async () => {
    const ids: string[] = []
    for (let batch = 0; batch < 3; batch += 1) {
      ids.push(...(await record(4)))
      t.advance(HOUR)
      await seal()
    }
    return ids
  }
  const problems = async () =>
    (await verify()).problems.map(({ kind, batch, record: id }) => ({ kind, batch, ...(id && { record: id }) }))

  test('nothing is sealed before it is older than the margin, and a batch that is not full waits for company', async () => {
    await record(3)
    t.advance(MARGIN_MS - 1)
    await seal()
    expect(await allSeals()).toEqual([])
    t.advance(11 * MINUTE)
    expect(await seal()).toEqual({ batches: 1, records: 3, late: 0 })
    expect(await verify()).toMatchObject({ batches: 1, records: 3, unsealedRecords: 0, problems: [] })
  })

  test('full batches are sealed at once, and the chain has no gaps', async () => {
    await record(2 * BATCH_RECORDS + 10)
    t.advance(MARGIN_MS + MINUTE)
    expect(await seal()).toMatchObject({ batches: 2, records: 2 * BATCH_RECORDS })
    t.advance(10 * MINUTE)
    expect(await seal()).toMatchObject({ batches: 1, records: 10 })
    const [first, second, third] = await allSeals()
    expect([second?.previous, third?.previous]).toEqual([first?.chain ?? '', second?.chain ?? ''])
    expect(await verify()).toMatchObject({ batches: 3, records: 2 * BATCH_RECORDS + 10, problems: [] })
  }, 20_000)

  test('an untouched trail is found whole while new records come', async () => {
    await threeBatches()
    await record(5)
    expect(await verify()).toMatchObject({ batches: 3, records: 12, unsealedRecords: 5, problems: [] })
  })

  test.each([
    ['its action', { action: 'something else' }],
    ['its actor', { actorUsername: 'somebody else' }],
    ['its success', { success: false }],
    ['a nested detail', { details: { b: 1, a: { z: 2, y: 'é' } } }],
    ['its request id', { requestId: 'another' }],
  ])('a record is changed: %s', async (_what, change) => {
    const ids = await threeBatches()
    const victim = ids[5] ?? ''
    await t.ctx.db.q.update(logs()).set(change).where(eq(logs().id, victim))
    expect(await problems()).toEqual([{ kind: 'record_changed', batch: 2, record: victim }])
  })

  test('a record is deleted', async () => {
    const ids = await threeBatches()
    await t.ctx.db.q.delete(logs()).where(eq(logs().id, ids[5] ?? ''))
    expect(await problems()).toEqual([{ kind: 'record_missing', batch: 2 }])
  })

  test('a record is moved to another time: it is missing where it was', async () => {
    const ids = await threeBatches()
    const at = new Date(t.ctx.clock.now())
    await t.ctx.db.q
      .update(logs())
      .set({ eventTime: at, createdAt: at })
      .where(eq(logs().id, ids[5] ?? ''))
    expect(await problems()).toEqual([{ kind: 'record_missing', batch: 2 }])
  })

  test('a record is added after its hour of grace', async () => {
    await threeBatches()
    t.advance(2 * LATE_MS)
    await seal()
    const [added] = await record(1, 2 * LATE_MS + 2 * HOUR + 30 * MINUTE)
    expect(await problems()).toEqual([{ kind: 'record_added', batch: 2, record: added ?? '' }])
    t.advance(2 * LATE_MS)
    await seal()
    expect(await problems()).toMatchObject([{ kind: 'record_added', record: added ?? '' }])
  })

  test('a record is replaced by another with the same number of records', async () => {
    const ids = await threeBatches()
    await t.ctx.db.q
      .update(logs())
      .set({ id: crypto.randomUUID() })
      .where(eq(logs().id, ids[1] ?? ''))
    t.advance(2 * LATE_MS)
    await seal()
    expect((await problems()).map(({ kind }) => kind).sort()).toEqual(['record_added', 'record_missing'])
  })

  test('a seal is changed to fit a changed record: the key is missing [SEC]', async () => {
    const ids = await threeBatches()
    const changed = { action: 'something else' }
    await t.ctx.db.q
      .update(logs())
      .set(changed)
      .where(eq(logs().id, ids[5] ?? ''))
    // Somebody who knows this program and the database, but not the server's secret.
    const forger = {
      ...t.ctx,
      secrets: t.withSettings({ SESSION_SECRET: 'another-secret-0123456789-0123456789' }).secrets,
    }
    await t.ctx.db.q.delete(seals()).where(eq(seals().number, 3))
    await t.ctx.db.q.delete(seals()).where(eq(seals().number, 2))
    await createSealer(forger).seal(never)
    const kinds = new Set((await problems()).map(({ kind }) => kind))
    expect(kinds).toEqual(new Set(['seal_unknown_key']))
    const [{ keyId = '' } = {}] = await allSeals()
    await t.ctx.db.q.update(seals()).set({ keyId })
    expect((await problems()).map(({ kind, batch }) => `${kind} ${batch}`)).toEqual(['seal_forged 2', 'seal_forged 3'])
  })

  test.each([
    ['rowCount', { rowCount: 3 }],
    ['digest', { digest: '0'.repeat(64) }],
    ['lastTime', { lastTime: new Date('2026-01-01T11:59:00Z') }],
    ['sealedAt', { sealedAt: new Date('2026-01-01T11:59:00Z') }],
    ['tags', { tags: 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ])('%s of a seal is changed', async (_what, change) => {
    await threeBatches()
    await t.ctx.db.q.update(seals()).set(change).where(eq(seals().number, 2))
    expect(await problems()).toContainEqual({ kind: 'seal_changed', batch: 2 })
  })

  test('a seal is removed, and with it what it sealed', async () => {
    const ids = await threeBatches()
    await t.ctx.db.q.delete(seals()).where(eq(seals().number, 2))
    for (const id of ids.slice(4, 8)) await t.ctx.db.q.delete(logs()).where(eq(logs().id, id))
    expect(await problems()).toContainEqual({ kind: 'seal_missing', batch: 2 })
  })

  test('the last seals are removed while the server runs: the chain goes on where it was, with a gap', async () => {
    const sealer = createSealer(t.ctx)
    await record(4)
    t.advance(HOUR)
    await sealer.seal(never)
    await record(4)
    t.advance(HOUR)
    await sealer.seal(never)
    await t.ctx.db.q.delete(seals()).where(eq(seals().number, 2))
    await record(4)
    t.advance(HOUR)
    await sealer.seal(never)
    expect(t.log.at(-2)?.message).toBe('Seals of the audit trail were changed or are missing')
    expect(await problems()).toContainEqual({ kind: 'seal_missing', batch: 2 })
  })

  test('the last seals are removed while no server runs: a seal that was noted down tells', async () => {
    await threeBatches()
    const { head } = await verify()
    if (!head) throw new Error('nothing sealed')
    await t.ctx.db.q.delete(seals()).where(eq(seals().number, 3))
    expect((await verifyAuditTrail(t.ctx, { head })).problems).toEqual([{ kind: 'head_missing', batch: 3 }])
    t.advance(MINUTE)
    await seal()
    expect((await verifyAuditTrail(t.ctx, { head })).problems).toEqual([{ kind: 'head_missing', batch: 3 }])
  })

  test('late records get a batch of their own, and whoever verifies in between is told that they wait', async () => {
    await threeBatches()
    const late = [...(await record(2, 100 * MINUTE)), ...(await record(1, 80 * MINUTE))]
    const waiting = await verify()
    expect(waiting.problems).toEqual([])
    expect(waiting.waitingRecords).toBe(3)
    t.advance(2 * LATE_MS)
    expect(await seal()).toEqual({ batches: 1, records: 0, late: 3 })
    expect((await allSeals()).at(-1)).toMatchObject({ kind: 'late', lateIds: late })
    expect(await verify()).toMatchObject({ records: 15, lateRecords: 3, waitingRecords: 0, problems: [] })
    await t.ctx.db.q
      .update(logs())
      .set({ action: 'else' })
      .where(eq(logs().id, late[1] ?? ''))
    expect(await problems()).toEqual([{ kind: 'record_changed', batch: 4, record: late[1] ?? '' }])
    await t.ctx.db.q.delete(logs()).where(eq(logs().id, late[1] ?? ''))
    expect(await problems()).toEqual([{ kind: 'record_missing', batch: 4 }])
  })

  test('with nothing new, closing the grace of old batches takes one seal without records, once', async () => {
    await threeBatches()
    t.advance(3 * LATE_MS)
    await seal()
    await seal()
    t.advance(DAY)
    await seal()
    const kinds = (await allSeals()).map(({ kind, rowCount, settledThrough }) => [kind, rowCount, settledThrough])
    expect(kinds.slice(3)).toEqual([
      ['late', 0, 3],
      ['late', 0, 4],
    ])
  })

  test('retention deletes whole batches, keeps the chain verifiable and says what it deleted', async () => {
    await threeBatches()
    const late = await record(1, 90 * MINUTE)
    t.advance(DAY)
    await record(4)
    t.advance(DAY + 30 * MINUTE)
    await seal()
    expect(await verify()).toMatchObject({ lateRecords: 1, problems: [] })
    // Batches 1 to 3 are older than 48 hours, the late record among them is in the batch after.
    expect(await deleteOldAuditRows(t.ctx, never)).toBe(13)
    expect((await t.auditRows()).map(({ id }) => id)).not.toContain(late[0] ?? '')
    const report = await verify()
    expect(report).toMatchObject({ removedBatches: 4, removedRecords: 13, records: 4, problems: [] })
    expect((await allSeals()).slice(0, 4).every(({ removedAt, tags }) => removedAt !== null && tags === null)).toBe(
      true,
    )
  })

  test('a late record outlives the batch it lies in until its own batch goes', async () => {
    await record(4)
    t.advance(HOUR)
    await seal()
    const [late] = await record(1, HOUR - 2)
    t.advance(24 * HOUR)
    await record(2)
    t.advance(HOUR)
    await seal()
    const ctx = { ...t.withSettings({ AUDIT_LOG_RETENTION: '25h' }) }
    const sealsBefore = await allSeals()
    // The clock of retention stands between the two: everything of the hour goes in the order of the chain.
    expect(sealsBefore.map(({ kind }) => kind)).toEqual(['regular', 'late', 'regular'])
    expect(await deleteOldAuditRows(ctx, never)).toBe(5)
    expect((await t.auditRows()).map(({ id }) => id)).not.toContain(late ?? '')
    expect(await verify()).toMatchObject({ removedRecords: 5, problems: [] })
  })

  test('records that are deleted by hand and marked as deleted by retention: the key is missing [SEC]', async () => {
    const ids = await threeBatches()
    for (const id of ids.slice(0, 4)) await t.ctx.db.q.delete(logs()).where(eq(logs().id, id))
    await t.ctx.db.q
      .update(seals())
      .set({ removedAt: new Date(t.ctx.clock.now()), removalMac: '0'.repeat(64), tags: null })
      .where(eq(seals().number, 1))
    expect(await problems()).toEqual([{ kind: 'seal_forged', batch: 1 }])
  })

  test('a record added to a stretch that retention deleted', async () => {
    await threeBatches()
    t.advance(3 * DAY)
    await deleteOldAuditRows(t.ctx, never)
    const [added] = await record(1, 3 * DAY + 2 * HOUR + 30 * MINUTE)
    expect(await problems()).toEqual([{ kind: 'record_added', batch: 2, record: added ?? '' }])
  })

  test('crash between: a deletion that did not commit leaves batch and seal as they were', async () => {
    await threeBatches()
    t.advance(3 * DAY)
    const failing: Database['commit'] = async (statements) => {
      if (statements.length === 2) throw new Error('killed')
      return await t.ctx.db.commit(statements)
    }
    await expect(deleteOldAuditRows({ ...t.ctx, db: { ...t.ctx.db, commit: failing } }, never)).rejects.toThrow(
      'killed',
    )
    expect(await verify()).toMatchObject({ removedBatches: 0, records: 12, problems: [] })
    expect(await deleteOldAuditRows(t.ctx, never)).toBe(12)
    expect(await verify()).toMatchObject({ removedBatches: 3, removedRecords: 12, problems: [] })
  })

  test('two processes at once, without taking turns: every record is in one batch, numbers have no gaps', async () => {
    for (let hour = 0; hour < 6; hour += 1) {
      await record(20)
      t.advance(HOUR)
    }
    await Promise.all([seal(), seal(), seal()])
    await seal()
    const numbers = (await allSeals()).map(({ number }) => number)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1))
    expect(await verify()).toMatchObject({ records: 120, problems: [] })
  })

  test('sealing and deleting take turns', async () => {
    for (let hour = 0; hour < 4; hour += 1) {
      await record(10)
      t.advance(HOUR)
    }
    t.advance(3 * DAY)
    await Promise.all([
      deleteOldAuditRows(t.ctx, never),
      t.ctx.db.exclusively(SEALS_LOCK, true, () => seal()),
      deleteOldAuditRows(t.ctx, never),
      verify(),
    ])
    expect(await t.auditRows()).toEqual([])
    expect(await verify()).toMatchObject({ removedRecords: 40, problems: [] })
  })

  test('after a change of SESSION_SECRET the former seals are taken over; without the former secret they prove nothing', async () => {
    await threeBatches()
    t.advance(3 * DAY)
    await deleteOldAuditRows(t.ctx, never)
    await record(2)
    t.advance(HOUR)
    await seal()
    const next = 'the-next-session-secret-0123456789-abcdef'
    const alone = t.withSettings({ SESSION_SECRET: next })
    expect((await verifyAuditTrail(alone)).problems[0]).toEqual({ kind: 'seal_unknown_key', batch: 1 })
    const rotated = t.withSettings({
      SESSION_SECRET: next,
      SESSION_SECRET_PREVIOUS: t.ctx.settings.SESSION_SECRET,
    })
    expect((await verifyAuditTrail(rotated)).problems).toEqual([])
    await seal(rotated)
    expect((await verifyAuditTrail(alone)).problems).toEqual([])
  })

  test('a record has one digest, in whatever order the database keeps its details', async () => {
    await record(1, 0, { details: { zebra: [1, { d: 1, c: 2 }], apple: null, ü: 1.5 } })
    const [row] = await t.auditRows()
    if (!row) throw new Error('no record')
    const turned = { ...row, details: { apple: null, ü: 1.5, zebra: [1, { c: 2, d: 1 }] } }
    expect(recordDigest(row)).toBe(recordDigest(turned))
    expect(recordDigest({ ...row, details: { ...turned.details, apple: 'null' } })).not.toBe(recordDigest(row))
  })

  test('a damaged trail reports progress to its end', async () => {
    await threeBatches()
    const seen: number[] = []
    await verifyAuditTrail(t.ctx, { onProgress: ({ batches }) => seen.push(batches) })
    expect(seen).toEqual([1, 2, 3])
  })
})
