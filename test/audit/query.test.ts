import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { AuditFilter } from '../../src/audit/filter'
import { CSV_HEADER, csvLine } from '../../src/audit/formats'
import { countMatches, newestPlace, readAuditPage, streamAuditRows } from '../../src/audit/query'
import type { AuditRow } from '../../src/audit/row'
import { auditStatistics } from '../../src/audit/statistics'
import { databases } from '../support/databases'
import { openTestContext, type TestContext } from '../tokens/support'
import { insertEvent, insertMany } from './support'

describe.each(databases)('reading the audit trail on %s', (_name, open) => {
  let t: TestContext
  beforeEach(async () => {
    t = await openTestContext(open)
  })
  afterEach(() => t.close())

  const page = (filter: AuditFilter = {}, request: { page?: number; pageSize?: number } = {}) =>
    readAuditPage(t.ctx, filter, { page: 1, pageSize: 20, ...request })
  const names = async (filter: AuditFilter) => (await page(filter)).rows.map(({ action }) => action).sort()

  test('every filter narrows to what it says, and together they narrow further', async () => {
    await insertEvent(t.ctx, { event: 'LOGOUT', action: 'a', actor: { id: 'u1', username: 'Alice' } })
    await insertEvent(
      t.ctx,
      { event: 'USER_DELETED', action: 'b', severity: 'WARNING', resource: { type: 'USER', id: 'r1', name: 'Bob' } },
      { actorIp: '10.0.0.1', requestId: 'q1' },
    )
    await insertEvent(t.ctx, {
      event: 'TOKEN_REVOKED',
      action: 'cx',
      success: false,
      clientId: 'c1',
      resource: { type: 'TOKEN', id: 'r2' },
    })
    const cases: [AuditFilter, string[]][] = [
      [{}, ['a', 'b', 'cx']],
      [{ eventType: 'LOGOUT' }, ['a']],
      [{ eventType: 'NOPE' }, []],
      [{ severity: 'WARNING' }, ['b']],
      [{ severity: 'INFO' }, ['a', 'cx']],
      [{ severity: 'nope' }, []],
      [{ success: false }, ['cx']],
      [{ success: true }, ['a', 'b']],
      [{ actorUserId: 'u1' }, ['a']],
      [{ resourceType: 'USER' }, ['b']],
      [{ resourceId: 'r2' }, ['cx']],
      [{ clientId: 'c1' }, ['cx']],
      [{ actorIp: '10.0.0.1' }, ['b']],
      [{ requestId: 'q1' }, ['b']],
      [{ search: 'ALI' }, ['a']],
      [{ search: 'bo' }, ['b']],
      [{ search: 'CX' }, ['cx']],
      [{ search: 'ali', eventType: 'USER_DELETED' }, []],
      [{ success: true, severity: 'WARNING', resourceId: 'r1' }, ['b']],
    ]
    for (const [filter, expected] of cases) expect([filter, await names(filter)]).toEqual([filter, expected])
  })

  test('wildcards in a search are text, and what looks like SQL is too', async () => {
    await insertEvent(t.ctx, { action: '100% sure_thing \\ here' })
    await insertEvent(t.ctx, { action: '100 surething here' })
    for (const search of ['%', '_', '\\', '0% S', 'e_t', '\\ h']) expect((await page({ search })).total).toBe(1)
    for (const search of ["' or '1'='1", '%%', '"; drop table audit_logs; --'])
      expect((await page({ search })).total).toBe(0)
  })

  test('both ends of a stretch of time are inclusive (W15)', async () => {
    const at = (text: string) => new Date(`2026-01-01T${text}Z`)
    for (const text of ['08:00:00.000', '09:00:00.000', '10:00:00.000'])
      await insertEvent(t.ctx, { action: text }, { eventTime: at(text) })
    const range = { startTime: at('08:00:00.000'), endTime: at('09:00:00.000') }
    expect(await names(range)).toEqual(['08:00:00.000', '09:00:00.000'])
    expect(await names({ ...range, search: ':' })).toEqual(['08:00:00.000', '09:00:00.000'])
    expect(await names({ startTime: at('09:00:00.001') })).toEqual(['10:00:00.000'])
    expect(await names({ startTime: range.endTime, endTime: range.startTime })).toEqual([])
  })

  test.each([{}, { search: 'same' }])(
    'records of one moment never repeat or vanish across pages, also while more come: %o (W20)',
    async (filter) => {
      const at = new Date(t.ctx.clock.now())
      for (let index = 0; index < 25; index += 1) await insertEvent(t.ctx, { action: 'same time' }, { eventTime: at })
      const upTo = await newestPlace(t.ctx)
      const seen: string[] = []
      for (let number = 1; number <= 3; number += 1) {
        const { rows, total, pages } = await readAuditPage(t.ctx, filter, {
          page: number,
          pageSize: 10,
          ...(upTo && { upTo }),
        })
        expect([total, pages]).toEqual([25, 3])
        seen.push(...rows.map(({ id }) => id))
        t.advance(1000)
        await insertEvent(t.ctx, { action: 'same but newer' })
      }
      expect(new Set(seen).size).toBe(25)
      expect(seen).toHaveLength(25)
    },
  )

  test('newest first; a page beyond the last is the last one; without any there is page 1', async () => {
    for (const action of ['1', '2', '3', '4', '5']) {
      await insertEvent(t.ctx, { action })
      t.advance(1)
    }
    const last = await page({}, { page: 99, pageSize: 2 })
    expect(last).toMatchObject({ page: 3, pages: 3, total: 5, more: false })
    expect(last.rows.map(({ action }) => action)).toEqual(['1'])
    expect(await page({ eventType: 'NOPE' }, { page: 50 })).toMatchObject({ page: 1, pages: 0, total: 0, rows: [] })
  })

  test('statistics: counts by type and by severity sum to the total (case 109)', async () => {
    await insertEvent(t.ctx, { event: 'LOGOUT' })
    await insertEvent(t.ctx, { event: 'LOGOUT', success: false, severity: 'WARNING' })
    await insertEvent(t.ctx, { event: 'SUSPICIOUS_ACTIVITY', success: false })
    const statistics = await auditStatistics(t.ctx, {})
    expect(statistics).toMatchObject({
      total: 3,
      successes: 1,
      byType: [
        ['LOGOUT', 2],
        ['SUSPICIOUS_ACTIVITY', 1],
      ],
    })
    expect(Object.fromEntries(statistics.bySeverity)).toEqual({ INFO: 1, WARNING: 1, CRITICAL: 1 })
    const none = await auditStatistics(t.ctx, { endTime: new Date(0) })
    expect(none).toEqual({ total: 0, successes: 0, byType: [], bySeverity: [] })
  })
})

