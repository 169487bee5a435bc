import { Database as SqliteHandle } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { commit, DatabaseUnavailable, run } from '../../src/db/commit'
import { param, query, rowParameters, write } from '../../src/db/definitions'
import { openSqlite, type SqliteOptions } from '../../src/db/sqlite'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { failure } from '../tokens/support'

const folder = temporaryFolder('sqlite')
afterAll(() => removeFolder(folder))

const insertState = write('test_insert_state', (q, t) => q.insert(t.seedState).values(rowParameters(t.seedState)))
const allStates = query('test_all_states', (q, t) => q.select({ name: t.seedState.name }).from(t.seedState))
const insertSession = write('test_insert_session', (q, t) => q.insert(t.sessions).values(rowParameters(t.sessions)))
const stateNamed = query('test_state_named', (q, t) => q.select().from(t.seedState).limit(param('limit')))

const at = new Date()
const state = (name: string) => run(insertState, { name, at })

async function open(options: Partial<SqliteOptions> = {}) {
  const path = join(folder, `${crypto.randomUUID()}.db`)
  const db = openSqlite({ path, busyTimeoutMs: 5000, ...options })
  await db.migrate()
  return { db, path }
}
const pragma = (path: string, name: string) => {
  const handle = new SqliteHandle(path)
  const [row] = handle.query(`PRAGMA ${name}`).all() as Record<string, unknown>[]
  handle.close()
  return Object.values(row ?? {})[0]
}

describe('the SQLite file', () => {
  test('has mode 0600, and so has everything beside it that holds rows [SEC]', async () => {
    const before = process.umask(0)
    const { db, path } = await open()
    process.umask(before)
    await commit({ db }, [state('a')])
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(path + suffix).mode & 0o777).toBe(0o600)
    await db.close()
  })

  test('is in WAL mode, and closing leaves one file', async () => {
    const { db, path } = await open()
    await commit({ db }, [state('a')])
    await db.close()
    expect(pragma(path, 'journal_mode')).toBe('wal')
    const name = path.slice(folder.length + 1)
    expect(readdirSync(folder).filter((entry) => entry.startsWith(name) && !/-(wal|shm)$/.test(entry))).toEqual([name])
  })

  test('foreign keys hold, after migrations too; they are off only when the DSN says so', async () => {
    const orphan = {
      ...{ idHash: 'x', sid: 'x', userId: 'nobody', csrfToken: '', remember: false, fingerprint: '', authTime: at },
      ...{ amr: '', idp: '', flash: [], ip: '', userAgent: '', createdAt: at, lastSeenAt: at, expiresAt: at },
    }
    const { db } = await open()
    expect((await failure(commit({ db }, [run(insertSession, orphan)]))).message).toContain(
      'SQLITE_CONSTRAINT_FOREIGNKEY',
    )
    await db.close()
    const off = await open({ foreignKeys: false })
    expect(await commit({ db: off.db }, [run(insertSession, orphan)])).toEqual([1])
    await off.db.close()
  })

  test('in memory: one database for readers and writers', async () => {
    const { db } = await open({ path: ':memory:' })
    await commit({ db }, [state('a')])
    expect(await db.all(allStates)).toEqual([{ name: 'a' }])
    await db.close()
  })

  test('what was acknowledged is in the file, whatever happens to the process', async () => {
    const { db, path } = await open()
    await commit({ db }, [state('kept')])
    // Another handle, as after a crash of the first.
    const other = openSqlite({ path, busyTimeoutMs: 5000 })
    expect(await other.all(allStates)).toEqual([{ name: 'kept' }])
    await other.close()
    await db.close()
  })
})

