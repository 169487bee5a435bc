/** Counters in a real Redis: shared, exact, and never in the way when it is gone. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { RedisClient } from 'bun'
import { createMemoryLimits } from '../../src/limits/memory'
import { createRedisLimits } from '../../src/limits/redis'
import { WINDOW_MS } from '../../src/limits/window'
import { createMetrics } from '../../src/metrics/registry'
import { openTestApp, type TestApp } from '../support/app'
import { selfSignedCertificate } from '../support/certificate'
import { eventually, removeFolder, startDaemon, temporaryFolder } from '../support/daemon'
import { redisProgram } from '../support/parts'
import { freePort } from '../support/ports'
import { freshRedis, type RedisServer, startRedis } from '../support/redis'
import { testSettings } from '../support/settings'
import { suiteNeeds } from '../support/skip'

const REDIS = { ENABLE_RATE_LIMIT: 'true', RATE_LIMIT_STORE: 'redis' }
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

/** `ahead`: how far this machine's clock is from that of Redis, in milliseconds. */
const unopened = (settings: Record<string, string>, ahead = 0) => {
  const all = testSettings({ ...REDIS, ...settings })
  const clock = { now: () => Date.now() + ahead }
  const local = createMemoryLimits({ clock, sweepEveryMs: WINDOW_MS })
  return createRedisLimits(all, { log: quiet, metrics: createMetrics(all), local })
}
const openLimits = async (url: string, ahead = 0) => {
  const limits = unopened({ REDIS_ADDR: url }, ahead)
  opened.push(limits)
  await limits.open()
  return limits
}
const command = async (url: string, name: string, args: string[] = []): Promise<unknown> => {
  const client = new RedisClient(url, { autoReconnect: false })
  try {
    return await client.send(name, args)
  } finally {
    client.close()
  }
}

suiteNeeds('redis')('sliding window in Redis', () => {
  let url = ''
  beforeAll(async () => {
    ;({ url } = await freshRedis())
  })

  test('processes share the counter, whatever their clocks say; exactly the limit passes at once', async () => {
    const [one, two] = [await openLimits(url), await openLimits(url, 3_600_000)]
    const verdicts = await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? one : two).take('token:192.0.2.1', 10)),
    )
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(10)
    expect(verdicts.map(({ remaining }) => remaining).sort((a, b) => b - a)[0]).toBe(9)
    for (const { resetInMs } of verdicts) {
      expect(resetInMs).toBeGreaterThan(WINDOW_MS - 5_000)
      expect(resetInMs).toBeLessThanOrEqual(WINDOW_MS)
    }
    expect((await two.look('token:192.0.2.1', 10)).admitted).toBe(false)
    expect(await one.take('login:192.0.2.1', 10)).toMatchObject({ admitted: true, remaining: 9 })
    expect(await one.look('login:192.0.2.1', 10)).toMatchObject({ admitted: true, remaining: 9 })
  })

  test('what is 60 s old does not count; keys are named by route and address and expire by themselves', async () => {
    const limits = await openLimits(url)
    const key = 'ratelimit:login:192.0.2.2'
    const [seconds, micros] = (await command(url, 'TIME')) as [string, string]
    const now = Number(seconds) * 1_000_000 + Number(micros)
    const times = [now - 61_000_000, now - 59_000_000, now - 1_000_000, now + 3_600_000_000]
    await command(url, 'RPUSH', [key, ...times.map(String)])
    // The first has left the window. The last is of a clock that was set back since.
    const verdict = await limits.take('login:192.0.2.2', 3)
    expect(verdict.admitted).toBe(false)
    expect(verdict.resetInMs).toBeLessThanOrEqual(1_000)
    await eventually('the window to move', async () => {
      const next = await limits.take('login:192.0.2.2', 3)
      return next.admitted ? true : undefined
    })
    const ttl = Number(await command(url, 'PTTL', [key]))
    expect(ttl).toBeGreaterThan(WINDOW_MS - 5_000)
    expect(ttl).toBeLessThanOrEqual(WINDOW_MS)
  })

  test('a lost script is loaded again', async () => {
    const limits = await openLimits(url)
    await limits.take('a', 5)
    await command(url, 'SCRIPT', ['FLUSH'])
    expect(await limits.take('a', 5)).toMatchObject({ admitted: true, remaining: 3 })
  })
})

