/** Reading a long trail goes through its indexes; statistics read no record but those that are not INFO or failed. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditFilter } from '../../src/audit/filter'
import { countMatches, newestPlace, readAuditPage, streamAuditRows } from '../../src/audit/query'
import { auditStatistics } from '../../src/audit/statistics'
import type { Database } from '../../src/db/database'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'
import { freshDatabase, postgresAvailable } from '../support/postgres'

interface Asked {
  readonly sql: string
  readonly params: unknown[]
}

/** The database, with every built query written down when it is awaited. */
function listening(db: Database): { db: Database; asked: Asked[] } {
  const asked: Asked[] = []
  const wrap = (builder: object): unknown =>
    new Proxy(builder, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        return (...parameters: unknown[]) => {
          if (name === 'then') asked.push((target as { toSQL(): Asked }).toSQL())
          const result = Reflect.apply(value, target, parameters) as unknown
          const chained =
            typeof result === 'object' && result !== null && name !== 'then' && name !== 'as' && name !== 'toSQL'
          return chained ? wrap(result) : result
        }
      },
    })
  return { db: { ...db, q: wrap(db.q) as Database['q'] }, asked }
}

const RANGE = { startTime: new Date('2026-01-01T00:00:00Z'), endTime: new Date('2026-02-01T00:00:00Z') }
const UP_TO = { time: new Date('2026-01-20T00:00:00Z'), id: 'ffff' }
const FILTERS: [filter: AuditFilter, index: string][] = [
  [{}, 'audit_logs_time'],
  [RANGE, 'audit_logs_time'],
  [{ eventType: 'LOGOUT', ...RANGE }, 'audit_logs_type'],
  [{ severity: 'CRITICAL' }, 'audit_logs_severity'],
  [{ success: false }, 'audit_logs_failures'],
  [{ actorUserId: 'a' }, 'audit_logs_actor'],
  [{ actorIp: '::1' }, 'audit_logs_ip'],
  [{ resourceId: 'r' }, 'audit_logs_resource'],
  [{ clientId: 'c' }, 'audit_logs_client'],
  [{ search: 'x' }, 'audit_logs_time'],
  [{ search: 'x', actorUserId: 'a' }, 'audit_logs_actor'],
  // Two together: one leads, and what it finds is looked through.
  [{ eventType: 'LOGOUT', actorUserId: 'a' }, 'audit_logs_actor'],
  [{ eventType: 'LOGOUT', success: false }, 'audit_logs_failures'],
  [{ eventType: 'LOGOUT', success: true, clientId: 'c' }, 'audit_logs_client'],
  [{ eventType: 'LOGOUT', severity: 'CRITICAL', ...RANGE }, 'audit_logs_severity'],
]

async function read(db: Database, filter: AuditFilter): Promise<void> {
  await newestPlace({ db })
  await readAuditPage({ db }, filter, { page: 3, pageSize: 20, upTo: UP_TO })
  await countMatches({ db }, filter, UP_TO, 10)
  for await (const _ of streamAuditRows({ db }, filter, { upTo: UP_TO, batch: 500, limit: 1000 }));
}

describe('query plans of the audit trail', () => {
  test('SQLite', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'authgate-plans-'))
    const path = join(directory, 'plans.db')
    const store = openSqlite({ path, busyTimeoutMs: 5000 })
    await store.migrate()
    const handle = new SqliteHandle(path)
    const planOf = ({ sql }: Asked): string => {
      const rows = handle.query(`explain query plan ${sql}`).all(...Array(sql.split('?').length - 1).fill(0))
      return rows.map((row) => (row as { detail: string }).detail).join('\n')
    }
    for (const [filter, index] of FILTERS) {
      const { db, asked } = listening(store)
      await read(db, filter)
      expect(asked.length).toBeGreaterThanOrEqual(4)
      const plans = asked.slice(1).map(planOf)
      for (const plan of plans)
        expect([filter, plan]).toEqual([filter, expect.stringContaining(`INDEX ${index} `.trimEnd())])
      // Only what happened in one millisecond is sorted; what happened to one thing is little.
      if (index === 'audit_logs_resource') continue
      for (const plan of plans) expect(plan).not.toContain('USE TEMP B-TREE FOR ORDER BY')
    }
    const { db, asked } = listening(store)
    await auditStatistics({ db }, RANGE)
    expect(asked.map(planOf)).toEqual([
      expect.stringContaining('COVERING INDEX audit_logs_type'),
      expect.stringContaining('INDEX audit_logs_severity'),
      expect.stringContaining('INDEX audit_logs_failures'),
    ])
    handle.close()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test.skipIf(!postgresAvailable)('PostgreSQL', async () => {
    const { url, drop } = await freshDatabase()
    const { hostname, port, username, pathname } = new URL(url)
    const store = openPostgres({
      connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
      ...{ maxConnections: 2, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 10_000, prepare: true },
    })
    await store.migrate()
    const client = new Bun.SQL(url, { max: 1 })
    // Tables this small are read whole whatever indexes there are.
    await client.unsafe('set enable_seqscan = off')
    await client.unsafe('set enable_bitmapscan = off')
    const planOf = async ({ sql, params }: Asked): Promise<string> => {
      const literal = sql.replaceAll(/\$(\d+)/g, (_, number: string) => {
        const value = params[Number(number) - 1]
        if (typeof value === 'number' || typeof value === 'boolean') return String(value)
        return `'${value instanceof Date ? value.toISOString() : String(value)}'`
      })
      const rows = (await client.unsafe(`explain ${literal}`)) as { 'QUERY PLAN': string }[]
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    for (const [filter, index] of FILTERS) {
      const { db, asked } = listening(store)
      await read(db, filter)
      for (const plan of await Promise.all(asked.slice(1).map(planOf)))
        expect([filter, plan]).toEqual([filter, expect.stringMatching(new RegExp(`${index}|audit_logs_time`))])
    }
    await client.close()
    await store.close()
    await drop()
  })
})
