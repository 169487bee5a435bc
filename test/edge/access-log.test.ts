import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { staticFiles } from '../../views/assets'
import { openTestApp, type TestApp } from '../support/app'
import { ORIGIN } from './support'

let app: TestApp
beforeAll(async () => {
  app = await openTestApp()
})
afterAll(() => app.close())

describe('access log', () => {
  test('is one line per request: id, method, path, status, duration, address', async () => {
    const before = app.log().length
    const response = await app.get('/nope')
    const lines = app.log().slice(before)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ level: 'info', message: 'request' })
    expect(lines[0]?.fields).toEqual({
      request_id: response.headers.get('x-request-id'),
      method: 'GET',
      path: '/nope',
      status: 404,
      duration_ms: expect.any(Number),
      ip: '127.0.0.1',
    })
  })

  test('never holds a query, cookie, header or body [codes, states, passwords]', async () => {
    const secret = 'sesame-do-not-log'
    const headers = {
      cookie: `oauth_session=${secret}`,
      authorization: `Bearer ${secret}`,
      referer: `${ORIGIN}/?${secret}`,
    }
    await app.get(`/login?redirect=/device?user_code=${secret}&code=${secret}`, { headers })
    await app.get(`/oauth/tokeninfo?access_token=${secret}`, { headers })
    await app.postForm(
      `/oauth/token?client_secret=${secret}`,
      `grant_type=refresh_token&refresh_token=${secret}`,
      headers,
    )
    await app.postForm('/login', { username: secret, password: secret }, headers)
    await app.get(`/health/?x=${secret}`)
    expect(JSON.stringify(app.log())).not.toContain(secret)
  })

  test('a long path is cut', async () => {
    await app.get(`/${'x'.repeat(10_000)}`)
    expect(String(app.log().at(-1)?.fields.path).length).toBeLessThan(600)
  })
})

describe('HTTP metrics', () => {
  const counted = async (requests: Request[]) => {
    const fresh = await openTestApp()
    for (const request of requests) await fresh.handle(request)
    const text = await fresh.ctx.metrics.registry.metrics()
    await fresh.close()
    return text.split('\n').filter((line) => line.startsWith('http_'))
  }
  const request = (path: string, method = 'GET') => new Request(ORIGIN + path, { method })

  test('labels are the route pattern and known methods: nobody can make new series at will', async () => {
    const paths = ['a', 'b', 'c'].map((id) => request(`/account/sessions/${id}/end`, 'POST'))
    const unknown = ['/x1', '/x2', '/x3?y=1'].map((path) => request(path))
    const methods = ['PROPFIND', 'MKCOL', 'LOCK'].map((method) => request('/health', method))
    const lines = await counted([...paths, ...unknown, ...methods])
    const totals = lines.filter((line) => line.startsWith('http_requests_total'))
    expect(totals.sort()).toEqual([
      'http_requests_total{method="GET",path="unknown",status="404"} 3',
      'http_requests_total{method="POST",path="/account/sessions/:id/end",status="302"} 3',
      'http_requests_total{method="other",path="/health",status="405"} 3',
    ])
  })

  test('/metrics is not counted, and nothing stays in flight', async () => {
    const lines = await counted([request('/metrics'), request('/health')])
    expect(lines.some((line) => line.includes('/metrics'))).toBe(false)
    expect(lines).toContain('http_requests_in_flight 0')
  })

  test('assets share one label: their names change with every release', async () => {
    const [asset] = staticFiles().filter(({ path }) => path.startsWith('/static/dist/'))
    const lines = await counted([request(asset?.path ?? '')])
    expect(lines).toContain('http_requests_total{method="GET",path="/static/*filepath",status="200"} 1')
  })

  test('nothing is counted while METRICS_ENABLED is off', async () => {
    const silent = await openTestApp({ settings: { METRICS_ENABLED: 'false' } })
    await silent.get('/health')
    expect(silent.ctx.metrics.registry.getMetricsAsArray()).toEqual([])
    await silent.close()
  })
})
