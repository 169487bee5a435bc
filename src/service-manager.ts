/**
 * What a service manager is told that starts the server and waits for it (sd_notify(3), `Type=notify`): that it serves,
 * that it is ending, and, again and again, that it still works.
 */

import type { Logger } from './context'
import type { Database } from './db/database'

export interface ServiceManager {
  /** The server serves. From now on the watchdog is told that it works, when it asked for that. */
  ready(db: Pick<Database, 'ping'>): void
  /** It ends; the watchdog goes on being told, because ending takes its time too. */
  stopping(): void
}

type Environment = Readonly<Record<string, string | undefined>>

const NOBODY: ServiceManager = { ready: () => {}, stopping: () => {} }

/** Nobody waits without `NOTIFY_SOCKET`. Never throws: a server that cannot say that it serves serves all the same. */
export async function openServiceManager(env: Environment, log: Logger): Promise<ServiceManager> {
  const address = env.NOTIFY_SOCKET ?? ''
  if (address === '' || process.platform !== 'linux') return NOBODY
  try {
    const send = await openSender(address)
    return createServiceManager(send, watchdogPause(env))
  } catch (error) {
    log.error({ reason: (error as Error).message }, 'The service manager cannot be told that the server is ready')
    return NOBODY
  }
}

/** `send` never throws. `pauseMs` 0: no watchdog. */
export function createServiceManager(send: (state: string) => void, pauseMs: number): ServiceManager {
  return {
    ready: (db) => {
      send('READY=1\nSTATUS=Serving')
      if (pauseMs > 0) watch(db, send, pauseMs)
    },
    stopping: () => send('STOPPING=1\nSTATUS=Shutting down'),
  }
}

/**
 * Half of what the watchdog waits, in milliseconds; 0 when it does not watch this process (sd_watchdog_enabled(3)).
 */
export function watchdogPause(env: Environment, pid = process.pid): number {
  const microseconds = /^[1-9]\d{0,15}$/.test(env.WATCHDOG_USEC ?? '') ? Number(env.WATCHDOG_USEC) : 0
  if (env.WATCHDOG_PID !== undefined && env.WATCHDOG_PID !== '' && env.WATCHDOG_PID !== String(pid)) return 0
  return Math.floor(microseconds / 2000)
}

/**
 * Each round starts from a timer, which a blocked event loop does not reach, and waits for the database to say
 * something: a query that never ends keeps the watchdog waiting too. A database that says that it is away is an answer;
 * starting this process anew would not bring it back.
 */
function watch(db: Pick<Database, 'ping'>, send: (state: string) => void, pauseMs: number): void {
  let status = ''
  const round = async () => {
    const next = await db.ping().then(
      () => 'Serving',
      () => 'Serving, but the database does not answer',
    )
    send(next === status ? 'WATCHDOG=1' : `WATCHDOG=1\nSTATUS=${next}`)
    status = next
    setTimeout(round, pauseMs).unref()
  }
  void round()
}

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000

/** The runtime has no datagram sockets of this kind, the C library does. Throws when it cannot be used. */
async function openSender(address: string): Promise<(state: string) => void> {
  const { connect, send, socket } = await openLibrary()
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (descriptor < 0) throw new Error('no socket')
  const where = socketAddress(address)
  if (connect(descriptor, where, where.length) !== 0) throw new Error('nobody listens at NOTIFY_SOCKET')
  return (state) => {
    const message = Buffer.from(state)
    send(descriptor, message, message.length, MSG_DONTWAIT | MSG_NOSIGNAL)
  }
}

/** `struct sockaddr_un`; a name that begins with `@` is one without a file. */
function socketAddress(address: string): Buffer {
  if (!/^[/@]/.test(address)) throw new Error('NOTIFY_SOCKET is of a kind that is not supported')
  const name = Buffer.from(address)
  if (name[0] === 0x40) name[0] = 0
  const family = Buffer.alloc(2)
  new DataView(family.buffer, family.byteOffset).setUint16(0, AF_UNIX, true)
  // The length ends a name without a file; a path ends with NUL.
  return Buffer.concat([family, name, Buffer.alloc(name[0] === 0 ? 0 : 1)])
}

async function openLibrary() {
  const { openCLibrary } = await import('./c-library')
  return openCLibrary({
    socket: { args: ['int', 'int', 'int'], returns: 'int' },
    connect: { args: ['int', 'ptr', 'u32'], returns: 'int' },
    send: { args: ['int', 'ptr', 'u64', 'int'], returns: 'i64' },
  })
}