describe('a database that cannot write now is DatabaseUnavailable', () => {
  const reasonOf = (error: Error) =>
    error instanceof DatabaseUnavailable ? error.reason : `${error.name}: ${error.message}`

  test('a full disk: refused as a whole, readable meanwhile, and usable when there is room again', async () => {
    const { db, path } = await open()
    await commit({ db }, [state('before')])
    // The page limit of a handle is what a full disk is to it.
    const handle = new SqliteHandle(path)
    const pages = Number(pragma(path, 'page_count'))
    handle.close()
    const limited = openSqlite({ path, busyTimeoutMs: 5000 })
    await limited.migrate()
    await db.close()
    const writes = Array.from({ length: 50 }, (_, index) => state(`${index} ${'x'.repeat(100_000)}`))
    const full = { db: openWithPragma(path, `max_page_count=${pages + 10}`) }
    const outcomes = await Promise.allSettled(writes.map((each) => commit(full, [each])))
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused) expect(reasonOf(reason)).toBe('SQLITE_FULL')
    expect((await full.db.all(allStates)).length).toBe(1 + 50 - refused.length)
    await full.db.close()
    expect(await commit({ db: limited }, [state('after')])).toEqual([1])
    await limited.close()
  })

  test('a read-only file', async () => {
    const { db, path } = await open()
    await db.close()
    const readOnly = openWithPragma(path, 'query_only=ON')
    expect(reasonOf(await failure(commit({ db: readOnly }, [state('x')])))).toStartWith('SQLITE_READONLY')
    expect(await readOnly.all(allStates)).toEqual([])
    await readOnly.close()
  })

  test('another process that keeps the write lock: the event loop stays free, and the wait has an end', async () => {
    const { db, path } = await open()
    const other = new SqliteHandle(path)
    other.run('BEGIN IMMEDIATE')
    let longestGap = 0
    let last = performance.now()
    const ticks = setInterval(() => {
      longestGap = Math.max(longestGap, performance.now() - last)
      last = performance.now()
    }, 1)
    const waiting = commit({ db }, [state('waited')])
    await Bun.sleep(500)
    other.run('ROLLBACK')
    expect(await waiting).toEqual([1])
    other.run('BEGIN IMMEDIATE')
    expect(reasonOf(await failure(commit({ db }, [state('given up')])))).toStartWith('SQLITE_BUSY')
    clearInterval(ticks)
    other.run('ROLLBACK')
    other.close()
    expect(longestGap).toBeLessThan(1_000)
    expect(await db.all(allStates)).toEqual([{ name: 'waited' }])
    await db.close()
  }, 30_000)

  test('more lists than may wait are refused at once', async () => {
    const { db } = await open()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10_100 }, (_, index) => commit({ db }, [state(`${index}`)])),
    )
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(refused.length).toBe(100)
    expect(reasonOf(refused[0]?.reason)).toBe('write queue full')
    expect((await db.all(allStates)).length).toBe(10_000)
    await db.close()
  }, 30_000)

  test('a folder that cannot hold the lock of a job', async () => {
    const { db, path } = await open()
    mkdirSync(`${path}-job.lock`)
    expect(reasonOf(await failure(db.exclusively('job', false, async () => 1)))).toStartWith('SQLITE_')
    await db.close()
  })
})

test('a query of this program that is wrong is a fault with a name and a code, without its text', async () => {
  const { db } = await open()
  const error = await failure(db.all(stateNamed, { limit: 'secret-value' }))
  expect(`${error.message} ${error.stack}`).not.toContain('secret-value')
  await db.close()
})

/** A database as on a faulty disk: every handle gets one more pragma when it is opened. */
function openWithPragma(path: string, pragmaText: string) {
  const { run: original } = SqliteHandle.prototype
  SqliteHandle.prototype.run = function (this: SqliteHandle, ...args: Parameters<typeof original>) {
    const result = original.apply(this, args)
    if (String(args[0]).startsWith('PRAGMA foreign_keys')) original.call(this, `PRAGMA ${pragmaText}`)
    return result
  } as typeof original
  try {
    return openSqlite({ path, busyTimeoutMs: 0 })
  } finally {
    SqliteHandle.prototype.run = original
  }
}
