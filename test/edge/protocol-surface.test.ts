import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import { OAuthError } from '../../src/edge/oauth-error'
import { protocolSurface } from '../../src/edge/surfaces/protocol'
import { PasswordQueueFull } from '../../src/identity/password'
import { openTestApp, type TestApp } from '../support/app'
import { FORM, openUnreachable, serveFeature } from './support'

const SECRET = 'sesame-do-not-show'

let app: TestApp
let send: ReturnType<typeof serveFeature>

beforeAll(async () => {
  app = await openTestApp()
  const surface = protocolSurface(app.ctx)
    .post('/oauth/echo', ({ body }) => ({ ...body }), {
      body: t.Object({ client_id: t.Optional(t.String()), n: t.Optional(t.Literal('1')) }),
      response: t.Any(),
    })
    .get('/oauth/get', () => ({ ok: true }), { response: t.Object({ ok: t.Boolean() }) })
    .post('/oauth/refused', () => {
      throw new OAuthError('invalid_client', 'Client authentication failed', 401, { 'WWW-Authenticate': 'Basic' })
    })
    .post('/oauth/crash', () => {
      throw new TypeError(`cannot use ${SECRET}`)
    })
    .post('/oauth/busy', () => {
      throw new PasswordQueueFull('too many')
    })
    .post('/oauth/wrong-answer', () => ({ secret: SECRET }) as never, { response: t.Object({ n: t.Number() }) })
  send = serveFeature(app.ctx, surface)
})
afterAll(() => app.close())

const post = (path: string, body: RequestInit['body'], headers: Record<string, string> = { 'content-type': FORM }) =>
  send(path, { method: 'POST', body, headers })

const errorOf = async (answer: Promise<Response>) => {
  const response = await answer
  const body = (await response.json()) as { error: string; error_description: string }
  return [response.status, body.error, body.error_description]
}

describe('protocol surface: what comes in', () => {
  test('a form is read, parameters without meaning are ignored (RFC 6749 §3.2)', async () => {
    const response = await post('/oauth/echo', 'client_id=a+b&unknown=1', { 'content-type': `${FORM};charset=UTF-8` })
    expect(await response.json()).toEqual({ client_id: 'a b' })
  })

  test('other media types, and none, are refused', async () => {
    const refused = [400, 'invalid_request', 'Content-Type must be application/x-www-form-urlencoded']
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', ''])
      expect(await errorOf(post('/oauth/echo', 'client_id=a', { 'content-type': type }))).toEqual(refused)
    expect(await errorOf(post('/oauth/echo', null, {}))).toEqual(refused)
  })

  test('a repeated parameter is refused by its name', async () => {
    const [status, error, description] = await errorOf(post('/oauth/echo', 'client_id=a&client_id=b'))
    expect([status, error]).toEqual([400, 'invalid_request'])
    expect(description).toBe('Parameter client_id must not be repeated')
  })

  test('a repeated name that cannot stand in an error description is not quoted (RFC 6749 §5.2)', async () => {
    const [, , description] = await errorOf(post('/oauth/echo', '%22%0a=a&%22%0a=b'))
    expect(description).toBe('A parameter must not be repeated')
  })

  test('broken encoding and NUL are refused', async () => {
    for (const body of ['client_id=%zz', 'client_id=%ff', 'client_id=%00', new Uint8Array([97, 61, 0xff])])
      expect(await errorOf(post('/oauth/echo', body))).toEqual([400, 'invalid_request', 'Malformed request'])
  })

  test('a refused value is not echoed', async () => {
    const response = await post('/oauth/echo', `n=${SECRET}`)
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain(SECRET)
  })

  test('64 KiB are read, a byte more is 413, with and without an announced size', async () => {
    const fits = `client_id=${'a'.repeat(65_536 - 10)}`
    const refused = [413, 'invalid_request', 'Request body too large']
    expect((await post('/oauth/echo', fits)).status).toBe(200)
    expect(await errorOf(post('/oauth/echo', `${fits}a`))).toEqual(refused)
    const announced = { 'content-type': FORM, 'content-length': '65537' }
    expect(await errorOf(post('/oauth/echo', `${fits}a`, announced))).toEqual(refused)
  })

  test('a body of unknown size is not read past the limit', async () => {
    let produced = 0
    const endless = new ReadableStream({
      pull: (controller) => {
        produced += 1
        controller.enqueue(new Uint8Array(16_384).fill(97))
      },
    })
    const response = await send('/oauth/echo', { method: 'POST', body: endless, headers: { 'content-type': FORM } })
    expect(response.status).toBe(413)
    expect(produced).toBeLessThan(10)
  })

  test('a body that is announced too large is not read at all', async () => {
    const neverComes = new ReadableStream({ pull: () => new Promise(() => {}) })
    const headers = { 'content-type': FORM, 'content-length': '65537' }
    expect((await send('/oauth/echo', { method: 'POST', body: neverComes, headers })).status).toBe(413)
  })

  test('credentials in the URL of a POST are refused, however they are written', async () => {
    for (const name of ['client_secret', 'token', 'access_token', 'code', 'refresh_token', 'client%5Fsecret'])
      expect(await errorOf(post(`/oauth/echo?a=1&${name}=${SECRET}`, 'client_id=a'))).toEqual([
        400,
        'invalid_request',
        'Credentials must be sent in the request body',
      ])
    expect((await post('/oauth/echo?client_id=b', 'client_id=a')).status).toBe(200)
  })

  test('JSON is read only where the endpoint says so; what is no text counts as absent', async () => {
    const feature = protocolSurface(app.ctx, { json: true }).post('/oauth/json', ({ body }) => ({ ...body }), {
      body: t.Object({ client_id: t.Optional(t.String()) }),
      response: t.Any(),
    })
    const sendJson = (body: string) =>
      serveFeature(app.ctx, feature)('/oauth/json', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json; charset=utf-8' },
      })
    expect(await (await sendJson('{"client_id":"a","scope":null}')).json()).toEqual({ client_id: 'a' })
    expect(await (await sendJson('{"client_id":1}')).json()).toEqual({})
    for (const body of ['', '[]', '"a"', '{"client_id":"a\\u0000"}', '{', '['.repeat(60_000)])
      expect(await errorOf(sendJson(body))).toEqual([400, 'invalid_request', 'Malformed request'])
    expect((await sendJson(`{"client_id":"${'a'.repeat(65_536)}"}`)).status).toBe(413)
  })
})

