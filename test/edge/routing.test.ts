import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/app'

const PAGES = { accept: 'text/html,application/xhtml+xml' }

let app: TestApp
beforeAll(async () => {
  app = await openTestApp()
})
afterAll(() => app.close())

describe('routing: what no route serves', () => {
  test('an unknown path is 404: text, a page for browsers, JSON for protocol paths', async () => {
    const text = await app.get('/nope')
    expect([text.status, text.headers.get('content-type'), await text.text()]).toEqual([
      404,
      'text/plain; charset=utf-8',
      '404 page not found',
    ])
    const page = await app.get('/nope', { headers: PAGES })
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    for (const path of ['/oauth/nope', '/.well-known/nope']) {
      const json = await app.get(path, { headers: PAGES })
      expect([json.status, json.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8'])
      expect(await json.json()).toMatchObject({ error: 'not_found' })
    }
  })

  test('a page of an unknown path quotes nothing of it', async () => {
    const body = await (await app.get('/nope<script>alert(1)</script>?x=<i>', { headers: PAGES })).text()
    expect(body).not.toContain('alert(1)')
    expect(body).not.toContain('<i>')
  })

  test('a known path with another method is 405 with Allow (RFC 9110 §15.5.6)', async () => {
    const login = await app.get('/login', { method: 'DELETE' })
    expect([login.status, login.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
    const token = await app.get('/oauth/token')
    expect([token.status, token.headers.get('allow')]).toEqual([405, 'POST'])
    expect(token.headers.get('content-type')).toStartWith('application/json')
    const variable = await app.get('/account/sessions/some-id/end')
    expect([variable.status, variable.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await app.get('/oauth/token', { method: 'OPTIONS' })).status).toBe(405)
  })

  test('paths are case-sensitive and slashes are not merged', async () => {
    for (const path of ['/Health', '/health//x', '//health']) expect((await app.get(path)).status).toBe(404)
  })
})

describe('routing: final slash', () => {
  test('leads to the path without it: 301 for GET, 307 otherwise, query kept', async () => {
    const get = await app.get('/login/?redirect=%2Fdevice')
    expect([get.status, get.headers.get('location')]).toEqual([301, '/login?redirect=%2Fdevice'])
    const post = await app.postForm('/oauth/token/', 'a=1')
    expect([post.status, post.headers.get('location')]).toEqual([307, '/oauth/token'])
  })

  test('carries the security headers and ignores X-Forwarded-Prefix', async () => {
    const response = await app.get('/health/', { headers: { 'x-forwarded-prefix': '/evil' } })
    expect(response.headers.get('location')).toBe('/health')
    expect(response.headers.get('x-frame-options')).toBe('DENY')
  })

  test('never leads to another host', async () => {
    for (const path of ['//evil.example/', '//evil.example/health/', '/%2f/evil.example/']) {
      const response = await app.get(path)
      expect([response.status, response.headers.get('location')]).toEqual([404, null])
    }
  })
})

describe('routing: HEAD', () => {
  test('is answered for every GET, as GET without its body', async () => {
    for (const path of ['/health', '/login', '/.well-known/openid-configuration', '/favicon.ico']) {
      const [get, head] = [await app.get(path), await app.get(path, { method: 'HEAD' })]
      expect([head.status, await head.text()]).toEqual([get.status, ''])
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
  })
})

describe('routing: host names', () => {
  test('a short, strange or missing host does not move the path', async () => {
    for (const url of ['http://a/health', 'http://[::1]/health', 'http://ab.c/health'])
      expect((await app.handle(new Request(url))).status).toBe(200)
    expect((await app.handle(new Request('http://a/x/oauth/token', { method: 'POST' }))).status).toBe(404)
    expect((await app.handle(new Request('http://a/x/health'))).status).toBe(404)
  })
})

describe('routing: BASE_URL with a path', () => {
  let prefixed: TestApp
  beforeAll(async () => {
    prefixed = await openTestApp({ settings: { BASE_URL: 'http://localhost:8080/auth/' } })
  })
  afterAll(() => prefixed.close())

  test('requests are served with the prefix and, as behind a proxy that takes it off, without', async () => {
    for (const path of ['/auth/health', '/health']) expect((await prefixed.get(path)).status).toBe(200)
    expect((await prefixed.get('/authx/health')).status).toBe(404)
    expect((await prefixed.postForm('/auth/oauth/token', 'grant_type=x')).status).toBe(400)
  })

  test('a body survives the change of path', async () => {
    const response = await prefixed.postForm('/auth/oauth/token', 'grant_type=x')
    expect(await response.json()).toMatchObject({ error: 'unsupported_grant_type' })
  })

  test('redirects and cookies carry the prefix', async () => {
    expect((await prefixed.get('/auth')).headers.get('location')).toBe('/auth/account/sessions')
    expect((await prefixed.get('/auth/health/')).headers.get('location')).toBe('/auth/health')
    const guard = await prefixed.get('/auth/account/sessions?a=1')
    expect(guard.headers.get('location')).toBe('/auth/login?redirect=%2Faccount%2Fsessions%3Fa%3D1')
    expect((await prefixed.get('/auth/login')).headers.get('set-cookie')).toContain('Path=/auth;')
  })

  test('the log names the path without prefix and query', async () => {
    await prefixed.get('/auth/login?redirect=/secret')
    expect(prefixed.log().at(-1)?.fields.path).toBe('/login')
  })

  test('a prefix that begins like a route hides neither', async () => {
    const nested = await openTestApp({ settings: { BASE_URL: 'http://localhost:8080/oauth' } })
    for (const path of ['/oauth/token', '/oauth/oauth/token'])
      expect(await (await nested.postForm(path, 'grant_type=x')).json()).toMatchObject({
        error: 'unsupported_grant_type',
      })
    expect((await nested.get('/oauth/login')).status).toBe(200)
    expect((await nested.get('/oauth/nope')).status).toBe(404)
    await nested.close()
  })

  test('metadata also answers where RFC 8414 §3.1 puts it: between host and path', async () => {
    const inserted = await prefixed.get('/.well-known/oauth-authorization-server/auth')
    expect(await inserted.json()).toMatchObject({ issuer: 'http://localhost:8080/auth' })
  })
})
