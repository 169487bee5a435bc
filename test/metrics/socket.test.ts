/** The compiled executable, scraped over a socket. */
import { afterEach, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { type RunningBinary, runBinary, startBinary } from '../support/binary'
import { eventually } from '../support/daemon'
import { freePort } from '../support/ports'
import { parseExposition, seriesValue } from './exposition'

const TOKEN = 'scrape-token-of-32-characters-xx'
const headers = { authorization: `Bearer ${TOKEN}` }

let server: RunningBinary | undefined
afterEach(async () => {
  await server?.kill()
  server = undefined
})
const start = async (env: Record<string, string> = {}): Promise<RunningBinary> => {
  server = await startBinary({ env: { METRICS_ENABLED: 'true', METRICS_TOKEN: TOKEN, ...env } })
  return server
}
const scrape = async (url: string) => {
  const response = await fetch(url, { headers })
  expect(response.status).toBe(200)
  return parseExposition(await response.text())
}

/** A request as it is written; resolves to the first line of the answer. */
function raw(port: number, requestLine: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1', () =>
    socket.write(`${requestLine} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
  )
  let received = ''
  socket.on('data', (bytes) => {
    received += bytes.toString()
  })
  socket.on('close', () => resolve(received.split('\r\n')[0] ?? ''))
  socket.on('error', reject)
  return promise
}

describe('scraping the executable', () => {
  test('what runs, what it uses, its rows; counted requests; gzip; HEAD without a body', async () => {
    const { url, fetch: ask, pid } = await start()
    await ask('/health')
    const openFiles = async () => (await Bun.$`ls /proc/${pid}/fd`.text()).trim().split('\n').length
    const before = await openFiles()
    const families = await eventually('the gauges', async () => {
      const read = await scrape(`${url}/metrics`)
      return seriesValue(read, 'sessions_active') === 0 ? read : undefined
    })
    const [build] = families.get('authgate_build_info')?.samples ?? []
    expect(build?.labels.version).not.toBe('')
    expect(build?.value).toBe(1)
    const open = [before, await openFiles()]
    const shown = seriesValue(families, 'process_open_fds') ?? 0
    // Connections come and go between the looks.
    expect(shown).toBeGreaterThan(Math.min(...open) - 5)
    expect(shown).toBeLessThan(Math.max(...open) + 5)
    const labels = { method: 'GET', path: '/health', status: '200' }
    expect(seriesValue(families, 'http_requests_total', labels)).toBeGreaterThan(0)
    expect(seriesValue(families, 'oauth_tokens_active', { token_type: 'refresh' })).toBe(0)

    expect((await ask('/metrics')).status).toBe(401)
    const packed = await ask('/metrics', { headers: { ...headers, 'accept-encoding': 'gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(parseExposition(await packed.text()).size).toBe(families.size)
    const head = await ask('/metrics', { method: 'HEAD', headers })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('methods and paths that nobody knows open no series (O12)', async () => {
    const { url } = await start()
    const port = Number(new URL(url).port)
    for (let index = 0; index < 200; index += 1) await raw(port, `Q${index.toString(36).toUpperCase()} /health`)
    for (let index = 0; index < 200; index += 1) await raw(port, `GET /nobody/${index}`)
    const samples = (await scrape(`${url}/metrics`)).get('http_requests_total')?.samples ?? []
    expect(new Set(samples.map(({ labels }) => labels.path)).size).toBeLessThan(4)
    expect(samples.length).toBeLessThan(8)
    for (const { labels } of samples) expect(['GET', 'other']).toContain(labels.method ?? '')
  })

  test('METRICS_ADDR: there and only there, until after the public listener has closed', async () => {
    const own = `127.0.0.1:${await freePort()}`
    const { url, fetch: ask, stop, log } = await start({ METRICS_ADDR: own })
    expect(log()).toContain(`Metrics listening on ${own}`)
    expect((await ask('/metrics', { headers })).status).toBe(404)
    expect((await scrape(`http://${own}/metrics`)).size).toBeGreaterThan(30)
    expect((await fetch(`http://${own}/metrics`)).status).toBe(401)
    expect((await fetch(`http://${own}/health`)).status).toBe(404)
    const head = await fetch(`http://${own}/metrics`, { method: 'HEAD', headers })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(url).not.toContain(own)
    expect(await stop()).toBe(0)
    const order = ['Server exited', 'Audit service shut down', 'Metrics server exited', 'Database connection closed']
    const at = order.map((line) => log().indexOf(line))
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(Math.min(...at)).toBeGreaterThan(0)
  })

  test('METRICS_ADDR that is taken: refused at start, named', async () => {
    const other = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const env = { METRICS_ENABLED: 'true', METRICS_TOKEN: TOKEN, METRICS_ADDR: `127.0.0.1:${other.port}` }
    const { exitCode, stderr } = await runBinary(['server'], {
      env: { ...env, BASE_URL: 'http://localhost:8080', SERVER_ADDR: `127.0.0.1:${await freePort()}` },
    })
    other.stop(true)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('set METRICS_ADDR to another port')
  })
})
