/** The databases every data test runs on: a SQLite file, and PostgreSQL where it is installed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../src/db/database'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'
import { freshDatabase, postgresAvailable } from './postgres'

export interface OpenedDatabase {
  db: Database
  close: () => Promise<void>
}

export type OpenDatabase = () => Promise<OpenedDatabase>

/** A migrated SQLite database in a file of its own. */
export async function openTestSqlite(): Promise<OpenedDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'authgate-db-'))
  const db = openSqlite({ path: join(directory, 'test.db'), busyTimeoutMs: 5000 })
  await db.migrate()
  return {
    db,
    close: async () => {
      await db.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A migrated PostgreSQL database of its own. */
async function openTestPostgres(): Promise<OpenedDatabase> {
  const { url, drop } = await freshDatabase()
  const { hostname, port, username, pathname } = new URL(url)
  const db = openPostgres({
    connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
    maxConnections: 20,
    idleTimeoutMs: 0,
    maxLifetimeMs: 0,
    answerTimeoutMs: 10_000,
    prepare: true,
  })
  await db.migrate()
  return {
    db,
    close: async () => {
      await db.close()
      await drop()
    },
  }
}

export const databases: [string, OpenDatabase][] = postgresAvailable
  ? [
      ['SQLite', openTestSqlite],
      ['PostgreSQL', openTestPostgres],
    ]
  : [['SQLite', openTestSqlite]]
