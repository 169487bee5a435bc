/** The database of a server, as a command uses it beside the server. Nothing is created or migrated. */
import { existsSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import type { Settings } from '../config/settings'
import type { Database } from '../db/database'
import { query } from '../db/definitions'
import { DatabaseFault } from '../db/errors'
import { type AppliedMigration, pendingMigrations, postgresMigrations, sqliteMigrations } from '../db/migrations'
import { openDatabase } from '../db/open'

/** Why a command cannot use the database, in a line that says what to do. */
export class DatabaseRefusal extends Error {}

/** Throws `DatabaseRefusal` when there is no such database or it is of another version, and `DatabaseUnavailable`. */
export async function withDatabase<T>(settings: Settings, work: (db: Database) => Promise<T>): Promise<T> {
  if (settings.sqlite && !existsSync(settings.sqlite.path))
    throw new DatabaseRefusal(
      `there is no database ${settings.sqlite.path}; start the server first, or set DATABASE_DSN`,
    )
  const db = openDatabase(settings)
  try {
    await requireCurrent(db)
    return await work(db)
  } finally {
    await db.close().catch(() => {})
  }
}

const appliedMigrations = query('applied_migrations', (q) =>
  q.select({ tag: sql<string>`tag`, hash: sql<string>`hash` }).from(sql`schema_migrations`).orderBy(sql`idx`),
)

async function requireCurrent(db: Database): Promise<void> {
  const all = db.dialect === 'sqlite' ? sqliteMigrations : postgresMigrations
  if (missing(all, await applied(db)) > 0)
    throw new DatabaseRefusal('the database is not of this version; start the server of this version first')
}

async function applied(db: Database): Promise<readonly AppliedMigration[]> {
  try {
    return await db.all(appliedMigrations)
  } catch (error) {
    // No server used it yet: the table is not there.
    if (error instanceof DatabaseFault) return []
    throw error
  }
}

function missing(all: Parameters<typeof pendingMigrations>[0], done: readonly AppliedMigration[]): number {
  try {
    return pendingMigrations(all, done).length
  } catch (error) {
    throw new DatabaseRefusal(error instanceof Error ? error.message : 'the database is of another version')
  }
}