suiteNeeds('redis')('a start without a usable Redis says which setting to change', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  const refusal = async (settings: Record<string, string>): Promise<string> => {
    const limits = unopened({ REDIS_ADDR: server.url, REDIS_CONN_TIMEOUT: '500ms', ...settings })
    return limits.open().then(
      () => 'opened',
      (error: Error) => error.message,
    )
  }

  test('nobody there, wrong database, wrong user, no TLS', async () => {
    expect(await refusal({ REDIS_ADDR: '127.0.0.1:1' })).toMatch(
      /^failed to initialize rate limits: Redis at 127\.0\.0\.1:1: connection refused; check REDIS_ADDR/,
    )
    expect(await refusal({ REDIS_DB: '9999' })).toMatch(/no such database; REDIS_DB is 9999/)
    expect(await refusal({ REDIS_USERNAME: 'nobody', REDIS_PASSWORD: 'hunter2-hunter2' })).toMatch(
      /login refused; check REDIS_USERNAME and REDIS_PASSWORD/,
    )
    expect(await refusal({ REDIS_TLS: 'true' })).toMatch(/REDIS_TLS|REDIS_CONN_TIMEOUT/)
  })

  test('TLS with a certificate that nobody vouches for [SEC]', async () => {
    const folder = temporaryFolder('redis-tls')
    const { certFile, keyFile } = selfSignedCertificate(folder, 'localhost')
    const port = String(await freePort())
    const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
    const daemon = await startDaemon(
      [
        redisProgram() ?? '',
        ...['--port', '0', '--tls-port', port, '--tls-auth-clients', 'no', '--bind', '127.0.0.1', '--save', ''],
        ...[...files, '--dir', folder],
      ],
      { folder, signal: 'TERM' },
    )
    const answer = () => refusal({ REDIS_ADDR: `rediss://localhost:${port}` })
    const text = await eventually('an answer over TLS', async () => {
      const said = await answer()
      return said.includes('refused') ? undefined : said
    })
    await daemon.stop()
    removeFolder(folder)
    expect(text).toMatch(/its certificate is not trusted/)
  })

  test('a password that is missing or wrong', async () => {
    await command(server.url, 'CONFIG', ['SET', 'requirepass', 'open-sesame'])
    const texts = [await refusal({}), await refusal({ REDIS_PASSWORD: 'hunter2-hunter2' })]
    await command(server.url.replace('//', '//:open-sesame@'), 'CONFIG', ['SET', 'requirepass', ''])
    expect(texts[0]).toMatch(/it asks for a password; set REDIS_PASSWORD/)
    expect(texts[1]).toMatch(/login refused; check REDIS_USERNAME and REDIS_PASSWORD/)
    expect(texts.join()).not.toContain('hunter2')
  })

  test('a Redis that does not answer is given up after REDIS_CONN_TIMEOUT', async () => {
    server.freeze()
    const before = performance.now()
    const text = await refusal({})
    server.thaw()
    expect(text).toMatch(/no answer within REDIS_CONN_TIMEOUT/)
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  test('an ACL user with what it needs, in host:port form and in a URL', async () => {
    const rules = ['~ratelimit:*', '+@connection', '+info', '+time', '+evalsha', '+eval', '+@list', '+pexpire']
    await command(server.url, 'ACL', ['SETUSER', 'gate', 'on', '>open-sesame', ...rules])
    await command(server.url, 'ACL', ['SETUSER', 'poor', 'on', '>open-sesame', '+@connection', '+info'])
    const { host } = new URL(server.url)
    const named = { REDIS_ADDR: host, REDIS_USERNAME: 'gate', REDIS_PASSWORD: 'open-sesame' }
    for (const settings of [named, { REDIS_ADDR: `redis://gate:open-sesame@${host}/3` }]) {
      const limits = unopened(settings)
      opened.push(limits)
      await limits.open()
      expect((await limits.take('acl', 9)).admitted).toBe(true)
    }
    expect(await command(server.url.replace(/0$/, '3'), 'LLEN', ['ratelimit:acl'])).toBe(1)
    expect(await refusal({ ...named, REDIS_USERNAME: 'poor' })).toMatch(/permission denied/)
  })
})

suiteNeeds('redis')('the server while Redis fails', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  const start = async (): Promise<TestApp> => {
    const settings = { ...REDIS, REDIS_ADDR: server.url, TOKEN_RATE_LIMIT: '3' }
    const app = await openTestApp({ settings })
    opened.push(app)
    return app
  }
  const ask = async (app: TestApp) => (await app.postForm('/oauth/token', 'x=1')).status
  const times = async (count: number, app: TestApp) => {
    const answers: number[] = []
    for (let n = 0; n < count; n += 1) answers.push(await ask(app))
    return answers
  }
  const warnings = (app: TestApp) => app.log().filter(({ message }) => message.startsWith('Redis cannot be used'))
  const errors = async (app: TestApp) =>
    Number(/^ratelimit_backend_errors_total (\d+)/m.exec(await app.ctx.metrics.registry.metrics())?.[1])

  test('two servers: the limit holds for both together', async () => {
    const [one, two] = [await start(), await start()]
    expect([await ask(one), await ask(two), await ask(one), await ask(two), await ask(one)]).toEqual([
      400, 400, 400, 429, 429,
    ])
  })

  test('killed: limits hold in the process, one warning; back again: shared again', async () => {
    await command(server.url, 'FLUSHALL')
    const [one, two] = [await start(), await start()]
    await server.halt()
    expect(await times(4, one)).toEqual([400, 400, 400, 429])
    expect(await times(4, two)).toEqual([400, 400, 400, 429])
    expect([warnings(one).length, warnings(two).length]).toEqual([1, 1])
    expect(await errors(one)).toBeGreaterThan(0)
    await server.start()
    await eventually('the shared counter', async () => ((await ask(one)) === 400 ? true : undefined), { limit: 10_000 })
    await eventually('the second server', async () => {
      await ask(two)
      const counted = Number(await command(server.url, 'LLEN', ['ratelimit:token:127.0.0.1']))
      return counted === 3 ? true : undefined
    })
    expect([await ask(one), await ask(two)]).toEqual([429, 429])
  })

  test('frozen: one request waits a moment, the next ones do not; thawed: shared again', async () => {
    await command(server.url, 'FLUSHALL')
    const app = await start()
    server.freeze()
    try {
      const before = performance.now()
      expect(await times(4, app)).toEqual([400, 400, 400, 429])
      expect(performance.now() - before).toBeLessThan(1_000)
      expect(warnings(app)).toHaveLength(1)
    } finally {
      server.thaw()
    }
    await eventually('the shared counter', async () => ((await ask(app)) === 400 ? true : undefined), { limit: 10_000 })
  })
})

describe('settings of the Redis connection', () => {
  test('nothing is connected before open', async () => {
    const limits = unopened({ REDIS_ADDR: '127.0.0.1:1' })
    expect(await limits.take('a', 1)).toMatchObject({ admitted: true })
    expect(await limits.take('a', 1)).toMatchObject({ admitted: false })
    await limits.close()
  })
})
