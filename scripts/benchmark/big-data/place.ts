/** A database of either kind: as the program opens it, and by plain statements beside it. */
import { Database as SqliteHandle } from 'bun:sqlite'
import postgres from 'postgres'
import type { Database } from '../../../src/db/database'
import { openPostgres } from '../../../src/db/postgres'
import { openSqlite } from '../../../src/db/sqlite'

export interface BigDatabase {
  readonly dialect: 'sqlite' | 'postgres'
  open(): Promise<Database>
  /** Plain statements; close it before the program opens the database. */
  plain(): PlainConnection
}

export interface PlainConnection {
  run(statement: string): Promise<void>
  all(statement: string, parameters?: readonly unknown[]): Promise<Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

/** A file name, or `postgres://…`. */
export const bigDatabase = (where: string): BigDatabase =>
  /^postgres(ql)?:/.test(where) ? postgresDatabase(where) : sqliteDatabase(where)

function sqliteDatabase(path: string): BigDatabase {
  return {
    dialect: 'sqlite',
    open: async () => {
      const db = openSqlite({ path, busyTimeoutMs: 5_000 })
      await db.migrate()
      return db
    },
    plain: () => {
      const handle = new SqliteHandle(path)
      handle.run('PRAGMA cache_size=-1000000')
      handle.run('PRAGMA synchronous=OFF')
      return {
        run: async (statement) => {
          handle.run(statement)
        },
        all: async (statement, parameters = []) =>
          handle.query(statement).all(...(parameters as string[])) as Record<string, unknown>[],
        close: async () => {
          handle.run('PRAGMA wal_checkpoint(TRUNCATE)')
          handle.close()
        },
      }
    },
  }
}

function postgresDatabase(url: string): BigDatabase {
  const { hostname, port, username, password, pathname } = new URL(url)
  const connection = { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) }
  return {
    dialect: 'postgres',
    open: async () => {
      const limits = { maxConnections: 5, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 60_000, prepare: true }
      const db = openPostgres({ connection, ...limits })
      await db.migrate()
      return db
    },
    plain: () => {
      const client = postgres(url, { max: 1, onnotice: () => {} })
      return {
        run: async (statement) => {
          await client.unsafe(statement)
        },
        all: async (statement, parameters = []) => [...(await client.unsafe(statement, [...parameters] as string[]))],
        close: () => client.end(),
      }
    },
  }
}
