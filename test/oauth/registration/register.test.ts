/** POST /oauth/register (RFC 7591). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sha256Hex } from '../../../src/secrets'
import type { TestApp } from '../../support/app'
import { openTestApp } from '../../support/app'
import { databases } from '../../support/databases'
import { auditRows, basic, createAppPool, outcome } from '../support'
import { clientRow, DEVICE, ENABLED, MINIMAL, postJson, type Registered, registered, setStatus } from './support'

const TOKEN = 'an initial/access token of 32+ bytes'

describe.each(databases)('client registration on %s', (_name, open) => {
  let app: TestApp
  const pool = createAppPool(open)
  beforeAll(async () => {
    app = await pool.get(ENABLED)
  })
  afterAll(() => pool.close())
  const refused = async (metadata: unknown) => await outcome(await postJson(app, metadata))

  test('switched off: 403 whatever is sent', async () => {
    const off = await pool.get({ DYNAMIC_CLIENT_REGISTRATION_TOKEN: TOKEN })
    for (const body of [MINIMAL, 'no json', {}])
      expect(await outcome(await postJson(off, body))).toEqual([
        403,
        'registration_not_supported',
        'Dynamic client registration is not enabled on this server',
      ])
  })

  test('the least: a confidential client of the code flow that waits for approval', async () => {
    const before = Math.floor(app.ctx.clock.now() / 1000)
    const response = await postJson(app, { ...MINIMAL, client_name: '  My application ' })
    expect([response.status, response.headers.get('cache-control')]).toEqual([201, 'no-store'])
    const answer = (await response.json()) as Registered
    expect(answer).toEqual({
      client_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      client_secret: expect.stringMatching(/^ago_[a-z2-7]{52}$/),
      client_name: 'My application',
      redirect_uris: MINIMAL.redirect_uris,
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'email profile',
      client_id_issued_at: before,
      client_secret_expires_at: 0,
      registration_client_uri: `http://localhost:8080/oauth/register/${answer.client_id}`,
      registration_access_token: expect.stringMatching(/^agr_[a-z2-7]{52}$/),
    })
    expect(await clientRow(app, answer.client_id)).toMatchObject({
      ...{ status: 'pending', origin: 'registration', userId: null, createdBy: null, clientType: 'confidential' },
      ...{ enableDeviceFlow: false, enableAuthCodeFlow: true, enableClientCredentialsFlow: false },
      ...{ allowIntrospection: false, tokenProfile: 'standard', grantTypes: 'authorization_code', description: '' },
      ...{ tokenEndpointAuthMethod: 'client_secret_basic', registrationIp: '127.0.0.1', project: '' },
    })
  })

  test('only hashes of secret and registration token are stored', async () => {
    const { client_id, client_secret, registration_access_token } = await registered(app)
    const row = await clientRow(app, client_id)
    expect(row?.registrationTokenHash).toBe(sha256Hex(registration_access_token))
    for (const secret of [client_secret, registration_access_token]) {
      expect(JSON.stringify(row)).not.toContain(secret)
      expect(JSON.stringify(await auditRows(app))).not.toContain(secret)
      expect(JSON.stringify(app.log())).not.toContain(secret)
    }
  })

  test('none: a public client has no secret (P34)', async () => {
    const answer = await registered(app, {
      token_endpoint_auth_method: 'none',
      redirect_uris: ['com.example.app:/callback', 'http://127.0.0.1/callback'],
      application_type: 'native',
    })
    expect(answer).not.toHaveProperty('client_secret')
    expect(answer).not.toHaveProperty('client_secret_expires_at')
    expect(answer).toMatchObject({ token_endpoint_auth_method: 'none', application_type: 'native' })
    expect(await clientRow(app, answer.client_id)).toMatchObject({ clientType: 'public', clientSecret: null })
  })

  const GRANTS: [string, Record<string, unknown>, string[], string[]][] = [
    ['the code grant alone', { grant_types: ['authorization_code'] }, ['authorization_code'], ['code']],
    ['nothing', { grant_types: [] }, ['authorization_code'], ['code']],
    ['null', { grant_types: null, response_types: null, scope: null }, ['authorization_code'], ['code']],
    ['device_code, no URI', { grant_types: ['device_code'], redirect_uris: undefined }, [DEVICE], []],
    ['the URN', { grant_types: [DEVICE], redirect_uris: [], response_types: [] }, [DEVICE], []],
    [
      'code and refresh',
      { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
      ['authorization_code', 'refresh_token'],
      ['code'],
    ],
    [
      'all',
      { grant_types: ['refresh_token', 'authorization_code', DEVICE, 'device_code'] },
      [DEVICE, 'authorization_code', 'refresh_token'],
      ['code'],
    ],
  ]
  test.each(GRANTS)('grant_types: %s', async (_, metadata, grants, responses) => {
    const answer = await registered(app, metadata)
    expect([answer.grant_types, answer.response_types]).toEqual([grants, responses])
    expect(Array.isArray(answer.redirect_uris)).toBe(true)
  })

  test('scope: the four anybody may have, without repetitions', async () => {
    const all = 'openid  profile email offline_access'
    expect((await registered(app, { scope: ` ${all} email ` })).scope).toBe('openid profile email offline_access')
    expect((await registered(app, { scope: ' ' })).scope).toBe('email profile')
  })

  test('client_uri is kept apart from the description', async () => {
    const answer = await registered(app, { client_uri: 'https://example.com/about?x=1#y' })
    expect(answer.client_uri).toBe('https://example.com/about?x=1#y')
    expect(await clientRow(app, answer.client_id)).toMatchObject({ description: '', clientUri: answer.client_uri })
  })

  test('members nobody knows are ignored (RFC 7591 §2)', async () => {
    const answer = await registered(app, {
      ...{ status: 'active', client_id: 'mine', client_secret: 'mine', token_profile: 'long', project: 'p' },
      ...{ service_account: 's', allow_introspection: true, user_id: 'u', contacts: ['x'], 'client_name#de': 'x' },
    })
    expect(await clientRow(app, answer.client_id)).toMatchObject({
      ...{ status: 'pending', tokenProfile: 'standard', project: '', serviceAccount: '', allowIntrospection: false },
    })
    expect(answer.client_id).not.toBe('mine')
    expect(answer).not.toHaveProperty('contacts')
  })

  const uri = (redirect: string) => ({ ...MINIMAL, redirect_uris: [redirect] })
  const REFUSED: [string, unknown, string, string | RegExp][] = [
    ['software_statement', { ...MINIMAL, software_statement: 'eyJ' }, 'invalid_software_statement', /not supported/],
    ['no name', { ...MINIMAL, client_name: undefined }, 'invalid_client_metadata', 'client_name is required'],
    ['blank name', { ...MINIMAL, client_name: ' \t ' }, 'invalid_client_metadata', 'client_name is required'],
    ['a name of 10 kB', { ...MINIMAL, client_name: 'x'.repeat(10_240) }, 'invalid_client_metadata', /at most 100/],
    ['101 characters', { ...MINIMAL, client_name: 'é'.repeat(101) }, 'invalid_client_metadata', /at most 100/],
    ['a control character', { ...MINIMAL, client_name: 'a\u0007b' }, 'invalid_client_metadata', /invisible/],
    ['NUL', { ...MINIMAL, client_name: 'a\u0000b' }, 'invalid_client_metadata', /invisible/],
    ['bidi override', { ...MINIMAL, client_name: 'a\u202egpj' }, 'invalid_client_metadata', /invisible/],
    ['zero width', { ...MINIMAL, client_name: 'Git\u200bHub' }, 'invalid_client_metadata', /invisible/],
    ['half a surrogate', '{"client_name":"a\\ud800b"}', 'invalid_client_metadata', /invisible/],
    [
      'implicit',
      { ...MINIMAL, grant_types: ['authorization_code', 'implicit', 'x'] },
      'invalid_client_metadata',
      'Unsupported grant_type: implicit. Supported: authorization_code, device_code',
    ],
    [
      'client_credentials',
      { ...MINIMAL, grant_types: ['client_credentials'] },
      'invalid_client_metadata',
      /^Unsupported grant_type: client_credentials\./,
    ],
    ['refresh alone', { ...MINIMAL, grant_types: ['refresh_token'] }, 'invalid_client_metadata', /needs another/],
    [
      'private_key_jwt',
      { ...MINIMAL, token_endpoint_auth_method: 'private_key_jwt' },
      'invalid_client_metadata',
      'Unsupported token_endpoint_auth_method: private_key_jwt. Supported: none, client_secret_basic, client_secret_post',
    ],
    [
      'scope admin',
      { ...MINIMAL, scope: 'email admin' },
      'invalid_client_metadata',
      'Unsupported scope: admin. Allowed: email, profile, openid, offline_access',
    ],
    [
      'no URI',
      { client_name: 'x' },
      'invalid_client_metadata',
      'at least one redirect URI is required when Authorization Code Flow is enabled',
    ],
    ['an empty URI', uri(' '), 'invalid_redirect_uri', 'invalid redirect_uri: URI must not be empty'],
    ['not-a-uri', uri('not-a-uri'), 'invalid_redirect_uri', 'invalid redirect_uri: "not-a-uri" is not a valid URI'],
    ['ftp', uri('ftp://x/'), 'invalid_redirect_uri', 'invalid redirect_uri: "ftp://x/" must use http or https scheme'],
    ['no host', uri('https:///x'), 'invalid_redirect_uri', /must have a host/],
    ['a fragment', uri('https://a/cb#f'), 'invalid_redirect_uri', /must not contain a fragment/],
    ['http elsewhere', uri('http://app.example.com/'), 'invalid_redirect_uri', /must use https/],
    ['javascript', uri('javascript:alert(1)'), 'invalid_redirect_uri', /must use http or https scheme/],
    ['a private scheme with a secret', uri('com.example:/cb'), 'invalid_redirect_uri', /must use http or https/],
    ['user info', uri('https://a@b/'), 'invalid_redirect_uri', /user information/],
    ['a bad one at the end', { ...MINIMAL, redirect_uris: ['https://a/', 'x'] }, 'invalid_redirect_uri', /"x" is not/],
    [
      'a bad one without the code grant',
      { ...uri('x'), grant_types: ['device_code'] },
      'invalid_redirect_uri',
      /"x" is not/,
    ],
    [
      '51 URIs',
      { ...MINIMAL, redirect_uris: Array.from({ length: 51 }, (_, n) => `https://a/${n}`) },
      'invalid_redirect_uri',
      /more than 50/,
    ],
    [
      'response type token',
      { ...MINIMAL, response_types: ['token'] },
      'invalid_client_metadata',
      /response_type: token/,
    ],
    ['no response type', { ...MINIMAL, response_types: [] }, 'invalid_client_metadata', /do not belong together/],
    [
      'code without its grant',
      { ...MINIMAL, grant_types: [DEVICE], response_types: ['code'] },
      'invalid_client_metadata',
      /do not belong together/,
    ],
    [
      'client_uri javascript',
      { ...MINIMAL, client_uri: 'javascript:x' },
      'invalid_client_metadata',
      /^client_uri must/,
    ],
    ['client_uri user info', { ...MINIMAL, client_uri: 'https://a@b' }, 'invalid_client_metadata', /^client_uri must/],
    [
      'client_uri of 3 kB',
      { ...MINIMAL, client_uri: `https://a/${'x'.repeat(3000)}` },
      'invalid_client_metadata',
      /2000 bytes/,
    ],
    ['application_type', { ...MINIMAL, application_type: 'x' }, 'invalid_client_metadata', /application_type: x/],
    [
      'a value out of alphabet',
      { ...MINIMAL, scope: 'é"\\<' },
      'invalid_client_metadata',
      /Unsupported scope: \?\?\?</,
    ],
  ]
  test.each(REFUSED)('refused: %s', async (_, metadata, error, description) => {
    const count = async () => (await app.ctx.db.q.select().from(app.ctx.db.t.oauthApplications)).length
    const before = await count()
    const [status, code, text = ''] = await refused(metadata)
    expect([status, code]).toEqual([400, error])
    if (typeof description === 'string') expect(text).toBe(description)
    else expect(text).toMatch(description)
    expect(text.length).toBeLessThan(400)
    expect(await count()).toBe(before)
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '{"client_name": '],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"client_name"'],
    ['a number as name', '{"client_name": 1}'],
    ['a text for a list', { ...MINIMAL, redirect_uris: 'https://a/' }],
    ['a list of other things', { ...MINIMAL, grant_types: [{}] }],
    ['60 kB of depth', '['.repeat(60_000)],
    ['depth inside', `{"client_name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ])('a body that is %s: a fixed text', async (_, body) => {
    expect(await refused(body)).toEqual([400, 'invalid_client_metadata', 'Invalid request body'])
  })

  test('only JSON is read, and not much of it', async () => {
    const sent = JSON.stringify(MINIMAL)
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', ''])
      expect(await outcome(await postJson(app, sent, { 'content-type': type }))).toEqual([
        400,
        'invalid_client_metadata',
        'Invalid request body',
      ])
    const charset = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await postJson(app, MINIMAL, charset)).status).toBe(201)
    expect((await refused({ ...MINIMAL, x: 'x'.repeat(70_000) })).slice(0, 2)).toEqual([413, 'invalid_request'])
  })

  describe('initial access token', () => {
    let closed: TestApp
    beforeAll(async () => {
      closed = await pool.get({ ...ENABLED, DYNAMIC_CLIENT_REGISTRATION_TOKEN: TOKEN })
    })

    test.each([
      ['none', {}],
      ['another scheme', basic('x', 'y')],
      ['no token', { authorization: 'Bearer' }],
    ])('missing: %s (RFC 6750 §3)', async (_, headers) => {
      const response = await postJson(closed, 'no json', headers as Record<string, string>)
      expect(response.headers.get('www-authenticate')).toStartWith('Bearer')
      expect(response.headers.get('www-authenticate')).not.toContain('error')
      expect(await outcome(response)).toEqual([
        401,
        'invalid_token',
        'An initial access token is required for client registration',
      ])
    })

    test.each(['wrong', `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase()])('wrong: %s', async (token) => {
      const response = await postJson(closed, 'no json', { authorization: `Bearer ${token}` })
      expect(response.headers.get('www-authenticate')).toContain('Bearer error="invalid_token"')
      expect(await outcome(response)).toEqual([401, 'invalid_token', 'The initial access token is invalid'])
    })

    test('right, with the scheme in any case (RFC 9110 §11.1)', async () => {
      for (const scheme of ['Bearer', 'bearer', 'BEARER'])
        expect((await postJson(closed, MINIMAL, { authorization: `${scheme} ${TOKEN}` })).status).toBe(201)
    })

    test('a registration token is none', async () => {
      const { registration_access_token } = await registered(app)
      const headers = { authorization: `Bearer ${registration_access_token}` }
      expect((await postJson(closed, MINIMAL, headers)).status).toBe(401)
    })

    test('refusals are recorded, without what was presented', async () => {
      await postJson(closed, MINIMAL, { authorization: 'Bearer a-guess' })
      const refusals = (await auditRows(closed, 'CLIENT_REGISTERED')).filter(({ success }) => !success)
      expect(refusals.length).toBeGreaterThan(0)
      expect(refusals[0]).toMatchObject({ severity: 'WARNING', actorIp: '127.0.0.1', actorUserId: '' })
      expect(JSON.stringify(refusals)).not.toContain('a-guess')
    })
  })

  test('the trail has the creation and the registration, without an actor', async () => {
    const { client_id } = await registered(app, { client_uri: 'https://example.com/' })
    const rows = (await auditRows(app)).filter(({ resourceId }) => resourceId === client_id)
    const [created, done] = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const common = { actorUserId: '', actorIp: '127.0.0.1', resourceType: 'CLIENT', resourceName: 'My application' }
    const details = { client_name: 'My application', grant_types: 'authorization_code', scopes: 'email profile' }
    expect(rows).toHaveLength(2)
    expect(created).toMatchObject({ ...common, eventType: 'CLIENT_CREATED', severity: 'INFO' })
    expect(created?.details).toEqual({ ...details, token_profile: 'standard' })
    expect(done).toMatchObject({
      ...common,
      eventType: 'CLIENT_REGISTERED',
      action: 'OAuth client registered via dynamic registration (RFC 7591)',
    })
    expect(done?.details).toEqual({
      ...details,
      client_type: 'confidential',
      client_uri: 'https://example.com/',
      redirect_uris: MINIMAL.redirect_uris,
      source_ip: '127.0.0.1',
    })
  })

  test('a pending client can use no endpoint; approved, it can [SEC]', async () => {
    const client = await registered(app, { grant_types: ['device_code', 'authorization_code', 'refresh_token'] })
    const { client_id, client_secret } = client
    const headers = basic(client_id, client_secret)
    const ask = async () => {
      const answers = [
        await app.postForm('/oauth/device/code', { client_id }, headers),
        await app.postForm('/oauth/token', { grant_type: DEVICE, device_code: 'x', client_id }, headers),
        await app.postForm('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' }, headers),
        await app.postForm('/oauth/token', { grant_type: 'client_credentials' }, headers),
        await app.postForm('/oauth/introspect', { token: 'x' }, headers),
        await app.postForm('/oauth/revoke', { token: 'x' }, headers),
      ]
      return answers.map(({ status }) => status)
    }
    expect(await ask()).toEqual([401, 401, 401, 401, 401, 401])
    await setStatus(app, client_id, 'active')
    expect(await ask()).toEqual([200, 400, 400, 400, 200, 200])
    await setStatus(app, client_id, 'inactive')
    expect(await ask()).toEqual([401, 401, 401, 401, 401, 401])
  })

  test('the named method is the one that authenticates (RFC 7591 §2) [SEC]', async () => {
    const client = await registered(app, { token_endpoint_auth_method: 'client_secret_post' })
    const { client_id, client_secret } = client
    await setStatus(app, client_id, 'active')
    const form = { grant_type: 'client_credentials' }
    const [wrong] = await outcome(await app.postForm('/oauth/token', form, basic(client_id, client_secret)))
    const right = await outcome(await app.postForm('/oauth/token', { ...form, client_id, client_secret }))
    expect([wrong, right.slice(0, 2)]).toEqual([401, [400, 'unauthorized_client']])
  })
})

const DAY = 24 * 3_600_000

describe.each(databases)('limits of registration on %s', (_name, open) => {
  let app: TestApp
  const start = async (settings: Record<string, string> = {}) => {
    app = await openTestApp({ open, settings: { ...ENABLED, ENABLE_RATE_LIMIT: 'true', ...settings } })
    const { ctx } = app
    const template = await app.insertClient({ origin: 'registration', status: 'pending' })
    const { secret: _, ...row } = template
    return async (count: number, more: Partial<typeof row>) => {
      const rows = Array.from({ length: count }, () => ({ ...row, clientId: crypto.randomUUID(), ...more }))
      await ctx.db.q.insert(ctx.db.t.oauthApplications).values(rows)
    }
  }
  const from = (ip: string) => postJson(app, MINIMAL, { 'x-forwarded-for': ip })

  test('a thousand clients wait at most; approved ones and those of people do not count', async () => {
    const insert = await start()
    await insert(998, { registrationIp: '192.0.2.1' })
    await insert(5, { status: 'active' })
    await insert(5, { origin: 'owner' })
    expect((await from('203.0.113.1')).status).toBe(201)
    const response = await from('203.0.113.1')
    expect(response.headers.get('retry-after')).toBe('3600')
    expect((await outcome(response)).slice(0, 2)).toEqual([429, 'rate_limit_exceeded'])
    const [refusal] = (await auditRows(app, 'CLIENT_REGISTERED')).filter(({ success }) => !success)
    expect(refusal?.errorMessage).toBe('rate_limit_exceeded')
    await app.close()
  })

  test('a hundred a day from one address, whatever became of them', async () => {
    const insert = await start()
    await insert(50, { registrationIp: '192.0.2.1', status: 'active' })
    await insert(50, { registrationIp: '192.0.2.1' })
    expect((await from('192.0.2.1')).status).toBe(429)
    expect((await from('192.0.2.2')).status).toBe(201)
    app.clock.advance(DAY)
    expect((await from('192.0.2.1')).status).toBe(201)
    await app.close()
  })

  test('addresses of one IPv6 network are one', async () => {
    const insert = await start()
    await insert(100, { registrationIp: '2001:db8::1' })
    expect((await from('2001:db8::2')).status).toBe(429)
    expect((await from('2001:db8:0:1::2')).status).toBe(201)
    await app.close()
  })

  test('none with ENABLE_RATE_LIMIT=false', async () => {
    const insert = await start({ ENABLE_RATE_LIMIT: 'false' })
    await insert(1000, { registrationIp: '192.0.2.1' })
    expect((await from('192.0.2.1')).status).toBe(201)
    await app.close()
  })
})
