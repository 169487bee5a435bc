/** Opens the database the settings name. Nothing is migrated yet, unless another process did. */
import type { Settings } from '../config/settings'
import type { Database } from './database'
import { openPostgres } from './postgres'
import { openSqlite } from './sqlite'

/** An answer that takes longer counts as an outage: the caller gets 503 instead of waiting with the database. */
const ANSWER_TIMEOUT_MS = 5_000

export function openDatabase(settings: Settings, { migrated = false } = {}): Database {
  if (settings.postgres) {
    return openPostgres({
      connection: settings.postgres.options,
      prepare: settings.postgres.prepare,
      maxConnections: settings.DB_MAX_OPEN_CONNS,
      idleTimeoutMs: settings.DB_CONN_MAX_IDLE_TIME,
      maxLifetimeMs: settings.DB_CONN_MAX_LIFETIME,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
    })
  }
  if (settings.sqlite) return openSqlite({ ...settings.sqlite, migrated })
  throw new Error(`unsupported database driver: ${settings.DATABASE_DRIVER}`)
}
