/** The service that checks passwords, played by a socket: every right and every wrong answer, and what arrived. */
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { CertificateFiles } from './certificate'

export interface ReceivedCall {
  readonly method: string
  /** Path and query as they were sent. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds of `performance.now()`. */
  readonly at: number
}

export interface PlayedAnswer {
  /** Default 200. */
  readonly status?: number
  /** Default `application/json`. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is; anything but a text as JSON. */
  readonly body?: unknown
  readonly delayMs?: number
}

/** `cut`: the connection is closed; `silence`: nothing ever comes; `half`: an answer that breaks off. */
export type Play = PlayedAnswer | 'cut' | 'silence' | 'half' | 'endless'

export interface HttpApiServer {
  readonly url: string
  readonly port: number
  readonly calls: readonly ReceivedCall[]
  /** What is played from now on; `count` is 1 for the next call. */
  play(script: (call: ReceivedCall, count: number) => Play): void
  stop(): Promise<void>
}

export interface HttpApiServerOptions {
  readonly certificate?: CertificateFiles
  /** Default `/api/verify`. */
  readonly path?: string
  readonly port?: number
}

export const ACCEPTED = { success: true, user_id: 'e1', email: 'a@x.example', full_name: 'A' }

/** Accepts everything as the one person of `ACCEPTED` until told otherwise. */
export async function startHttpApi(options: HttpApiServerOptions = {}): Promise<HttpApiServer> {
  const { certificate, path = '/api/verify', port = 0 } = options
  const calls: ReceivedCall[] = []
  const sockets = new Set<Socket>()
  let script: (call: ReceivedCall, count: number) => Play = () => ({ body: ACCEPTED })
  let count = 0

  const serve = (socket: Socket) => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (part) => {
      received = Buffer.concat([received, Buffer.from(part)])
      const call = parseCall(received)
      if (!call) return
      received = Buffer.alloc(0)
      calls.push(call)
      count += 1
      void answer(socket, script(call, count))
    })
  }
  const server = certificate
    ? createTlsServer({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }, serve)
    : createServer(serve)
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const bound = (server.address() as { port: number }).port

  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${bound}${path}`,
    port: bound,
    calls,
    play: (next) => {
      script = next
      count = 0
      calls.length = 0
    },
    stop: async () => {
      const closed = new Promise((done) => server.close(done))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** `undefined` until all of it is there. */
function parseCall(bytes: Buffer): ReceivedCall | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = bytes.subarray(end + 4)
  if (body.byteLength < Number(headers['content-length'] ?? 0)) return undefined
  return { method, path, headers, body: body.toString('utf8'), at: performance.now() }
}

const CHUNK = 'x'.repeat(16 * 1024)

async function answer(socket: Socket, play: Play): Promise<void> {
  if (play === 'silence') return
  if (play === 'cut') {
    socket.destroy()
    return
  }
  if (play === 'half') {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"success":tr')
    await Bun.sleep(20)
    socket.destroy()
    return
  }
  if (play === 'endless') {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n')
    while (!socket.destroyed && socket.bytesWritten < 100_000_000) {
      socket.write(CHUNK)
      await Bun.sleep(0)
    }
    socket.destroy()
    return
  }
  const { status = 200, contentType = 'application/json', headers = {}, body = {}, delayMs = 0 } = play
  if (delayMs > 0) await Bun.sleep(delayMs)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const lines = Object.entries({ 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text), ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} Played\r\n${head}Connection: close\r\n\r\n${text}`)
}
