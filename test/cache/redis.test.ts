/** Copies in a real Redis: shared, never stale after an eviction, never believed when somebody else made them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { RedisClient } from 'bun'
import type { CacheOperation } from '../../src/cache/cache'
import { createRedisCache } from '../../src/cache/redis'
import { createRedisLink, type RedisLink } from '../../src/cache/redis-link'
import { systemRandom } from '../../src/clock'
import { deriveSecrets } from '../../src/secrets'
import { eventually } from '../support/daemon'
import { type FreshRedis, freshRedis, type RedisServer, startRedis } from '../support/redis'
import { testSettings } from '../support/settings'
import { suiteNeeds } from '../support/skip'

interface Row {
  readonly name: string
  readonly at: Date
}

const PREFIX = 'authgate:users:'
const SECRETS = { SESSION_SECRET: 'a-secret-of-the-first-deployment-1', SESSION_SECRET_PREVIOUS: '' }
const row = (name: string): Row => ({ name, at: new Date(1_700_000_000_123) })

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

interface ProcessOptions {
  readonly aside?: boolean
  readonly ttlMs?: number
  readonly localTtlMs?: number
  readonly maxBytes?: number
  readonly secrets?: typeof SECRETS
}

/** A process with one cache. */
async function openProcess(url: string, options: ProcessOptions = {}) {
  const { aside = false, ttlMs = 60_000, localTtlMs = 30_000, maxBytes = 1_000_000, secrets = SECRETS } = options
  const warnings: string[] = []
  const errors: CacheOperation[] = []
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead }
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (_: object, text: string) => warnings.push(text),
  }
  const settings = testSettings({ REDIS_ADDR: url, USER_CACHE_TYPE: 'redis' })
  const link = createRedisLink({ settings, log, processId: crypto.randomUUID(), required: true })
  const cache = createRedisCache<Row>(
    { clock, random: systemRandom, secrets: deriveSecrets(secrets), log },
    {
      ...{ ttlMs, prefix: PREFIX, link, onError: (operation: CacheOperation) => errors.push(operation) },
      ...(aside && { local: { ttlMs: localTtlMs, maxBytes } }),
    },
  )
  opened.push(link)
  await link.open()
  if (aside) await eventually('the first probe', async () => link.isSound() || undefined)
  let fetches = 0
  return {
    link,
    cache,
    clock,
    warnings,
    errors,
    fetches: () => fetches,
    read: async (key: string, value = 'fetched') =>
      (
        await cache.get(key, async () => {
          fetches += 1
          return row(value)
        })
      )?.name,
    evict: async (key: string) => {
      cache.forget(key)
      await link.evict([PREFIX + key], [{ cache: 'user', key }])
    },
  }
}

/** True once Redis is asked again. */
const answers = (link: RedisLink): Promise<true | undefined> =>
  link.read('x').then(
    ({ kind }) => (kind === 'held' ? undefined : true),
    () => undefined,
  )

const command = async (url: string, name: string, args: string[] = []): Promise<unknown> => {
  const client = new RedisClient(url, { autoReconnect: false })
  try {
    return await client.send(name, args)
  } finally {
    client.close()
  }
}

