import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:net'
import { eq } from 'drizzle-orm'
import postgres from 'postgres'
import { Conflict, commit, DatabaseUnavailable, must, run } from '../../src/db/commit'
import { param, query, rowParameters, write } from '../../src/db/definitions'
import { openPostgres, type PostgresOptions } from '../../src/db/postgres'
import { eventually } from '../support/daemon'
import { type FreshDatabase, type PostgresServer, startPostgres } from '../support/postgres'
import { suiteNeeds } from '../support/skip'
import { failure } from '../tokens/support'

const insertState = write('test_pg_insert_state', (q, t) => q.insert(t.seedState).values(rowParameters(t.seedState)))
const allStates = query('test_pg_all_states', (q, t) => q.select({ name: t.seedState.name }).from(t.seedState))
const touchState = write('test_pg_touch_state', (q, t) =>
  q
    .update(t.seedState)
    .set({ at: param('at') })
    .where(eq(t.seedState.name, param('name'))),
)
const at = new Date()
const state = (name: string) => run(insertState, { name, at })

suiteNeeds('postgresql')('PostgreSQL', () => {
  let server: PostgresServer
  let database: FreshDatabase
  beforeAll(async () => {
    server = await startPostgres()
    database = await server.freshDatabase()
    const db = open()
    await db.migrate()
    await db.close()
  })
  afterAll(() => server.stop())

  function open(options: Partial<PostgresOptions> = {}, connection: PostgresOptions['connection'] = {}) {
    const { hostname, port, username, pathname } = new URL(database.url)
    return openPostgres({
      connection: { host: hostname, port: Number(port), user: username, database: pathname.slice(1), ...connection },
      ...{ maxConnections: 5, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 5_000, prepare: true },
      ...options,
    })
  }

  test('down: every kind of call says DatabaseUnavailable quickly; back: found at once', async () => {
    const db = open()
    await commit({ db }, [state('before')])
    await server.halt()
    const calls = [
      () => db.all(allStates),
      () => db.one(allStates),
      () => commit({ db }, [state('lost')]),
      () => db.ping(),
      () => db.exclusively('job', false, async () => 1),
    ]
    for (let round = 0; round < 5; round += 1) {
      for (const call of calls) {
        const started = performance.now()
        expect(await failure(call())).toBeInstanceOf(DatabaseUnavailable)
        expect(performance.now() - started).toBeLessThan(2_000)
      }
    }
    await server.start()
    const back = performance.now()
    await eventually('the recovery', () =>
      db.ping().then(
        () => true,
        () => undefined,
      ),
    )
    expect(performance.now() - back).toBeLessThan(2_000)
    await commit({ db }, [state('after')])
    expect((await db.all(allStates)).map(({ name }) => name).sort()).toEqual(['after', 'before'])
    await db.close()
  }, 60_000)

  test('down in the middle of much work: each caller gets its rows or DatabaseUnavailable, never silence', async () => {
    const db = open()
    const writes = Array.from({ length: 200 }, async (_, index) => {
      await Bun.sleep(index)
      return await commit({ db }, [state(`burst ${index}`)])
    })
    const halted = Bun.sleep(80).then(() => server.halt())
    const outcomes = await Promise.allSettled(writes)
    await halted
    await server.start()
    await eventually('the recovery', () =>
      db.ping().then(
        () => true,
        () => undefined,
      ),
    )
    const stored = new Set((await db.all(allStates)).map(({ name }) => name))
    outcomes.forEach((outcome, index) => {
      if (outcome.status === 'fulfilled') expect(stored.has(`burst ${index}`)).toBe(true)
      else expect(outcome.reason).toBeInstanceOf(DatabaseUnavailable)
    })
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
    await db.close()
  }, 60_000)

  test('a server that accepts and says nothing is DatabaseUnavailable when the time is over', async () => {
    const sockets: { destroy(): void }[] = []
    const silent: Server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await eventually('listening', async () => (silent.listening ? true : undefined))
    const address = silent.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const db = open({ answerTimeoutMs: 300 }, { port })
    const started = performance.now()
    expect(await failure(db.all(allStates))).toBeInstanceOf(DatabaseUnavailable)
    expect(await failure(commit({ db }, [state('never')]))).toBeInstanceOf(DatabaseUnavailable)
    expect(performance.now() - started).toBeLessThan(2_000)
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  test('a row that another session keeps locked: the wait has an end', async () => {
    const db = open({ answerTimeoutMs: 300 })
    await commit({ db }, [state('locked')])
    const other = postgres(database.url, { max: 1 })
    const done = Promise.withResolvers<void>()
    const holding = other.begin(async (sql) => {
      await sql`select * from seed_state where name = 'locked' for update`
      await done.promise
    })
    await Bun.sleep(100)
    const blocked = commit({ db }, [must(touchState, { name: 'locked', at }, 'touch')])
    expect(await failure(blocked)).toBeInstanceOf(DatabaseUnavailable)
    done.resolve()
    await holding
    await other.end()
    await db.close()
  })

  test('deadlocks are resolved by writing the list again', async () => {
    const db = open({ maxConnections: 10 })
    await commit({ db }, [state('one'), state('two')])
    const touch = (...names: string[]) => names.map((name) => must(touchState, { name, at }, name))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => commit({ db }, index % 2 ? touch('one', 'two') : touch('two', 'one'))),
    )
    const failed = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    // A list that lost three times in a row is told so; none ends otherwise.
    for (const { reason } of failed) expect(reason).toBeInstanceOf(DatabaseUnavailable)
    expect(failed.length).toBeLessThan(40)
    await db.close()
  }, 30_000)

  test('work under a lock has the whole pool, even a pool of one (DB_MAX_OPEN_CONNS=1)', async () => {
    const db = open({ maxConnections: 1, answerTimeoutMs: 2_000 })
    const result = await db.exclusively('single', true, async () => {
      await commit({ db }, [state('inside')])
      return (await db.all(allStates)).length
    })
    expect(result).toBeGreaterThan(0)
    await db.close()
  })

  test('a lock ends with its connection, and the work keeps its result', async () => {
    const db = open()
    const result = await db.exclusively('cut', false, async () => {
      const admin = postgres(database.url, { max: 1 })
      await admin`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`
      await admin.end()
      await Bun.sleep(50)
      expect(await db.exclusively('cut', false, async () => 'second')).toBe('second')
      return 'first'
    })
    expect(result).toBe('first')
    await db.close()
  })

  test('what work under a lock throws is thrown as it is', async () => {
    const db = open()
    expect(await failure(db.exclusively('throws', false, () => Promise.reject(new Conflict('mine'))))).toEqual(
      new Conflict('mine'),
    )
    expect(await db.exclusively('throws', false, async () => 'free again')).toBe('free again')
    await db.close()
  })

  test('without prepared statements (transaction poolers) everything works the same', async () => {
    const db = open({ prepare: false })
    await commit({ db }, [state('unprepared')])
    expect((await db.all(allStates)).map(({ name }) => name)).toContain('unprepared')
    expect(await db.exclusively('pooled', false, async () => 1)).toBe(1)
    await db.close()
  })
})

