/** What `authgate doctor` says of proxies in front of a running server, and that strangers learn nothing of it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemRandom } from '../../src/clock'
import { ECHO_HEADER, echoQuestion } from '../../src/doctor/echo'
import { lookAtProxies } from '../../src/doctor/proxies'
import { deriveSecrets } from '../../src/secrets'
import { openTestApp, type TestApp } from '../support/app'
import { testSettings } from '../support/settings'

const SECRETS = {
  SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  JWT_SECRET: 'f30a54c2d719b6e0843d25bfca7091e6683f25d0c49a1e7b',
}
const PROXY = '10.0.0.7'
const VISITOR = '203.0.113.9'
const HEALTH = '{"database":"connected","status":"healthy"}'

/** What a proxy makes of the headers that it is sent. */
const PROXIES = {
  none: () => {},
  overwrites: (headers: Headers) => headers.set('x-forwarded-for', VISITOR),
  appends: (headers: Headers) => headers.append('x-forwarded-for', VISITOR),
  'appends an address of its own network': (headers: Headers) => headers.append('x-forwarded-for', '10.0.0.8'),
  'believes what it is sent': (headers: Headers) => {
    if (!headers.has('x-forwarded-for')) headers.set('x-forwarded-for', VISITOR)
  },
  'writes Forwarded': (headers: Headers) => headers.set('forwarded', `for=${VISITOR}`),
  'says only that it is there': (headers: Headers) => headers.set('via', '1.1 proxy'),
  'takes off what it does not know': (headers: Headers) => headers.delete(ECHO_HEADER),
} as const
type Proxy = keyof typeof PROXIES

let app: TestApp
let front: ReturnType<typeof Bun.serve>
let proxy: Proxy = 'none'
let trusted = true
beforeAll(async () => {
  app = await openTestApp({ settings: { ...SECRETS, TRUSTED_PROXIES: '10.0.0.0/24' } })
  front = Bun.serve({
    ...{ hostname: '127.0.0.1', port: 0 },
    fetch: (request) => {
      const headers = new Headers(request.headers)
      PROXIES[proxy](headers)
      return app.handle(new Request(request.url, { headers }), trusted ? PROXY : '198.51.100.1')
    },
  })
})
afterAll(async () => {
  await front.stop(true)
  await app.close()
})

const settings = (more: Record<string, string> = {}) =>
  testSettings({ ...SECRETS, TRUSTED_PROXIES: '10.0.0.0/24', BASE_URL: front.url.origin, ...more })

describe('doctor says what arrives through a proxy that', () => {
  const cases: [Proxy, boolean, string, string][] = [
    ['none', true, 'ok', `the server sees ${PROXY}, and no X-Forwarded-For`],
    ['overwrites', true, 'ok', `from ${PROXY}, trusted: X-Forwarded-For; the client is ${VISITOR}`],
    ['overwrites', false, 'warn', 'from 198.51.100.1, which is not trusted: X-Forwarded-For; everybody'],
    ['appends', true, 'ok', `the client is ${VISITOR}`],
    ['appends an address of its own network', true, 'ok', 'the proxy adds to what it is sent'],
    ['believes what it is sent', true, 'fail', 'a visitor chooses the address he is known by'],
    ['writes Forwarded', true, 'warn', 'but Forwarded, which is not read'],
    ['says only that it is there', true, 'warn', 'everybody has that address'],
    ['takes off what it does not know', true, 'warn', 'does not tell what arrives'],
  ]
  test.each(cases)('%s (trusted: %p): %s', async (how, isTrusted, level, text) => {
    proxy = how
    trusted = isTrusted
    expect(await lookAtProxies(settings())).toMatchObject([
      { part: 'proxy headers', level, text: expect.stringContaining(text) },
    ])
  })

  test('nothing when nobody answers there', async () => {
    expect(await lookAtProxies(settings({ BASE_URL: 'http://127.0.0.1:1' }))).toEqual([])
  })
})

describe('the echo [SEC]', () => {
  const asked = async (header: string) => (await app.get('/health', { headers: { [ECHO_HEADER]: header } })).text()
  const question = (secret: string) =>
    echoQuestion(deriveSecrets({ SESSION_SECRET: secret, SESSION_SECRET_PREVIOUS: '' }), systemRandom)

  test('tells nothing to somebody without the secret of the server', async () => {
    for (const header of ['', 'x', `${'A'.repeat(22)}.${'0'.repeat(64)}`, question(SECRETS.JWT_SECRET).header])
      expect(await asked(header)).toBe(HEALTH)
  })

  test('is sealed for who asked: neither who repeats the question nor who reads the answer learns of it', async () => {
    const own = question(SECRETS.SESSION_SECRET)
    const { seen } = JSON.parse(await asked(own.header)) as { seen: string }
    expect(own.read(seen)).toMatchObject({ peer: expect.any(String), headers: expect.anything() })
    expect(Buffer.from(seen, 'base64url').toString('latin1')).not.toContain('peer')
    expect(question(SECRETS.SESSION_SECRET).read(seen)).toBeUndefined()
    expect(question(SECRETS.JWT_SECRET).read(seen)).toBeUndefined()
  })
})
