/** No answer leaves for an address that is not the client's (RFC 6749 §4.1.2.1, RFC 9700 §4.11, RFC 8252 §7.3). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type SignedIn, type TestApp } from '../../support/app'
import { answerAt, CALLBACK, decideOn, open, requestOf, settle, type TestClient } from './support'

/** Each is a change of `https://app.example/callback?x=1`, of `http://127.0.0.1:9/cb`, or of `com.example.app:/cb`. */
const MUTATIONS = [
  ...[
    '',
    ' ',
    '/',
    '//',
    '#',
    '?',
    '*',
    'callback',
    '/callback?x=1',
    '?x=1',
    'https:',
    'https://',
    'null',
    'undefined',
  ],
  // another path or query
  ...['https://app.example', 'https://app.example/', 'https://app.example/callback', 'https://app.example/callback?'],
  ...['https://app.example/callback/?x=1', 'https://app.example/callback?x=2', 'https://app.example/callback?x=1&y=2'],
  ...['https://app.example/callback?y=2&x=1', 'https://app.example/callback?X=1', 'https://app.example/Callback?x=1'],
  ...[
    'https://app.example//callback?x=1',
    'https://app.example/./callback?x=1',
    'https://app.example/a/../callback?x=1',
  ],
  ...['https://app.example/%63allback?x=1', 'https://app.example/callback%3Fx=1', 'https://app.example/callback?x=%31'],
  ...['https://app.example/callback;a?x=1', 'https://app.example/callback?x=1#', 'https://app.example/callback?x=1#f'],
  ...['https://app.example/callback?x=1 ', ' https://app.example/callback?x=1', 'https://app.example/callback?x=1\n'],
  ...[
    'https://app.example/callback?x=1\r\nSet-Cookie: a=b',
    'https://app.example/callback?x=1\t',
    'https://app.example/\tcallback?x=1',
  ],
  ...['https://app.example\\callback?x=1', 'https:\\\\app.example\\callback?x=1', 'https:/app.example/callback?x=1'],
  // another host
  ...[
    'https://evil.example/callback?x=1',
    'https://app.example.evil.example/callback?x=1',
    'https://evilapp.example/callback?x=1',
  ],
  ...['https://app.example@evil.example/callback?x=1', 'https://evil.example@app.example/callback?x=1'],
  ...[
    'https://user:pw@app.example/callback?x=1',
    'https://app.example:443/callback?x=1',
    'https://app.example:8443/callback?x=1',
  ],
  ...[
    'https://app.example./callback?x=1',
    'https://APP.example/callback?x=1',
    'https://app.example%2eevil.example/callback?x=1',
  ],
  ...[
    'https://app.example\u3002evil.example/callback?x=1',
    'https://\u0430pp.example/callback?x=1',
    'https://app.example\u200b/callback?x=1',
  ],
  ...['https://evil.example/https://app.example/callback?x=1', 'https://evil.example?https://app.example/callback?x=1'],
  ...['https://evil.example#https://app.example/callback?x=1', 'https://evil.example\\.app.example/callback?x=1'],
  ...[
    'https://*.example/callback?x=1',
    '//app.example/callback?x=1',
    '//evil.example',
    '/\\evil.example',
    '///evil.example',
  ],
  // another scheme
  ...['http://app.example/callback?x=1', 'HTTPS://app.example/callback?x=1', 'ftp://app.example/callback?x=1'],
  ...['javascript:alert(1)', 'javascript://app.example/callback?x=1', 'JaVaScRiPt:alert(1)', 'java\tscript:alert(1)'],
  ...[
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://app.example/1',
    'about:blank',
  ],
  ...['view-source:https://app.example/callback?x=1', 'intent://app.example/#Intent;end', 'urn:ietf:wg:oauth:2.0:oob'],
  // the loopback: any port, nothing else
  ...['http://127.0.0.1:9/cb2', 'http://127.0.0.1:9/cb?x=1', 'http://127.0.0.1:9/cb/', 'http://127.0.0.1:9/CB'],
  ...[
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:/cb',
    'http://127.0.0.1:9@evil.example/cb',
    'http://127.0.0.1:+9/cb',
  ],
  ...[
    'http://127.0.0.1.evil.example:9/cb',
    'http://127.0.0.2:9/cb',
    'http://127.1:9/cb',
    'http://2130706433:9/cb',
    'http://0x7f.1/cb',
  ],
  ...[
    'http://localhost:9/cb',
    'http://[::1]:9/cb',
    'http://[::ffff:127.0.0.1]:9/cb',
    'https://127.0.0.1:9/cb',
    'http://0.0.0.0:9/cb',
  ],
  ...['http://u@127.0.0.1:9/cb', 'http://127.0.0.1:9/cb#f', 'http://127.0.0.1:9/../cb', 'http://127.0.0.1:9\\cb'],
  // the application on the device
  ...[
    'com.example.app:/cb2',
    'com.example.app://cb',
    'com.example.app2:/cb',
    'COM.example.app:/cb',
    'com.example.app:cb',
  ],
]

