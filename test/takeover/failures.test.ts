import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { inspectDatabase, takeOver } from '../../src/takeover/take-over'
import { eventually } from '../support/daemon'
import { clientRow, type ExistingDatabase, existingDatabases, fill, type Row, tokenOf, userRow } from './deployment'
import { convert, rowsOf, settingsOf, TAKEN_OVER_AT } from './support'

const TABLES = [
  ...['users', 'oauth_applications', 'oauth_connections', 'user_authorizations', 'access_tokens'],
  ...['authorization_codes', 'device_codes', 'audit_logs'],
]

async function contentsOf(db: ExistingDatabase): Promise<Record<string, Row[]>> {
  const tables = await Promise.all(
    TABLES.map(async (table) => [table, await db.sql(`select * from ${table} order by id`)]),
  )
  return Object.fromEntries(tables)
}

const EXISTING = { kind: 'existing' as const, surplus: [] }

describe.each(existingDatabases)('a conversion that fails on %s', (name, open) => {
  let db: ExistingDatabase
  beforeEach(async () => {
    db = await open()
    await fill(db)
  })
  afterEach(() => db.remove())

  test('leaves everything as it was, at whichever step; the next one succeeds', async () => {
    const before = await contentsOf(db)
    const file = () => (name === 'SQLite' ? createHash('sha256').update(readFileSync(db.place)).digest('hex') : '')
    const untouched = file()
    for (let failAt = 1; ; failAt += 1) {
      let step = 0
      const failed = await convert(db, {}, () => {
        step += 1
        if (step === failAt) throw new Error('injected')
      }).then(
        () => undefined,
        (error: Error) => error.message,
      )
      if (failed === undefined) break
      expect([failAt, failed]).toEqual([failAt, 'injected'])
      expect(await inspectDatabase(settingsOf(db))).toEqual(EXISTING)
      expect(await contentsOf(db)).toEqual(before)
      expect(file()).toBe(untouched)
      if (name === 'SQLite')
        expect(readdirSync(dirname(db.place)).sort()).toEqual(['oauth.db', 'oauth.db-takeover.lock'])
      expect(failAt).toBeLessThan(100)
    }
    expect(await inspectDatabase(settingsOf(db))).toEqual({ kind: 'own', pending: [] })
  }, 120_000)

  test('a signal ends it between two batches', async () => {
    const controller = new AbortController()
    const options = { settings: settingsOf(db), nowMs: TAKEN_OVER_AT, signal: controller.signal }
    const tell = ({ step }: { step: string }) => {
      if (step === 'converting access_tokens') controller.abort()
    }
    await expect(takeOver({ ...options, tell })).rejects.toThrow()
    expect(await inspectDatabase(settingsOf(db))).toEqual(EXISTING)
  })

  test('of several that start at once one converts and the others find it done', async () => {
    const options = { settings: settingsOf(db), nowMs: TAKEN_OVER_AT, tell: () => {} }
    const reports = await Promise.all([takeOver(options), takeOver(options), takeOver(options)])
    expect(reports.filter((report) => report !== undefined)).toHaveLength(1)
    expect(await rowsOf(db, 'users')).toHaveLength(3)
  })
})

