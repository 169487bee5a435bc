import { Database as SqliteHandle } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import postgres from 'postgres'
import type { Database } from '../../src/db/database'
import {
  type Migration,
  migrationHash,
  pendingMigrations,
  postgresMigrations,
  sqliteMigrations,
} from '../../src/db/migrations'
import { openPostgres } from '../../src/db/postgres'
import { openSqlite } from '../../src/db/sqlite'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { failure } from '../tokens/support'

const folder = temporaryFolder('migrations')
afterAll(() => removeFolder(folder))

interface Empty {
  /** For the process of test/db/process.ts. */
  readonly where: string
  open(): Database
  /** Runs a statement beside the program. */
  execute(statement: string): Promise<unknown[]>
  drop(): Promise<void>
}

async function emptySqlite(): Promise<Empty> {
  const where = join(folder, `${crypto.randomUUID()}.db`)
  return {
    where,
    open: () => openSqlite({ path: where, busyTimeoutMs: 5000 }),
    execute: async (statement) => {
      const handle = new SqliteHandle(where)
      try {
        return handle.query(statement).all()
      } finally {
        handle.close()
      }
    },
    drop: async () => {},
  }
}

async function emptyPostgres(): Promise<Empty> {
  const { url, drop } = await freshDatabase()
  const { hostname, port, username, pathname } = new URL(url)
  const connection = { host: hostname, port: Number(port), user: username, database: pathname.slice(1) }
  return {
    where: url,
    open: () =>
      openPostgres({
        ...{
          connection,
          maxConnections: 3,
          idleTimeoutMs: 0,
          maxLifetimeMs: 0,
          answerTimeoutMs: 10_000,
          prepare: true,
        },
      }),
    execute: async (statement) => {
      const client = postgres(url, { max: 1 })
      try {
        return [...(await client.unsafe(statement))]
      } finally {
        await client.end()
      }
    },
    drop,
  }
}

const dialects: [string, { dialect: string; empty: () => Promise<Empty>; all: Migration[] }][] = [
  ['SQLite', { dialect: 'sqlite', empty: emptySqlite, all: sqliteMigrations }],
]
if (postgresAvailable)
  dialects.push(['PostgreSQL', { dialect: 'postgres', empty: emptyPostgres, all: postgresMigrations }])

describe.each(dialects)('migrations on %s', (_name, { dialect, empty, all }) => {
  const tags = all.map(({ tag }) => tag)

  test('an empty database gets all of them, a second start none', async () => {
    const { open, drop } = await empty()
    const first = open()
    expect(await first.migrate()).toEqual(tags)
    expect(await first.migrate()).toEqual([])
    await first.close()
    const second = open()
    expect(await second.migrate()).toEqual([])
    await second.close()
    await drop()
  })

  test('the migrations make exactly the tables the program declares', async () => {
    const { open, drop } = await empty()
    const db = open()
    await db.migrate()
    for (const table of Object.values(db.t)) expect(await db.q.select().from(table)).toEqual([])
    await db.close()
    await drop()
  })

  test('a database that is newer than the program is refused, and left alone', async () => {
    const { open, execute, drop } = await empty()
    const db = open()
    await db.migrate()
    const at = dialect === 'sqlite' ? 'at' : '"at"'
    const time = dialect === 'sqlite' ? '0' : 'now()'
    await execute(`insert into schema_migrations(tag, hash, ${at}) values ('9999_future', 'x', ${time})`)
    const error = await failure(db.migrate())
    expect(error.message).toBe('the database is newer than this program (it has migration 9999_future)')
    await db.close()
    await drop()
  })

  test('a history that was edited afterwards is refused', async () => {
    const { open, execute, drop } = await empty()
    const db = open()
    await db.migrate()
    await execute(`update schema_migrations set hash = 'edited' where tag = '${tags[0]}'`)
    const error = await failure(db.migrate())
    expect(error.message).toBe(`migration ${tags[0]} of the database differs from the one in this program`)
    await db.close()
    await drop()
  })

  test('a migration that fails leaves nothing, and the next start begins anew', async () => {
    const { open, execute, drop } = await empty()
    await execute('create table sessions(id text)')
    const db = open()
    await failure(db.migrate())
    const left =
      dialect === 'sqlite'
        ? 'select name from sqlite_master'
        : `select tablename from pg_tables where schemaname = 'public'`
    expect((await execute(left)).length).toBe(1)
    await execute('drop table sessions')
    expect(await db.migrate()).toEqual(tags)
    await db.close()
    await drop()
  })

  test('two and more processes at once: one applies them, none fails (W22)', async () => {
    const { where, open, drop } = await empty()
    const processes = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, join(import.meta.dir, 'process.ts'), dialect, where], {
        ...{ cwd: folder, stdout: 'pipe', stderr: 'pipe', env: { PATH: process.env.PATH } },
      }),
    )
    const outcomes = await Promise.all(
      processes.map(async ({ exited, stdout, stderr }) => ({
        status: await exited,
        applied: (await new Response(stdout).text()).trim(),
        errors: await new Response(stderr).text(),
      })),
    )
    expect(outcomes.map(({ status, errors }) => [status, errors])).toEqual(outcomes.map(() => [0, '']))
    expect(outcomes.map(({ applied }) => applied).sort()).toEqual(['[]', '[]', '[]', JSON.stringify(tags)].sort())
    const db = open()
    expect(await db.migrate()).toEqual([])
    await db.close()
    await drop()
  }, 30_000)
})

describe('which migrations are pending', () => {
  const migration = (tag: string): Migration => ({ tag, statements: [`create table ${tag}(id text)`] })
  const all = ['a', 'b', 'c'].map(migration)
  const applied = (...tags: string[]) => tags.map((tag) => ({ tag, hash: migrationHash(migration(tag)) }))

  test('those after the applied ones, in order', () => {
    expect(pendingMigrations(all, []).map(({ tag }) => tag)).toEqual(['a', 'b', 'c'])
    expect(pendingMigrations(all, applied('a')).map(({ tag }) => tag)).toEqual(['b', 'c'])
    expect(pendingMigrations(all, applied('a', 'b', 'c'))).toEqual([])
  })

  test('another order, another text or more than is known is refused', () => {
    expect(() => pendingMigrations(all, applied('b'))).toThrow('differs')
    expect(() => pendingMigrations(all, [{ tag: 'a', hash: 'x' }])).toThrow('differs')
    expect(() => pendingMigrations(all, applied('a', 'b', 'c', 'd'))).toThrow('newer')
  })
})

test('both dialects have the same migrations', () => {
  expect(sqliteMigrations.map(({ tag }) => tag)).toEqual(postgresMigrations.map(({ tag }) => tag))
})
