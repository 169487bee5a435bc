/** The whole server while Redis fails: no 500, no wrong answer, and nothing ended is confirmed before it has ended everywhere. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { bearer, issueTokens } from '../oauth/support'
import { eventually } from '../support/daemon'
import { type RedisServer, startRedis } from '../support/redis'
import { suiteNeeds } from '../support/skip'
import { dialects, openProcesses, type Processes } from './processes'

const isBack = ({ message }: { readonly message: string }) => message === 'Redis can be used again'

const CACHES = { TOKEN_CACHE_ENABLED: 'true' }

for (const dialect of dialects)
  for (const type of ['redis', 'redis-aside'])
    suiteNeeds('redis')(`${dialect}, ${type}`, () => {
      let server: RedisServer
      let processes: Processes
      beforeAll(async () => {
        server = await startRedis()
      })
      afterEach(() => processes.close())
      afterAll(() => server.stop())

      const open = async () => {
        const types = Object.fromEntries(
          ['USER_CACHE', 'CLIENT_CACHE', 'CLIENT_COUNT_CACHE', 'TOKEN_CACHE'].map((name) => [`${name}_TYPE`, type]),
        )
        processes = await openProcesses(dialect, { ...CACHES, ...types, REDIS_ADDR: server.url })
        const [one, two] = processes.apps
        const user = await one.insertUser()
        const client = await one.insertClient()
        const issued = await issueTokens(one, { user, client, scope: 'profile' })
        const status = async (app: typeof one, path = '/oauth/tokeninfo') =>
          (await app.get(path, { headers: bearer(issued.access_token) })).status
        const revoke = () =>
          one.postForm('/oauth/revoke', {
            ...{ token: issued.access_token, client_id: client.clientId, client_secret: client.secret },
          })
        for (let round = 0; round < 3; round += 1) for (const app of [one, two]) expect(await status(app)).toBe(200)
        return { one, two, user, client, status, revoke }
      }

      test('killed: everything goes on; a revocation is confirmed and holds in every process at once [SEC]', async () => {
        const { one, two, status, revoke } = await open()
        await server.halt()
        const slowest = { ms: 0 }
        for (const app of [one, two])
          for (const path of ['/oauth/tokeninfo', '/oauth/userinfo', '/oauth/tokeninfo']) {
            const started = performance.now()
            expect(await status(app, path)).toBe(200)
            slowest.ms = Math.max(slowest.ms, performance.now() - started)
          }
        expect(slowest.ms).toBeLessThan(600)
        const [confirmed] = await Promise.all([revoke(), (async () => expect(await status(one)).not.toBe(500))()])
        expect(confirmed.status).toBe(200)
        expect([await status(one), await status(two)]).toEqual([401, 401])
        expect((await revoke()).status).toBe(200)
        await server.start()
        await eventually('Redis', async () => (two.log().some(isBack) ? true : undefined), { limit: 10_000 })
        expect([await status(one), await status(two)]).toEqual([401, 401])
      })

      test('frozen: answers within the deadline; thawed: the revocation holds', async () => {
        const { one, two, status, revoke } = await open()
        server.freeze()
        try {
          const started = performance.now()
          expect(await status(two)).toBe(200)
          expect(performance.now() - started).toBeLessThan(900)
          expect((await revoke()).status).toBe(200)
          expect([await status(one), await status(two)]).toEqual([401, 401])
        } finally {
          server.thaw()
        }
        // Also while both find Redis again: nobody reads before the other had time to evict.
        const until = performance.now() + 1_500
        while (performance.now() < until) {
          expect([await status(one), await status(two)]).toEqual([401, 401])
          await Bun.sleep(10)
        }
        expect((await revoke()).status).toBe(200)
      })

      test('refreshing and issuing do not need Redis', async () => {
        const { one, client } = await open()
        await server.halt()
        const answer = await one.postForm('/oauth/token', {
          ...{ grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret },
          scope: 'read',
        })
        expect(answer.status).toBe(200)
        await server.start()
      })
    })
