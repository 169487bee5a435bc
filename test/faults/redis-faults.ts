/**
 * Redis fails in every way it has, under a mixed load: nothing is answered wrongly, limits hold, what was revoked stays
 * so, and all is shared again without a restart.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { type RunningBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { deviceLogin } from '../support/form-browser'
import { type RedisServer, redisCommand, startRedis } from '../support/redis'
import { NEW_PASSWORD } from '../support/sign-in'
import { startMixedLoad } from './mixed-load'
import { registerService, registrationEnv } from './service-client'

export interface FaultOutcome {
  readonly fault: string
  /** Answers that were wrong, at most ten. */
  readonly wrong: readonly string[]
  readonly slowestMs: number
  /** From the end of the fault until the server said that Redis can be used again, for limits and copies. */
  readonly recoveredMs: number
  readonly lines: { readonly gone: number; readonly back: number }
  /** Wrong secrets of one client that were looked at; 10 in a minute by each counter. */
  readonly guesses: number
}

interface Fault {
  readonly name: string
  fail(redis: RedisServer): Promise<void>
  heal(redis: RedisServer): Promise<void>
}

const send = ({ url }: RedisServer, name: string, ...args: string[]) => redisCommand(url, name, args)
const withPassword = ({ url }: RedisServer) => url.replace('//', '//:another@')

const FAULTS: readonly Fault[] = [
  { name: 'stopped and started', fail: (redis) => redis.halt(), heal: (redis) => redis.start() },
  { name: 'frozen', fail: async (redis) => redis.freeze(), heal: async (redis) => redis.thaw() },
  {
    name: 'every connection ended, again and again',
    fail: async (redis) => {
      for (let round = 0; round < 5; round += 1, await Bun.sleep(200))
        for (const type of ['normal', 'pubsub']) await send(redis, 'CLIENT', 'KILL', 'TYPE', type)
    },
    heal: async () => {},
  },
  {
    name: 'out of memory',
    fail: async (redis) =>
      void (await send(redis, 'CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction')),
    heal: async (redis) => void (await send(redis, 'CONFIG', 'SET', 'maxmemory', '0')),
  },
  {
    name: 'a replica',
    fail: async (redis) => void (await send(redis, 'REPLICAOF', '127.0.0.1', '1')),
    heal: async (redis) => void (await send(redis, 'REPLICAOF', 'NO', 'ONE')),
  },
  {
    name: 'started again with another password',
    fail: async (redis) => {
      await redis.halt()
      await redis.start()
      await send(redis, 'CONFIG', 'SET', 'requirepass', 'another')
      for (const type of ['normal', 'pubsub']) await redisCommand(withPassword(redis), 'CLIENT', ['KILL', 'TYPE', type])
    },
    heal: async (redis) => void (await redisCommand(withPassword(redis), 'CONFIG', ['SET', 'requirepass', ''])),
  },
]

const LIMITS = ['LOGIN', 'TOKEN', 'DEVICE_CODE', 'INTROSPECT', 'DEVICE_VERIFY']
const CACHES = ['USER_CACHE', 'CLIENT_CACHE', 'CLIENT_COUNT_CACHE', 'TOKEN_CACHE']
const FAULT_MS = 2_000

/** `cacheType`: `redis` or `redis-aside`. */
export async function redisFaults(cacheType: string, log: (outcome: FaultOutcome) => void): Promise<FaultOutcome[]> {
  const redis = await startRedis()
  const folder = temporaryFolder('redis-faults')
  const server = await startBinary({
    folder,
    env: {
      ...registrationEnv,
      ...{ LOG_FORMAT: 'json', REDIS_ADDR: redis.url, ENABLE_RATE_LIMIT: 'true', RATE_LIMIT_STORE: 'redis' },
      ...Object.fromEntries(LIMITS.map((name) => [`${name}_RATE_LIMIT`, '100000'])),
      ...Object.fromEntries(CACHES.map((name) => [`${name}_TYPE`, cacheType])),
      TOKEN_CACHE_ENABLED: 'true',
    },
  })
  try {
    return await withLoad(server, redis, log)
  } finally {
    await server.kill()
    await redis.stop()
    removeFolder(folder)
  }
}

