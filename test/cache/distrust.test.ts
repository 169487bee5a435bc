/** Copies in Redis after a change by a process that cannot reach it, while others still can. */
import { afterEach, describe, expect, test } from 'bun:test'
import { createDistrust } from '../../src/cache/distrust'
import { bearer, issueTokens } from '../oauth/support'
import { openTestSqlite } from '../support/databases'
import { freshRedis } from '../support/redis'
import { suiteNeeds } from '../support/skip'
import { startTcpProxy } from '../support/tcp-proxy'
import { openProcesses } from './processes'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

for (const type of ['redis', 'redis-aside'])
  suiteNeeds('redis')(`copies in ${type}`, () => {
    test('one process is cut off: what it revokes is confirmed once the others refuse it, and stays so [SEC]', async () => {
      const { url } = await freshRedis()
      const proxy = await startTcpProxy(Number(new URL(url).port))
      opened.push(proxy)
      const caches = { TOKEN_CACHE_ENABLED: 'true', TOKEN_CACHE_TYPE: type, USER_CACHE_TYPE: type }
      const cutOff = { REDIS_ADDR: url.replace(/:\d+\//, `:${proxy.port}/`) }
      const processes = await openProcesses('SQLite', { ...caches, REDIS_ADDR: url }, cutOff)
      opened.push(processes)
      const [one, two] = processes.apps
      const client = await one.insertClient()
      const issued = await issueTokens(one, { user: await one.insertUser(), client, scope: 'profile' })
      const status = async (app: typeof one) =>
        (await app.get('/oauth/tokeninfo', { headers: bearer(issued.access_token) })).status
      for (let round = 0; round < 3; round += 1) for (const app of [one, two]) expect(await status(app)).toBe(200)

      proxy.silence()
      proxy.cut()
      const revoked = await one.postForm('/oauth/revoke', {
        ...{ token: issued.access_token, client_id: client.clientId, client_secret: client.secret },
      })
      expect(revoked.status).toBe(200)
      // The second one has been connected all the time, and what it read is still there.
      for (let round = 0; round < 20; round += 1) expect([await status(one), await status(two)]).toEqual([401, 401])
      expect(two.log().filter(({ message }) => message.startsWith('Redis'))).toEqual([])
    })
  })

describe('the mark of copies', () => {
  test('changes for everybody who raises it, however many do at once', async () => {
    const { db, close } = await openTestSqlite()
    opened.push({ close })
    // A clock that stands still, as two changes in one millisecond see it.
    const processes = Array.from({ length: 4 }, () => createDistrust({ db, clock: { now: () => 1_000 } }))
    const [first] = processes
    expect(await first?.mark()).toBe('0')
    const started = performance.now()
    await Promise.all(processes.flatMap((each) => [each.distrustCopies(), each.distrustCopies()]))
    expect(performance.now() - started).toBeGreaterThan(990)
    expect(await first?.mark()).toBe('1003')
  })
})
