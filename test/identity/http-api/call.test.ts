/** Calls of a real server over real connections: what is repeated, what is not, and what limits all of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../../../src/clock'
import { callBudgetMs, createHttpApi, type HttpApi } from '../../../src/identity/http-api/call'
import { createMetrics } from '../../../src/metrics/registry'
import { selfSignedCertificate } from '../../support/certificate'
import { ACCEPTED, type HttpApiServer, type Play, startHttpApi } from '../../support/http-api-server'
import { freePort } from '../../support/ports'
import { testSettings } from '../../support/settings'

const folder = mkdtempSync(join(tmpdir(), 'authgate-http-api-'))
const ASKED = { username: 'u', password: 'p' }
const BODY = '{"username":"u","password":"p"}'
const quick = { HTTP_API_RETRY_DELAY: '10ms', HTTP_API_MAX_RETRY_DELAY: '20ms' }

let api: HttpApiServer
let mute: Server
let muteUrl: string
beforeAll(async () => {
  api = await startHttpApi()
  // Accepts connections and says nothing: a TLS handshake with it never ends.
  mute = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((listening) => mute.listen(0, '127.0.0.1', listening))
  muteUrl = `https://127.0.0.1:${(mute.address() as { port: number }).port}/verify`
})
beforeEach(() => api.play(() => ({ body: ACCEPTED })))
afterAll(async () => {
  await api.stop()
  mute.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Caller extends HttpApi {
  readonly warnings: string[]
  observations(): Promise<number>
}

function client(settings: Record<string, string> = {}): Caller {
  const values = testSettings({ AUTH_MODE: 'http_api', HTTP_API_URL: api.url, ...quick, ...settings })
  const warnings: string[] = []
  const warn = (_fields: Record<string, unknown>, message: string) => void warnings.push(message)
  const log = { debug: () => {}, info: () => {}, warn, error: warn }
  const metrics = createMetrics(values)
  const created = createHttpApi({ settings: values, clock: systemClock, random: systemRandom, log, metrics })
  if (!created) throw new Error('no client although AUTH_MODE is http_api')
  const name = 'auth_external_api_duration_seconds'
  return {
    ...created,
    warnings,
    observations: async () => {
      const found = (await metrics.registry.getMetricsAsJSON()).find((metric) => metric.name === name)
      const values = (found?.values ?? []) as { metricName?: string; value: number; labels: Record<string, unknown> }[]
      const counted = values.find((value) => value.metricName === `${name}_count`)
      return counted?.labels.provider === 'http_api' ? counted.value : 0
    },
  }
}

/** Plays one after another, the last for ever. */
const inTurn = (...plays: Play[]) => api.play((_call, count) => plays[Math.min(count, plays.length) - 1] ?? 'cut')

const NO: Play = { body: { success: false } }
const status = (code: number, headers: Record<string, string> = {}): Play => ({ status: code, headers, body: {} })

describe('the request', () => {
  test('is a POST of exactly two members, with no header that proves anything in mode none', async () => {
    await client().check({ username: 'ü "x"', password: '<pä&ss>' })
    const [call] = api.calls
    expect(call).toMatchObject({ method: 'POST', path: '/api/verify' })
    expect(JSON.parse(call?.body ?? '')).toEqual({ username: 'ü "x"', password: '<pä&ss>' })
    expect(call?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(call?.body ?? '')),
      host: `127.0.0.1:${api.port}`,
    })
    const known = ['accept', 'accept-encoding', 'content-length', 'content-type', 'host', 'user-agent']
    expect(
      Object.keys(call?.headers ?? {})
        .filter((name) => name !== 'connection')
        .sort(),
    ).toEqual(known)
  })

  test('simple: the secret in the header that was chosen, and in no other', async () => {
    const simple = { HTTP_API_AUTH_MODE: 'simple', HTTP_API_AUTH_SECRET: 'k9-a-shared-secret-of-length' }
    await client(simple).check(ASKED)
    await client({ ...simple, HTTP_API_AUTH_HEADER: 'X-Internal-Auth' }).check(ASKED)
    expect(api.calls.map(({ headers }) => [headers['x-api-secret'], headers['x-internal-auth']])).toEqual([
      ['k9-a-shared-secret-of-length', undefined],
      [undefined, 'k9-a-shared-secret-of-length'],
    ])
  })

  test('github: the digest of what arrived', async () => {
    const key = 'k9-a-shared-secret-of-length'
    await client({ HTTP_API_AUTH_MODE: 'github', HTTP_API_AUTH_SECRET: key }).check(ASKED)
    const digest = createHmac('sha256', key).update(BODY).digest('hex')
    expect(api.calls[0]?.headers['x-hub-signature-256']).toBe(`sha256=${digest}`)
  })

  test('user and password of the URL become Basic authentication', async () => {
    await client({ HTTP_API_URL: api.url.replace('//', '//svc%20a:p%C3%A4%25@') }).check(ASKED)
    const { authorization = '' } = api.calls[0]?.headers ?? {}
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('svc a:pä%')
    expect(api.calls[0]?.path).toBe('/api/verify')
  })
})