async function withLoad(
  server: RunningBinary,
  redis: RedisServer,
  log: (outcome: FaultOutcome) => void,
): Promise<FaultOutcome[]> {
  const { clientId, password } = readCredentials(server.folder)
  const tokens = await deviceLogin(server, { clientId, password })
  const execute = async (statement: string) => {
    const db = new Database(join(server.folder, 'oauth.db'))
    db.run(statement)
    db.close()
  }
  const service = await registerService(server, execute)
  const guessed = await registerService(server, execute)
  const load = startMixedLoad(server, { clientId, service, tokens, password: NEW_PASSWORD, limitMs: 9_000 })
  const revoking = startRevoking(server, service)
  const count = (text: string) => server.log().split(text).length - 1
  const outcomes: FaultOutcome[] = []
  for (const fault of FAULTS) {
    load.begin()
    const [gone, back, lines] = [count(GONE), count(BACK), { wrong: load.wrong.length, revoked: revoking.wrong.length }]
    await fault.fail(redis)
    const guesses = await guess(server, guessed.id)
    await fault.heal(redis)
    const healed = performance.now()
    await eventually('Redis to be used again', async () => (count(BACK) - back >= 2 ? true : undefined))
    const recoveredMs = Math.round(performance.now() - healed)
    await Bun.sleep(1_000)
    const wrong = [...load.wrong.slice(lines.wrong), ...revoking.wrong.slice(lines.revoked)]
    const outcome = {
      fault: fault.name,
      wrong: [...new Set(wrong)].slice(0, 10),
      slowestMs: Math.round(load.slowestMs()),
      ...{ recoveredMs, guesses },
      lines: { gone: count(GONE) - gone, back: count(BACK) - back },
    }
    log(outcome)
    outcomes.push(outcome)
  }
  await revoking.stop()
  await load.stop()
  return outcomes
}

const GONE = '"Redis cannot be used'
const BACK = '"Redis can be used again'

type Client = { readonly id: string; readonly secret: string }

const ask = async (server: RunningBinary, path: string, form: Record<string, string>, headers = {}) => {
  const answer = await server.fetch(path, { method: 'POST', body: new URLSearchParams(form), headers })
  return { status: answer.status, body: await answer.text() }
}

/** How many wrong secrets of a client are looked at while Redis fails. */
async function guess(server: RunningBinary, id: string): Promise<number> {
  let looked = 0
  for (const until = performance.now() + FAULT_MS; performance.now() < until; await Bun.sleep(20)) {
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: 'a guess' }
    const { status } = await ask(server, '/oauth/token', form)
    if (status === 401) looked += 1
    else if (status !== 429) throw new Error(`a guess was answered with ${status}`)
  }
  return looked
}

/** Tokens that are revoked at once: whatever was confirmed must hold. */
function startRevoking(server: RunningBinary, { id, secret }: Client) {
  const wrong: string[] = []
  let running = true
  const basic = { authorization: `Basic ${btoa(`${id}:${secret}`)}` }
  const isLive = async (token: string) =>
    (await server.fetch('/oauth/tokeninfo', { headers: { authorization: `Bearer ${token}` } })).status
  const round = async () => {
    const issued = await ask(server, '/oauth/token', { grant_type: 'client_credentials' }, basic)
    if (issued.status !== 200) return void wrong.push(`token to revoke: ${issued.status}`)
    const token = String((JSON.parse(issued.body) as { access_token: unknown }).access_token)
    for (let n = 0; n < 3; n += 1) if ((await isLive(token)) !== 200) wrong.push('a token that lives was refused')
    const revoked = await ask(server, '/oauth/revoke', { token }, basic)
    if (revoked.status !== 200) return void wrong.push(`revocation: ${revoked.status}`)
    for (let n = 0; n < 20; n += 1, await Bun.sleep(20))
      if ((await isLive(token)) !== 401) wrong.push('a revoked token was accepted')
  }
  const rounds = (async () => {
    while (running) {
      await round().catch((error: Error) => wrong.push(`revoking: ${error.message}`))
      await Bun.sleep(20)
    }
  })()
  return {
    wrong,
    stop: async () => {
      running = false
      await rounds
    },
  }
}
