/** The listener towards the network: addresses, health, and clients that take their time. */
import { afterEach, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { type RunningBinary, runBinary, startBinary } from '../support/binary'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { type PostgresServer, startPostgres } from '../support/postgres'
import { suiteNeeds } from '../support/skip'

const running: RunningBinary[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.kill()
})
const start = async (options: Parameters<typeof startBinary>[0] = {}): Promise<RunningBinary> => {
  const server = await startBinary(options)
  running.push(server)
  return server
}

describe('listening address', () => {
  test('no host: all interfaces', async () => {
    const port = await freePort()
    const server = await start({ env: { SERVER_ADDR: `:${port}` } })
    expect(server.log()).toContain(`HTTP server listening on :${port}`)
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    const check = await runBinary(['healthcheck'], { env: { SERVER_ADDR: `:${port}` } })
    expect(check.exitCode).toBe(0)
  })

  test('SIGHUP without TLS ends nothing', async () => {
    const server = await start()
    server.signal('SIGHUP')
    await eventually('the log line', async () => (server.log().includes('nothing to reload') ? true : undefined))
    expect((await server.fetch('/health')).status).toBe(200)
  })

  test('IPv6', async () => {
    const port = await freePort()
    const address = `[::1]:${port}`
    const server = await start({
      env: { SERVER_ADDR: address, BASE_URL: `http://localhost:${port}` },
      readyUrl: `http://${address}/health`,
    })
    expect(server.log()).toContain(`listening on ${address}`)
    const check = await runBinary(['healthcheck'], { env: { SERVER_ADDR: address } })
    expect(check.exitCode).toBe(0)
  })

  test('port 0: a free one, named in the log', async () => {
    const folder = temporaryFolder('port')
    const { binaryPath } = await import('../support/binary')
    const child = Bun.spawn([binaryPath(), 'server'], {
      cwd: folder,
      env: { SERVER_ADDR: '127.0.0.1:0' },
      stdout: 'pipe',
    })
    let log = ''
    for await (const chunk of child.stdout) {
      log += new TextDecoder().decode(chunk)
      if (log.includes('Verification URL')) break
    }
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(log) ?? []
    expect(Number(port)).toBeGreaterThan(0)
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    child.kill('SIGKILL')
    await child.exited
    removeFolder(folder)
  })
})

/** Milliseconds until the server closes the connection, and what it sent. `drip` is sent once a second. */
function slowClient(url: string, first: string, drip: string): Promise<{ ms: number; received: string }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const began = performance.now()
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(first))
    const timer = setInterval(() => socket.write(drip), 1_000)
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(timer)
      resolve({ ms: performance.now() - began, received })
    })
  })
}

describe('slow clients [SEC]', () => {
  test('headers that drip in are cut after about 10 seconds, a body that drips in after 30; others are served', async () => {
    const server = await start()
    const form = 'Content-Type: application/x-www-form-urlencoded'
    const silent = slowClient(server.url, '', '')
    const headers = slowClient(server.url, 'POST /oauth/token HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n')
    const body = slowClient(
      server.url,
      `POST /oauth/token HTTP/1.1\r\nHost: x\r\n${form}\r\nContent-Length: 60000\r\n\r\n`,
      'aaaa',
    )
    const chunked = slowClient(
      server.url,
      `POST /oauth/token HTTP/1.1\r\nHost: x\r\n${form}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      '4\r\naaaa\r\n',
    )
    for (const { ms, received } of [await silent, await headers]) {
      expect(ms).toBeLessThan(16_000)
      expect(received).toBe('')
    }
    expect((await server.fetch('/health')).status).toBe(200)
    for (const { ms, received } of [await body, await chunked]) {
      expect(ms).toBeWithin(29_000, 36_000)
      expect(received).toStartWith('HTTP/1.1 408 ')
      expect(received).toMatch(/^connection: close\r$/im)
    }
  }, 60_000)

  test('a body above the limit is refused before it is read, and the server goes on', async () => {
    const server = await start()
    const answer = await server.fetch('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `a=${'x'.repeat(1024 * 1024)}`,
    })
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
    expect((await server.fetch('/health')).status).toBe(200)
  })
})

describe('health', () => {
  test('exact members, HEAD without body, never cached', async () => {
    const server = await start()
    const health = await server.fetch('/health')
    expect(health.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(health.headers.get('cache-control')).toBe('no-store')
    expect(await health.text()).toBe('{"database":"connected","status":"healthy"}')
    const head = await server.fetch('/health', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect([(await server.fetch('/livez')).status, (await server.fetch('/readyz')).status]).toEqual([200, 200])
  })

  suiteNeeds('postgresql')('with the database away', () => {
    test('/health and /readyz are 503, /livez stays 200, healthcheck fails; all recover with the database', async () => {
      const postgres: PostgresServer = await startPostgres()
      const { url } = await postgres.freshDatabase()
      const server = await start({ env: { DATABASE_DRIVER: 'postgres', DATABASE_DSN: url } })
      const env = { SERVER_ADDR: server.url.slice('http://'.length) }
      try {
        await postgres.halt()
        await Bun.sleep(1_100)
        const began = performance.now()
        const health = await server.fetch('/health')
        expect(performance.now() - began).toBeLessThan(3_000)
        expect([health.status, await health.text()]).toEqual([503, '{"database":"disconnected","status":"unhealthy"}'])
        expect([(await server.fetch('/livez')).status, (await server.fetch('/readyz')).status]).toEqual([200, 503])
        expect((await runBinary(['healthcheck'], { env })).exitCode).toBe(1)
        await postgres.start()
        await eventually('recovery', async () => ((await server.fetch('/readyz')).status === 200 ? true : undefined))
        expect((await runBinary(['healthcheck'], { env })).exitCode).toBe(0)
        expect({ code: await server.stop(), log: server.log() }).toMatchObject({ code: 0 })
      } finally {
        await postgres.stop()
      }
    })
  })
})
