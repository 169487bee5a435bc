/**
 * Caches and limits in Redis where several servers stand in for each other. With `AUTHGATE_TEST_REDIS_GROUPS=full` there
 * are as many of them as in a deployment.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { bearer, issueTokens } from '../oauth/support'
import { eventually } from '../support/daemon'
import { redisCommand } from '../support/redis'
import { type RedisGroup, startCluster, startSentinels } from '../support/redis-groups'
import { suiteNeeds } from '../support/skip'
import { openProcesses, type Processes } from './processes'

const START_LIMIT_MS = 30_000

const TYPES = {
  USER_CACHE_TYPE: 'redis',
  CLIENT_CACHE_TYPE: 'redis-aside',
  CLIENT_COUNT_CACHE_TYPE: 'redis',
  TOKEN_CACHE_ENABLED: 'true',
  TOKEN_CACHE_TYPE: 'redis-aside',
  ENABLE_RATE_LIMIT: 'true',
  RATE_LIMIT_STORE: 'redis',
}
const FULL = process.env.AUTHGATE_TEST_REDIS_GROUPS === 'full'
const BOUND_MS = 1_000

let group: RedisGroup
let processes: Processes
afterEach(() => processes.close())

const open = async (settings: Record<string, string>) => {
  processes = await openProcesses('SQLite', { ...TYPES, ...settings })
  const [one, two] = processes.apps
  const issue = async () => {
    const [user, client] = [await one.insertUser(), await one.insertClient()]
    const { access_token } = await issueTokens(one, { user, client })
    const status = async (app: typeof one) =>
      (await app.get('/oauth/tokeninfo', { headers: bearer(access_token) })).status
    const revoke = async () => {
      const form = { token: access_token, client_id: client.clientId, client_secret: client.secret }
      return (await one.postForm('/oauth/revoke', form)).status
    }
    return { status, revoke }
  }
  const untilCopied = () =>
    eventually('copies', async () => {
      const { status } = await issue()
      for (let round = 0; round < 3; round += 1) await status(two)
      processes.reads()
      await status(two)
      return processes.reads().length === 0 ? true : undefined
    })
  /** Whether a token is copied, and its end heard of, by the other process. */
  const expectCoherence = async () => {
    const { status, revoke } = await issue()
    for (let round = 0; round < 3; round += 1) for (const app of [one, two]) expect(await status(app)).toBe(200)
    processes.reads()
    expect(await status(two)).toBe(200)
    expect(processes.reads()).toEqual([])
    expect(await revoke()).toBe(200)
    const revokedAt = performance.now()
    while ((await status(two)) !== 401) {
      expect(performance.now() - revokedAt).toBeLessThan(BOUND_MS)
      await Bun.sleep(1)
    }
  }
  const expectSharedLimits = () =>
    eventually('shared limits', async () => {
      const key = `test:${crypto.randomUUID()}`
      await one.ctx.limits?.take(key, 9)
      return (await two.ctx.limits?.take(key, 9))?.remaining === 7 ? true : undefined
    })
  return { one, two, issue, untilCopied, expectCoherence, expectSharedLimits }
}

suiteNeeds('redis')('Redis behind Sentinels', () => {
  beforeAll(async () => {
    group = await startSentinels(FULL ? 3 : 1)
  }, START_LIMIT_MS)
  afterAll(() => group.stop())

  test('the primary dies: its replica is found, nothing ended comes back, everything is shared again', async () => {
    const settings = { REDIS_SENTINEL_ADDRS: group.addresses, REDIS_SENTINEL_MASTER: 'gate' }
    const { one, two, issue, untilCopied, expectCoherence, expectSharedLimits } = await open(settings)
    await expectCoherence()
    await expectSharedLimits()
    const { status, revoke } = await issue()
    for (let round = 0; round < 3; round += 1) for (const app of [one, two]) expect(await status(app)).toBe(200)
    const [primary = '', replica = ''] = group.servers
    group.kill(primary)
    const killedAt = performance.now()
    // Whatever it is told meanwhile, a token that was reported as revoked is accepted nowhere.
    await eventually('the revocation', async () => ((await revoke()) === 200 ? true : undefined))
    expect([await status(one), await status(two)]).toEqual([401, 401])
    await eventually('the new primary', async () =>
      String(await redisCommand(replica, 'INFO', ['replication'])).includes('role:master') ? true : undefined,
    )
    await untilCopied()
    console.info(`Sentinel: copies again ${Math.round(performance.now() - killedAt)} ms after the primary died`)
    await expectCoherence()
    await expectSharedLimits()
  }, 40_000)
})

suiteNeeds('redis')('Redis Cluster', () => {
  beforeAll(async () => {
    group = await startCluster(FULL ? 3 : 1)
  }, START_LIMIT_MS)
  afterAll(() => group.stop())

  const keysOf = async (url: string) => (await redisCommand(url, 'KEYS', ['*'])) as string[]

  test('what belongs together is on one node, and is followed to another one', async () => {
    const { untilCopied, expectCoherence, expectSharedLimits } = await open({ REDIS_CLUSTER_ADDRS: group.addresses })
    await expectCoherence()
    await expectSharedLimits()
    const kept = await Promise.all(group.servers.map(keysOf))
    const withCopies = kept.findIndex((keys) => keys.some((key) => key.startsWith('authgate:{cache}:users:')))
    expect(kept.filter((keys) => keys.some((key) => key.startsWith('authgate:')))).toHaveLength(1)
    expect(kept.flat().some((key) => key.startsWith('ratelimit:{limits}:test:'))).toBe(true)

    if (!FULL) return
    const [from = '', to = ''] = [group.servers[withCopies], group.servers[(withCopies + 1) % 3]]
    const slot = String(await redisCommand(from, 'CLUSTER', ['KEYSLOT', '{cache}:']))
    const successor = String(await redisCommand(to, 'CLUSTER', ['MYID']))
    const assign = (url: string) => redisCommand(url, 'CLUSTER', ['SETSLOT', slot, 'NODE', successor])
    await redisCommand(from, 'FLUSHALL')
    for (const url of [to, from, ...group.servers]) await assign(url)
    await eventually('keys at the other node', async () => {
      await untilCopied()
      return (await keysOf(to)).some((key) => key.startsWith('authgate:{cache}:')) ? true : undefined
    })
    await expectCoherence()
  }, 40_000)
})
