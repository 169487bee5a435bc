/** Clients that ask without a pause, to see whether anything the server does meanwhile fails a request. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface SteadyLoad {
  /** Requests answered with 200 so far. */
  answered(): number
  /** Lets running requests end; resolves to what went wrong. */
  stop(): Promise<Failure[]>
}

export interface Failure {
  readonly client: 'fresh' | 'lasting'
  readonly reason: string
}

export interface LoadOptions {
  readonly url: string
  readonly path?: string
  /** Clients that open a connection for each request. */
  readonly fresh?: number
  /** Clients that use their connection again, until an answer says `Connection: close`. */
  readonly lasting?: number
}

const LONGEST_PAUSE_MS = 20
const HEADERS_END = '\r\n\r\n'

export function startLoad({ url, path = '/livez', fresh = 8, lasting = 8 }: LoadOptions): SteadyLoad {
  const { protocol, hostname, port, pathname } = new URL(url)
  const target = `${pathname.replace(/\/$/, '')}${path}`
  const open = (): Socket =>
    protocol === 'https:'
      ? connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })
      : connect({ host: hostname, port: Number(port) })
  const ready = protocol === 'https:' ? 'secureConnect' : 'connect'
  const failures: Failure[] = []
  let answered = 0
  let stopping = false

  /** One connection, until it closes. */
  const connection = (client: Failure['client']): Promise<void> =>
    new Promise((resolve) => {
      const socket = open()
      let received = ''
      let waiting = true
      let error = 'closed'
      const ask = () => {
        received = ''
        waiting = true
        const close = client === 'fresh' ? 'Connection: close\r\n' : ''
        socket.write(`GET ${target} HTTP/1.1\r\nHost: ${hostname}\r\n${close}\r\n`)
      }
      socket.on(ready, ask)
      socket.on('data', (chunk) => {
        received += chunk
        if (!waiting || !isComplete(received)) return
        waiting = false
        if (received.startsWith('HTTP/1.1 200')) answered += 1
        else failures.push({ client, reason: received.split('\r\n')[0] ?? '' })
        if (client === 'fresh' || stopping || /^connection: close/im.test(received)) socket.end()
        else setTimeout(ask, Math.random() * LONGEST_PAUSE_MS)
      })
      socket.on('error', (reason) => {
        error = (reason as { code?: string }).code ?? reason.message
      })
      socket.on('close', () => {
        if (waiting) failures.push({ client, reason: error })
        resolve()
      })
    })

  const repeat = async (client: Failure['client']): Promise<void> => {
    while (!stopping) await connection(client)
  }
  const running = Promise.all([
    ...Array.from({ length: fresh }, () => repeat('fresh')),
    ...Array.from({ length: lasting }, () => repeat('lasting')),
  ])
  return {
    answered: () => answered,
    stop: async () => {
      stopping = true
      await running
      return failures
    },
  }
}

function isComplete(received: string): boolean {
  const end = received.indexOf(HEADERS_END)
  const length = /^content-length: (\d+)/im.exec(received)?.[1]
  return end !== -1 && received.length - end - HEADERS_END.length >= Number(length ?? 0)
}
