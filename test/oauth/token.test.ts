/** The token endpoint's dispatch and its error table (RFC 6749 §5.2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { DatabaseUnavailable } from '../../src/db/errors'
import { createHandler } from '../../src/server'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { basic, issueTokens, outcome } from './support'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

describe.each(databases)('token endpoint on %s', (_name, open) => {
  let app: TestApp
  let confidential: Awaited<ReturnType<TestApp['insertClient']>>
  let unproven: Awaited<ReturnType<TestApp['insertClient']>>
  let user: Awaited<ReturnType<TestApp['insertUser']>>
  beforeAll(async () => {
    app = await openTestApp({ open })
    user = await app.insertUser()
    confidential = await app.insertClient({ clientType: 'confidential', scopes: 'read write' })
    unproven = await app.insertClient({ clientType: 'public', scopes: 'read write' })
  })
  afterAll(() => app.close())

  const post = (form: Record<string, string> | string, headers: Record<string, string> = {}) =>
    app.postForm('/oauth/token', form, headers)

  /** A refresh on a database whose reads end as `one` says. */
  const refreshWhen = (one: () => Promise<never>) =>
    createHandler({ ...app.ctx, db: { ...app.ctx.db, one } })(
      new Request('http://localhost:8080/oauth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `grant_type=refresh_token&refresh_token=x&client_id=${unproven.clientId}`,
      }),
    )

  const SUPPORTED = 'Supported grant types: device_code, refresh_token, authorization_code, client_credentials'
  const NO_DISPATCH: [string, string | Record<string, string>, [number, string, string | undefined]][] = [
    ['an empty body', '', [400, 'invalid_request', 'grant_type is required']],
    ['an empty grant_type', 'grant_type=', [400, 'invalid_request', 'grant_type is required']],
    ['the password grant', { grant_type: 'password' }, [400, 'unsupported_grant_type', SUPPORTED]],
    ['the short name of the device grant', { grant_type: 'device_code' }, [400, 'unsupported_grant_type', SUPPORTED]],
    ['another case', { grant_type: 'REFRESH_TOKEN' }, [400, 'unsupported_grant_type', SUPPORTED]],
    ['a property name', { grant_type: '__proto__' }, [400, 'unsupported_grant_type', SUPPORTED]],
    [
      'a repeated parameter',
      'grant_type=refresh_token&grant_type=refresh_token',
      [400, 'invalid_request', 'Parameter grant_type must not be repeated'],
    ],
    [
      'a repeated client_id',
      'grant_type=refresh_token&client_id=a&client_id=b',
      [400, 'invalid_request', 'Parameter client_id must not be repeated'],
    ],
    ['a malformed escape', 'grant_type=%zz', [400, 'invalid_request', 'Malformed request']],
    ['invalid UTF-8', 'grant_type=%ff%fe', [400, 'invalid_request', 'Malformed request']],
    ['NUL', 'grant_type=refresh_token&client_id=a%00', [400, 'invalid_request', 'Malformed request']],
    [
      'a refresh without its token',
      { grant_type: 'refresh_token', client_id: 'x' },
      [400, 'invalid_request', 'refresh_token and client_id are required'],
    ],
    [
      'a refresh without client_id',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      [400, 'invalid_request', 'refresh_token and client_id are required'],
    ],
    [
      'a poll without client_id',
      { grant_type: DEVICE, device_code: '0'.repeat(40) },
      [400, 'invalid_request', 'device_code and client_id are required'],
    ],
  ]
  test.each(NO_DISPATCH)('%s is refused (RFC 6749 §5.2)', async (_what, form, expected) => {
    const response = await post(form)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('pragma')).toBe('no-cache')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await outcome(response)).toEqual(expected)
  })

  test('unknown parameters are ignored, empty ones count as absent (RFC 6749 §3.2)', async () => {
    const { refresh_token } = await issueTokens(app, { user: await app.insertUser(), client: unproven })
    const form = { grant_type: 'refresh_token', refresh_token, client_id: unproven.clientId, foo: 'bar', scope: '' }
    const response = await post(form)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ token_type: 'Bearer', scope: 'read write', refresh_token })
  })

  test.each([
    ['JSON', 'application/json', '{"grant_type":"refresh_token"}'],
    ['multipart', 'multipart/form-data; boundary=x', '--x--'],
    ['no content type', '', 'grant_type=refresh_token'],
  ])('a body of %s is refused: only forms are read', async (_what, type, body) => {
    const response = await app.handle(
      new Request('http://localhost:8080/oauth/token', {
        method: 'POST',
        headers: type === '' ? {} : { 'content-type': type },
        body: new TextEncoder().encode(body),
      }),
    )
    expect(await outcome(response)).toEqual([
      400,
      'invalid_request',
      'Content-Type must be application/x-www-form-urlencoded',
    ])
  })

  test('a charset parameter of the content type is allowed', async () => {
    const response = await post('grant_type=password', {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    })
    expect((await outcome(response))[1]).toBe('unsupported_grant_type')
  })

  test('a body over 64 KiB is 413 with an OAuth error', async () => {
    const response = await post(`grant_type=${'x'.repeat(70_000)}`)
    expect(await outcome(response)).toEqual([413, 'invalid_request', 'Request body too large'])
  })

  test.each(['client_secret', 'token', 'access_token', 'code', 'refresh_token'])(
    'credentials in the URL are refused, they end up in logs: %s [SEC]',
    async (name) => {
      const response = await app.postForm(`/oauth/token?${name}=x`, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: unproven.clientId,
      })
      expect((await outcome(response)).slice(0, 2)).toEqual([400, 'invalid_request'])
    },
  )

  test('parameters in the URL are not parameters', async () => {
    const response = await app.postForm('/oauth/token?grant_type=refresh_token', {})
    expect(await outcome(response)).toEqual([400, 'invalid_request', 'grant_type is required'])
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s is 405 with Allow', async (method) => {
    const response = await app.handle(new Request('http://localhost:8080/oauth/token', { method }))
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toContain('POST')
  })

  test('extra_claims is read after client authentication, so it cannot probe for anything (P28) [SEC]', async () => {
    const { refresh_token } = await issueTokens(app, { user, client: confidential })
    const form = { grant_type: 'refresh_token', refresh_token, extra_claims: '{"iss":"x"}' }
    expect(await outcome(await post(form, basic(confidential.clientId, 'wrong')))).toEqual([
      401,
      'invalid_client',
      'Client authentication failed',
    ])
    expect(await outcome(await post(form, basic(confidential.clientId, confidential.secret)))).toEqual([
      400,
      'invalid_request',
      'reserved claim key: "iss"',
    ])
  })

  test('an unexpected failure says nothing about itself and is logged once with the request id', async () => {
    const response = await refreshWhen(() => Promise.reject(new TypeError('secret detail of the database')))
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).toContain('server_error')
    expect(text).not.toContain('secret detail')
    const failures = app.log().filter(({ level }) => level === 'error')
    expect(failures.map(({ fields }) => fields.request_id)).toEqual([response.headers.get('x-request-id')])
    expect(JSON.stringify(failures)).not.toContain('secret detail')
  })

  test('a database that does not answer is 503 with Retry-After, never "invalid" (T37)', async () => {
    const response = await refreshWhen(() => Promise.reject(new DatabaseUnavailable('ECONNREFUSED')))
    expect(response.headers.get('retry-after')).not.toBeNull()
    expect((await outcome(response)).slice(0, 2)).toEqual([503, 'temporarily_unavailable'])
  })
})

test('ENABLE_REFRESH_TOKENS=false: no refresh grant, and the text does not name it (P17)', async () => {
  const app = await openTestApp({ settings: { ENABLE_REFRESH_TOKENS: 'false' } })
  const response = await app.postForm('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: 'x',
    client_id: 'y',
  })
  expect(await outcome(response)).toEqual([
    400,
    'unsupported_grant_type',
    'Supported grant types: device_code, authorization_code, client_credentials',
  ])
  await app.close()
})
