/** The authorization code grant at the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9700 §4.5). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { DatabaseUnavailable } from '../../src/db/errors'
import { createHandler } from '../../src/server'
import { revokeTokensOfConsent } from '../../src/tokens/revoke'
import type { TestApp, UserRow } from '../support/app'
import { databases } from '../support/databases'
import { codeRow, insertCode, REDIRECT_URI, redeem, type TestClient, VERIFIER } from './code-support'
import { auditRows, basic, bearer, createAppPool, decode, outcome, tokenRow } from './support'

type Answer = { access_token: string; refresh_token?: string; id_token?: string; scope: string; expires_in: number }

const INVALID = [400, 'invalid_grant', 'Authorization code is invalid or expired'] as const
const USED = [400, 'invalid_grant', 'Authorization code has already been used'] as const
const OTHER_URI = [400, 'invalid_grant', 'Redirect URI does not match'] as const
const OTHER_VERIFIER = [400, 'invalid_grant', 'PKCE code_verifier validation failed'] as const
const UNAUTHENTICATED = [401, 'invalid_client', 'Client authentication failed'] as const
const FLOW_OFF = [400, 'unauthorized_client', 'Authorization code flow is not enabled for this client'] as const

describe.each(databases)('authorization code grant on %s', (_name, open) => {
  const pool = createAppPool(open)
  let app: TestApp
  let user: UserRow
  let client: TestClient
  beforeAll(async () => {
    app = await pool.get({})
  })
  afterAll(() => pool.close())
  beforeEach(async () => {
    user = await app.insertUser()
    client = await app.insertClient({ scopes: 'openid profile email offline_access read write' })
  })

  const answer = async (response: Response): Promise<Answer> => {
    expect(response.status).toBe(200)
    return (await response.json()) as Answer
  }
  const code = (overrides = {}, scope?: string) => insertCode(app, { user, client, scope }, overrides)
  const isLive = async (token: string) => (await app.get('/oauth/tokeninfo', { headers: bearer(token) })).status === 200

  describe('a right code', () => {
    test('tokens of the granted scope, linked to code, consent and family; events in order', async () => {
      const { uuid, consentId, code: presented } = await code({ sid: 'a-session' })
      const response = await redeem(app, client, presented)
      expect(response.headers.get('cache-control')).toBe('no-store')
      const tokens = await answer(response)
      expect(Object.keys(tokens)).toEqual([
        ...['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token', 'id_token'],
      ])
      expect(tokens.scope).toBe('openid read')
      const { payload } = decode(tokens.access_token)
      const row = await tokenRow(app, payload.jti as string)
      expect(row).toMatchObject({ authorizationCodeId: uuid, authorizationId: consentId, status: 'active' })
      expect(row?.grantType).toBe('authorization_code')
      const used = await codeRow(app, uuid)
      expect([used?.usedAt instanceof Date, used?.tokenFamilyId]).toEqual([true, row?.tokenFamilyId ?? ''])
      const events = (await auditRows(app)).filter(({ clientId }) => clientId === client.clientId)
      expect(events.map(({ eventType }) => eventType)).toEqual([
        ...['AUTHORIZATION_CODE_EXCHANGED', 'ID_TOKEN_ISSUED', 'ACCESS_TOKEN_ISSUED', 'REFRESH_TOKEN_ISSUED'],
      ])
      expect(events[0]).toMatchObject({ resourceId: uuid, actorUserId: user.id, success: true })
      expect(events[1]).toMatchObject({ resourceId: payload.jti, actorUserId: user.id })
    })

    test('Basic without a client_id in the body (P3)', async () => {
      const { code: presented } = await code()
      const left = { client_id: undefined, client_secret: undefined }
      expect((await redeem(app, client, presented, left, basic(client.clientId, client.secret))).status).toBe(200)
    })

    test('a public client with its verifier; a confidential one without PKCE', async () => {
      const open = await app.insertClient({ clientType: 'public', scopes: 'read' })
      const ofPublic = await insertCode(app, { user, client: open, scope: 'read' })
      const tokens = await answer(await redeem(app, open, ofPublic.code))
      expect([tokens.scope, tokens.id_token]).toEqual(['read', undefined])
      const plain = await code({ codeChallenge: '' })
      expect((await redeem(app, client, plain.code, { code_verifier: undefined })).status).toBe(200)
    })

    test('what the client may no longer have is left out (P12) [SEC]', async () => {
      const { code: presented } = await code({}, 'read admin')
      expect((await answer(await redeem(app, client, presented))).scope).toBe('read')
    })

    test('a code made before consents were linked uses the pair’s consent', async () => {
      const { code: presented, consentId } = await code({ authorizationId: null, authTime: null })
      const tokens = await answer(await redeem(app, client, presented))
      expect((await tokenRow(app, decode(tokens.access_token).payload.jti as string))?.authorizationId).toBe(consentId)
      expect(decode(tokens.id_token ?? '').payload).not.toHaveProperty('auth_time')
    })

    test('refresh tokens follow ENABLE_REFRESH_TOKENS and REFRESH_REQUIRES_OFFLINE_ACCESS (P17, P32)', async () => {
      const settings: Record<string, string>[] = [
        { ENABLE_REFRESH_TOKENS: 'false' },
        { REFRESH_REQUIRES_OFFLINE_ACCESS: 'true' },
      ]
      const found: [string, boolean][] = []
      for (const each of settings) {
        const other = await pool.get(each)
        const [person, application] = [await other.insertUser(), await other.insertClient()]
        for (const scope of ['read', 'read offline_access']) {
          const issued = await insertCode(other, {
            user: person,
            client: application,
            scope,
            consentScope: 'read offline_access',
          })
          const { refresh_token } = await answer(await redeem(other, application, issued.code))
          found.push([scope, refresh_token !== undefined])
        }
        const { accessTokens } = other.ctx.db.t
        const rows = await other.ctx.db.q.select().from(accessTokens)
        expect(rows.filter(({ tokenCategory }) => tokenCategory === 'refresh').length).toBe(
          'ENABLE_REFRESH_TOKENS' in each ? 0 : 1,
        )
      }
      expect(found).toEqual([
        ['read', false],
        ['read offline_access', false],
        ['read', false],
        ['read offline_access', true],
      ])
    })
  })

  describe('the order of the checks (§19.4)', () => {
    test.each(['code', 'redirect_uri', 'client_id'])('without %s', async (name) => {
      const { code: presented } = await code()
      const fields = { client_secret: undefined, [name]: undefined }
      expect(await outcome(await redeem(app, client, presented, fields))).toEqual([
        ...([400, 'invalid_request', 'code, redirect_uri, and client_id are required'] as const),
      ])
    })

    test('a parameter sent twice, or in the URL (§19.1)', async () => {
      const { code: presented } = await code()
      const form = `grant_type=authorization_code&code=${presented}&redirect_uri=x&redirect_uri=y`
      const twice = await app.postForm('/oauth/token', form, basic(client.clientId, client.secret))
      expect(await outcome(twice)).toEqual([400, 'invalid_request', 'Parameter redirect_uri must not be repeated'])
      const inUrl = await app.postForm(`/oauth/token?code=${presented}`, 'grant_type=authorization_code')
      expect((await outcome(inUrl)).slice(0, 2)).toEqual([400, 'invalid_request'])
      const unreadable = await redeem(app, client, presented, {}, { authorization: 'Basic !' })
      expect((await outcome(unreadable)).slice(0, 2)).toEqual([401, 'invalid_client'])
      const both = await redeem(app, client, presented, {}, basic(client.clientId, client.secret))
      expect(await outcome(both)).toEqual([400, 'invalid_request', 'Multiple client authentication methods'])
    })

    test('the client comes before its claims, and both before the code [SEC]', async () => {
      const claims = '{"iss":"x"}'
      const wrong = await redeem(app, client, 'x', { client_secret: 'ago_wrong', extra_claims: claims })
      expect(wrong.headers.get('www-authenticate')).toBe('Basic realm="authgate"')
      expect(await outcome(wrong)).toEqual([...UNAUTHENTICATED])
      const reserved = await redeem(app, client, 'x', { extra_claims: claims })
      expect(await outcome(reserved)).toEqual([400, 'invalid_request', 'reserved claim key: "iss"'])
      expect(await outcome(await redeem(app, client, 'x'))).toEqual([...INVALID])
    })

    test('no failed authentication touches the code', async () => {
      const { code: presented, uuid } = await code()
      for (const client_secret of ['ago_wrong', undefined])
        expect(await outcome(await redeem(app, client, presented, { client_secret }))).toEqual([...UNAUTHENTICATED])
      expect(await codeRow(app, uuid)).toMatchObject({ failedAttempts: 0, usedAt: null })
    })

    test('a reused code is replay before it is expired', async () => {
      const { code: presented } = await code()
      await redeem(app, client, presented)
      app.clock.advance(700_000)
      expect(await outcome(await redeem(app, client, presented, { redirect_uri: 'x' }))).toEqual([...USED])
    })
  })

  describe('state × answer [SEC]', () => {
    const t = () => app.ctx.db.t
    const change: Record<string, (found: { uuid: string; consentId: string }) => Promise<unknown>> = {
      expired: async () => app.clock.advance(600_000),
      burnt: ({ uuid }) =>
        app.ctx.db.q
          .update(t().authorizationCodes)
          .set({ failedAttempts: 5 })
          .where(eq(t().authorizationCodes.uuid, uuid)),
      'user disabled': () => app.ctx.db.q.update(t().users).set({ isActive: false }).where(eq(t().users.id, user.id)),
      'user deleted': () => app.ctx.db.q.delete(t().users).where(eq(t().users.id, user.id)),
      'consent revoked': ({ consentId }) =>
        app.ctx.db.q
          .update(t().userAuthorizations)
          .set({ isActive: false })
          .where(eq(t().userAuthorizations.uuid, consentId)),
      'consent narrowed': ({ consentId }) =>
        app.ctx.db.q
          .update(t().userAuthorizations)
          .set({ scopes: 'openid' })
          .where(eq(t().userAuthorizations.uuid, consentId)),
      'consent gone': ({ consentId }) =>
        app.ctx.db.q.delete(t().userAuthorizations).where(eq(t().userAuthorizations.uuid, consentId)),
      'scopes withdrawn': () =>
        app.ctx.db.q
          .update(t().oauthApplications)
          .set({ scopes: 'email' })
          .where(eq(t().oauthApplications.clientId, client.clientId)),
      'flow off': () =>
        app.ctx.db.q
          .update(t().oauthApplications)
          .set({ enableAuthCodeFlow: false })
          .where(eq(t().oauthApplications.clientId, client.clientId)),
      'client inactive': () =>
        app.ctx.db.q
          .update(t().oauthApplications)
          .set({ status: 'inactive' })
          .where(eq(t().oauthApplications.clientId, client.clientId)),
      'client pending': () =>
        app.ctx.db.q
          .update(t().oauthApplications)
          .set({ status: 'pending' })
          .where(eq(t().oauthApplications.clientId, client.clientId)),
      'all tokens of the consent revoked': () =>
        commit(app.ctx, revokeTokensOfConsent(app.ctx, { userId: user.id, clientId: client.clientId })),
    }
    test.each([
      ['expired', [400, 'invalid_grant', 'Authorization code has expired']],
      ['burnt', INVALID],
      ['user disabled', INVALID],
      ['user deleted', INVALID],
      ['consent revoked', INVALID],
      ['consent narrowed', INVALID],
      ['consent gone', INVALID],
      ['scopes withdrawn', INVALID],
      ['flow off', FLOW_OFF],
      ['client inactive', UNAUTHENTICATED],
      ['client pending', UNAUTHENTICATED],
      ['all tokens of the consent revoked', INVALID],
    ] as const)('%s', async (state, expected) => {
      const issued = await code()
      await change[state]?.(issued)
      expect(await outcome(await redeem(app, client, issued.code))).toEqual([...expected])
      const { accessTokens } = t()
      expect(await app.ctx.db.q.select().from(accessTokens).where(eq(accessTokens.userId, user.id))).toEqual([])
    })

    test('unknown, malformed and foreign codes are one answer, and a foreign one stays usable', async () => {
      const issued = await code()
      const stranger = await app.insertClient()
      for (const presented of ['0'.repeat(64), 'x', issued.code.toUpperCase(), `${issued.code}0`])
        expect(await outcome(await redeem(app, client, presented))).toEqual([...INVALID])
      for (let tries = 0; tries < 6; tries += 1)
        expect(await outcome(await redeem(app, stranger, issued.code, { redirect_uri: 'x' }))).toEqual([...INVALID])
      expect((await redeem(app, client, issued.code)).status).toBe(200)
    })

    test('refusals are recorded with their reason, and nothing the client sent (P38)', async () => {
      const { code: presented } = await code()
      await redeem(app, client, presented, { redirect_uri: 'https://evil.example/secret-path' })
      const rows = (await auditRows(app, 'AUTHORIZATION_CODE_EXCHANGED')).filter(
        ({ clientId }) => clientId === client.clientId,
      )
      expect(rows).toMatchObject([{ success: false, severity: 'WARNING', actorUserId: user.id }])
      expect(JSON.stringify(rows)).toContain('redirect URI')
      expect(JSON.stringify(rows)).not.toContain('secret-path')
      expect(JSON.stringify(await auditRows(app))).not.toContain(presented)
    })

    test('a database that does not answer is 503, and the code stays usable', async () => {
      const { code: presented, uuid } = await code()
      const down = () => Promise.reject(new DatabaseUnavailable('ECONNREFUSED'))
      const handle = createHandler({ ...app.ctx, db: { ...app.ctx.db, commit: down } })
      const body = new URLSearchParams({
        ...{ grant_type: 'authorization_code', code: presented, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER },
        ...{ client_id: client.clientId, client_secret: client.secret },
      })
      const response = await handle(new Request('http://localhost:8080/oauth/token', { method: 'POST', body }))
      expect((await outcome(response)).slice(0, 2)).toEqual([503, 'temporarily_unavailable'])
      expect((await codeRow(app, uuid))?.usedAt).toBeNull()
      expect((await redeem(app, client, presented)).status).toBe(200)
    })
  })

  describe('single use (RFC 6749 §4.1.2, P10) [SEC]', () => {
    test('a second use ends everything the first led to, refreshed tokens too, and is reported once', async () => {
      const { code: presented, uuid } = await code()
      const tokens = await answer(await redeem(app, client, presented))
      const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }
      const refreshed = await answer(await app.postForm('/oauth/token', refresh, basic(client.clientId, client.secret)))
      for (const _ of [1, 2]) expect(await outcome(await redeem(app, client, presented))).toEqual([...USED])
      expect([await isLive(tokens.access_token), await isLive(refreshed.access_token)]).toEqual([false, false])
      const late = await app.postForm('/oauth/token', refresh, basic(client.clientId, client.secret))
      expect((await outcome(late)).slice(0, 2)).toEqual([400, 'invalid_grant'])
      const reports = (await auditRows(app, 'SUSPICIOUS_ACTIVITY')).filter(({ resourceId }) => resourceId === uuid)
      expect(reports).toMatchObject([{ severity: 'CRITICAL', clientId: client.clientId, actorUserId: user.id }])
    })

    test('another client that presents a used code ends nothing', async () => {
      const { code: presented } = await code()
      const tokens = await answer(await redeem(app, client, presented))
      const stranger = await app.insertClient()
      expect(await outcome(await redeem(app, stranger, presented))).toEqual([...INVALID])
      expect(await isLive(tokens.access_token)).toBe(true)
    })

    test('of 64 redemptions at once exactly one gets tokens; none of the others is an error of the server', async () => {
      const { code: presented, uuid } = await code()
      const responses = await Promise.all(Array.from({ length: 64 }, () => redeem(app, client, presented)))
      const outcomes = await Promise.all(responses.map(outcome))
      expect(outcomes.filter(([status]) => status === 200).length).toBe(1)
      expect(outcomes.filter(([, error]) => error === 'invalid_grant').length).toBe(63)
      const { accessTokens } = app.ctx.db.t
      const rows = await app.ctx.db.q.select().from(accessTokens).where(eq(accessTokens.authorizationCodeId, uuid))
      expect(rows.map(({ tokenCategory }) => tokenCategory).sort()).toEqual(['access', 'refresh'])
    })
  })

  describe('who redeems is who asked (P5) [SEC]', () => {
    test.each(['wrong', `${VERIFIER}x`, VERIFIER.toUpperCase(), undefined])('verifier %j', async (code_verifier) => {
      const { code: presented } = await code()
      expect(await outcome(await redeem(app, client, presented, { code_verifier }))).toEqual([...OTHER_VERIFIER])
      expect((await redeem(app, client, presented)).status).toBe(200)
    })

    test.each([
      `${REDIRECT_URI}/`,
      `${REDIRECT_URI}?x=1`,
      'http://127.0.0.1:9999/callback',
      'http://localhost:9998/callback',
      'HTTP://localhost:9999/callback',
    ])('redirect URI %s', async (redirect_uri) => {
      const { code: presented } = await code()
      expect(await outcome(await redeem(app, client, presented, { redirect_uri }))).toEqual([...OTHER_URI])
      expect((await redeem(app, client, presented)).status).toBe(200)
    })

    test('a verifier where none was announced (RFC 9700 §4.8.2)', async () => {
      const { code: presented } = await code({ codeChallenge: '', codeChallengeMethod: '' })
      expect(await outcome(await redeem(app, client, presented))).toEqual([...OTHER_VERIFIER])
    })

    test('a public client without a challenge', async () => {
      const open = await app.insertClient({ clientType: 'public' })
      const { code: presented } = await insertCode(app, { user, client: open }, { codeChallenge: '' })
      const refused = [400, 'invalid_grant', 'PKCE code_verifier is required for public clients'] as const
      expect(await outcome(await redeem(app, open, presented, { code_verifier: undefined }))).toEqual([...refused])
    })

    test('PKCE_REQUIRED holds for codes made before it was switched on', async () => {
      const strict = await pool.get({ PKCE_REQUIRED: 'true' })
      const [person, application] = [await strict.insertUser(), await strict.insertClient()]
      const { code: presented } = await insertCode(
        strict,
        { user: person, client: application, scope: 'read' },
        { codeChallenge: '' },
      )
      const refused = [400, 'invalid_grant', 'PKCE code_verifier is required'] as const
      expect(await outcome(await redeem(strict, application, presented, { code_verifier: undefined }))).toEqual([
        ...refused,
      ])
    })

    test('five failed checks burn the code, four do not (P10)', async () => {
      const wrong = [{ redirect_uri: 'https://x.example' }, { code_verifier: undefined }, { code_verifier: 'wrong' }]
      const fail = async (presented: string, times: number) => {
        for (let n = 0; n < times; n += 1)
          expect((await redeem(app, client, presented, wrong[n % wrong.length])).status).toBe(400)
      }
      const survivor = await code()
      await fail(survivor.code, 4)
      expect((await redeem(app, client, survivor.code)).status).toBe(200)
      const burnt = await code()
      await fail(burnt.code, 5)
      expect(await outcome(await redeem(app, client, burnt.code))).toEqual([...INVALID])
      expect(await codeRow(app, burnt.uuid)).toMatchObject({ failedAttempts: 5, usedAt: null })
    })

    test('guesses at once burn it too, and count no further', async () => {
      const { code: presented, uuid } = await code()
      await Promise.all(Array.from({ length: 32 }, () => redeem(app, client, presented, { code_verifier: 'wrong' })))
      expect((await codeRow(app, uuid))?.failedAttempts).toBe(5)
      expect(await outcome(await redeem(app, client, presented))).toEqual([...INVALID])
    })
  })
})
