/** SQLite as source and as target of a copy. */
import { type SQLQueryBindings, Database as SqliteHandle } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { sqliteKit } from '../db/kit'
import { applySqliteMigrations, type SqliteOptions } from '../db/sqlite'
import { publish, withDraft } from '../drafts'
import { recogniseSqlite } from '../takeover/sqlite'
import {
  BATCH_ROWS,
  type Rows,
  requireCurrent,
  requireFree,
  requireNoRows,
  type Source,
  type Target,
  TransferRefusal,
} from './place'
import { type LogicalRow, type LogicalTable, logicalTables, quotedNames } from './tables'

const CACHE_KIB = 64_000

function open({ path, busyTimeoutMs }: SqliteOptions): SqliteHandle {
  const handle = new SqliteHandle(path, { create: false, readwrite: true, strict: true })
  handle.run(`PRAGMA busy_timeout=${busyTimeoutMs}`)
  handle.run(`PRAGMA cache_size=-${CACHE_KIB}`)
  return handle
}

/** Runs `work` on the file as it is now. A server may go on writing to it where it uses a write-ahead log. */
export async function withSqliteSource<T>(options: SqliteOptions, work: (source: Source) => Promise<T>): Promise<T> {
  if (!existsSync(options.path)) throw new TransferRefusal(`there is no SQLite file ${options.path}`)
  const handle = open(options)
  try {
    handle.run('BEGIN')
    // The first read of the transaction is the moment that is copied.
    requireCurrent(recogniseSqlite(handle), { sqlite: options, postgres: undefined })
    return await work({ tables: logicalTables(sqliteKit), ...rowsOf(handle) })
  } finally {
    handle.close()
  }
}

/** What `work` inserts is there whole or not at all. A file that was not there appears when it is whole. */
export async function withSqliteTarget<T>(options: SqliteOptions, work: (target: Target) => Promise<T>): Promise<T> {
  if (existsSync(options.path)) return await fill(options, work)
  return await withDraft(options.path, 'partial', async (draft) => {
    const result = await fill({ ...options, path: draft }, work)
    publish(draft, options.path)
    return result
  })
}

async function fill<T>(options: SqliteOptions, work: (target: Target) => Promise<T>): Promise<T> {
  const place = { sqlite: options, postgres: undefined }
  const handle = open(options)
  try {
    handle.run('PRAGMA synchronous=FULL')
    handle.run('PRAGMA foreign_keys=OFF')
    handle.run('BEGIN IMMEDIATE')
    requireFree(recogniseSqlite(handle), place)
    applySqliteMigrations(handle)
    const target = { tables: logicalTables(sqliteKit), ...rowsOf(handle), insert: inserter(handle) }
    await requireNoRows(target, place)
    const result = await work(target)
    if (handle.query('PRAGMA foreign_key_check').all().length > 0)
      throw new TransferRefusal('the source has rows that refer to nothing')
    handle.run('COMMIT')
    return result
  } finally {
    if (handle.inTransaction) handle.run('ROLLBACK')
    handle.close()
  }
}

const rowsOf = (handle: SqliteHandle): Rows => ({
  count: async ({ name }) => (handle.query(`select count(*) as rows from ${name}`).get() as { rows: number }).rows,
  batches: async function* (table) {
    const statement = handle.prepare(`select ${quotedNames(table)} from ${table.name}`)
    try {
      let batch: LogicalRow[] = []
      for (const row of statement.iterate() as Iterable<Record<string, unknown>>) {
        batch.push(table.columns.map(({ name, decode }) => decode(row[name])))
        if (batch.length < BATCH_ROWS) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    } finally {
      statement.finalize()
    }
  },
})

function inserter(handle: SqliteHandle): Target['insert'] {
  return async (table: LogicalTable, rows: readonly LogicalRow[]) => {
    const slots = table.columns.map(() => '?').join(', ')
    const insert = handle.query(`insert into ${table.name} (${quotedNames(table)}) values (${slots})`)
    for (const row of rows)
      insert.run(...(table.columns.map(({ encode }, index) => encode(row[index])) as SQLQueryBindings[]))
  }
}
