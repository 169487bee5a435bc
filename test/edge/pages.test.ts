import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import { page, redirectTo } from '../../src/edge/page'
import { PageError } from '../../src/edge/page-error'
import { pageSurface } from '../../src/edge/surfaces/page'
import { PasswordQueueFull } from '../../src/identity/password'
import { openTestApp, type TestApp } from '../support/app'
import { FORM, serveFeature } from './support'

const SECRET = 'sesame-do-not-show'
const answer = { response: t.Any() }

let app: TestApp
let send: ReturnType<typeof serveFeature>
beforeAll(async () => {
  app = await openTestApp()
  const surface = pageSurface(app.ctx)
    .post('/echo', ({ body }) => page(Bun.escapeHTML(JSON.stringify(body))), {
      body: t.Object({ a: t.Optional(t.String()), n: t.Optional(t.Literal('1')) }),
      ...answer,
    })
    .get('/refused', () => {
      throw new PageError(409, () => ({
        title: 'Too late',
        explanation: 'It was <b>decided</b>',
        hint: 'Start again.',
      }))
    })
    .get('/crash', () => {
      throw new Error(SECRET)
    })
    .get('/busy', () => {
      throw new PasswordQueueFull(SECRET)
    })
    .get('/consent', () => page('x', { formAction: ['https://app.example.com'], cookies: ['a=1', 'b=2'] }), answer)
    .get('/away', ({ ctx, query }) => redirectTo(ctx, query.to), { query: t.Object({ to: t.String() }), ...answer })
  send = serveFeature(app.ctx, surface)
})
afterAll(() => app.close())

const post = (body: RequestInit['body'], headers: Record<string, string> = { 'content-type': FORM }) =>
  send('/echo', { method: 'POST', body, headers })

describe('pages: forms', () => {
  test('URL-encoded and multipart forms are read alike', async () => {
    const multipart = new FormData()
    multipart.set('a', 'ü&')
    multipart.set('unknown', '1')
    const expected = Bun.escapeHTML(JSON.stringify({ a: 'ü&' }))
    expect(await (await post(multipart, {})).text()).toBe(expected)
    expect(await (await post('a=%C3%BC%26&unknown=1')).text()).toBe(expected)
  })

  test('what cannot be read for certain is a 400 page that quotes nothing', async () => {
    const twice = new FormData()
    twice.append('a', '1')
    twice.append('a', '2')
    const file = new FormData()
    file.set('a', new Blob(['x']), 'x.txt')
    const bodies: [RequestInit['body'], Record<string, string>?][] = [
      [`a=${SECRET}&a=2`],
      ['a=%zz'],
      ['a=%00'],
      [`n=${SECRET}`],
      [twice, {}],
      [file, {}],
      ['not multipart', { 'content-type': 'multipart/form-data; boundary=x' }],
      ['not multipart', { 'content-type': 'multipart/form-data' }],
    ]
    for (const [body, headers] of bodies) {
      const response = await post(body, headers)
      expect([response.status, response.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
      expect(await response.text()).not.toContain(SECRET)
    }
  })

  test('more than 64 KiB is 413, another kind of document 415', async () => {
    expect((await post(`a=${'x'.repeat(65_536)}`)).status).toBe(413)
    const large = new FormData()
    large.set('a', 'x'.repeat(65_536))
    expect((await post(large, {})).status).toBe(413)
    expect((await post('{}', { 'content-type': 'application/json' })).status).toBe(415)
  })
})

describe('pages: errors', () => {
  test('a PageError is a page of its status, with the request id, escaped', async () => {
    const response = await send('/refused')
    const body = await response.text()
    expect([response.status, response.headers.get('cache-control')]).toEqual([409, 'no-store'])
    expect(body).toContain('It was &lt;b&gt;decided&lt;/b&gt;')
    expect(body).toContain('Start again.')
    expect(body).toContain(response.headers.get('x-request-id') ?? 'missing')
  })

  test('an unexpected error is a 500 page without detail, logged once without its message', async () => {
    const before = app.log().length
    const response = await send('/crash')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain(SECRET)
    const lines = app
      .log()
      .slice(before)
      .filter(({ level }) => level === 'error')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.fields.request_id).toBe(response.headers.get('x-request-id'))
    expect(JSON.stringify(lines)).not.toContain(SECRET)
  })

  test('an overloaded hash queue is 503 with Retry-After', async () => {
    const response = await send('/busy', { headers: { accept: 'text/html' } })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  })
})

describe('pages: answers', () => {
  test('a page may let its form lead to named origins, and keeps the rest of the policy', async () => {
    const { headers } = await send('/consent')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("form-action 'self' https://app.example.com")
    expect(policy).toContain("script-src 'self';")
    expect(policy.match(/form-action/g)).toHaveLength(1)
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test('a redirect stays on this server', async () => {
    const to = async (path: string) => (await send(`/away?to=${encodeURIComponent(path)}`)).headers.get('location')
    expect(await to('/account/sessions?x=1#y')).toBe('/account/sessions?x=1#y')
    for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', '', 'x', '/\t/evil.example'])
      expect(await to(path)).toBe('/')
  })
})
