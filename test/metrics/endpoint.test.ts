/** GET /metrics: who may read it, in which form, and what reading it leaves behind. */
import { describe, expect, test } from 'bun:test'
import { createMetricsHandler } from '../../src/metrics/endpoint'
import { openTestApp, type TestApp } from '../support/app'
import { parseExposition, seriesValue } from './exposition'

const TOKEN = 'scrape-token-of-32-characters-xx'

/** All that Bun knows besides the usual ones; it makes GET of others in a `Request`. */
const METHODS = ['PROPFIND', 'MKCOL', 'LOCK', 'UNLOCK', 'REPORT', 'SEARCH', 'BIND', 'MERGE', 'COPY', 'MOVE']

async function withApp(settings: Record<string, string>, work: (app: TestApp) => Promise<void>): Promise<void> {
  const app = await openTestApp({ settings })
  await work(app)
  await app.close()
}
const bearer = (authorization: string) => ({ headers: { authorization } })

describe('GET /metrics', () => {
  test('is not there while METRICS_ENABLED is off', () =>
    withApp({ METRICS_ENABLED: 'false' }, async (app) => {
      expect((await app.get('/metrics')).status).toBe(404)
    }))

  test('text format 0.0.4, not cached, with the headers of data', () =>
    withApp({}, async (app) => {
      const response = await app.get('/metrics')
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('content-security-policy')).toStartWith("default-src 'none'")
      expect(response.headers.get('set-cookie')).toBeNull()
      expect(parseExposition(await response.text()).size).toBeGreaterThan(30)
    }))

  test('a bad session cookie is not looked at and leads nowhere', () =>
    withApp({}, async (app) => {
      const response = await app.get('/metrics', { headers: { cookie: 'oauth_session=stale' } })
      expect([response.status, response.headers.get('set-cookie')]).toEqual([200, null])
    }))

  const refusals: [string, string | undefined, string][] = [
    ['no header', undefined, 'Bearer token required'],
    ['another scheme', `Basic ${TOKEN}`, 'Bearer token required'],
    ['only the scheme', 'Bearer', 'Bearer token required'],
    ['the scheme in lower case', `bearer ${TOKEN}`, 'Bearer token required'],
    ['the token alone', TOKEN, 'Bearer token required'],
    ['a wrong token', 'Bearer wrong', 'Invalid token'],
    ['a longer token', `Bearer ${TOKEN}x`, 'Invalid token'],
    ['a shorter token', `Bearer ${TOKEN.slice(1)}`, 'Invalid token'],
    ['a second blank', `Bearer  ${TOKEN}`, 'Invalid token'],
  ]
  for (const [name, authorization, message] of refusals)
    test(`METRICS_TOKEN: ${name} is 401 "${message}"`, () =>
      withApp({ METRICS_TOKEN: TOKEN }, async (app) => {
        const response = await app.get('/metrics', authorization === undefined ? {} : bearer(authorization))
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Bearer realm="Metrics"')
        expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
        expect(await response.text()).toBe(`{"error":"unauthorized","message":"${message}"}`)
      }))

  test('METRICS_TOKEN: the right one opens', () =>
    withApp({ METRICS_TOKEN: TOKEN }, async (app) => {
      const response = await app.get('/metrics', bearer(`Bearer ${TOKEN}`))
      expect(response.status).toBe(200)
      expect(await response.text()).not.toContain(TOKEN)
    }))

  test('gzip on request, and only then', () =>
    withApp({}, async (app) => {
      const packed = await app.get('/metrics', { headers: { 'accept-encoding': 'deflate, gzip;q=0.5' } })
      expect(packed.headers.get('content-encoding')).toBe('gzip')
      expect(packed.headers.get('vary')).toBe('Accept-Encoding')
      const text = new TextDecoder().decode(Bun.gunzipSync(new Uint8Array(await packed.arrayBuffer())))
      expect(parseExposition(text).size).toBeGreaterThan(30)
      const plain = await app.get('/metrics', { headers: { 'accept-encoding': 'gzip;q=0' } })
      expect(plain.headers.get('content-encoding')).toBeNull()
      expect(plain.headers.get('vary')).toBe('Accept-Encoding')
    }))

  test('HEAD has the headers; other methods are 405', () =>
    withApp({}, async (app) => {
      const head = await app.get('/metrics', { method: 'HEAD' })
      expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
      const post = await app.get('/metrics', { method: 'POST' })
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }))

  test('reading counts no request, not even as one in flight', () =>
    withApp({}, async (app) => {
      for (let scrape = 0; scrape < 3; scrape += 1) {
        const families = parseExposition(await (await app.get('/metrics')).text())
        expect(families.get('http_requests_total')?.samples).toEqual([])
        expect(seriesValue(families, 'http_requests_in_flight')).toBe(0)
      }
    }))

  test('below the path of BASE_URL', () =>
    withApp({ BASE_URL: 'http://localhost:8080/auth' }, async (app) => {
      expect((await app.get('/auth/metrics')).status).toBe(200)
    }))

  test('thousands of unusual methods and invented paths open one series each (O12)', () =>
    withApp({}, async (app) => {
      const series = async () => {
        const families = parseExposition(await (await app.get('/metrics')).text())
        return families.get('http_requests_total')?.samples ?? []
      }
      for (let index = 0; index < 1000; index += 1) {
        await app.get('/health', { method: METHODS[index % METHODS.length] ?? '' })
        await app.get(`/x${index}/${'y'.repeat(index % 50)}`)
        await app.get(`/account/sessions/${crypto.randomUUID()}/end`, { method: 'POST' })
      }
      expect((await series()).map(({ labels, value }) => [labels.method, labels.path, value]).sort()).toEqual([
        ['GET', 'unknown', 1000],
        ['POST', '/account/sessions/:id/end', 1000],
        ['other', '/health', 1000],
      ])
    }))
})

