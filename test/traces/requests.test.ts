/** What a span of a request says, whose trace it belongs to, and what it never says. */
import { afterEach, describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { createHandler } from '../../src/server'
import { staticFiles } from '../../views/assets'
import { ORIGIN, openUnreachable, serveFeature } from '../edge/support'
import { openTestApp, type TestApp } from '../support/app'
import { type Collector, openCollector } from '../support/collector'

let collector: Collector
let app: TestApp
afterEach(async () => {
  await app.close()
  await collector.close()
})

async function open(settings: Record<string, string> = {}, parts: Parameters<typeof openTestApp>[0] = {}) {
  collector = openCollector()
  app = await openTestApp({ ...parts, settings: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...settings } })
}

/** All that was traced; ends the exporter. */
async function traced() {
  await app.ctx.traces?.stop(2_000)
  expect(collector.problems).toEqual([])
  return collector.spans
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('the span of a request', () => {
  test('is named by method and route; status, address, request id and times', async () => {
    await open({ OTEL_SERVICE_NAME: 'sign-in' })
    const startedAt = app.clock.now()
    const answer = await app.get('/docs/en/operations?x=1')
    const [span, ...others] = await traced()
    expect(others).toEqual([])
    expect(span).toMatchObject({ name: 'GET /docs/:page/:slug', status: {} })
    expect(span?.parentSpanId).toBeUndefined()
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/docs/:page/:slug',
      'http.response.status_code': '200',
      'client.address': '127.0.0.1',
      'authgate.request_id': String(answer.headers.get('x-request-id')),
    })
    expect(span?.resource).toMatchObject({ 'service.name': 'sign-in', 'service.version': 'dev' })
    expect(span?.startTimeUnixNano).toBe(`${startedAt}000000`)
    expect(BigInt(span?.endTimeUnixNano ?? 0) - BigInt(startedAt) * 1_000_000n).toBeLessThan(5_000_000_000n)
    expect(app.log().find(({ message }) => message === 'request')?.fields.trace_id).toBe(span?.traceId as string)
  })

  test('an unknown path or method is not in it; assets share one name', async () => {
    await open()
    await app.get('/nobody/knows')
    await app.handle(new Request(`${ORIGIN}/livez`, { method: 'PROPFIND' }))
    await app.get(staticFiles().find(({ path }) => path.startsWith('/static/dist/main-'))?.path ?? '')
    const spans = await traced()
    expect(spans.map(({ name }) => name)).toEqual(['GET', 'HTTP /livez', 'GET /static/*filepath'])
    expect(spans[1]?.attributes['http.request.method']).toBe('_OTHER')
    expect(JSON.stringify(spans)).not.toMatch(/nobody|PROPFIND|main-/)
  })

  test('a failure has its kind of error, not its message', async () => {
    await open()
    const failing = new Elysia().get('/fails', () => {
      throw new TypeError('of secret-7')
    })
    await serveFeature(app.ctx, failing)('/fails')
    const [span] = await traced()
    expect(span).toMatchObject({ name: 'GET /fails', status: { code: 2 } })
    expect(span?.attributes['error.type']).toBeString()
    expect(JSON.stringify(span)).not.toContain('secret-7')
  })

  test('with the database away: 503, and the name of the error', async () => {
    await open(
      { DATABASE_DRIVER: 'postgres', DATABASE_DSN: 'postgres://nobody@127.0.0.1/nothing' },
      { open: openUnreachable },
    )
    const answer = await app.postForm('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: 'a',
      client_secret: 'b',
    })
    expect(answer.status).toBe(503)
    const [span] = await traced()
    expect(span?.attributes).toMatchObject({ 'http.response.status_code': '503', 'error.type': 'DatabaseUnavailable' })
  })

  test('no query, header, cookie, body or user name is in it [SEC]', async () => {
    await open()
    const user = await app.insertUser()
    const secret = 'sesame-never-traced'
    const headers = {
      authorization: `Bearer ${secret}`,
      cookie: `oauth_session=${secret}`,
      'user-agent': secret,
      'x-request-id': `${secret} x`,
      traceparent: secret,
      tracestate: `a=${secret}`,
    }
    await app.get(`/login?redirect=/device?user_code=${secret}`, { headers })
    await app.get(`/oauth/userinfo?access_token=${secret}`, { headers })
    await app.get(`/${secret}`, { headers })
    await app.get(`/account/sessions/${secret}/end`, { headers })
    await app.postForm('/login', { username: user.username, password: secret }, headers)
    await app.postForm('/oauth/token', { grant_type: 'refresh_token', refresh_token: secret }, headers)
    expect(await traced()).toHaveLength(6)
    const sent = collector.requests.map(({ body }) => body).join()
    expect(sent).not.toContain(secret)
    expect(sent).not.toContain(user.username)
  })
})

describe('traceparent (W3C Trace Context)', () => {
  const send = (traceparent: string, peer?: string) =>
    app.handle(new Request(`${ORIGIN}/livez`, { headers: { traceparent } }), peer)

  test('of a trusted proxy is taken over', async () => {
    await open()
    await send(`00-${TRACE}-${SPAN}-01`)
    await send(`cc-${TRACE}-${SPAN}-03-more`)
    const spans = await traced()
    expect(spans.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
      [TRACE, SPAN],
      [TRACE, SPAN],
    ])
    expect(new Set([SPAN, ...spans.map(({ spanId }) => spanId)]).size).toBe(3)
  })

  test('of anybody else begins a new trace [SEC]', async () => {
    await open()
    await send(`00-${TRACE}-${SPAN}-01`, '203.0.113.9')
    const [span] = await traced()
    expect(span?.traceId).not.toBe(TRACE)
    expect(span?.parentSpanId).toBeUndefined()
  })

  test.each([
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-0`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ])('%p begins a new trace', async (header) => {
    await open()
    await send(header)
    const [span] = await traced()
    expect(span?.traceId).not.toBe(TRACE)
    expect(span?.parentSpanId).toBeUndefined()
  })

  test('who began the trace decided whether it is kept, whatever the own share is', async () => {
    await open({ OTEL_TRACES_SAMPLER_ARG: '0' })
    await send(`00-${TRACE}-${SPAN}-00`)
    await send(`00-${TRACE}-${SPAN}-01`)
    await send(`00-${TRACE}-${SPAN}-01`, '203.0.113.9')
    expect(await traced()).toHaveLength(1)
    expect(app.log().filter(({ fields }) => fields.trace_id !== undefined)).toHaveLength(1)
  })
})

describe('sampling', () => {
  test('a share of the requests is traced', async () => {
    await open({ OTEL_TRACES_SAMPLER_ARG: '0.25' })
    for (let n = 0; n < 400; n++) await app.get('/livez')
    // 100 expected, standard deviation 8.7.
    expect((await traced()).length).toBeWithin(50, 150)
  })

  test('without a collector nothing is traced', async () => {
    await open({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })
    expect(app.ctx.traces).toBeUndefined()
    expect((await createHandler(app.ctx)(new Request(`${ORIGIN}/livez`))).status).toBe(200)
    expect(collector.requests).toEqual([])
  })
})
