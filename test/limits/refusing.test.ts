/** A Redis that answers but cannot be written: it must not look as if nothing had been counted. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/app'
import { eventually } from '../support/daemon'
import { type RedisServer, redisCommand, startRedis } from '../support/redis'
import { suiteNeeds } from '../support/skip'

suiteNeeds('redis')('Redis refuses to be written', () => {
  let server: RedisServer
  let app: TestApp
  beforeAll(async () => {
    server = await startRedis()
  })
  afterEach(() => app.close())
  afterAll(() => server.stop())

  const send = (name: string, ...args: string[]) => redisCommand(server.url, name, args)
  const REFUSALS = [
    ['a replica', () => send('REPLICAOF', '127.0.0.1', '1'), () => send('REPLICAOF', 'NO', 'ONE')],
    [
      'out of memory',
      () => send('CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction'),
      () => send('CONFIG', 'SET', 'maxmemory', '0'),
    ],
  ] as const

  const lines = (beginning: string) => app.log().filter(({ message }) => message.startsWith(beginning)).length

  test.each(REFUSALS)(
    '%s: guesses stay limited, one line; then shared again, one line [SEC]',
    async (_, fail, heal) => {
      await send('FLUSHALL')
      const settings = { ENABLE_RATE_LIMIT: 'true', RATE_LIMIT_STORE: 'redis', REDIS_ADDR: server.url }
      app = await openTestApp({ settings: { ...settings, TOKEN_RATE_LIMIT: '1000' } })
      const { clientId } = await app.insertClient()
      const guess = async () => {
        const fields = { grant_type: 'client_credentials', client_id: clientId, client_secret: 'a guess' }
        return (await app.postForm('/oauth/token', fields)).status
      }
      await fail()
      try {
        // For longer than the pause between two attempts to use Redis again.
        let [refused, limited] = [0, 0]
        for (const until = performance.now() + 900; performance.now() < until; await Bun.sleep(20)) {
          const status = await guess()
          if (status === 429) limited += 1
          else refused += 1
        }
        expect(refused).toBe(10)
        expect(limited).toBeGreaterThan(10)
        expect(lines('Redis cannot be used')).toBe(1)
      } finally {
        await heal()
      }
      const key = `ratelimit:client_auth:127.0.0.1:${clientId}`
      await eventually('guesses to be counted in Redis', async () => {
        await guess()
        return Number(await send('LLEN', key)) > 0 ? true : undefined
      })
      expect([lines('Redis cannot be used'), lines('Redis can be used again')]).toEqual([1, 1])
    },
  )
})
