/** Counting the rows of a large deployment goes through indexes; of tokens, nothing but the index is read. */
import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database as Store } from '../../src/db/database'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'
import { ROW_GAUGES } from '../../src/jobs/row-gauges'
import { freshDatabase, postgresAvailable } from '../support/postgres'

const INDEXES: Readonly<Record<string, string>> = {
  count_access_tokens: 'access_tokens_expiry',
  count_refresh_tokens: 'access_tokens_expiry',
  count_total_device_codes: 'device_codes_expires',
  count_pending_device_codes: 'device_codes_expires',
  count_sessions: 'sessions_expires',
}

const counts = ({ q, t }: Store) => ROW_GAUGES.map(({ count }) => ({ name: count.name, ...count.build(q, t).toSQL() }))

describe('query plans of the gauges', () => {
  test('every count is looked at', () => {
    expect(ROW_GAUGES.map(({ count }) => count.name).sort()).toEqual(Object.keys(INDEXES).sort())
  })

  test('SQLite', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'authgate-plans-'))
    const path = join(directory, 'plans.db')
    const db = openSqlite({ path, busyTimeoutMs: 5000 })
    await db.migrate()
    const handle = new Database(path)
    for (const { name, sql } of counts(db)) {
      const rows = handle.query(`explain query plan ${sql}`).all(...Array(sql.split('?').length - 1).fill(0))
      const plan = rows.map((row) => (row as { detail: string }).detail).join('\n')
      const covering = name.endsWith('_tokens') ? 'COVERING ' : ''
      expect([name, plan]).toEqual([name, expect.stringContaining(`USING ${covering}INDEX ${INDEXES[name]} `)])
    }
    handle.close()
    await db.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test.skipIf(!postgresAvailable)('PostgreSQL', async () => {
    const { url, drop } = await freshDatabase()
    const { hostname, port, username, pathname } = new URL(url)
    const db = openPostgres({
      connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
      ...{ maxConnections: 2, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 10_000, prepare: true },
    })
    await db.migrate()
    const client = new Bun.SQL(url, { max: 1 })
    // Tables this small are read whole whatever indexes there are.
    await client.unsafe('set enable_seqscan = off')
    for (const { name, sql } of counts(db)) {
      const asked = sql.replaceAll(/"(expires_at|last_seen_at)" > \$\d+/g, '"$1" > now()')
      const literal = asked.replaceAll(/"(status)" = \$\d+/g, `"$1" = 'active'`)
      const query = literal.replaceAll(/"(token_category)" = \$\d+/g, `"$1" = 'access'`).replaceAll(/\$\d+/g, 'true')
      const rows = (await client.unsafe(`explain ${query}`)) as { 'QUERY PLAN': string }[]
      expect([name, rows.map((row) => row['QUERY PLAN']).join('\n')]).toEqual([
        name,
        expect.stringContaining(INDEXES[name] ?? ''),
      ])
    }
    await client.close()
    await db.close()
    await drop()
  })
})
