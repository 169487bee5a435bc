/** A request whose body is still on its way: the server has begun it and cannot finish it. */
import type { Socket } from 'node:net'

export interface UnfinishedRequest {
  /** Sends the rest of the body. */
  finish(): void
  /** What came back so far. */
  received(): string
  /** Everything that came back, once the connection is closed. */
  readonly answer: Promise<string>
}

const BEGUN_AFTER_MS = 300

/** Asks for a device code over a connection that is open already; resolves when the server has begun with it. */
export async function unfinishedRequest(socket: Socket, path: string, clientId: string): Promise<UnfinishedRequest> {
  const body = `client_id=${clientId}`
  const sent = 6
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  const answer = new Promise<string>((resolve) => socket.on('close', () => resolve(received)))
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, sent)}`)
  await Bun.sleep(BEGUN_AFTER_MS)
  return { finish: () => socket.write(body.slice(sent)), received: () => received, answer }
}