suiteNeeds('redis')('values in Redis', () => {
  let redis: FreshRedis
  beforeAll(async () => {
    redis = await freshRedis()
  })
  beforeEach(() => redis.drop())

  test('one process fetches, the other reads; dates come back as dates; the key expires to the millisecond', async () => {
    const [one, two] = [await openProcess(redis.url, { ttlMs: 700 }), await openProcess(redis.url)]
    await one.read('a', 'first')
    const copy = await two.cache.get('a', async () => row('second'))
    expect(copy).toEqual(row('first'))
    const ttl = Number(await command(redis.url, 'PTTL', [`${PREFIX}a`]))
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(700)
    await Bun.sleep(720)
    expect(await two.read('a', 'second')).toBe('second')
  })

  test('what does not exist and what failed leaves nothing behind', async () => {
    const one = await openProcess(redis.url)
    expect(await one.cache.get('none', async () => undefined)).toBeUndefined()
    await one.cache.get('failed', () => Promise.reject(new Error('away'))).catch(() => {})
    expect(await command(redis.url, 'DBSIZE')).toBe(0)
  })

  for (const aside of [false, true])
    test(`a value read before its eviction is not kept after it [SEC] (${aside ? 'redis-aside' : 'redis'})`, async () => {
      const [one, two] = [await openProcess(redis.url, { aside }), await openProcess(redis.url, { aside })]
      const gate = Promise.withResolvers<Row>()
      const begun = Promise.withResolvers<void>()
      const slow = one.cache.get('a', () => {
        begun.resolve()
        return gate.promise
      })
      await begun.promise
      await two.evict('a')
      gate.resolve(row('before'))
      expect((await slow)?.name).toBe('before')
      expect(await two.read('a', 'after')).toBe('after')
      expect(await one.read('a', 'unused')).toBe('after')
    })

  test('while a change is under way nothing is kept, also when its process dies before the eviction [SEC]', async () => {
    const [one, two] = [await openProcess(redis.url), await openProcess(redis.url)]
    await two.read('a', 'before')
    await one.link.hold([`${PREFIX}a`])
    expect(await two.read('a', 'during')).toBe('during')
    expect(await two.read('a', 'after')).toBe('after')
    const ttl = Number(await command(redis.url, 'PTTL', [`${PREFIX}a`]))
    expect(ttl).toBeGreaterThan(29_000)
    expect(ttl).toBeLessThanOrEqual(30_000)
  })

  test('redis-aside: thirty-two look-ups in two processes are one fetch', async () => {
    const [one, two] = [await openProcess(redis.url, { aside: true }), await openProcess(redis.url, { aside: true })]
    let fetches = 0
    const slow = async () => {
      fetches += 1
      await Bun.sleep(50)
      return row('one')
    }
    const values = await Promise.all(
      Array.from({ length: 32 }, (_, n) => (n % 2 === 0 ? one : two).cache.get('a', slow)),
    )
    expect(values.every((value) => value?.name === 'one')).toBe(true)
    expect(fetches).toBe(1)
  })

  test('redis-aside: a process that died while it fetched is not waited for long', async () => {
    const two = await openProcess(redis.url, { aside: true })
    await command(redis.url, 'SET', [`${PREFIX}a`, '?of-a-dead-process', 'PX', '5000'])
    const started = performance.now()
    expect(await two.read('a', 'mine')).toBe('mine')
    expect(performance.now() - started).toBeLessThan(600)
  })

  test('redis-aside: a copy answers without Redis being asked, and is bounded in bytes', async () => {
    const one = await openProcess(redis.url, { aside: true, maxBytes: 2_000 })
    const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`)
    for (const key of keys) await one.read(key, key)
    for (const key of keys) await one.read(key, 'unused')
    const gets = async () =>
      Number(/cmdstat_get:calls=(\d+)/.exec(String(await command(redis.url, 'INFO', ['commandstats'])))?.[1])
    const before = await gets()
    await one.read('key-19', 'unused')
    expect((await gets()) - before).toBe(0)
    await one.read('key-0', 'unused')
    expect((await gets()) - before).toBe(1)
    expect(one.fetches()).toBe(20)
  })

  test('redis-aside: a copy lives for the client TTL, its key for the TTL', async () => {
    const one = await openProcess(redis.url, { aside: true, localTtlMs: 1_000 })
    await one.read('a')
    await one.read('a')
    // Changed in Redis by what says nothing: only time can tell. The value is of this process.
    const text = String(await command(redis.url, 'GET', [`${PREFIX}a`]))
    expect(text.startsWith('?')).toBe(false)
    one.clock.ahead = 1_001
    const before = Number(
      /cmdstat_get:calls=(\d+)/.exec(String(await command(redis.url, 'INFO', ['commandstats'])))?.[1],
    )
    await one.read('a')
    const after = Number(
      /cmdstat_get:calls=(\d+)/.exec(String(await command(redis.url, 'INFO', ['commandstats'])))?.[1],
    )
    expect([after - before, one.fetches()]).toEqual([1, 1])
  })

  test('redis-aside: any change in Redis drops the copies, also by hand and when it is emptied', async () => {
    const one = await openProcess(redis.url, { aside: true })
    for (const change of [
      ['DEL', [`${PREFIX}a`]],
      ['FLUSHDB', []],
    ] as const) {
      await one.read('a', 'before')
      await one.read('a', 'before')
      await command(redis.url, change[0], [...change[1]])
      await eventually(
        'the announcement',
        async () => (await one.read('a', `after ${change[0]}`)) === `after ${change[0]}` || undefined,
      )
      await one.evict('a')
    }
  })
})

suiteNeeds('redis')('values that this deployment did not make [SEC]', () => {
  let redis: FreshRedis
  beforeAll(async () => {
    redis = await freshRedis()
  })
  beforeEach(() => redis.drop())
  const stored = (key: string) => command(redis.url, 'GET', [PREFIX + key]).then(String)

  test('nobody can read names in Redis', async () => {
    const one = await openProcess(redis.url)
    await one.read('a', 'Ada Lovelace')
    const text = await stored('a')
    expect(text + Buffer.from(text, 'base64url').toString('latin1')).not.toContain('Ada')
  })

  const forgeries: [string, (text: string, other: string) => string][] = [
    ['plain JSON', () => JSON.stringify({ until: 9e15, value: { name: 'forged' } })],
    ['one bit flipped', (text) => `${text.slice(0, 30)}${text[30] === 'A' ? 'B' : 'A'}${text.slice(31)}`],
    ['the value of another key', (_, other) => other],
    ['nothing', () => ''],
    ['noise', () => '\u0000\u0001'.repeat(50)],
  ]
  for (const [what, forge] of forgeries)
    test(`${what}: not believed, dropped, reported; the database answers`, async () => {
      const one = await openProcess(redis.url)
      await one.read('a', 'right')
      await one.read('b', 'other')
      await command(redis.url, 'SET', [`${PREFIX}a`, forge(await stored('a'), await stored('b'))])
      expect(await one.read('a', 'from the database')).toBe('from the database')
      expect(one.warnings).toHaveLength(1)
      expect(one.errors).toEqual(['get'])
      expect(await one.read('a', 'unused')).toBe('from the database')
    })

  test('another secret cannot open it; the previous one can', async () => {
    const one = await openProcess(redis.url)
    await one.read('a', 'right')
    const rotated = {
      SESSION_SECRET: 'a-secret-of-the-second-deployment',
      SESSION_SECRET_PREVIOUS: SECRETS.SESSION_SECRET,
    }
    expect(await (await openProcess(redis.url, { secrets: rotated })).read('a', 'fetched')).toBe('right')
    const foreign = { SESSION_SECRET: 'a-secret-of-somebody-else-entirely', SESSION_SECRET_PREVIOUS: '' }
    expect(await (await openProcess(redis.url, { secrets: foreign })).read('a', 'fetched')).toBe('fetched')
  })

  test('a value whose expiry was lifted in Redis is not used past its time', async () => {
    const one = await openProcess(redis.url, { ttlMs: 5_000 })
    await one.read('a', 'before')
    await command(redis.url, 'PERSIST', [`${PREFIX}a`])
    one.clock.ahead = 5_001
    expect(await one.read('a', 'after')).toBe('after')
  })
})

suiteNeeds('redis')('Redis fails', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  test('killed: the source answers at once, one warning; started again: shared again, nothing of the former run', async () => {
    const [one, two] = [await openProcess(server.url, { aside: true }), await openProcess(server.url, { aside: true })]
    await one.read('a', 'before')
    const { runId } = one.link
    await server.halt()
    const started = performance.now()
    for (let n = 0; n < 20; n += 1) expect(await one.read('a', 'source')).toBe('source')
    expect(performance.now() - started).toBeLessThan(500)
    expect(one.warnings).toHaveLength(1)
    await server.start()
    for (const each of [one, two])
      await eventually('the new run', async () => (each.link.isSound() && each.link.runId !== runId) || undefined)
    expect(await one.read('a', 'new run')).toBe('new run')
    expect(await two.read('a', 'unused')).toBe('new run')
  })

  test('a server that comes back with what it had before is not believed: evictions may be lost [SEC]', async () => {
    const one = await openProcess(server.url)
    await one.read('a', 'before')
    const text = String(await command(server.url, 'GET', [`${PREFIX}a`]))
    const { runId } = one.link
    await server.halt()
    await server.start()
    await command(server.url, 'SET', [`${PREFIX}a`, text])
    await eventually(
      'the new run',
      async () =>
        (one.link.runId !== runId &&
          (await one.link.read('x').then(
            () => true,
            () => false,
          ))) ||
        undefined,
    )
    expect(await one.read('a', 'after')).toBe('after')
  })

  test('frozen: one look-up waits a moment, the next do not; copies are used a second at most; thawed: as before', async () => {
    const one = await openProcess(server.url, { aside: true })
    await one.read('a', 'copied')
    await one.read('a', 'copied')
    server.freeze()
    try {
      const started = performance.now()
      expect(await one.read('b', 'source')).toBe('source')
      expect(performance.now() - started).toBeLessThan(450)
      const next = performance.now()
      for (let n = 0; n < 50; n += 1) await one.read('b', 'source')
      expect(performance.now() - next).toBeLessThan(100)
      await eventually('the end of trust', async () => (await one.read('a', 'source')) === 'source' || undefined)
      expect(performance.now() - started).toBeLessThan(1_400)
    } finally {
      server.thaw()
    }
    await eventually('Redis', async () => one.link.isSound() || undefined, { limit: 10_000 })
  })

  test('an eviction that failed is made up for before anything is read again', async () => {
    const [one, two] = [await openProcess(server.url), await openProcess(server.url)]
    await one.read('a', 'before')
    server.freeze()
    const outcome = await one.evict('a').then(
      () => 'evicted',
      () => 'failed',
    )
    server.thaw()
    expect(outcome).toBe('failed')
    for (const each of [one, two]) await eventually('Redis', () => answers(each.link), { limit: 10_000 })
    expect(await one.read('a', 'after')).toBe('after')
    expect(await two.read('a', 'unused')).toBe('after')
  })

  test('connections that are cut: copies are dropped, both come back', async () => {
    const one = await openProcess(server.url, { aside: true })
    for (const kind of ['normal', 'pubsub']) {
      await one.read('a', 'copied')
      await one.read('a', 'copied')
      const { session } = one.link
      await command(server.url, 'CLIENT', ['KILL', 'TYPE', kind])
      await eventually('the interruption', async () => one.link.session !== session || undefined)
      await command(server.url, 'DEL', [`${PREFIX}a`])
      expect(await one.read('a', `after ${kind}`)).toBe(`after ${kind}`)
      // What others change is heard a moment before values are asked for again.
      await eventually('what is heard', async () => one.link.isSound() || undefined, { limit: 10_000 })
      await eventually('values', () => answers(one.link), { limit: 10_000 })
      await one.evict('a')
    }
  })

  test('the start says which setting to change', async () => {
    const refusal = async (settings: Record<string, string>) => {
      const all = testSettings({ USER_CACHE_TYPE: 'redis', CACHE_INIT_TIMEOUT: '500ms', ...settings })
      const log = { info: () => {}, warn: () => {} }
      const link = createRedisLink({ settings: all, log, processId: 'p', required: true })
      return link.open().then(
        () => 'opened',
        (error: Error) => error.message,
      )
    }
    expect(await refusal({ REDIS_ADDR: '127.0.0.1:1' })).toMatch(
      /^failed to initialize caches: Redis at 127\.0\.0\.1:1: connection refused; check REDIS_ADDR/,
    )
    await command(server.url, 'ACL', ['SETUSER', 'poor', 'on', '>open-sesame', '+@connection', '+info'])
    const poor = { REDIS_ADDR: server.url, REDIS_USERNAME: 'poor', REDIS_PASSWORD: 'open-sesame' }
    expect(await refusal(poor)).toMatch(/permission denied; the user of REDIS_USERNAME needs keys and channels/)
    const rules = [
      '~authgate:*',
      '&authgate:*',
      '&__redis__:invalidate',
      '+@connection',
      '+info',
      '+publish',
      '+subscribe',
    ]
    await command(server.url, 'ACL', [
      'SETUSER',
      'gate',
      'on',
      '>open-sesame',
      ...rules,
      ...['+get', '+set', '+unlink', '+del', '+eval', '+evalsha', '+scan'],
    ])
    const gate = { REDIS_ADDR: server.url, REDIS_USERNAME: 'gate', REDIS_PASSWORD: 'open-sesame' }
    expect(await refusal(gate)).toBe('opened')
    server.freeze()
    const frozen = await refusal({ REDIS_ADDR: server.url })
    server.thaw()
    expect(frozen).toMatch(/no answer within CACHE_INIT_TIMEOUT/)
  })
})

describe('no Redis at all', () => {
  test('an unopened link passes every look-up on', async () => {
    const log = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {} }
    const settings = testSettings({ REDIS_ADDR: '127.0.0.1:1', USER_CACHE_TYPE: 'redis' })
    const link = createRedisLink({ settings, log, processId: 'p', required: true })
    const parts = { clock: { now: Date.now }, random: systemRandom, secrets: deriveSecrets(SECRETS), log }
    const cache = createRedisCache<Row>(parts, { ttlMs: 1_000, prefix: PREFIX, link, onError: () => {} })
    expect((await cache.get('a', async () => row('source')))?.name).toBe('source')
    await link.close()
  })
})
