/** What an authorization request may ask for; errors reach the client (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type SignedIn, type TestApp } from '../../support/app'
import { answerAt, CALLBACK, CHALLENGE, type Fields, open, requestOf, settle, type TestClient } from './support'

const NO_PKCE = { code_challenge: undefined, code_challenge_method: undefined }

describe('authorization requests', () => {
  let app: TestApp
  let session: SignedIn
  let confidential: TestClient
  let publicClient: TestClient
  beforeAll(async () => {
    app = await openTestApp({ settings: { JWT_AUDIENCE: 'https://api.example,https://b.example' } })
    session = await app.signIn(await app.insertUser())
    const usual = { redirectUris: [CALLBACK], scopes: 'openid email read write' }
    confidential = await app.insertClient(usual)
    publicClient = await app.insertClient({ ...usual, clientType: 'public' })
  })
  afterAll(() => app.close())

  const refusals: [string, Fields, string, string?][] = [
    ['response_type missing', { response_type: undefined }, 'invalid_request', 'response_type is required'],
    ['response_type empty', { response_type: '' }, 'invalid_request', 'response_type is required'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type', 'unsupported_response_type'],
    ['response_type hybrid', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['response_type in capitals', { response_type: 'CODE' }, 'unsupported_response_type'],
    ['response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['response_mode web_message', { response_mode: 'web_message' }, 'invalid_request'],
    ['request', { request: 'eyJ.e.y' }, 'request_not_supported'],
    ['request_uri', { request_uri: 'https://app.example/r' }, 'request_uri_not_supported'],
    ['registration', { registration: '{}' }, 'registration_not_supported'],
    ['nonce too long', { nonce: 'n'.repeat(1025) }, 'invalid_request', 'nonce parameter exceeds maximum length'],
    ['nonce too long in bytes', { nonce: 'ü'.repeat(513) }, 'invalid_request'],
    ['scope beyond the client', { scope: 'read admin' }, 'invalid_scope', 'invalid_scope'],
    ['scope in another case', { scope: 'READ' }, 'invalid_scope'],
    ['malformed scope', { scope: 'read  write' }, 'invalid_scope'],
    ['scope with a quote', { scope: 'read"' }, 'invalid_scope'],
    ['method plain', { code_challenge_method: 'plain' }, 'invalid_request', 'invalid_request'],
    ['method s256', { code_challenge_method: 's256' }, 'invalid_request', 'invalid_request'],
    ['method without challenge', { code_challenge: undefined }, 'invalid_request', 'code_challenge is required'],
    ['short challenge', { code_challenge: CHALLENGE.slice(1) }, 'invalid_request', 'code_challenge is malformed'],
    ['padded challenge', { code_challenge: `${CHALLENGE}=` }, 'invalid_request', 'code_challenge is malformed'],
    ['unknown prompt', { prompt: 'create' }, 'invalid_request', 'prompt is not supported'],
    ['prompt none with login', { prompt: 'none login' }, 'invalid_request', 'prompt none cannot be combined'],
    ['max_age below zero', { max_age: '-1' }, 'invalid_request', 'max_age is malformed'],
    ['max_age no number', { max_age: '1h' }, 'invalid_request', 'max_age is malformed'],
    ['unknown resource', { resource: 'https://evil.example' }, 'invalid_target'],
    ['id_token_hint that is none', { id_token_hint: 'x' }, 'invalid_request', 'id_token_hint is not valid'],
  ]

  const described = refusals.map(([what, changes, error, text = '']) => [what, changes, error, text] as const)

  test.each(described)('%s', async (_what, changes, error, description) => {
    for (const client of [confidential, publicClient]) {
      const answer = answerAt(await open(app, session, requestOf(client, changes)))
      expect(answer).toEqual({
        error,
        error_description: description || expect.any(String),
        state: 'st-1',
        iss: app.ctx.settings.issuer,
      })
    }
  })

  test('public clients always use PKCE (RFC 9700 §2.1.1)', async () => {
    for (const changes of [NO_PKCE, { code_challenge_method: undefined }]) {
      const answer = answerAt(await open(app, session, requestOf(publicClient, changes)))
      expect([answer?.error, answer?.error_description]).toEqual([
        'invalid_request',
        'pkce required for public clients',
      ])
    }
  })

  test('confidential clients may leave PKCE out, but not half of it', async () => {
    expect((await open(app, session, requestOf(confidential, NO_PKCE))).status).toBe(200)
    const half = await open(app, session, requestOf(confidential, { code_challenge_method: undefined }))
    expect(answerAt(half)?.error_description).toBe('code_challenge_method is required')
  })

  test('PKCE_REQUIRED demands it of confidential clients too', async () => {
    const strict = await openTestApp({ settings: { PKCE_REQUIRED: 'true' } })
    const client = await strict.insertClient({ redirectUris: [CALLBACK] })
    const signedIn = await strict.signIn(await strict.insertUser())
    for (const changes of [NO_PKCE, { code_challenge: undefined }])
      expect(answerAt(await open(strict, signedIn, requestOf(client, changes)))?.error_description).toBe(
        'code_challenge is required',
      )
    expect((await open(strict, signedIn, requestOf(client))).status).toBe(200)
    await strict.close()
  })

  test('state of 1024 bytes comes back, one of 1025 does not', async () => {
    const state = 'ü'.repeat(512)
    expect(answerAt(await open(app, session, requestOf(confidential, { state, prompt: 'none' })))?.state).toBe(state)
    const answer = answerAt(await open(app, session, requestOf(confidential, { state: `${state}x` })))
    expect(answer).toEqual({
      error: 'invalid_request',
      error_description: 'state parameter exceeds maximum length',
      iss: app.ctx.settings.issuer,
    })
  })

  test.each(['scope', 'nonce', 'state', 'response_type', 'code_challenge', 'prompt', 'max_age', 'response_mode'])(
    '%s twice is refused (RFC 6749 §3.1)',
    async (name) => {
      const path = `${requestOf(confidential, { [name]: name === 'response_type' ? 'code' : '1' })}&${name}=2`
      const answer = answerAt(await open(app, session, path))
      expect(answer?.error_description).toBe(`Parameter ${name} must not be repeated`)
      expect(answer?.state).toBe(name === 'state' ? undefined : 'st-1')
    },
  )

  test('unknown parameters are ignored, also twice (RFC 6749 §3.1)', async () => {
    expect((await open(app, session, `${requestOf(confidential)}&x=1&x=2&ui_locales=de&display=page`)).status).toBe(200)
  })

  test('no scope means all scopes of the client; they are listed', async () => {
    const html = await (await open(app, session, requestOf(confidential))).text()
    for (const text of ['Know who you are', 'See your email', 'Read data', 'Change data']) expect(html).toContain(text)
  })

  test('several resources of this server are kept with the code (RFC 8707 §2)', async () => {
    const client = await app.insertClient({ redirectUris: [CALLBACK] })
    const path = `${requestOf(client, { resource: 'https://api.example' })}&resource=https%3A%2F%2Fb.example`
    expect(answerAt(await settle(app, session, path))?.code).toBeDefined()
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.authorizationCodes)
    expect(rows.find(({ clientId }) => clientId === client.clientId)?.resource).toBe(
      'https://api.example https://b.example',
    )
  })

  test('without the flow an active client is told by redirect', async () => {
    const client = await app.insertClient({ redirectUris: [CALLBACK], enableAuthCodeFlow: false })
    expect(answerAt(await open(app, session, requestOf(client)))?.error).toBe('unauthorized_client')
  })

  test('AUTH_CODE_EXPIRATION is the life of a code', async () => {
    const brief = await openTestApp({ settings: { AUTH_CODE_EXPIRATION: '60s' } })
    const client = await brief.insertClient({ redirectUris: [CALLBACK] })
    await settle(brief, await brief.signIn(await brief.insertUser()), requestOf(client))
    const { q, t } = brief.ctx.db
    const [row] = await q.select().from(t.authorizationCodes)
    expect(row?.expiresAt.getTime()).toBe(brief.clock.now() + 60_000)
    await brief.close()
  })

  describe('response_mode form_post', () => {
    const post = { response_mode: 'form_post' }

    test('answers by a form that only leads to the client', async () => {
      const client = await app.insertClient({ redirectUris: [CALLBACK] })
      const response = await settle(app, session, requestOf(client, { ...post, state: '"><b>' }))
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('content-security-policy')).toEndWith("form-action 'self' https://app.example")
      const html = await response.text()
      expect(html).toContain(`<form method="post" action="${CALLBACK}"`)
      expect(html).toMatch(/name="code" value="[0-9a-f]{64}"/)
      expect(html).toContain('name="state" value="&quot;&gt;&lt;b&gt;"')
      expect(html).toContain(`name="iss" value="${app.ctx.settings.issuer}"`)
      expect(html).toContain('Continue</button>')
    })

    test('errors take the same way', async () => {
      const html = await (await open(app, session, requestOf(confidential, { ...post, scope: 'admin' }))).text()
      expect(html).toContain('name="error" value="invalid_scope"')
    })

    test('not to applications that no browser can send a form to', async () => {
      const client = await app.insertClient({ clientType: 'public', redirectUris: ['com.example.app:/cb'] })
      const response = await open(app, session, requestOf(client, post))
      expect(answerAt(response, 'com.example.app:/cb')?.error).toBe('invalid_request')
    })
  })
})
