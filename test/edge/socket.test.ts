/** What only shows over a real connection: how the listener hands requests to the handler. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Listener, listen } from '../../src/serve'
import { openTestApp, type TestApp } from '../support/app'
import { FORM } from './support'

let app: TestApp
let listener: Listener
beforeAll(async () => {
  app = await openTestApp({ settings: { SERVER_ADDR: '127.0.0.1:0' } })
  listener = listen(app.ctx.settings, (request, peer) => app.handle(request, peer), app.ctx.log)
})
afterAll(async () => {
  await listener.stop(5_000)
  await app.close()
})

/** Sends lines as they are and reads until the server closes the connection. */
function exchange(...lines: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = ''
  void Bun.connect({
    hostname: '127.0.0.1',
    port: listener.address.port,
    socket: {
      open: (socket) => void socket.write(lines.join('\r\n')),
      data: (_socket, bytes) => {
        received += bytes.toString()
      },
      close: () => resolve(received),
      error: (_socket, error) => reject(error),
    },
  })
  return promise
}

const END = ['Connection: close', '', '']
const base = () => `http://127.0.0.1:${listener.address.port}`

describe('over a connection', () => {
  test('health checks over HTTP/1.0 send no Host and are answered', async () => {
    expect(await exchange('GET /health HTTP/1.0', '', '')).toContain('"status":"healthy"')
    expect(await exchange('GET /health HTTP/1.1', 'Host: ', ...END)).toContain('"status":"healthy"')
  })

  test('a full URL and a short host name lead to the same route', async () => {
    expect(await exchange('GET http://other.example/health HTTP/1.1', 'Host: localhost', ...END)).toContain('healthy')
    expect(await exchange('GET /health HTTP/1.1', 'Host: a', ...END)).toContain('healthy')
    expect(await exchange('GET /x/oauth/tokeninfo HTTP/1.1', 'Host: a', ...END)).toContain('404 Not Found')
  })

  test('several X-Forwarded-For lines are one list, read from the right', async () => {
    const lines = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 203.0.113.9, 127.0.0.2']
    await exchange('GET /livez HTTP/1.1', 'Host: localhost', ...lines, ...END)
    expect(app.log().at(-1)?.fields.ip).toBe('203.0.113.9')
  })

  test('too large a body is refused in the form of the endpoint, whether its size is announced or not', async () => {
    const large = `a=${'x'.repeat(100_000)}`
    const headers = { 'content-type': FORM }
    const chunked = new Blob([large]).stream()
    for (const body of [large, chunked]) {
      const response = await fetch(`${base()}/oauth/token`, { method: 'POST', body, headers })
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({
        error: 'invalid_request',
        error_description: 'Request body too large',
      })
    }
    const page = await fetch(`${base()}/login`, { method: 'POST', body: large, headers })
    expect([page.status, page.headers.get('content-type')]).toEqual([413, 'text/html; charset=utf-8'])
  })

  test('HEAD and 304 have no body, and say how long it would be', async () => {
    const get = await fetch(`${base()}/favicon.ico`)
    const head = await fetch(`${base()}/favicon.ico`, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(String((await get.arrayBuffer()).byteLength))
    const known = await fetch(`${base()}/favicon.ico`, { headers: { 'if-none-match': get.headers.get('etag') ?? '' } })
    expect([known.status, await known.text()]).toEqual([304, ''])
  })

  test('a request after a refused one on the same connection is its own', async () => {
    const refused = ['POST /oauth/token HTTP/1.1', 'Host: localhost', `Content-Type: ${FORM}`, 'Content-Length: 5', '']
    const answer = await exchange(...refused, 'a=%zzGET /health HTTP/1.1', 'Host: localhost', ...END)
    expect(answer).toContain('Malformed request')
    expect(answer).toContain('"status":"healthy"')
  })
})
