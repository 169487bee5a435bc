import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { AuditEvent } from '../../src/audit/audit'
import { type AuditWriter, createAuditWriter } from '../../src/audit/writer'
import { DatabaseUnavailable } from '../../src/db/commit'
import type { Database } from '../../src/db/database'
import { DatabaseFault } from '../../src/db/errors'
import { createMetrics, type Metrics } from '../../src/metrics/registry'
import { databases } from '../support/databases'
import { failure, openTestContext, type TestContext } from '../tokens/support'

const info = (action: string): AuditEvent => ({ event: 'TOKEN_INTROSPECTED', action })
const warning = (action: string): AuditEvent => ({ event: 'AUTHENTICATION_FAILURE', action, severity: 'WARNING' })
const critical = (action: string): AuditEvent => ({ event: 'SUSPICIOUS_ACTIVITY', action, severity: 'CRITICAL' })

describe.each(databases)('buffered audit writer on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
  })
  afterAll(() => t.close())

  interface Made {
    readonly writer: AuditWriter
    readonly metrics: Metrics
    /** Sizes of the commits it made. */
    readonly sizes: number[]
    record(event: AuditEvent): void
    written(): Promise<string[]>
    count(name: string): Promise<number>
    /** Decides what the next commits come to. */
    failWith(next: (size: number) => Error | undefined): void
    /** Holds every commit until it is called. */
    hold(): () => void
  }

  let prefix = 0
  function make(size = 1000): Made {
    prefix += 1
    const mine = `w${prefix}:`
    const metrics = createMetrics(t.ctx.settings)
    const sizes: number[] = []
    let verdict: (size: number) => Error | undefined = () => undefined
    let gate: Promise<void> = Promise.resolve()
    const { ctx } = t
    const commit: Database['commit'] = async (statements) => {
      sizes.push(statements.length)
      await gate
      const error = verdict(statements.length)
      if (error) throw error
      return await ctx.db.commit(statements)
    }
    const settings = { ...ctx.settings, AUDIT_LOG_BUFFER_SIZE: size }
    const writer = createAuditWriter({ settings, db: { ...ctx.db, commit }, log: ctx.log, metrics })
    return {
      ...{ writer, metrics, sizes },
      record: (event) => writer.record(ctx, { ...event, action: mine + event.action }),
      written: async () =>
        (await t.auditRows())
          .filter(({ action }) => action.startsWith(mine))
          .map(({ action }) => action.slice(mine.length)),
      count: async (name) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0,
      failWith: (next) => {
        verdict = next
      },
      hold: () => {
        const opened = Promise.withResolvers<void>()
        gate = opened.promise
        return () => opened.resolve()
      },
    }
  }

  test('recording does not wait; within two seconds the event is there', async () => {
    const { record, written, writer } = make()
    record(info('one'))
    expect(await written()).toEqual([])
    await Bun.sleep(1_300)
    expect(await written()).toEqual(['one'])
    await writer.stop(1_000)
  })

  test('250 events: at most 100 in a commit, all stored, in order', async () => {
    const { record, written, writer, sizes } = make()
    const names = Array.from({ length: 250 }, (_, index) => String(index))
    for (const name of names) record(info(name))
    await writer.stop(5_000)
    expect(sizes).toEqual([100, 100, 50])
    expect((await written()).sort()).toEqual(names.sort())
  })

  test('a full queue drops ordinary events, counts them, and says so', async () => {
    const { record, written, writer, count, hold } = make(10)
    const release = hold()
    for (let n = 0; n < 50; n += 1) record(info(String(n)))
    expect(await count('audit_events_dropped_total')).toBe(45)
    expect(t.log.some(({ message }) => message === 'Audit log buffer full, dropping event')).toBe(true)
    release()
    await writer.stop(1_000)
    expect((await written()).length).toBe(5)
  })

  test('a flood of ordinary events leaves room for the others, and a CRITICAL one is never dropped (W18b) [SEC]', async () => {
    const { record, written, writer } = make(10)
    for (let n = 0; n < 10_000; n += 1) record(info(`flood ${n}`))
    for (let n = 0; n < 5; n += 1) record(warning(`warning ${n}`))
    for (let n = 0; n < 3; n += 1) record(critical(`critical ${n}`))
    await writer.stop(5_000)
    const kept = await written()
    expect(kept.filter((name) => name.startsWith('warning')).length).toBe(5)
    expect(kept.filter((name) => name.startsWith('critical')).length).toBe(3)
  })

  test('stop waits for a CRITICAL event that is being written by itself', async () => {
    const { record, written, writer, hold } = make(2)
    const release = hold()
    record(warning('a'))
    record(warning('b'))
    record(critical('alone'))
    setTimeout(release, 100)
    await writer.stop(5_000)
    expect((await written()).sort()).toEqual(['a', 'alone', 'b'])
  })

  test('one bad row does not take its neighbours with it; it goes to the log, whole (W1) [SEC]', async () => {
    const { record, written, writer, failWith, count } = make()
    let bad = 0
    failWith((size) => {
      if (size > 1) return new DatabaseFault('insert_audit_row', '22021')
      bad += 1
      return bad === 3 ? new DatabaseFault('insert_audit_row', '22021') : undefined
    })
    for (let n = 0; n < 5; n += 1) record(info(String(n)))
    await writer.stop(5_000)
    expect((await written()).sort()).toEqual(['0', '1', '3', '4'])
    const spilled = t.log.filter(({ message }) => message === 'Failed to write audit event')
    expect(JSON.stringify(spilled.at(-1)?.fields.audit)).toMatch(/"action":"w\d+:2"/)
    expect(await count('audit_events_write_failed_total')).toBe(5)
  })

  test('a database that fails once gets the events at the next attempt (W1)', async () => {
    const { record, written, writer, failWith, count } = make()
    let failures = 0
    failWith(() => {
      failures += 1
      return failures === 1 ? new DatabaseUnavailable('ECONNRESET') : undefined
    })
    record(warning('kept'))
    await writer.stop(5_000)
    expect(await written()).toEqual(['kept'])
    expect(await count('audit_events_write_failed_total')).toBe(1)
  })

  test('an answer that got lost after the commit is no failure: the row is not written to the log as lost', async () => {
    const { record, written, writer } = make()
    const { commit } = t.ctx.db
    record(warning('there'))
    let first = true
    const db = t.ctx.db as { commit: Database['commit'] }
    db.commit = async (statements) => {
      const changes = await commit(statements)
      if (!first) return changes
      first = false
      throw new DatabaseUnavailable('no answer in time')
    }
    const before = t.log.length
    await writer.stop(5_000)
    db.commit = commit
    expect(await written()).toEqual(['there'])
    expect(t.log.slice(before).filter(({ level }) => level === 'error')).toEqual([])
  })

  test('stop has a time limit; what is not written then is in the log', async () => {
    const { record, writer, hold } = make()
    const release = hold()
    for (let n = 0; n < 150; n += 1) record(warning(`late ${n}`))
    const before = t.log.length
    expect((await failure(writer.stop(100))).message).toBe('audit service shutdown timeout')
    const spilled = t.log.slice(before).filter(({ message }) => message === 'Failed to write audit event')
    expect(spilled.length).toBe(150)
    release()
    await Bun.sleep(50)
  })

  test('stop with nothing to write is over at once', async () => {
    const { writer } = make()
    const started = performance.now()
    await writer.stop(10_000)
    expect(performance.now() - started).toBeLessThan(100)
  })

  test('after stop events are refused and counted', async () => {
    const { record, writer, written, count } = make()
    await writer.stop(1_000)
    record(critical('late'))
    expect([await written(), await count('audit_events_dropped_total')]).toEqual([[], 1])
  })

  test('ENABLE_AUDIT_LOGGING=false: nothing is stored', async () => {
    const off = t.withSettings({ ENABLE_AUDIT_LOGGING: 'false' })
    const before = (await t.auditRows()).length
    off.audit.record(off, critical('x'))
    off.audit.recordRepeatable(off, critical('x'))
    await off.audit.stop(1_000)
    expect((await t.auditRows()).length).toBe(before)
  })
})