describe('redirect URIs at the authorization endpoint', () => {
  let app: TestApp
  let session: SignedIn
  let client: TestClient
  beforeAll(async () => {
    app = await openTestApp()
    session = await app.signIn(await app.insertUser())
    client = await app.insertClient({
      clientType: 'public',
      redirectUris: ['https://app.example/callback?x=1', 'http://127.0.0.1:9/cb', 'com.example.app:/cb'],
    })
  })
  afterAll(() => app.close())

  test('the list is long enough and has no repetitions', () => {
    expect(MUTATIONS.length).toBeGreaterThan(90)
    expect(new Set(MUTATIONS).size).toBe(MUTATIONS.length)
  })

  const local = async (response: Response) => {
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    const html = await response.text()
    expect(html).toContain('invalid redirect_uri (invalid_request)')
    expect(html).not.toContain('http-equiv')
  }

  test.each(MUTATIONS)('%j is answered here, whatever else the request says [SEC]', async (redirectUri) => {
    for (const changes of [{}, { prompt: 'none' }, { response_type: 'token', response_mode: 'form_post' }])
      await local(await open(app, session, requestOf(client, { redirect_uri: redirectUri, ...changes })))
    const fields = { client_id: client.clientId, redirect_uri: redirectUri, state: 's' }
    for (const action of ['approve', 'deny']) await local(await decideOn(app, session, { action, ...fields }))
    const silent = await open(app, undefined, requestOf(client, { redirect_uri: redirectUri, prompt: 'none' }))
    expect([silent.status, silent.headers.get('location')]).toEqual([302, expect.stringMatching(/^\/login\?/)])
  })

  test('no redirect_uri at all is answered here, also with a single registered one', async () => {
    await local(await open(app, session, requestOf(client, { redirect_uri: undefined })))
  })

  test.each([
    ['unknown', { client_id: 'nobody' }],
    ['missing', { client_id: undefined }],
    ['with NUL', { client_id: 'a\u0000b' }],
    ['very long', { client_id: 'x'.repeat(5000) }],
  ])('a client id that is %s is answered here [SEC]', async (_what, changes) => {
    const response = await open(app, session, requestOf(client, changes))
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  test.each(['pending', 'inactive'] as const)(
    'a client that is %s cannot send anybody anywhere [SEC]',
    async (status) => {
      const other = await app.insertClient({ status, redirectUris: ['https://evil.example/'] })
      const response = await open(app, session, requestOf(other))
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
      expect(await response.text()).toContain('unauthorized_client')
    },
  )

  test.each(['javascript:alert(1)', 'data:text/html,x', 'https://a.example/\u0000', 'file:///x'])(
    'a taken-over record with %j is not followed [SEC]',
    async (redirectUri) => {
      const other = await app.insertClient({ redirectUris: [redirectUri] })
      const response = await open(app, session, requestOf(other))
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    },
  )

  test.each(['client_id', 'redirect_uri'])('%s twice is answered here, whichever is right [SEC]', async (name) => {
    const path = requestOf(client)
    for (const value of ['evil', name === 'client_id' ? client.clientId : 'https://app.example/callback?x=1']) {
      const response = await open(app, session, `${path}&${name}=${encodeURIComponent(value)}`)
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    }
  })

  test.each(['%zz', '%ff', '%00'])('what cannot be decoded is answered here (%s)', async (text) => {
    const response = await open(app, session, `${requestOf(client)}&nonce=${text}`)
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  test('the loopback takes any port, the code remembers which (RFC 8252 §7.3)', async () => {
    for (const redirectUri of ['http://127.0.0.1:51234/cb', 'http://127.0.0.1/cb', 'http://127.0.0.1:9/cb']) {
      const response = await settle(app, session, requestOf(client, { redirect_uri: redirectUri }))
      expect(answerAt(response, redirectUri)?.code).toBeDefined()
    }
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.authorizationCodes)
    expect(rows.map(({ redirectUri }) => redirectUri)).toContain('http://127.0.0.1:51234/cb')
  })

  test.each([
    ['https://a.example/cb?x=2&b=1', { x: '2', b: '1' }],
    ['https://a.example/cb?iss=https%3A%2F%2Fevil.example&code=old&x=%20', { x: ' ' }],
    ['https://a.example/cb?', {}],
    ['https://a.example', {}],
    ['https://a.example/%E2%82%AC?q=%E2%82%AC', { q: '€' }],
    ['https://a.example/€?q=€', { q: '€' }],
    ['https://b\u00fccher.example/cb', {}],
    ['com.example.app:/cb?x=1', { x: '1' }],
  ])('the query of %s stays, and no parameter of the answer is there twice', async (redirectUri, kept) => {
    const other = await app.insertClient({ clientType: 'public', redirectUris: [redirectUri] })
    const response = await settle(app, session, requestOf(other, { state: 'a b&c=ü%', redirect_uri: redirectUri }))
    const location = response.headers.get('location') ?? ''
    const parameters = [...new URL(location).searchParams]
    expect(new Set(parameters.map(([name]) => name)).size).toBe(parameters.length)
    expect(Object.fromEntries(parameters)).toEqual({
      ...kept,
      code: expect.stringMatching(/^[0-9a-f]{64}$/),
      state: 'a b&c=ü%',
      iss: app.ctx.settings.issuer,
    })
    expect(new URL(location).host).toBe(new URL(redirectUri).host)
  })

  test.each([
    ['https://a.example:8443/cb', "form-action 'self' https://a.example:8443"],
    ['http://127.0.0.1:5000/cb', "form-action 'self' http://127.0.0.1:5000"],
    ['http://[::1]:5000/cb', "form-action 'self' http:"],
    ['com.example.app:/cb', "form-action 'self' com.example.app:"],
  ])('the form may lead to %s and nowhere else', async (redirectUri, policy) => {
    const other = await app.insertClient({ clientType: 'public', redirectUris: [redirectUri] })
    const response = await open(app, session, requestOf(other))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')).toEndWith(policy)
  })

  test('the forms before it may lead there too, as browsers hold their policy against the redirects that follow', async () => {
    const other = await app.insertClient({ redirectUris: [CALLBACK] })
    const policyOf = async (path: string, cookie = '') =>
      (await app.get(path, { headers: { cookie } })).headers.get('content-security-policy') ?? ''
    const changing = (await app.signIn(await app.insertUser({ mustChangePassword: true }))).cookie
    const pages: [string, string][] = [
      ['/login', ''],
      ['/account/change-password', changing],
    ]
    for (const [path, cookie] of pages) {
      const at = (target: string) => policyOf(`${path}?redirect=${encodeURIComponent(target)}`, cookie)
      expect(await at(requestOf(other))).toEndWith("form-action 'self' https://app.example")
      for (const wrong of [{ redirect_uri: 'https://evil.example/' }, { client_id: 'nobody' }])
        expect(await at(requestOf(other, wrong))).toEndWith("form-action 'self'")
      expect(await at('/device')).toEndWith("form-action 'self'")
    }
  })

  test('errors go to the registered address only', async () => {
    const other = await app.insertClient({ redirectUris: [CALLBACK] })
    const response = await open(app, session, requestOf(other, { response_type: 'token' }))
    expect(response.status).toBe(302)
    expect(answerAt(response)?.error).toBe('unsupported_response_type')
  })
})
