import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/app'

let app: TestApp
beforeAll(async () => {
  app = await openTestApp()
})
afterAll(() => app.close())

const policyOf = (response: Response): Map<string, string> =>
  new Map(
    (response.headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources.join(' ')]
    }),
  )

describe('security headers', () => {
  test('are on every answer: page, JSON, error, redirect, asset, 404', async () => {
    const answers = [
      await app.get('/login'),
      await app.get('/health'),
      await app.get('/oauth/tokeninfo'),
      await app.postForm('/oauth/token', 'grant_type=x'),
      await app.get('/'),
      await app.get('/favicon.ico'),
      await app.get('/.well-known/jwks.json'),
      await app.get('/nope'),
      await app.get('/oauth/nope'),
      await app.get('/health/'),
      await app.postForm('/login', 'a=%zz'),
    ]
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('permissions-policy')).toBe('camera=(), microphone=(), geolocation=()')
      expect(headers.get('referrer-policy')).toBeTruthy()
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-request-id')).toBeTruthy()
      expect(headers.get('server')).toBeNull()
    }
  })

  test('the policy of pages allows nothing inline and nothing from another host', async () => {
    const policy = policyOf(await app.get('/login'))
    expect(policy.get('default-src')).toBe("'none'")
    expect(policy.get('script-src')).toBe("'self'")
    expect(policy.get('style-src')).toBe("'self'")
    expect(policy.get('form-action')).toBe("'self'")
    expect(policy.get('base-uri')).toBe("'none'")
    expect(policy.get('object-src')).toBe("'none'")
    expect([...policy.values()].join(' ')).not.toMatch(/unsafe|https?:|\*/)
  })

  test('a logo of another host is the one exception', async () => {
    const branded = await openTestApp({ settings: { PRODUCT_LOGO_URL: 'https://cdn.example.com/logo.svg?v=1' } })
    expect(policyOf(await branded.get('/login')).get('img-src')).toBe("'self' data: https://cdn.example.com")
    await branded.close()
  })

  test('answers for programs may not be rendered at all', async () => {
    const policy = policyOf(await app.get('/oauth/tokeninfo'))
    expect([...policy]).toEqual([
      ['default-src', "'none'"],
      ['frame-ancestors', "'none'"],
    ])
  })

  test('pages that decide tell their address to nobody', async () => {
    for (const path of ['/login', '/login?redirect=/device', '/device', '/device?user_code=ABCD-EFGH'])
      expect((await app.get(path)).headers.get('referrer-policy')).toBe('no-referrer')
    const session = await app.signIn(await app.insertUser())
    const account = await app.get('/account/sessions', { headers: { cookie: session.cookie } })
    expect(account.headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin')
  })

  test('pages are isolated from other origins; discovery and keys may be read by them', async () => {
    const login = await app.get('/login')
    expect(login.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(login.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    for (const path of ['/.well-known/openid-configuration', '/.well-known/jwks.json']) {
      const { headers } = await app.get(path)
      expect(headers.get('cross-origin-resource-policy')).not.toBe('same-origin')
      expect(headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  test('HSTS follows BASE_URL and its two settings', async () => {
    expect((await app.get('/livez')).headers.get('strict-transport-security')).toBeNull()
    const hsts = async (settings: Record<string, string>) => {
      const secure = await openTestApp({ settings: { BASE_URL: 'https://auth.example.com', ...settings } })
      const values = [await secure.get('/livez'), await secure.get('/login'), await secure.get('/nope')]
      await secure.close()
      return new Set(values.map(({ headers }) => headers.get('strict-transport-security')))
    }
    expect(await hsts({})).toEqual(new Set(['max-age=31536000; includeSubDomains']))
    expect(await hsts({ HSTS_MAX_AGE: '1h', HSTS_INCLUDE_SUBDOMAINS: 'false' })).toEqual(new Set(['max-age=3600']))
  })
})

describe('caching', () => {
  test('pages and redirects between them are kept by nobody and differ by cookie', async () => {
    const session = await app.signIn(await app.insertUser())
    const headers = { cookie: session.cookie }
    for (const response of [await app.get('/login'), await app.get('/account/sessions', { headers })]) {
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('vary')).toContain('Cookie')
    }
  })

  test('no answer that may be cached sets a cookie', async () => {
    const session = await app.signIn(await app.insertUser())
    for (const path of ['/favicon.ico', '/.well-known/jwks.json', '/.well-known/openid-configuration']) {
      const { headers } = await app.get(path, { headers: { cookie: session.cookie } })
      expect(headers.get('cache-control')).toStartWith('public')
      expect(headers.getSetCookie()).toEqual([])
    }
  })
})