describe.each(existingDatabases)('a database that is not known on %s', (_name, open) => {
  let db: ExistingDatabase
  beforeEach(async () => {
    db = await open()
  })
  afterEach(() => db.remove())

  const reasonOf = async () => {
    const recognition = await inspectDatabase(settingsOf(db))
    return recognition.kind === 'unknown' ? recognition.reason : recognition.kind
  }

  test('another table, a view or a missing column is named', async () => {
    await db.sql('create table invoices (id integer)')
    expect(await reasonOf()).toBe('it has table invoices, which AuthGate does not know')
    await db.sql('drop table invoices')
    await db.sql('create view everybody as select id from users')
    expect(await reasonOf()).toBe('it has view everybody, which AuthGate does not know')
    await db.sql('drop view everybody')
    await db.sql('alter table users drop column full_name')
    expect(await reasonOf()).toStartWith('it lacks column users.full_name; if it belongs to an older AuthGate')
    await db.sql('drop table audit_logs')
    expect(await reasonOf()).toStartWith('it lacks column users.full_name, table audit_logs;')
  })

  test('a table of migrations that another program made is not taken for this one’s', async () => {
    await db.sql('create table schema_migrations (version text)')
    expect(await reasonOf()).toBe('it has table schema_migrations, which AuthGate does not know')
  })

  test('a column that nobody knows is reported, since it stays in the backup', async () => {
    await db.sql("alter table users add column nickname text default 'x'")
    expect((await convert(db)).surplusColumns).toEqual(['users.nickname'])
  })
})

const PROGRAM = resolve(import.meta.dir, 'process.ts')
/** `AUTHGATE_TEST_ROUNDS=20` for a longer look. */
const ROUNDS = Number(process.env.AUTHGATE_TEST_ROUNDS ?? 4)

/** Puts the former database back, from where the conversion keeps it. */
async function goBack(db: ExistingDatabase): Promise<void> {
  if (!db.settings.DATABASE_DRIVER) {
    const folder = dirname(db.place)
    const backup = readdirSync(folder).find((name) => name.includes('.backup-')) ?? ''
    const original = readFileSync(join(folder, backup))
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    writeFileSync(db.place, original)
    return
  }
  const [schema] = await db.sql("select nspname as name from pg_namespace where nspname like 'authgate_backup_%'")
  await db.sql(`drop schema public cascade; alter schema ${schema?.name} rename to public`)
}

/** PostgreSQL notices only at the end of a statement that nobody waits for it any more. */
const othersAreGone = (db: ExistingDatabase) =>
  eventually('the end of the other connection', async () => {
    if (!db.settings.DATABASE_DRIVER) return true
    const others = await db.sql(
      "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'",
    )
    return others.length === 0 ? true : undefined
  })

describe.each(existingDatabases)('a process that is killed while it converts a database on %s', (name, open) => {
  test('leaves the former tables or the new ones, and the next start completes it', async () => {
    const db = await open()
    const facts = await fill(db)
    await db.insert('users', userRow(db, { id: 'many', username: 'many' }))
    await db.insert('oauth_applications', clientRow(db, { id: 9, client_id: 'many' }))
    const many = { type: 'access' as const, userId: 'many', clientId: 'many' }
    await db.insert('access_tokens', ...Array.from({ length: 4_000 }, () => tokenOf(db, many).row))
    const before = await contentsOf(db)

    /** Resolves when the conversion is about to begin. */
    const start = async () => {
      const child = Bun.spawn([process.execPath, PROGRAM, JSON.stringify({ ...facts.settings, ...db.settings })], {
        ...{ stdout: 'pipe', stderr: 'inherit' },
      })
      await child.stdout.getReader().read()
      return child
    }
    const whole = await start()
    const startedAt = Date.now()
    expect(await whole.exited).toBe(0)
    const takes = Date.now() - startedAt
    await goBack(db)
    expect(await contentsOf(db)).toEqual(before)
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = await start()
      await Bun.sleep(Math.random() * takes)
      child.kill('SIGKILL')
      await child.exited
      await othersAreGone(db)
      const { kind } = await inspectDatabase(settingsOf(db))
      expect(kind).toBeOneOf(['existing', 'own'])
      if (name === 'SQLite') expect(await db.sql('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
      if (kind === 'existing') {
        expect(await contentsOf(db)).toEqual(before)
        await convert(db, facts.settings)
      }
      expect(await rowsOf(db, 'accessTokens')).toHaveLength(4_014)
      if (name === 'SQLite')
        expect(readdirSync(dirname(db.place)).filter((file) => file.endsWith('.partial'))).toEqual([])
      await goBack(db)
    }
    await db.remove()
  }, 600_000)
})
