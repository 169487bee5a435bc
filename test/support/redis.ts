/**
 * A real Redis for tests.
 *
 * `freshRedis()` gives an empty, numbered database of a server that is shared by the whole run
 * (`AUTHGATE_TEST_REDIS`, set by scripts/test) or by this test file. Published messages do not know databases: tests
 * of pub/sub use channel names of their own, or `startRedis()`, which gives a server that may be halted.
 */
import { RedisClient } from 'bun'
import { type Daemon, eventually, removeFolder, startDaemon, temporaryFolder } from './daemon'
import { redisProgram } from './parts'
import { freePort } from './ports'

export interface FreshRedis {
  readonly url: string
  /** Empties the database. */
  drop(): Promise<void>
}

export interface RedisServer {
  /** Database 0. */
  readonly url: string
  freshRedis(): Promise<FreshRedis>
  /** Ends the server as a crash would; what it held is lost. */
  halt(): Promise<void>
  /** Starts a halted server again, empty, on the same port. */
  start(): Promise<void>
  /** Freezes the process: connections stay open and nothing answers. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

/** Databases a server has; every `freshRedis` takes the next one. */
const DATABASES = 4096

/** Sends one command over a connection of its own. */
export async function redisCommand(url: string, command: string, args: string[] = []): Promise<unknown> {
  const client = new RedisClient(url, { autoReconnect: false, connectionTimeout: 1000, enableOfflineQueue: false })
  try {
    await client.connect()
    return await client.send(command, args)
  } finally {
    client.close()
  }
}

async function nextDatabase(serverUrl: string): Promise<FreshRedis> {
  const count = Number(await redisCommand(serverUrl, 'INCR', ['authgate-tests:databases']))
  const url = `${serverUrl.replace(/\/0$/, '')}/${1 + (count % (DATABASES - 1))}`
  const drop = async () => {
    await redisCommand(url, 'FLUSHDB')
  }
  await drop()
  return { url, drop }
}

/** Starts a private server that keeps nothing on disk; it ends with this process at the latest. */
export async function startRedis(): Promise<RedisServer> {
  const program = redisProgram()
  if (!program) throw new Error('Redis is not installed; guard the suite with suiteNeeds("redis")')
  const folder = temporaryFolder('redis')
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}/0`
  const command = [
    program,
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--databases', String(DATABASES)],
  ]
  const daemons: Daemon[] = []
  const signal = (name: NodeJS.Signals) => {
    const daemon = daemons.at(-1)
    if (daemon) process.kill(daemon.pid, name)
  }

  const start = async () => {
    daemons.push(await startDaemon(command, { folder, signal: 'TERM' }))
    await eventually('the start of Redis', () => redisCommand(url, 'PING').catch(() => undefined))
  }
  const halt = async () => {
    signal('SIGKILL')
    await eventually('the end of Redis', () =>
      redisCommand(url, 'PING').then(
        () => undefined,
        () => true,
      ),
    )
  }
  const stop = async () => {
    for (const daemon of daemons) await daemon.stop()
    removeFolder(folder)
  }

  await start()
  return {
    url,
    freshRedis: () => nextDatabase(url),
    halt,
    start,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    stop,
  }
}

let ofThisFile: Promise<RedisServer> | undefined

/** An empty Redis database that only its caller uses. */
export async function freshRedis(): Promise<FreshRedis> {
  const shared = process.env.AUTHGATE_TEST_REDIS
  if (shared) return nextDatabase(shared)
  ofThisFile ??= startRedis()
  return (await ofThisFile).freshRedis()
}