describe('protocol surface: what goes out', () => {
  const NO_STORE = {
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'content-type': 'application/json; charset=utf-8',
  }

  test('answers and errors are JSON that nobody may keep (RFC 6749 §5.1)', async () => {
    for (const response of [
      await send('/oauth/get'),
      await post('/oauth/refused', 'a=1'),
      await post('/oauth/crash', 'a=1'),
    ])
      for (const [name, value] of Object.entries(NO_STORE)) expect(response.headers.get(name)).toBe(value)
  })

  test('an OAuthError keeps its status and its challenge', async () => {
    const response = await post('/oauth/refused', 'a=1')
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic'])
    expect(await response.json()).toEqual({
      error: 'invalid_client',
      error_description: 'Client authentication failed',
    })
  })

  test('an unexpected error is 500 server_error without detail, logged once without its message', async () => {
    const before = app.log().length
    const response = await post('/oauth/crash', `client_secret=${SECRET}`)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ error: 'server_error', error_description: 'Internal error' })
    const lines = app
      .log()
      .slice(before)
      .filter(({ level }) => level === 'error')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.fields).toMatchObject({
      error: 'TypeError',
      path: '/oauth/crash',
      request_id: response.headers.get('x-request-id'),
    })
    expect(JSON.stringify(app.log())).not.toContain(SECRET)
    expect((await send('/oauth/get')).status).toBe(200)
  })

  test('an answer that its schema refuses is 500 and reveals nothing', async () => {
    const response = await post('/oauth/wrong-answer', 'a=1')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain(SECRET)
    expect(JSON.stringify(app.log())).not.toContain(SECRET)
  })

  test('an overloaded hash queue is 503 with Retry-After', async () => {
    const response = await post('/oauth/busy', 'a=1')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
  })

  test('an unreachable database is 503 temporarily_unavailable with Retry-After', async () => {
    const down = await openTestApp({ open: openUnreachable })
    const response = await down.postForm('/oauth/device/code', 'client_id=a')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    await down.close().catch(() => {})
  })
})
