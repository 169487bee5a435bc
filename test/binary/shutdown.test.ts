/** The end of the process: in order, within limits, without losing what was acknowledged. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type RunningBinary, startBinary } from '../support/binary'
import { openCollector } from '../support/collector'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { unfinishedRequest } from '../support/unfinished-request'

let folder: string
let server: RunningBinary
beforeEach(() => {
  folder = temporaryFolder('shutdown')
})
afterEach(async () => {
  await server.kill()
  removeFolder(folder)
})

const start = async (env: Record<string, string> = {}) => {
  server = await startBinary({ folder, env: { ENABLE_RATE_LIMIT: 'false', ...env } })
}

const beginRequest = () => {
  const { hostname, port } = new URL(server.url)
  return unfinishedRequest(connect(Number(port), hostname), '/oauth/device/code', readCredentials(folder).clientId)
}

const STEPS = [
  'Readiness withdrawn',
  'Shutting down server...',
  'Server exited',
  'Stopping background jobs...',
  'Background jobs stopped',
  'Shutting down audit service...',
  'Audit service shut down gracefully',
  'Closing database connection...',
  'Database connection closed',
]
const order = () => STEPS.map((step) => server.log().indexOf(step))

const auditRows = (): number => {
  const db = new Database(join(folder, 'oauth.db'), { readonly: true })
  const { n } = db.query("select count(*) as n from audit_logs where event_type = 'AUTHENTICATION_FAILURE'").get() as {
    n: number
  }
  db.close()
  return n
}

describe('shutdown', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`${signal}: listener, jobs, audit, database, in this order; exit code 0`, async () => {
      await start()
      server.signal(signal)
      expect(await server.exited).toBe(0)
      const positions = order()
      expect(positions.every((at) => at >= 0)).toBe(true)
      expect(positions).toEqual([...positions].sort((a, b) => a - b))
    })

  test('the last traces are sent, after the audit trail and before the database closes; exit code 0', async () => {
    const collector = openCollector()
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hunter2' })
    for (let n = 0; n < 20; n++) await server.fetch('/livez')
    server.signal('SIGTERM')
    expect(await server.exited).toBe(0)
    await collector.close()
    expect(collector.problems).toEqual([])
    expect(collector.spans.filter(({ name }) => name === 'GET /livez')).toHaveLength(20)
    expect(collector.requests.every(({ headers }) => headers.get('x-key') === 'hunter2')).toBe(true)
    expect(server.log()).not.toContain('hunter2')
    const steps = ['Audit service shut down', 'Sending traces...', 'Trace exporter stopped', 'Closing database']
    const positions = steps.map((step) => server.log().indexOf(step))
    expect(positions.every((at) => at >= 0)).toBe(true)
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
  })

  test('a collector that is away does not fail the end', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    await server.fetch('/livez')
    server.signal('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(server.log()).toContain('Traces that could not be sent are dropped')
  })

  test('a running request is finished and answered, a new connection is refused, exit code 0', async () => {
    await start()
    const request = await beginRequest()
    server.signal('SIGTERM')
    await eventually('the listener closes', async () =>
      server.log().includes('Shutting down server') ? true : undefined,
    )
    await Bun.sleep(100)
    await expect(server.fetch('/health')).rejects.toThrow()
    request.finish()
    expect(await request.answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*"device_code":/)
    expect(await server.exited).toBe(0)
  })

  test('a request that does not end within SERVER_SHUTDOWN_TIMEOUT is cut; the rest happens in order; exit code 1', async () => {
    await start({ SERVER_SHUTDOWN_TIMEOUT: '500ms' })
    const request = await beginRequest()
    const began = performance.now()
    server.signal('SIGTERM')
    expect(await server.exited).toBe(1)
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(await request.answer).toBe('')
    expect(server.log()).toMatch(/Server forced to shutdown: 1 requests did not finish within SERVER_SHUTDOWN_TIMEOUT/)
    expect(server.log().indexOf('Database connection closed')).toBeGreaterThan(
      server.log().indexOf('forced to shutdown'),
    )
  })

  test('somebody who never finishes the headers holds nothing up', async () => {
    await start()
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.write('GET /health HTTP/1.1\r\nHos')
    await Bun.sleep(200)
    const began = performance.now()
    server.signal('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(performance.now() - began).toBeLessThan(2_000)
    socket.destroy()
  })

  test('further signals change nothing: the shutdown goes on to its end', async () => {
    await start()
    const request = await beginRequest()
    for (const name of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) {
      server.signal(name)
      await Bun.sleep(100)
    }
    request.finish()
    expect(await request.answer).toStartWith('HTTP/1.1 200 OK')
    expect(await server.exited).toBe(0)
    expect(server.log().match(/Already shutting down, signal ignored/g)?.length).toBe(2)
  })

  test('SHUTDOWN_DELAY: /readyz is 503 while everything else is still served', async () => {
    await start({ SHUTDOWN_DELAY: '1s' })
    server.signal('SIGTERM')
    await eventually('readiness is withdrawn', async () =>
      (await server.fetch('/readyz')).status === 503 ? true : undefined,
    )
    expect((await server.fetch('/livez')).status).toBe(200)
    expect((await server.fetch('/health')).status).toBe(200)
    expect(await server.exited).toBe(0)
  })

  test('events that wait to be written are written: one row for each failed login', async () => {
    await start({ AUDIT_LOG_BUFFER_SIZE: '2000' })
    const failures = 40
    const attempts = Array.from({ length: failures }, async (_, n) => {
      const form = await server.fetch('/login')
      const [, token = ''] = /name="csrf_token"[^>]*value="([^"]*)"/.exec(await form.text()) ?? []
      const cookie = form.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ')
      const body = new URLSearchParams({ csrf_token: token, username: `nobody-${n}`, password: 'wrong' })
      const answer = await server.fetch('/login', { method: 'POST', body, headers: { cookie } })
      return answer.status
    })
    const statuses = await Promise.all(attempts)
    server.signal('SIGTERM')
    expect(await server.exited).toBe(0)
    const recorded = auditRows()
    expect({ refused: statuses.filter((status) => status === 401).length, recorded }).toEqual({
      refused: recorded,
      recorded,
    })
    expect(recorded).toBeGreaterThan(0)
  }, 30_000)

  test('under load: every answer is whole, the process ends in time with exit code 0', async () => {
    await start()
    const { clientId } = readCredentials(folder)
    let stopping = false
    const seen = { whole: 0, broken: 0 }
    const caller = async () => {
      while (!stopping) {
        const body = new URLSearchParams({ client_id: clientId })
        const answer = await server.fetch('/oauth/device/code', { method: 'POST', body }).catch(() => undefined)
        if (!answer) return
        const text = await answer.text().catch(() => 'broken')
        if (text.endsWith('}')) seen.whole += 1
        else seen.broken += 1
      }
    }
    const load = Promise.all(Array.from({ length: 32 }, caller))
    await Bun.sleep(700)
    server.signal('SIGTERM')
    expect(await server.exited).toBe(0)
    stopping = true
    await load
    expect(seen.broken).toBe(0)
    expect(seen.whole).toBeGreaterThan(32)
    const db = new Database(join(folder, 'oauth.db'), { readonly: true })
    const { n } = db.query('select count(*) as n from device_codes').get() as { n: number }
    expect(n).toBeGreaterThanOrEqual(seen.whole)
    db.close()
  })
})
