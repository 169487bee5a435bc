/** A client's own registration (RFC 7592). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { TestApp } from '../../support/app'
import { databases } from '../../support/databases'
import { auditRows, basic, bearer, createAppPool, issueTokens, outcome } from '../support'
import { clientRow, DEVICE, ENABLED, MINIMAL, manage, type Registered, registered, setStatus } from './support'

describe.each(databases)('client configuration on %s', (_name, open) => {
  let app: TestApp
  const pool = createAppPool(open)
  beforeAll(async () => {
    app = await pool.get(ENABLED)
  })
  afterAll(() => pool.close())

  const replaced = async (client: Registered, metadata: Record<string, unknown>) =>
    await manage(app, client, 'PUT', { ...MINIMAL, client_id: client.client_id, ...metadata })
  const members = async (response: Response) => (await response.json()) as Record<string, unknown>
  const revisions = async ({ client_id }: Registered) => {
    const { clientRevisions } = app.ctx.db.t
    return await app.ctx.db.q.select().from(clientRevisions).where(eq(clientRevisions.clientId, client_id))
  }
  const trail = async ({ client_id }: Registered, eventType: string) =>
    (await auditRows(app, eventType)).filter(({ resourceId }) => resourceId === client_id)

  describe('who may', () => {
    test.each(['GET', 'PUT', 'DELETE'] as const)('%s: only the holder of its own token [SEC]', async (method) => {
      const client = await registered(app)
      const other = await registered(app)
      const unregistered = await app.insertClient()
      const send = (client_id: string, registration_access_token: string) =>
        manage(app, { client_id, registration_access_token }, method, method === 'GET' ? undefined : {})
      const refused = [
        await send(client.client_id, other.registration_access_token),
        await send(client.client_id, client.client_secret),
        await send(client.client_id, `${client.registration_access_token}a`),
        await send(unregistered.clientId, client.registration_access_token),
        await send(crypto.randomUUID(), client.registration_access_token),
      ]
      for (const response of refused) {
        expect(response.headers.get('www-authenticate')).toStartWith('Bearer error="invalid_token"')
        expect(response.headers.get('cache-control')).toBe('no-store')
        expect(await outcome(response)).toEqual([401, 'invalid_token', 'Token is invalid or expired'])
      }
      expect(await clientRow(app, client.client_id)).toMatchObject({ version: 1 })
    })

    test('no token: 401 whose challenge names no error (RFC 6750 §3)', async () => {
      const { client_id } = await registered(app)
      for (const headers of [{}, { authorization: ' ' }]) {
        const response = await app.get(`/oauth/register/${client_id}`, { headers: headers as Record<string, string> })
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="authgate"'])
      }
      const secret = await app.get(`/oauth/register/${client_id}`, { headers: basic(client_id, 'x') })
      expect(secret.status).toBe(401)
    })

    test.each(['%00', '%F0%9F%9A%80', 'x'.repeat(300), "'", '..%2f..'])('an id that is none: %s', async (id) => {
      const response = await app.get(`/oauth/register/${id}`, { headers: bearer('agr_x') })
      expect(response.status).toBe(401)
    })

    test('an id that is no text', async () => {
      expect((await app.get('/oauth/register/%ff', { headers: bearer('agr_x') })).status).toBe(400)
    })

    test('the initial access token opens none', async () => {
      const token = 'an-initial-access-token-of-the-operator'
      const closed = await pool.get({ ...ENABLED, DYNAMIC_CLIENT_REGISTRATION_TOKEN: token })
      const { clientId: client_id } = await closed.insertClient({ origin: 'registration' })
      const read = await manage(closed, { client_id, registration_access_token: token }, 'GET')
      expect(read.status).toBe(401)
    })

    test('an access token of the client opens none', async () => {
      const client = await registered(app, { grant_types: [DEVICE] })
      await setStatus(app, client.client_id, 'active')
      const row = await clientRow(app, client.client_id)
      if (!row) throw new Error('no row')
      const { access_token } = await issueTokens(app, { user: await app.insertUser(), client: row, scope: 'email' })
      const response = await app.get(`/oauth/register/${client.client_id}`, { headers: bearer(access_token) })
      expect(response.status).toBe(401)
    })

    test('switched off: 403', async () => {
      const off = await pool.get({})
      const client = { client_id: 'x', registration_access_token: 'y' }
      for (const method of ['GET', 'PUT', 'DELETE'] as const)
        expect((await manage(off, client, method)).status).toBe(403)
    })

    test('guesses are recorded', async () => {
      await manage(app, { client_id: crypto.randomUUID(), registration_access_token: 'agr_guess' }, 'DELETE')
      const [row] = (await auditRows(app, 'CLIENT_DELETED')).filter(({ success }) => !success)
      expect(row).toMatchObject({ severity: 'WARNING', errorMessage: 'invalid_token', actorUserId: '' })
      expect(JSON.stringify(await auditRows(app))).not.toContain('agr_guess')
    })
  })

  test('read: what was registered, with the token and without the secret (RFC 7592 §3)', async () => {
    const client = await registered(app, { client_uri: 'https://example.com/', grant_types: [DEVICE, 'refresh_token'] })
    const response = await manage(app, client, 'GET')
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { client_secret: _, ...rest } = client
    expect(await members(response)).toEqual(rest)
  })

  describe('change of a pending client', () => {
    test('replaces everything; what is left out has its default again (RFC 7592 §2.2)', async () => {
      const client = await registered(app, { client_uri: 'https://example.com/', scope: 'openid' })
      const response = await replaced(client, {
        client_name: 'New name',
        redirect_uris: ['https://other.example/cb'],
        grant_types: [DEVICE, 'authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
        client_secret: client.client_secret,
      })
      expect(response.status).toBe(200)
      const answer = await members(response)
      expect(answer).toEqual({
        client_id: client.client_id,
        client_name: 'New name',
        redirect_uris: ['https://other.example/cb'],
        grant_types: [DEVICE, 'authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        scope: 'email profile',
        client_id_issued_at: client.client_id_issued_at,
        client_secret_expires_at: 0,
        registration_client_uri: client.registration_client_uri,
        registration_access_token: client.registration_access_token,
      })
      expect(await members(await manage(app, client, 'GET'))).toEqual(answer)
      expect(await clientRow(app, client.client_id)).toMatchObject({
        ...{ status: 'pending', clientUri: '', version: 2, enableDeviceFlow: true },
        ...{ grantTypes: 'device_code authorization_code refresh_token' },
      })
      expect(await revisions(client)).toEqual([])
    })

    test('is recorded with the client as actor', async () => {
      const client = await registered(app)
      await replaced(client, { client_name: 'New name' })
      const [row] = await trail(client, 'CLIENT_UPDATED')
      expect(row).toMatchObject({
        success: true,
        actorUserId: `client:${client.client_id}`,
        clientId: client.client_id,
      })
      expect(row?.details).toMatchObject({ client_name: 'My application', changes: { client_name: 'New name' } })
    })

    test('to the same is none', async () => {
      const client = await registered(app)
      expect((await replaced(client, {})).status).toBe(200)
      expect(await clientRow(app, client.client_id)).toMatchObject({ version: 1 })
    })

    test.each<[string, (client: Registered) => Record<string, unknown>, string | RegExp]>([
      ['another client_id', () => ({ client_id: 'x' }), /^client_id is not/],
      ['no client_id', () => ({ client_id: undefined }), /^client_id is not/],
      ['a wrong secret', () => ({ client_secret: 'ago_x' }), /^client_secret is not/],
      [
        'its token',
        (c) => ({ registration_access_token: c.registration_access_token }),
        /^registration_access_token must/,
      ],
      ['its address', (c) => ({ registration_client_uri: c.registration_client_uri }), /^registration_client_uri must/],
      ['the end of its secret', () => ({ client_secret_expires_at: 0 }), /^client_secret_expires_at must/],
      ['its time', (c) => ({ client_id_issued_at: c.client_id_issued_at }), /^client_id_issued_at must/],
      ['no secret any more', () => ({ token_endpoint_auth_method: 'none' }), /register a new client$/],
      ['bad metadata', () => ({ client_name: 'a\u200bb' }), /^client_name must not/],
      ['a statement', () => ({ software_statement: 'x' }), /not supported/],
    ])('refused: %s', async (_, metadata, description) => {
      const client = await registered(app)
      const [status, , text] = await outcome(await replaced(client, metadata(client)))
      expect([status, text]).toEqual([400, expect.stringMatching(description)])
      expect(await clientRow(app, client.client_id)).toMatchObject({ version: 1 })
    })

    test('refused: no JSON object', async () => {
      const client = await registered(app)
      for (const body of [[], 'x', null])
        expect((await outcome(await manage(app, client, 'PUT', body)))[2]).toBe('Invalid request body')
      expect((await manage(app, client, 'PUT')).status).toBe(400)
    })

    test('a public client gets no secret', async () => {
      const client = await registered(app, { token_endpoint_auth_method: 'none' })
      expect((await outcome(await replaced(client, {})))[2]).toContain('register a new client')
      const answer = await members(await replaced(client, { token_endpoint_auth_method: 'none', client_name: 'New' }))
      expect(answer).not.toHaveProperty('client_secret_expires_at')
      expect(answer.client_name).toBe('New')
    })

    test('64 at once: the last one counts, whole', async () => {
      const client = await registered(app)
      const names = Array.from({ length: 64 }, (_, n) => `Name ${n}`)
      const change = (name: string) =>
        replaced(client, { client_name: name, redirect_uris: [`https://example.com/${name.slice(5)}`] })
      const statuses = new Set((await Promise.all(names.map(change))).map(({ status }) => status))
      for (const status of statuses) expect([200, 503]).toContain(status)
      const row = await clientRow(app, client.client_id)
      expect(row?.redirectUris).toEqual([`https://example.com/${row?.clientName.slice(5)}`])
      expect((await trail(client, 'CLIENT_UPDATED')).length).toBe((row?.version ?? 0) - 1)
    })
  })

  describe('change of an approved client', () => {
    const approved = async (metadata: Record<string, unknown> = {}) => {
      const client = await registered(app, metadata)
      await setStatus(app, client.client_id, 'active')
      return client
    }

    test('waits for review while the approved version stays live (W7, U15) [SEC]', async () => {
      const client = await approved()
      const before = await clientRow(app, client.client_id)
      const response = await replaced(client, { redirect_uris: ['https://evil.example/cb'], scope: 'openid' })
      expect(response.status).toBe(200)
      const answer = await members(response)
      expect(answer).toMatchObject({
        redirect_uris: MINIMAL.redirect_uris,
        scope: 'email profile',
        pending_changes: { redirect_uris: ['https://evil.example/cb'], scope: 'openid' },
      })
      expect(Object.keys(answer.pending_changes as object).sort()).toEqual(['redirect_uris', 'scope'])
      const after = await clientRow(app, client.client_id)
      expect({ ...after, version: 0 }).toEqual({ ...before, version: 0 })
      expect(await revisions(client)).toEqual([
        expect.objectContaining({
          proposed: { redirectUris: ['https://evil.example/cb'], scopes: 'openid' },
          proposedBy: `client:${client.client_id}`,
          status: 'pending',
        }),
      ])
      const [row] = await trail(client, 'CLIENT_UPDATED')
      expect(row?.action).toContain('waits for review')
      expect(row?.details).toMatchObject({ changes: { redirect_uris: ['https://evil.example/cb'], scope: 'openid' } })
      expect((await members(await manage(app, client, 'GET'))).pending_changes).toEqual(answer.pending_changes)
    })

    test.each<[string, Record<string, unknown>]>([
      ['name', { client_name: 'Other' }],
      ['address', { client_uri: 'https://evil.example/' }],
      ['grants', { grant_types: ['authorization_code', DEVICE] }],
      ['refresh', { grant_types: ['authorization_code', 'refresh_token'] }],
      ['method', { token_endpoint_auth_method: 'client_secret_post' }],
    ])('also that of its %s', async (_, metadata) => {
      const client = await approved()
      const before = await clientRow(app, client.client_id)
      expect((await replaced(client, metadata)).status).toBe(200)
      expect({ ...(await clientRow(app, client.client_id)), version: 1 }).toEqual({ ...before, version: 1 })
      expect(await revisions(client)).toHaveLength(1)
    })

    test('a later proposal takes the place of the earlier under another id; the approved version takes it back', async () => {
      const client = await approved({ client_uri: 'https://example.com/' })
      const own = { client_uri: 'https://example.com/' }
      await replaced(client, { ...own, client_name: 'First' })
      const [first] = await revisions(client)
      await replaced(client, { client_name: 'Second' })
      const [second, ...none] = await revisions(client)
      expect([second?.proposed, none]).toEqual([{ clientName: 'Second', clientUri: '' }, []])
      expect(second?.id).not.toBe(first?.id)
      expect((await members(await manage(app, client, 'GET'))).pending_changes).toEqual({
        client_name: 'Second',
        client_uri: '',
      })

      const back = await replaced(client, own)
      expect(await members(back)).not.toHaveProperty('pending_changes')
      expect(await revisions(client)).toEqual([])
      expect((await trail(client, 'CLIENT_UPDATED')).map(({ action }) => action)).toContain(
        'OAuth client took back the change it had proposed',
      )
    })

    test('64 at once: one proposal remains', async () => {
      const client = await approved()
      const change = (_: unknown, n: number) => replaced(client, { client_name: `Name ${n}` })
      const statuses = (await Promise.all(Array.from({ length: 64 }, change))).map(({ status }) => status)
      expect(statuses).toContain(200)
      expect(await revisions(client)).toHaveLength(1)
    })

    test('a decided proposal is left alone', async () => {
      const client = await approved()
      await replaced(client, { client_name: 'Rejected' })
      const { clientRevisions } = app.ctx.db.t
      await app.ctx.db.q.update(clientRevisions).set({ status: 'rejected' })
      expect(await members(await manage(app, client, 'GET'))).not.toHaveProperty('pending_changes')
      await replaced(client, { client_name: 'Again' })
      expect((await revisions(client)).map(({ status }) => status).sort()).toEqual(['pending', 'rejected'])
    })

    test('approval and change at once: what was approved is what is live [SEC]', async () => {
      const { oauthApplications: table } = app.ctx.db.t
      for (let n = 0; n < 20; n += 1) {
        const client = await registered(app)
        const approve = app.ctx.db.q
          .update(table)
          .set({ status: 'active', version: 2 })
          .where(eq(table.clientId, client.client_id))
        await Promise.all([replaced(client, { client_name: 'Changed' }), approve.then(() => undefined)])
        const row = await clientRow(app, client.client_id)
        // Either the change came first, or it is a proposal.
        expect([row?.clientName, (await revisions(client)).length]).toEqual(
          row?.clientName === 'Changed' ? ['Changed', 0] : ['My application', 1],
        )
      }
    })
  })

  test('a deactivated client can read and delete, not change', async () => {
    const client = await registered(app)
    await setStatus(app, client.client_id, 'inactive')
    expect((await manage(app, client, 'GET')).status).toBe(200)
    expect((await outcome(await replaced(client, { client_name: 'x' }))).slice(0, 2)).toEqual([403, 'access_denied'])
    expect((await manage(app, client, 'DELETE')).status).toBe(204)
  })

  describe('deletion', () => {
    test('ends everything the client has: tokens, consents, codes, revisions (W9) [SEC]', async () => {
      const client = await registered(app, { grant_types: ['authorization_code', DEVICE, 'refresh_token'] })
      const { client_id, client_secret } = client
      await setStatus(app, client_id, 'active')
      const row = await clientRow(app, client_id)
      if (!row) throw new Error('no row')
      const user = await app.insertUser()
      const tokens = await issueTokens(app, { user, client: row, scope: 'email' })
      const headers = basic(client_id, client_secret)
      expect((await app.postForm('/oauth/device/code', { client_id }, headers)).status).toBe(200)
      await replaced(client, { client_name: 'Proposed' })
      const profile = () => app.get('/oauth/userinfo', { headers: bearer(tokens.access_token) })
      expect((await profile()).status).toBe(200)

      const response = await manage(app, client, 'DELETE')
      expect([response.status, await response.text()]).toEqual([204, ''])
      expect(response.headers.get('cache-control')).toBe('no-store')

      expect((await profile()).status).toBe(401)
      const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
      expect((await app.postForm('/oauth/token', refresh, headers)).status).toBe(401)
      const { q, t } = app.ctx.db
      for (const table of [t.oauthApplications, t.userAuthorizations, t.deviceCodes, t.clientRevisions])
        expect(await q.select().from(table).where(eq(table.clientId, client_id))).toEqual([])
      const left = await q.select().from(t.accessTokens).where(eq(t.accessTokens.clientId, client_id))
      expect(new Set(left.map(({ status }) => status))).toEqual(new Set(['revoked']))
      const [recorded] = await trail(client, 'CLIENT_DELETED')
      expect(recorded).toMatchObject({ severity: 'WARNING', actorUserId: `client:${client_id}`, success: true })
    })

    test('ends the registration: 401 from then on (RFC 7592 §2.3)', async () => {
      const client = await registered(app)
      const answers = await Promise.all(Array.from({ length: 8 }, () => manage(app, client, 'DELETE')))
      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(7).fill(401)])
      expect((await manage(app, client, 'GET')).status).toBe(401)
      expect((await replaced(client, {})).status).toBe(401)
      expect(await trail(client, 'CLIENT_DELETED')).toHaveLength(1)
    })

    test('a token issued at the same time does not survive', async () => {
      for (let n = 0; n < 10; n += 1) {
        const client = await registered(app)
        const { client_id, client_secret } = client
        const { oauthApplications: table } = app.ctx.db.t
        await app.ctx.db.q
          .update(table)
          .set({ status: 'active', enableClientCredentialsFlow: true, scopes: 'read' })
          .where(eq(table.clientId, client_id))
        const form = { grant_type: 'client_credentials' }
        const ask = () => app.postForm('/oauth/token', form, basic(client_id, client_secret))
        const [gone, ...answers] = await Promise.all([manage(app, client, 'DELETE'), ask(), ask(), ask(), ask()])
        expect(gone.status).toBe(204)
        for (const answer of answers) expect([200, 401, 503]).toContain(answer.status)
        const { accessTokens } = app.ctx.db.t
        const left = await app.ctx.db.q.select().from(accessTokens).where(eq(accessTokens.clientId, client_id))
        expect(left.filter(({ status }) => status !== 'revoked')).toEqual([])
      }
    })
  })
})
