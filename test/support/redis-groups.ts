/** Several real Redis servers that stand in for each other, for tests: watched by Sentinels, or as a cluster. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Daemon, eventually, removeFolder, startDaemon, temporaryFolder } from './daemon'
import { redisProgram } from './parts'
import { freePort } from './ports'
import { redisCommand } from './redis'

export interface RedisGroup {
  /** Of Sentinels, or of nodes: `host:port`, separated by commas. */
  readonly addresses: string
  /** URLs of the servers that keep data. */
  readonly servers: readonly string[]
  /** Ends the server at this URL as a crash would. */
  kill(url: string): void
  stop(): Promise<void>
}

const SMALL = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
const urlOf = (port: number): string => `redis://127.0.0.1:${port}`

/** Ports from which the bus of a cluster, 10000 above, is not among those of outgoing connections. */
async function portWithBus(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port < 22_700) return port
  }
}

function createGroup(label: string) {
  const folder = temporaryFolder(label)
  const daemons = new Map<string, Daemon>()
  const start = async (port: number, args: (home: string) => string[]) => {
    const home = join(folder, String(port))
    mkdirSync(home)
    const command = [redisProgram() ?? '', ...args(home)]
    daemons.set(urlOf(port), await startDaemon(command, { folder: home, signal: 'TERM' }))
    await eventually('the start of Redis', () => redisCommand(urlOf(port), 'PING').catch(() => undefined))
  }
  return {
    start,
    kill: (url: string) => process.kill(daemons.get(url)?.pid ?? 0, 'SIGKILL'),
    stop: async () => {
      await Promise.all([...daemons.values()].map((daemon) => daemon.stop()))
      removeFolder(folder)
    },
  }
}

/** A primary, the first of `servers`, and a replica; the Sentinels call it `gate` and act within two seconds. */
export async function startSentinels(count: number): Promise<RedisGroup> {
  const group = createGroup('redis-sentinels')
  const [primary, replica, ...sentinels] = (await Promise.all(Array.from({ length: 2 + count }, freePort))) as [
    number,
    number,
  ]
  const server = (port: number, args: string[] = []) =>
    group.start(port, (home) => ['--port', String(port), '--dir', home, ...SMALL, ...args])
  await server(primary)
  await server(replica, ['--replicaof', '127.0.0.1', String(primary), '--repl-diskless-sync-delay', '0'])
  const config = (port: number) => `port ${port}
bind 127.0.0.1
sentinel monitor gate 127.0.0.1 ${primary} ${Math.floor(count / 2) + 1}
sentinel down-after-milliseconds gate 500
sentinel failover-timeout gate 2000
`
  const sentinel = (port: number) =>
    group.start(port, (home) => {
      const file = join(home, 'sentinel.conf')
      writeFileSync(file, config(port))
      return [file, '--sentinel', '--dir', home]
    })
  await Promise.all((sentinels as number[]).map(sentinel))
  await eventually('the Sentinels and the replica', async () => {
    const following = String(await redisCommand(urlOf(replica), 'INFO', ['replication']))
    if (!following.includes('master_link_status:up')) return undefined
    for (const port of sentinels as number[]) {
      const facts = (await redisCommand(urlOf(port), 'SENTINEL', ['MASTER', 'gate'])) as Record<string, string>
      if (facts['num-slaves'] !== '1' || facts['num-other-sentinels'] !== String(count - 1)) return undefined
    }
    return true
  })
  return {
    addresses: (sentinels as number[]).map((port) => `127.0.0.1:${port}`).join(),
    servers: [urlOf(primary), urlOf(replica)],
    ...group,
  }
}

/** Primaries without replicas, each with its share of the slots. One is a cluster too. */
export async function startCluster(count: number): Promise<RedisGroup> {
  const group = createGroup('redis-cluster')
  const ports = await Promise.all(Array.from({ length: count }, portWithBus))
  const node = (port: number) =>
    group.start(port, (home) => [
      ...['--port', String(port), '--dir', home, ...SMALL],
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'],
    ])
  await Promise.all(ports.map(node))
  const addresses = ports.map((port) => `127.0.0.1:${port}`)
  const share =
    count === 1
      ? ['-u', urlOf(ports[0] ?? 0), 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383']
      : ['--cluster', 'create', ...addresses]
  const made = Bun.spawnSync(['redis-cli', ...share, ...(count === 1 ? [] : ['--cluster-yes'])])
  if (!made.success) throw new Error(made.stdout.toString() + made.stderr.toString())
  await eventually('the cluster', async () => {
    for (const port of ports) {
      const info = String(await redisCommand(urlOf(port), 'CLUSTER', ['INFO']))
      if (!info.includes('cluster_state:ok') || !info.includes(`cluster_known_nodes:${count}`)) return undefined
    }
    return true
  })
  return { addresses: addresses.join(), servers: ports.map(urlOf), ...group }
}
