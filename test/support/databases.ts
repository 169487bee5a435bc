/** The databases every data test runs on: a SQLite file, and PostgreSQL where it is installed. */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../src/db/database'
import { type Migration, migrationHash, postgresMigrations, sqliteMigrations } from '../../src/db/migrations'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'
import { copyOfTemplate, postgresAvailable } from './postgres'

export interface OpenedDatabase {
  db: Database
  close: () => Promise<void>
}

export type OpenDatabase = () => Promise<OpenedDatabase>

/** Migrating takes longer than most tests do: it is done once for each version of the migrations, and the result copied. */
const templateName = (migrations: readonly Migration[]): string =>
  `authgate_template_${Bun.hash(migrations.map(migrationHash).join()).toString(36)}`

const sqliteFile = (path: string): Database => openSqlite({ path, busyTimeoutMs: 5000 })

async function sqliteTemplate(): Promise<string> {
  const template = join(tmpdir(), `${templateName(sqliteMigrations)}.db`)
  if (existsSync(template)) return template
  const directory = mkdtempSync(join(tmpdir(), 'authgate-db-'))
  const db = sqliteFile(join(directory, 'test.db'))
  await db.migrate()
  await db.close()
  // Two processes may be doing this; either file is right, and a rename is never seen half done.
  renameSync(join(directory, 'test.db'), template)
  rmSync(directory, { recursive: true, force: true })
  return template
}

/** A migrated SQLite database in a file of its own. */
export async function openTestSqlite(): Promise<OpenedDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'authgate-db-'))
  const path = join(directory, 'test.db')
  copyFileSync(await sqliteTemplate(), path)
  const db = sqliteFile(path)
  await db.migrate()
  return {
    db,
    close: async () => {
      await db.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function connect(databaseUrl: string): Database {
  const { hostname, port, username, pathname } = new URL(databaseUrl)
  return openPostgres({
    connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
    maxConnections: 20,
    idleTimeoutMs: 0,
    maxLifetimeMs: 0,
    answerTimeoutMs: 10_000,
    prepare: true,
  })
}

async function migrate(databaseUrl: string): Promise<void> {
  const db = connect(databaseUrl)
  await db.migrate()
  await db.close()
}

/** A migrated PostgreSQL database of its own. */
async function openTestPostgres(): Promise<OpenedDatabase> {
  const { url, drop } = await copyOfTemplate({ name: templateName(postgresMigrations), fill: migrate })
  const db = connect(url)
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
