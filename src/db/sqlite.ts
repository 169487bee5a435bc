/** The SQLite database: one handle, group commit, prepared reads, WAL, `synchronous=FULL`. */
import { type SQLQueryBindings, Database as SqliteHandle } from 'bun:sqlite'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { type Compiled, compile, sqliteEncoder } from './compile'
import type { Database } from './database'
import { type Parameters, type Query, type QueryBuilder, write } from './definitions'
import { DatabaseUnavailable, databaseError } from './errors'
import { sqliteKit } from './kit'
import {
  type AppliedMigration,
  migrationHash,
  pendingMigrations,
  sqliteMigrations,
  type TellMigration,
} from './migrations'
import { createFileCheck } from './sqlite-file'
import { createSqliteReader } from './sqlite-reader'
import { createSqliteWriter } from './sqlite-writer'
import { run, type Statement } from './statements'
import { makeTables } from './tables'

export interface SqliteOptions {
  /** File name, or `:memory:`. */
  readonly path: string
  /** How long start-up work (migrations, locks) waits for another process, in milliseconds. */
  readonly busyTimeoutMs: number
  readonly journalMode?: string
  readonly synchronous?: string
  readonly foreignKeys?: boolean
  /** Another process migrated it: no write ever waits with the event loop. */
  readonly migrated?: boolean
}

/** A commit of a full batch dirties several hundred pages; the default of 1,000 would checkpoint at nearly every one. */
const CHECKPOINT_PAGES = 8_000
const CACHE_KIB = 16_000

function openHandle(options: SqliteOptions, busyTimeoutMs: number): SqliteHandle {
  const handle = new SqliteHandle(options.path, { create: true, strict: true })
  handle.run(`PRAGMA busy_timeout=${busyTimeoutMs}`)
  if (options.path !== ':memory:') handle.run(`PRAGMA journal_mode=${options.journalMode ?? 'WAL'}`)
  handle.run(`PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}`)
  // What a savepoint could undo is kept in memory; from 64 KiB on it would go through a file.
  handle.run('PRAGMA temp_store=MEMORY')
  handle.run(`PRAGMA cache_size=-${CACHE_KIB}`)
  handle.run(`PRAGMA synchronous=${options.synchronous ?? 'FULL'}`)
  handle.run(`PRAGMA foreign_keys=${options.foreignKeys === false ? 'OFF' : 'ON'}`)
  return handle
}

