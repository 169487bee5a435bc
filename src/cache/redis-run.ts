import type { Redis } from 'ioredis'

/** Which run of which server, and which line of primaries: a replica that takes over begins a new one. */
export async function readRun(data: Redis): Promise<string> {
  const run = /^run_id:(\w+)/m.exec(await data.info('server'))?.[1]
  const line = /^master_replid:(\w+)/m.exec(await data.info('replication'))?.[1]
  if (run === undefined || line === undefined) throw new Error('the server does not say which run it is')
  return `${run} ${line}`
}