suiteNeeds('postgresql')('a PostgreSQL that is not there', () => {
  test('is DatabaseUnavailable, also by name', async () => {
    const common = { maxConnections: 1, idleTimeoutMs: 0, maxLifetimeMs: 0, answerTimeoutMs: 3_000, prepare: true }
    for (const connection of [{ host: '127.0.0.1', port: 1 }, { path: '/nonexistent/.s.PGSQL.5432' }]) {
      const db = openPostgres({ ...common, connection: { ...connection, user: 'x', database: 'x' } })
      const error = await failure(db.ping())
      expect(error).toBeInstanceOf(DatabaseUnavailable)
      await db.close()
    }
  })
})

describe('errors of the drivers', () => {
  test.each([
    ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT', 'CONNECTION_CLOSED', '08006', '53300'],
    ...[
      '57P01',
      '57P03',
      '25006',
      '40001',
      '40P01',
      'SQLITE_BUSY',
      'SQLITE_FULL',
      'SQLITE_IOERR_WRITE',
      'SQLITE_READONLY',
    ],
  ])('%s means not now', async (code) => {
    const { databaseError } = await import('../../src/db/errors')
    expect(databaseError(Object.assign(new Error('m'), { code }), 's')).toBeInstanceOf(DatabaseUnavailable)
  })

  test.each(['22P02', '23503', '42601', 'SQLITE_ERROR', 'SQLITE_CONSTRAINT_FOREIGNKEY', 'SQLITE_CORRUPT'])(
    '%s is a fault, reported without the driver’s text [SEC]',
    async (code) => {
      const { databaseError, DatabaseFault } = await import('../../src/db/errors')
      const error = databaseError({ cause: Object.assign(new Error('value "secret"'), { code }) }, 'insert_x')
      expect(error).toBeInstanceOf(DatabaseFault)
      expect(`${error.message}${error.stack}`).not.toContain('secret')
    },
  )
})