/** Opens, and creates when absent with mode 0600: the file holds password hashes. */
export function openSqlite(options: SqliteOptions): Database {
  const inMemory = options.path === ':memory:'
  if (!inMemory) {
    try {
      closeSync(openSync(options.path, 'wx', 0o600))
      chmodSync(options.path, 0o600)
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
  }
  // Reads share the writer's handle: its commits are synchronous, so no read ever sees a half-written one, and a handle of
  // their own would lose its page cache at every commit of the other.
  const handle = openHandle(options, options.busyTimeoutMs)
  if (options.migrated) handle.run('PRAGMA busy_timeout=0')
  const t = makeTables(sqliteKit)
  const q = drizzle({ client: handle }) as unknown as QueryBuilder

  const compiledOnce = new Map<object, Compiled>()
  const compiled = (statement: Statement): Compiled => {
    const definition = statement.kind === 'guard' ? statement.query : statement.write
    let result = compiledOnce.get(definition)
    if (!result) {
      result = compile(definition, q, t, sqliteEncoder)
      compiledOnce.set(definition, result)
    }
    return result
  }

  const file = inMemory ? undefined : createFileCheck(options.path)
  const read = createSqliteReader(handle, q, t)
  const all = <Row>(definition: Query<Row>, parameters: Parameters = {}): Promise<Row[]> => {
    try {
      file?.requireLatelyInPlace()
      return Promise.resolve(read(definition, parameters))
    } catch (error) {
      return Promise.reject(databaseError(error, definition.name))
    }
  }

  const groupCommit = createSqliteWriter(handle, compiled, () => file?.requireInPlace())
  const dataVersion = handle.prepare<{ data_version: number }, []>('PRAGMA data_version')
  let seenVersion = dataVersion.get()?.data_version
  const held = new Map<string, Promise<unknown>>()

  return {
    dialect: 'sqlite',
    q,
    t,
    all,
    one: async (definition, parameters) => (await all(definition, parameters))[0],
    commit: groupCommit.commit,
    ping: async () => {
      try {
        file?.requireInPlace()
        handle.query('select 1').get()
      } catch (error) {
        throw databaseError(error, 'ping')
      }
      // After a refusal nobody may write any more, because nobody is sent here.
      if (groupCommit.isRefusing()) await groupCommit.commit([run(writeNothingNew, {})])
    },
    exclusively: (name, wait, work) => {
      if (inMemory) return exclusivelyInProcess(held, name, wait, work)
      return exclusivelyByFile(options, name, wait, work)
    },
    migrate: async (tell) => {
      const applied = migrateSqlite(handle, options.foreignKeys !== false, tell)
      // From now on writes wait for other processes without blocking the event loop.
      handle.run('PRAGMA busy_timeout=0')
      return applied
    },
    changedElsewhere: () => {
      const version = dataVersion.get()?.data_version
      const changed = version !== seenVersion
      seenVersion = version
      return changed
    },
    close: async () => {
      await groupCommit.drained()
      dataVersion.finalize()
      if (!inMemory) emptyWal(handle)
      handle.close()
    },
  }
}

/** Changes pages, and no content. */
const writeNothingNew = write('write_nothing_new', (q, { seedState }) =>
  q.update(seedState).set({ at: sql`${seedState.at}` }),
)

/** Moves everything into the one file, so that it can be copied as it is. */
function emptyWal(handle: SqliteHandle): void {
  const checkpoint = () => handle.run('PRAGMA wal_checkpoint(TRUNCATE)')
  try {
    checkpoint()
  } catch {
    // Statements of queries that were built per call hold the file until they are collected.
    Bun.gc(true)
    checkpoint()
  }
}

/** Applies what is missing, under the write lock. */
function migrateSqlite(handle: SqliteHandle, foreignKeys: boolean, tell?: TellMigration): string[] {
  let applied: string[] = []
  // Table rebuilds drop tables; with foreign keys on that would delete the rows that refer to them.
  handle.run('PRAGMA foreign_keys=OFF')
  try {
    handle
      .transaction(() => {
        applied = applySqliteMigrations(handle, tell)
        if (handle.query('PRAGMA foreign_key_check').all().length > 0)
          throw new Error('a migration left rows that refer to nothing')
      })
      .immediate()
  } finally {
    if (foreignKeys) handle.run('PRAGMA foreign_keys=ON')
  }
  return applied
}

/** Applies what is missing, inside the transaction of the caller, who has foreign keys switched off. */
export function applySqliteMigrations(handle: SqliteHandle, tell: TellMigration = () => {}): string[] {
  handle.run(
    'create table if not exists schema_migrations(idx integer primary key, tag text not null, hash text not null, at integer not null)',
  )
  const done = handle.query('select tag, hash from schema_migrations order by idx').all() as AppliedMigration[]
  const pending = pendingMigrations(sqliteMigrations, done)
  for (const [index, migration] of pending.entries()) {
    tell(index, pending.length, migration.tag)
    for (const statement of migration.statements) {
      if (!/^\s*PRAGMA foreign_keys/i.test(statement)) handle.run(statement)
    }
    handle.run('insert into schema_migrations(tag, hash, at) values (?, ?, unixepoch() * 1000)', [
      migration.tag,
      migrationHash(migration),
    ] as SQLQueryBindings[])
  }
  return pending.map(({ tag }) => tag)
}

async function exclusivelyInProcess<T>(
  held: Map<string, Promise<unknown>>,
  name: string,
  wait: boolean,
  work: () => Promise<T>,
): Promise<T | undefined> {
  while (held.has(name)) {
    if (!wait) return undefined
    await held.get(name)?.catch(() => {})
  }
  const running = work()
  held.set(name, running)
  try {
    return await running
  } finally {
    held.delete(name)
  }
}

const LOCK_RETRY_MS = 20

function openLockFile(path: string): SqliteHandle {
  try {
    return new SqliteHandle(path, { create: true })
  } catch (error) {
    throw databaseError(error, 'lock')
  }
}

/** The lock is a transaction on a file of its own: it ends with its process, however that ends. */
async function exclusivelyByFile<T>(
  options: SqliteOptions,
  name: string,
  wait: boolean,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const lock = openLockFile(`${options.path}-${name}.lock`)
  try {
    for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
      try {
        lock.run('BEGIN EXCLUSIVE')
        break
      } catch (error) {
        const failure = databaseError(error, 'lock')
        if (!(failure instanceof DatabaseUnavailable && failure.reason.startsWith('SQLITE_BUSY'))) throw failure
        if (!wait) return undefined
        if (waitedMs > 60_000) throw failure
        await Bun.sleep(LOCK_RETRY_MS)
      }
    }
    return await work()
  } finally {
    lock.close()
  }
}
