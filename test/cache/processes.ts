/** Several servers on one database: each with a connection, caches and secrets as a process of its own would have. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../src/db/database'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'
import { openTestApp, type TestApp } from '../support/app'
import { freshDatabase, postgresAvailable } from '../support/postgres'

export type Dialect = 'SQLite' | 'PostgreSQL'
export const dialects: readonly Dialect[] = postgresAvailable ? ['SQLite', 'PostgreSQL'] : ['SQLite']

export interface Processes {
  readonly apps: readonly [TestApp, TestApp]
  /** Reads of the second process that reached the database. */
  reads(): string[]
  close(): Promise<void>
}

const SECRETS = {
  JWT_SECRET: 'b1946ac92492d2347c6235b4d2611184a1e2',
  SESSION_SECRET: '591785b794601e212b260e25925636fda8b1',
}

interface Store {
  readonly settings: Record<string, string>
  connect(): Database
  drop(): Promise<void>
}

async function openStore(dialect: Dialect): Promise<Store> {
  if (dialect === 'SQLite') {
    const folder = mkdtempSync(join(tmpdir(), 'authgate-cache-'))
    const path = join(folder, 'test.db')
    return {
      settings: { DATABASE_DSN: path },
      connect: () => openSqlite({ path, busyTimeoutMs: 5_000 }),
      drop: async () => rmSync(folder, { recursive: true, force: true }),
    }
  }
  const { url, drop } = await freshDatabase()
  const { hostname, port, username, pathname } = new URL(url)
  return {
    settings: { DATABASE_DRIVER: 'postgres', DATABASE_DSN: url },
    connect: () =>
      openPostgres({
        connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
        ...{ maxConnections: 5, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 10_000, prepare: true },
      }),
    drop,
  }
}

export async function openProcesses(
  dialect: Dialect,
  settings: Record<string, string>,
  ofFirst: Record<string, string> = {},
): Promise<Processes> {
  const store = await openStore(dialect)
  const reads: string[] = []
  const nowMs = Date.now()
  const start = (watched: boolean) =>
    openTestApp({
      nowMs,
      settings: { ...SECRETS, ...store.settings, ...settings, ...(watched ? {} : ofFirst) },
      open: async () => {
        const db = store.connect()
        await db.migrate()
        const one: typeof db.one = (query, parameters) => {
          // Asked several times a second, by nobody's request.
          if (query.name !== 'copies_distrusted_at') reads.push(query.name)
          return db.one(query, parameters)
        }
        return { db: watched ? { ...db, one } : db, close: () => db.close() }
      },
    })
  const apps = [await start(false), await start(true)] as const
  return {
    apps,
    reads: () => reads.splice(0),
    close: async () => {
      for (const app of apps) await app.close()
      await store.drop()
    },
  }
}
