/** What callers see while PostgreSQL fails in one of its ways, and how soon all is well afterwards. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import postgres from 'postgres'
import { type RunningBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { eventually } from '../support/daemon'
import { deviceLogin } from '../support/form-browser'
import { type PostgresServer, startPostgres } from '../support/postgres'
import { NEW_PASSWORD } from '../support/sign-in'
import { suiteNeeds } from '../support/skip'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy'
import { type MixedLoad, startMixedLoad } from './mixed-load'
import { registerService, registrationEnv } from './service-client'

/** An answer is waited for 5 s at most; the rest is for a machine that is busy with other tests. */
const ANSWER_LIMIT_MS = 9_000
const RECOVERY_LIMIT_MS = 8_000

suiteNeeds('postgresql')('PostgreSQL fails under load', () => {
  let database: PostgresServer
  let proxy: TcpProxy
  let server: RunningBinary
  let load: MixedLoad

  beforeAll(async () => {
    database = await startPostgres()
    const url = new URL((await database.freshDatabase()).url)
    proxy = await startTcpProxy(Number(url.port))
    url.port = String(proxy.port)
    server = await startBinary({
      env: {
        DATABASE_DRIVER: 'postgres',
        DATABASE_DSN: url.href,
        LOG_FORMAT: 'json',
        DB_MAX_OPEN_CONNS: '6',
        ...registrationEnv,
      },
    })
    const { clientId, password } = readCredentials(server.folder)
    const tokens = await deviceLogin(server, { clientId, password })
    const sql = postgres(url.href, { max: 1 })
    const service = await registerService(server, (statement) => sql.unsafe(statement))
    await sql.end()
    load = startMixedLoad(server, {
      ...{ clientId, service, tokens },
      ...{ password: NEW_PASSWORD, limitMs: ANSWER_LIMIT_MS },
    })
    await eventually('the load', async () => (load.served() > 50 ? true : undefined))
  }, 60_000)
  beforeEach(() => load.begin())
  afterAll(async () => {
    await load.stop()
    await server.kill()
    await proxy.close()
    await database.stop()
  })

  const readiness = async () => (await server.fetch('/readyz')).status
  const isReady = async () => ((await readiness()) === 200 ? true : undefined)

  /** Everything is served again, without a restart. */
  async function expectRecovery(): Promise<void> {
    await eventually('readiness', isReady, { limit: RECOVERY_LIMIT_MS })
    await eventually(
      'a second without refusals',
      async () => {
        load.begin()
        await Bun.sleep(1_000)
        return load.refused() === 0 && load.served() > 20 ? true : undefined
      },
      { limit: RECOVERY_LIMIT_MS },
    )
    expect([...new Set(load.wrong)].slice(0, 10)).toEqual([])
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  }

  /** Nobody is kept waiting to be refused. */
  async function expectRefusals(): Promise<void> {
    expect(await readiness()).toBe(503)
    await eventually('quick refusals', async () => {
      load.begin()
      await eventually('refusals', async () => (load.refused() > 20 ? true : undefined))
      return load.slowestMs() < 4_000 ? true : undefined
    })
  }

  /** Lines that are not the one of each request. */
  const otherLines = () =>
    server
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && !line.includes('"message":"request"'))

  test('halted: refused at once with a hint, few lines in the log; started again: served without a restart', async () => {
    const before = otherLines().length
    await database.halt()
    try {
      await Bun.sleep(1_200)
      await expectRefusals()
    } finally {
      await database.start()
    }
    await expectRecovery()
    expect(otherLines().length - before).toBeLessThan(100)
  }, 60_000)

  const SILENCES = [
    ['the network swallows everything', () => proxy.silence(), () => proxy.restore()],
    ['its processes are frozen', () => database.freeze(), () => database.thaw()],
  ] as const
  test.each(SILENCES)(
    '%s: nobody waits without end, then everybody is refused at once; served afterwards',
    async (_, fail, heal) => {
      const before = otherLines().length
      fail()
      try {
        await Bun.sleep(6_000)
        await expectRefusals()
      } finally {
        heal()
      }
      await expectRecovery()
      expect(otherLines().length - before).toBeLessThan(100)
    },
    60_000,
  )

  test('all open connections are lost without a word: others take their place', async () => {
    proxy.strand()
    await expectRecovery()
  }, 60_000)

  test('connections cut and sessions ended again and again in the middle of requests', async () => {
    const sql = postgres(database.url, { max: 1, onnotice: () => {} })
    for (let round = 0; round < 8; round += 1) {
      if (round % 2 === 0) proxy.cut()
      else
        await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where pid <> pg_backend_pid() and backend_type = 'client backend'`
      await Bun.sleep(200)
    }
    await sql.end()
    await expectRecovery()
  }, 60_000)
})