describe.each(databases)('a long audit trail on %s', (_name, open) => {
  const COUNT = 12_500
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
    await insertMany(t.ctx, COUNT, (index) => ({
      action: index % 1000 === 7 ? 'needle in it' : 'hay',
      requestId: `request-${index}`,
      resourceType: index % 2 === 0 ? 'TOKEN' : 'USER',
      actorUserId: index % 4 === 1 ? 'busy' : 'other',
      success: index % 100 !== 1,
    }))
  }, 30_000)
  afterAll(() => t.close())

  const ALL = { page: 1, pageSize: 20 }

  const stream = async (filter: AuditFilter, options: { batch?: number; limit?: number } = {}) => {
    const batches: AuditRow[][] = []
    for await (const rows of streamAuditRows(t.ctx, filter, { batch: 500, limit: COUNT * 2, ...options }))
      batches.push([...rows])
    return batches
  }

  test('a stream holds one batch at a time, and every record once in the order of the trail', async () => {
    for (const filter of [{}, { resourceType: 'TOKEN' }]) {
      const batches = await stream(filter)
      expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(500)
      const ids = batches.flat().map(({ id }) => id)
      expect(ids).toHaveLength(await countMatches(t.ctx, filter))
      expect(ids.toSorted().toReversed()).toEqual(ids)
    }
  }, 30_000)

  test('a stream ends at its limit', async () => {
    expect((await stream({}, { limit: 1234 })).flat()).toHaveLength(1234)
    expect((await stream({ resourceType: 'USER' }, { limit: 1234 })).flat()).toHaveLength(1234)
    expect(await countMatches(t.ctx, {}, undefined, 1000)).toBe(1001)
    expect(await countMatches(t.ctx, { search: 'hay' }, undefined, 1000)).toBe(1001)
  })

  test('two filters together find what both ask for, whichever of them has the index that leads', async () => {
    const filters: [AuditFilter, number][] = [
      [{ actorUserId: 'busy', success: false }, COUNT / 100],
      [{ actorUserId: 'other', success: false }, 0],
      [{ eventType: 'ACCESS_TOKEN_ISSUED', actorUserId: 'busy' }, COUNT / 4],
      [{ severity: 'INFO', success: true, actorUserId: 'busy' }, COUNT / 4 - COUNT / 100],
    ]
    for (const [filter, count] of filters) {
      const found = await readAuditPage(t.ctx, filter, { ...ALL, page: 2 })
      expect([found.total, found.more, found.searchedTo]).toEqual([count, false, undefined])
      for (const row of found.rows) expect(row).toMatchObject(filter)
      expect((await stream(filter)).flat()).toHaveLength(count)
    }
  }, 30_000)

  test('a page looks at a bounded part of what the index of one filter finds, and says how far back', async () => {
    const filter = { actorUserId: 'other', eventType: 'ACCESS_TOKEN_ISSUED' }
    const { total, searchedTo } = await readAuditPage(t.ctx, filter, { page: 1, pageSize: 20, quick: true })
    expect(total).toBe(t.ctx.db.dialect === 'sqlite' ? 2_000 : 5_000)
    const further = await readAuditPage(t.ctx, { ...filter, ...(searchedTo && { endTime: searchedTo }) }, ALL)
    expect(further.total).toBe((COUNT * 3) / 4 - total + 1)
  })

  test('a search goes through the whole trail, in stretches that let others have their turn', async () => {
    let turns = 0
    let searching = true
    const other = (async () => {
      while (searching) {
        await new Promise((resolve) => setImmediate(resolve))
        turns += 1
      }
    })()
    const found = await readAuditPage(t.ctx, { search: 'NEEDLE' }, { page: 2, pageSize: 5 })
    searching = false
    await other
    expect([found.total, found.rows.length, found.pages]).toEqual([13, 5, 3])
    expect(turns).toBeGreaterThanOrEqual(2)
    expect((await readAuditPage(t.ctx, { requestId: 'request-42' }, { page: 1, pageSize: 5 })).total).toBe(1)
  })
})