describe('METRICS_ADDR', () => {
  const settings = { METRICS_ADDR: '127.0.0.1:0', METRICS_TOKEN: TOKEN }

  test('the public listener has no /metrics then', () =>
    withApp(settings, async (app) => {
      expect((await app.get('/metrics', bearer(`Bearer ${TOKEN}`))).status).toBe(404)
    }))

  test('its listener serves the metrics and nothing else, to who has the token', () =>
    withApp(settings, async ({ ctx }) => {
      const handle = createMetricsHandler(ctx)
      const ask = (path: string, init?: RequestInit) => handle(new Request(`http://127.0.0.1:9090${path}`, init))
      expect((await ask('/metrics?x=1', bearer(`Bearer ${TOKEN}`))).status).toBe(200)
      expect((await ask('/metrics')).status).toBe(401)
      for (const path of ['/', '/health', '/login', '/metrics/', '/oauth/token'])
        expect((await ask(path, bearer(`Bearer ${TOKEN}`))).status).toBe(404)
      const post = await ask('/metrics', { method: 'POST' })
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }))
})

describe('what happens is counted', () => {
  test('validation: live, unknown and expired tokens, also at introspection', () =>
    withApp({ JWT_EXPIRATION_JITTER: '0s' }, async (app) => {
      const client = await app.insertClient()
      const credentials = { client_id: client.clientId, client_secret: client.secret }
      const answer = await app.postForm('/oauth/token', { grant_type: 'client_credentials', ...credentials })
      const { access_token: token } = (await answer.json()) as { access_token: string }
      const introspect = () => app.postForm('/oauth/introspect', { token, ...credentials })
      await app.get('/oauth/tokeninfo', bearer(`Bearer ${token}`))
      await introspect()
      await app.get('/oauth/tokeninfo', bearer('Bearer nonsense'))
      app.clock.advance(2 * 3_600_000)
      await app.get('/oauth/tokeninfo', bearer(`Bearer ${token}`))
      const families = parseExposition(await app.ctx.metrics.registry.metrics())
      const count = (result: string) => seriesValue(families, 'oauth_token_validation_total', { result })
      expect([count('valid'), count('invalid'), count('expired')]).toEqual([2, 1, 1])
      expect(seriesValue(families, 'oauth_token_validation_duration_seconds_count', { provider: 'local' })).toBe(4)
      const issued = { token_type: 'access', grant_type: 'client_credentials' }
      expect(seriesValue(families, 'oauth_tokens_issued_total', issued)).toBe(1)
    }))
})
