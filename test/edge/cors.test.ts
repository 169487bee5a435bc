import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/app'

const APP = 'https://app.example.com'
const on = { CORS_ENABLED: 'true', CORS_ALLOWED_ORIGINS: `${APP},https://Other.example.com:8443` }

const corsHeaders = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

describe('CORS switched off', () => {
  test('an Origin changes nothing, a preflight is no route', async () => {
    const app = await openTestApp()
    const response = await app.postForm('/oauth/token', 'grant_type=x', { origin: APP })
    expect([response.status, corsHeaders(response)]).toEqual([400, {}])
    const preflight = await app.get('/oauth/token', { method: 'OPTIONS', headers: { origin: APP } })
    expect([preflight.status, corsHeaders(preflight)]).toEqual([405, {}])
    await app.close()
  })
})

describe('CORS switched on', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings: on })
  })
  afterAll(() => app.close())

  test('a listed origin may read the answer, and the headers it needs', async () => {
    const response = await app.postForm('/oauth/token', 'grant_type=x', { origin: APP })
    expect(response.status).toBe(400)
    expect(corsHeaders(response)).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
    })
    const exposed = response.headers.get('access-control-expose-headers')?.toLowerCase()
    for (const name of ['content-type', 'www-authenticate', 'retry-after', 'x-ratelimit-remaining'])
      expect(exposed).toContain(name)
    expect(response.headers.get('vary')).toContain('Origin')
  })

  test('origins are compared without regard to case and with their port', async () => {
    const origin = 'https://other.example.com:8443'
    const listed = await app.postForm('/oauth/token', 'a=1', { origin })
    expect(listed.headers.get('access-control-allow-origin')).toBe(origin)
    for (const foreign of ['https://other.example.com', 'http://app.example.com', `${APP}.evil.example`])
      expect((await app.postForm('/oauth/token', 'a=1', { origin: foreign })).status).toBe(403)
  })

  test('a preflight of any method is 204 with the lists', async () => {
    const preflight = await app.get('/oauth/token', {
      method: 'OPTIONS',
      headers: { origin: APP, 'access-control-request-method': 'PATCH' },
    })
    expect([preflight.status, await preflight.text()]).toEqual([204, ''])
    expect(corsHeaders(preflight)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET,POST,PUT,DELETE,OPTIONS',
      'access-control-allow-headers': 'Origin,Content-Type,Authorization',
      'access-control-max-age': '43200',
    })
    for (const name of ['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers'])
      expect(preflight.headers.get('vary')).toContain(name)
  })

  test('another origin is 403 without CORS headers, and the endpoint is not called', async () => {
    for (const origin of ['https://evil.example', 'null'])
      for (const method of ['POST', 'OPTIONS']) {
        const response = await app.get('/oauth/token', { method, headers: { origin } })
        expect([response.status, await response.text(), corsHeaders(response)]).toEqual([403, '', {}])
        expect(response.headers.get('vary')).toContain('Origin')
      }
  })

  test('no Origin, and the own one, are untouched', async () => {
    for (const headers of [{}, { origin: 'http://localhost:8080' }, { origin: 'https://idp:1', host: 'idp:1' }]) {
      const response = await app.postForm('/oauth/token', 'grant_type=x', headers as Record<string, string>)
      expect([response.status, corsHeaders(response)]).toEqual([400, {}])
      expect(response.headers.get('vary')).toContain('Origin')
    }
  })

  test('pages, assets and the authorization endpoint take no part [cookies]', async () => {
    for (const path of ['/login', '/oauth/authorize', '/favicon.ico', '/account/sessions', '/health'])
      expect(corsHeaders(await app.get(path, { headers: { origin: APP } }))).toEqual({})
    const preflight = await app.get('/login', { method: 'OPTIONS', headers: { origin: APP } })
    expect([preflight.status, corsHeaders(preflight)]).toEqual([405, {}])
  })

  test('* lets everybody in, without credentials', async () => {
    const open = await openTestApp({ settings: { ...on, CORS_ALLOWED_ORIGINS: '*', CORS_MAX_AGE: '0s' } })
    const response = await open.postForm('/oauth/token', 'a=1', { origin: 'https://anybody.example' })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    const preflight = await open.get('/oauth/token', { method: 'OPTIONS', headers: { origin: 'https://x.example' } })
    expect(preflight.headers.get('access-control-max-age')).toBeNull()
    await open.close()
  })

  test('an empty list lets nobody in', async () => {
    const closed = await openTestApp({ settings: { CORS_ENABLED: 'true' } })
    expect((await closed.postForm('/oauth/token', 'a=1', { origin: APP })).status).toBe(403)
    await closed.close()
  })
})
