/** Takes a SQLite file over in place: one transaction, so that the file is the former one or the new one, whatever happens. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { existsSync, rmSync } from 'node:fs'
import type { AppliedMigration } from '../db/migrations'
import { sqliteMigrations } from '../db/migrations'
import { applySqliteMigrations, type SqliteOptions } from '../db/sqlite'
import { withDraft } from '../drafts'
import { convertAll } from './convert'
import { existingTables } from './existing-tables'
import type { TellProgress } from './progress'
import { type DatabaseObject, hasMigrations, type Recognition, recognise } from './recognise'
import { createReport, type TakeoverReport } from './report'
import { backUpSqlite, copySqlite } from './sqlite-backup'
import { createSqliteStore, sqliteName } from './sqlite-store'
import type { Work } from './work'

export type WorkParts = Pick<Work, 'settings' | 'userCode' | 'startedAt'>

const CACHE_KIB = 64_000

function open(path: string, busyTimeoutMs: number): SqliteHandle {
  const handle = new SqliteHandle(path, { create: false, readwrite: true })
  handle.run(`PRAGMA busy_timeout=${busyTimeoutMs}`)
  return handle
}

/** Changes nothing, not even the journal mode. */
export function inspectSqlite({ path, busyTimeoutMs }: SqliteOptions): Recognition {
  if (path === ':memory:' || !existsSync(path)) return { kind: 'empty' }
  const handle = open(path, busyTimeoutMs)
  try {
    return recogniseSqlite(handle)
  } finally {
    handle.close()
  }
}

export function recogniseSqlite(handle: SqliteHandle): Recognition {
  const objects = handle
    .query(
      "select type as kind, name from sqlite_master where type in ('table', 'view', 'trigger') and name not like 'sqlite\\_%' escape '\\' order by name",
    )
    .all() as Pick<DatabaseObject, 'kind' | 'name'>[]
  const columns = handle.query('select name from pragma_table_info(?)')
  const described = objects.map(({ kind, name }) => ({
    kind,
    name,
    columns: (columns.all(name) as { name: string }[]).map((column) => column.name),
  }))
  const applied = hasMigrations(described)
    ? (handle.query('select tag, hash from schema_migrations order by idx').all() as AppliedMigration[])
    : []
  return recognise(described, sqliteMigrations, applied)
}

/** Undefined when there is nothing to take over (any more). Whatever it throws, the file is as it was. */
export async function convertSqlite(
  options: SqliteOptions,
  parts: WorkParts,
  tell: TellProgress,
): Promise<TakeoverReport | undefined> {
  return await withLock(options.path, tell, async () => {
    if (inspectSqlite(options).kind !== 'existing') return undefined
    const handle = open(options.path, options.busyTimeoutMs)
    let backup: string | undefined
    try {
      prepare(handle)
      // Nobody else writes from here on; reading the file, as the backup does, goes on.
      handle.run('BEGIN IMMEDIATE')
      const recognition = recogniseSqlite(handle)
      if (recognition.kind !== 'existing') throw new Error('the database changed while it was looked at')
      await tell({ step: 'backing up', done: 0, total: 0 })
      backup = backUpSqlite(options.path, parts.startedAt)
      const report = createReport()
      await convertInside(handle, { ...parts, report }, tell)
      await tell({ step: 'committing', done: 1, total: 1 })
      handle.run('COMMIT')
      return report.report(recognition.surplus, backup)
    } catch (error) {
      if (handle.inTransaction) handle.run('ROLLBACK')
      if (backup) rmSync(backup, { force: true })
      throw error
    } finally {
      handle.close()
    }
  })
}

/** Does everything with a copy that is thrown away afterwards; the file itself is only read. */
export async function trySqlite(options: SqliteOptions, parts: WorkParts, tell: TellProgress): Promise<TakeoverReport> {
  await tell({ step: 'copying', done: 0, total: 0 })
  return await withDraft(options.path, 'trial', async (copy) => {
    copySqlite(options.path, copy)
    const handle = open(copy, options.busyTimeoutMs)
    try {
      prepare(handle)
      handle.run('PRAGMA synchronous=OFF')
      handle.run('BEGIN IMMEDIATE')
      const recognition = recogniseSqlite(handle)
      const report = createReport()
      await convertInside(handle, { ...parts, report }, tell)
      return report.report(recognition.kind === 'existing' ? recognition.surplus : [])
    } finally {
      if (handle.inTransaction) handle.run('ROLLBACK')
      handle.close()
    }
  })
}

function prepare(handle: SqliteHandle): void {
  handle.run('PRAGMA synchronous=FULL')
  handle.run('PRAGMA foreign_keys=OFF')
  handle.run(`PRAGMA cache_size=-${CACHE_KIB}`)
}

/** Tokens of providers and user codes stood there in clear: they must not stay readable in the free pages of the file. */
const HELD_SECRETS = new Set(['oauth_connections', 'device_codes'])

async function convertInside(handle: SqliteHandle, work: Omit<Work, 'store'>, tell: TellProgress): Promise<void> {
  await tell({ step: 'moving tables', done: 0, total: 0 })
  for (const table of existingTables) handle.run(`alter table ${table} rename to ${sqliteName(table)}`)
  applySqliteMigrations(handle)
  await convertAll({ ...work, store: createSqliteStore(handle) }, tell)
  await tell({ step: 'dropping former tables', done: 1, total: 1 })
  for (const table of existingTables) {
    handle.run(`PRAGMA secure_delete=${HELD_SECRETS.has(table) ? 'ON' : 'OFF'}`)
    handle.run(`drop table ${sqliteName(table)}`)
  }
  if (handle.query('PRAGMA foreign_key_check').all().length > 0)
    throw new Error('the conversion left rows that refer to nothing')
}

const LOCK_RETRY_MS = 50

/**
 * Of processes that start together one converts and the others wait, however long that takes. The lock is a transaction
 * on a file of its own: it ends with its process.
 */
async function withLock<T>(path: string, tell: TellProgress, work: () => Promise<T>): Promise<T> {
  const lock = new SqliteHandle(`${path}-takeover.lock`, { create: true })
  try {
    for (;;) {
      try {
        lock.run('BEGIN EXCLUSIVE')
        break
      } catch (error) {
        if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) throw error
        await tell({ step: 'waiting for another process that converts this database', done: 0, total: 0 })
        await Bun.sleep(LOCK_RETRY_MS)
      }
    }
    return await work()
  } finally {
    lock.close()
  }
}