describe('hmac [SEC]', () => {
  const key = 'k9-a-shared-secret-of-length'
  const hmac = { HTTP_API_AUTH_MODE: 'hmac', HTTP_API_AUTH_SECRET: key }
  const hex = (message: string) => createHmac('sha256', key).update(message).digest('hex')

  test('after 503, 429 and a cut connection the fourth attempt succeeds; each has its whole body, nonce and signature', async () => {
    inTurn(status(503), status(429), 'cut', { body: ACCEPTED })
    const url = `${api.url.replace('/api/verify', '/api%20v1/verify')}?tenant=a%20b`
    const verdict = await client({ ...hmac, HTTP_API_URL: url }).check(ASKED)
    expect(verdict.kind).toBe('accepted')
    expect(api.calls).toHaveLength(4)
    for (const { headers, body, path } of api.calls) {
      const { 'x-timestamp': timestamp, 'x-nonce': nonce } = headers
      expect(body).toBe(BODY)
      expect(path).toBe('/api%20v1/verify?tenant=a%20b')
      expect(nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(2)
      expect(headers['x-signature']).toBe(hex(`${timestamp}POST/api v1/verify?tenant=a%20b${body}`))
      expect(headers['x-signature-v2']).toBe(hex(`${timestamp}\n${nonce}\nPOST\n${path}\n${body}`))
    }
    expect(new Set(api.calls.map(({ headers }) => headers['x-nonce'])).size).toBe(4)
  })
})

describe('repeated', () => {
  test.each<[string, Play]>([
    ...[500, 502, 503, 504, 429].map((code): [string, Play] => [`HTTP ${code}`, status(code)]),
    ['a connection that is cut', 'cut'],
  ])('%s', async (_name, play) => {
    inTurn(play, { body: ACCEPTED })
    expect((await client().check(ASKED)).kind).toBe('accepted')
    expect(api.calls).toHaveLength(2)
  })

  test('1 + HTTP_API_MAX_RETRIES attempts, no more', async () => {
    inTurn(status(503))
    for (const [retries, attempts] of [
      ['0', 1],
      ['1', 2],
      ['5', 6],
    ] as const) {
      inTurn(status(503))
      const verdict = await client({ HTTP_API_MAX_RETRIES: retries }).check(ASKED)
      expect(verdict).toEqual({ kind: 'unusable', text: 'failed to connect to authentication API: HTTP 503' })
      expect(api.calls).toHaveLength(attempts)
    }
  })

  test('a port nobody listens on: a service that starts meanwhile gets the login', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/verify`
    const slow = { HTTP_API_RETRY_DELAY: '300ms', HTTP_API_MAX_RETRY_DELAY: '300ms' }
    const checked = client({ HTTP_API_URL: url, ...slow }).check(ASKED)
    await Bun.sleep(100)
    const late = await startHttpApi({ port })
    expect((await checked).kind).toBe('accepted')
    expect(late.calls).toHaveLength(1)
    await late.stop()
  })

  test('a TLS handshake that never ends: nothing was sent yet', async () => {
    const caller = client({ HTTP_API_URL: muteUrl, HTTP_API_TIMEOUT: '100ms', HTTP_API_MAX_RETRIES: '2' })
    expect(await caller.check(ASKED)).toMatchObject({ kind: 'unavailable' })
    expect(await caller.observations()).toBe(3)
  })

  test('the pauses double, and Retry-After is waited for', async () => {
    inTurn(status(503), status(503), status(429, { 'Retry-After': '1' }), { body: ACCEPTED })
    const caller = client({ HTTP_API_RETRY_DELAY: '100ms', HTTP_API_MAX_RETRY_DELAY: '10s' })
    expect((await caller.check(ASKED)).kind).toBe('accepted')
    const [a = 0, b = 0, c = 0, d = 0] = api.calls.map(({ at }) => at)
    expect(b - a).toBeWithin(70, 250)
    expect(c - b).toBeWithin(145, 400)
    expect(d - c).toBeWithin(995, 1_500)
  })
})

describe('not repeated', () => {
  test.each<[string, Play, string]>([
    ['success: false', NO, 'rejected'],
    ['HTTP 401 with a message', { status: 401, body: { message: 'wrong' } }, 'rejected'],
    ['HTTP 400', status(400), 'rejected'],
    ['broken JSON', { body: 'invalid json' }, 'unusable'],
    ['another Content-Type', { contentType: 'text/html', body: ACCEPTED }, 'unusable'],
    ['a missing user_id', { body: { success: true } }, 'unusable'],
    ['an answer that breaks off', 'half', 'unusable'],
    ['a redirect', status(302, { Location: '/elsewhere' }), 'unusable'],
  ])('%s', async (_name, play, kind) => {
    inTurn(play, { body: ACCEPTED })
    expect((await client().check(ASKED)).kind as string).toBe(kind)
    expect(api.calls).toHaveLength(1)
  })

  test('[SEC] a request that was sent and got no answer in time: the service may still be at it', async () => {
    inTurn('silence', { body: ACCEPTED })
    const caller = client({ HTTP_API_TIMEOUT: '200ms' })
    expect(await caller.check(ASKED)).toEqual({
      kind: 'unavailable',
      text: 'failed to connect to authentication API: no answer within 200 ms',
      retryAfterSeconds: 5,
    })
    expect(api.calls).toHaveLength(1)
    expect(caller.warnings).toHaveLength(1)
  })
})

describe('redirects [SEC]', () => {
  test.each([301, 302, 303, 307, 308])('HTTP %d leads nowhere: the other host receives nothing', async (code) => {
    const other = await startHttpApi()
    inTurn(status(code, { Location: other.url }))
    expect((await client().check(ASKED)).kind).toBe('unusable')
    expect(other.calls).toHaveLength(0)
    await other.stop()
  })
})

describe('limits', () => {
  test('[SEC] an answer of 100 MB is given up after 64 KiB', async () => {
    inTurn('endless')
    const before = process.memoryUsage.rss()
    const verdict = await client().check(ASKED)
    expect(verdict).toMatchObject({ kind: 'unusable', text: expect.stringContaining('longer than 64 KiB') })
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000)
  })

  test('an answer of just under 64 KiB is read', async () => {
    inTurn({ body: { ...ACCEPTED, more: 'x'.repeat(65_000) } })
    expect((await client().check(ASKED)).kind).toBe('accepted')
  })

  test('[SEC] what an error answer says is not read, however long', async () => {
    inTurn({ status: 401, body: 'x'.repeat(1_000_000) })
    expect((await client().check(ASKED)).kind).toBe('rejected')
  })

  test('an attempt has HTTP_API_TIMEOUT, not less', async () => {
    inTurn({ delayMs: 3_500, body: ACCEPTED })
    expect((await client({ HTTP_API_TIMEOUT: '10s' }).check(ASKED)).kind).toBe('accepted')
  })

  test.each([
    [0, 25_000],
    [10_000, 25_000],
    [25_001, 25_001],
    [120_000, 120_000],
    [3_600_000, 240_000],
  ])('HTTP_API_TIMEOUT of %d ms: all attempts together have %d ms', (HTTP_API_TIMEOUT, budget) => {
    expect(callBudgetMs({ HTTP_API_TIMEOUT })).toBe(budget)
  })

  test('a pause that would go beyond the budget is not begun', async () => {
    inTurn(status(503))
    const startedAt = performance.now()
    const long = { HTTP_API_RETRY_DELAY: '60s', HTTP_API_MAX_RETRY_DELAY: '60s' }
    expect((await client(long).check(ASKED)).kind).toBe('unusable')
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(api.calls).toHaveLength(1)
  })

  test('when the browser is gone, nobody waits for another attempt', async () => {
    inTurn(status(503))
    const gone = new AbortController()
    const long = { HTTP_API_RETRY_DELAY: '5s', HTTP_API_MAX_RETRY_DELAY: '5s' }
    const checked = client(long).check(ASKED, gone.signal)
    await Bun.sleep(100)
    gone.abort()
    expect((await checked).kind).toBe('unusable')
    expect(api.calls).toHaveLength(1)
  })

  test('64 logins wait at the same time; one more is sent away at once', async () => {
    inTurn({ delayMs: 400, body: ACCEPTED })
    const caller = client()
    const waiting = Array.from({ length: 64 }, () => caller.check(ASKED))
    expect(await caller.check(ASKED)).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 2 })
    expect(new Set((await Promise.all(waiting)).map(({ kind }) => kind))).toEqual(new Set(['accepted']))
    expect((await caller.check(ASKED)).kind).toBe('accepted')
  })

  test('a service that fails every login is left alone for a while; wrong passwords are no failures', async () => {
    const caller = client({ HTTP_API_MAX_RETRIES: '0' })
    inTurn(NO)
    for (let count = 0; count < 8; count += 1) expect((await caller.check(ASKED)).kind).toBe('rejected')
    inTurn(status(500))
    for (let count = 0; count < 5; count += 1) expect((await caller.check(ASKED)).kind).toBe('unusable')
    expect(await caller.check(ASKED)).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 5 })
    expect(api.calls).toHaveLength(5)
  })
})

describe('certificates [SEC]', () => {
  const right = selfSignedCertificate(folder, 'localhost')
  const foreign = selfSignedCertificate(folder, 'other.example')
  let secure: HttpApiServer
  beforeAll(async () => {
    secure = await startHttpApi({ certificate: right })
  })
  afterAll(() => secure.stop())
  const check = async (settings: Record<string, string>) => {
    secure.play(() => ({ body: ACCEPTED }))
    const verdict = await client({ HTTP_API_URL: secure.url, HTTP_API_MAX_RETRIES: '0', ...settings }).check(ASKED)
    return [verdict.kind, secure.calls.length]
  }

  test('one of a private authority needs OUTGOING_CA_FILE', async () => {
    expect(await check({})).toEqual(['unavailable', 0])
    expect(await check({ OUTGOING_CA_FILE: foreign.certFile })).toEqual(['unavailable', 0])
    expect(await check({ OUTGOING_CA_FILE: right.certFile })).toEqual(['accepted', 1])
  })

  test('a trusted one of another host is refused before anything is sent', async () => {
    const settings = { OUTGOING_CA_FILE: right.certFile, HTTP_API_URL: secure.url.replace('127.0.0.1', '127.0.0.2') }
    expect(await check(settings)).toEqual(['unavailable', 0])
  })

  test('HTTP_API_INSECURE_SKIP_VERIFY accepts any', async () => {
    expect(await check({ HTTP_API_INSECURE_SKIP_VERIFY: 'true' })).toEqual(['accepted', 1])
  })
})

describe('proxy variables', () => {
  const ask = async (env: Record<string, string>, url: string) => {
    const module = (path: string) => JSON.stringify(join(import.meta.dir, '../../..', path))
    const script = `
      import { createHttpApi } from ${module('src/identity/http-api/call.ts')}
      import { systemClock as clock, systemRandom as random } from ${module('src/clock.ts')}
      import { createMetrics } from ${module('src/metrics/registry.ts')}
      import { testSettings } from ${module('test/support/settings.ts')}
      const settings = testSettings({ AUTH_MODE: 'http_api', HTTP_API_URL: ${JSON.stringify(url)}, HTTP_API_MAX_RETRIES: '0' })
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const api = createHttpApi({ settings, clock, random, log, metrics: createMetrics(settings) })
      console.log((await api.check({ username: 'u', password: 'p' })).kind)`
    const child = Bun.spawn([process.execPath, '-e', script], { env: { ...process.env, ...env }, stderr: 'inherit' })
    return (await new Response(child.stdout).text()).trim()
  }

  test('HTTP_PROXY is used, and NO_PROXY left out', async () => {
    const proxy = await startHttpApi()
    const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
    expect(await ask({ HTTP_PROXY, NO_PROXY: '' }, api.url)).toBe('accepted')
    expect([proxy.calls.length, api.calls.length]).toEqual([1, 0])
    expect(proxy.calls[0]?.path).toBe(api.url)
    expect(await ask({ HTTP_PROXY, NO_PROXY: '127.0.0.1' }, api.url)).toBe('accepted')
    expect([proxy.calls.length, api.calls.length]).toEqual([1, 1])
    await proxy.stop()
  })
})