describe('CSV', () => {
  const row = (stored: Partial<AuditRow>): AuditRow => ({
    ...{ id: 'i', eventType: 'LOGOUT', eventTime: new Date('2026-01-01T10:00:00.250Z'), severity: 'INFO' },
    ...{
      actorUserId: '',
      actorUsername: '',
      actorIp: '',
      resourceType: '',
      resourceId: '',
      resourceName: '',
      clientId: '',
    },
    ...{
      action: 'a',
      details: null,
      success: true,
      errorMessage: '',
      userAgent: '',
      requestPath: '',
      requestMethod: '',
    },
    ...{ requestId: '', createdAt: new Date(0) },
    ...stored,
  })
  const cellOf = (resourceName: string) => csvLine(row({ resourceName })).split(',').slice(6, -3).join(',')

  test('the header and a plain line are as specified', () => {
    expect(CSV_HEADER).toBe(
      'Event Time,Event Type,Severity,Actor Username,Actor IP,Resource Type,Resource Name,Action,Success,Error Message\n',
    )
    expect(csvLine(row({ success: false, errorMessage: 'no' }))).toBe('2026-01-01T10:00:00Z,LOGOUT,INFO,,,,,a,No,no\n')
  })

  test.each([
    ['=cmd()', "'=cmd()"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['=1,2', '"\'=1,2"'],
    ['a,"b"', '"a,""b"""'],
    ['two\nlines', '"two\nlines"'],
    [' leading', '" leading"'],
    ['trailing ', 'trailing '],
    ['a=b', 'a=b'],
    ['王小明', '王小明'],
  ])('%j becomes %j (W18d) [SEC]', (text, expected) => {
    expect(cellOf(text)).toBe(expected)
  })
})
