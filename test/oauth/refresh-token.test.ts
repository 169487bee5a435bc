/** The refresh grant through its endpoint (RFC 6749 §6, RFC 9700 §4.14.2). */
import { afterAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { createHandler } from '../../src/server'
import { revokeTokensOfConsent, revokeTokensOfUser } from '../../src/tokens/revoke'
import { disableToken } from '../../src/tokens/status'
import type { TestApp } from '../support/app'
import { databases } from '../support/databases'
import {
  auditRows,
  basic,
  bearer,
  createAppPool,
  decode,
  type Issued,
  issueMachineToken,
  issueTokens,
  outcome,
  tokenRow,
} from './support'

const INVALID = [400, 'invalid_grant', 'Refresh token is invalid or expired']
const ROTATION = { ENABLE_TOKEN_ROTATION: 'true' }
const ROTATING = { ENABLE_TOKEN_ROTATION: true, REFRESH_REUSE_GRACE: 0 }
const NO_GRACE = { ...ROTATION, REFRESH_REUSE_GRACE: '0s' }

describe.each(databases)('refresh grant on %s', (_name, open) => {
  const pool = createAppPool(open)
  let app: TestApp
  afterAll(() => pool.close())

  type Client = Awaited<ReturnType<TestApp['insertClient']>>
  type Tokens = { access_token: string; refresh_token: string; scope: string; expires_in: number }
  let user: Awaited<ReturnType<TestApp['insertUser']>>
  let client: Client
  let tokens: Issued

  /** A public client's grant of `read write`, on a server with these settings. */
  async function begin(settings: Record<string, string> = {}, overrides: Parameters<TestApp['insertClient']>[0] = {}) {
    app = await pool.get(settings)
    user = await app.insertUser()
    client = await app.insertClient({ clientType: 'public', scopes: 'read write email', ...overrides })
    tokens = await issueTokens(app, { user, client })
  }
  const refresh = (token: string, form: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    app.postForm(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: token, client_id: client.clientId, ...form },
      headers,
    )
  const refreshed = async (token: string, form: Record<string, string> = {}): Promise<Tokens> => {
    const response = await refresh(token, form)
    expect(response.status).toBe(200)
    return (await response.json()) as Tokens
  }
  const tokenInfo = async (token: string) => (await app.get('/oauth/tokeninfo', { headers: bearer(token) })).status
  const changeClient = (change: Partial<Client>) => {
    const { oauthApplications } = app.ctx.db.t
    return app.ctx.db.q.update(oauthApplications).set(change).where(eq(oauthApplications.clientId, client.clientId))
  }

  test('fixed mode: a new access token and the same refresh token, again and again', async () => {
    await begin()
    const seen = new Set([tokens.access_token])
    for (let n = 0; n < 5; n += 1) {
      const answer = await refreshed(tokens.refresh_token)
      expect(answer).toMatchObject({ refresh_token: tokens.refresh_token, scope: 'read write', token_type: 'Bearer' })
      seen.add(answer.access_token)
    }
    expect(seen.size).toBe(6)
    for (const token of seen) expect(await tokenInfo(token)).toBe(200)
    const row = await tokenRow(app, tokens.refreshTokenId)
    expect(row?.lastUsedAt).toBeInstanceOf(Date)
  })

  test('rotation: a new pair of the same family; the old access token lives on', async () => {
    await begin(ROTATION)
    const answer = await refreshed(tokens.refresh_token)
    expect(answer.refresh_token).not.toBe(tokens.refresh_token)
    expect(decode(answer.refresh_token).header.typ).toBe('rt+jwt')
    expect(await tokenInfo(tokens.access_token)).toBe(200)
    const row = await tokenRow(app, decode(answer.access_token).payload.jti as string)
    expect(row).toMatchObject({
      tokenFamilyId: tokens.familyId,
      parentTokenId: tokens.refreshTokenId,
      authorizationId: tokens.consentId,
      status: 'active',
    })
    expect((await tokenRow(app, tokens.refreshTokenId))?.status).toBe('revoked')
  })

  test('rotation for public clients only', async () => {
    await begin({ REFRESH_ROTATION_PUBLIC_ONLY: 'true' })
    expect((await refreshed(tokens.refresh_token)).refresh_token).not.toBe(tokens.refresh_token)
    const confidential = await app.insertClient({ clientType: 'confidential', scopes: 'read' })
    const own = await issueTokens(app, { user, client: confidential, scope: 'read' })
    const response = await refresh(
      own.refresh_token,
      { client_id: confidential.clientId },
      basic(confidential.clientId, confidential.secret),
    )
    expect(((await response.json()) as Tokens).refresh_token).toBe(own.refresh_token)
  })

  test('reuse outside the grace burns the family, access tokens included (RFC 9700 §4.14.2) [SEC]', async () => {
    await begin(NO_GRACE)
    const first = await refreshed(tokens.refresh_token)
    const second = await refreshed(first.refresh_token)
    expect(await outcome(await refresh(tokens.refresh_token))).toEqual(INVALID as never)
    expect(await outcome(await refresh(second.refresh_token))).toEqual(INVALID as never)
    for (const { access_token } of [tokens, first, second]) expect(await tokenInfo(access_token)).toBe(401)
    const { auditLogs } = app.ctx.db.t
    const alarms = await app.ctx.db.q.select().from(auditLogs).where(eq(auditLogs.eventType, 'SUSPICIOUS_ACTIVITY'))
    expect(alarms.find(({ clientId }) => clientId === client.clientId)).toMatchObject({
      severity: 'CRITICAL',
      clientId: client.clientId,
      actorUserId: user.id,
    })
  })

  test('a grant from before rotation was switched on is watched from then on [SEC]', async () => {
    await begin()
    const fixed = await refreshed(tokens.refresh_token)
    const rotating = createHandler({ ...app.ctx, settings: { ...app.ctx.settings, ...ROTATING } })
    const send = (token: string) => {
      const form = { grant_type: 'refresh_token', refresh_token: token, client_id: client.clientId }
      const init = { method: 'POST', body: new URLSearchParams(form) }
      return rotating(new Request('http://localhost:8080/oauth/token', init))
    }
    const next = (await (await send(fixed.refresh_token)).json()) as Tokens
    expect(next.refresh_token).not.toBe(fixed.refresh_token)
    expect(await outcome(await send(fixed.refresh_token))).toEqual(INVALID as never)
    expect(await outcome(await send(next.refresh_token))).toEqual(INVALID as never)
    for (const { access_token } of [tokens, fixed, next]) expect(await tokenInfo(access_token)).toBe(401)
  })

  test('reuse counts whoever presents the token, also another client [SEC]', async () => {
    await begin(NO_GRACE)
    const next = await refreshed(tokens.refresh_token)
    const thief = await app.insertClient({ clientType: 'public', scopes: 'read' })
    expect(await outcome(await refresh(tokens.refresh_token, { client_id: thief.clientId }))).toEqual(INVALID as never)
    expect(await outcome(await refresh(next.refresh_token))).toEqual(INVALID as never)
  })

  test('within the grace the same client gets the same answer; its end and its use end that (T36)', async () => {
    await begin(ROTATION)
    const first = await refreshed(tokens.refresh_token)
    expect(await refreshed(tokens.refresh_token)).toEqual(first)
    app.clock.advance(9_000)
    expect((await refreshed(tokens.refresh_token)).refresh_token).toBe(first.refresh_token)
    app.clock.advance(1_000)
    expect(await outcome(await refresh(tokens.refresh_token))).toEqual(INVALID as never)
    expect(await tokenInfo(first.access_token)).toBe(401)
  })

  test('once the successor was redeemed, its predecessor is evidence even within the grace (T36) [SEC]', async () => {
    await begin(ROTATION)
    const first = await refreshed(tokens.refresh_token)
    const second = await refreshed(first.refresh_token)
    expect(await outcome(await refresh(tokens.refresh_token))).toEqual(INVALID as never)
    expect(await tokenInfo(second.access_token)).toBe(401)
  })

  test('another client gets nothing within the grace [SEC]', async () => {
    await begin(ROTATION)
    await refreshed(tokens.refresh_token)
    const thief = await app.insertClient({ clientType: 'public', scopes: 'read' })
    expect(await outcome(await refresh(tokens.refresh_token, { client_id: thief.clientId }))).toEqual(INVALID as never)
  })

  test('64 parallel refreshes within the grace: one lineage, one answer (T30, T36) [SEC]', async () => {
    await begin(ROTATION)
    const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(tokens.refresh_token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200))
    const bodies = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(bodies).size).toBe(1)
    const successor = JSON.parse(bodies[0] as string) as Tokens
    expect(await tokenInfo(successor.access_token)).toBe(200)
    expect((await refresh(successor.refresh_token)).status).toBe(200)
  })

  test('64 parallel refreshes without grace: at most one pair, and the losers burn it (T30) [SEC]', async () => {
    await begin(NO_GRACE)
    const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(tokens.refresh_token)))
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBe(1)
    const [{ refresh_token, access_token }] = (await Promise.all(won.map((answer) => answer.json()))) as [Tokens]
    expect((await refresh(refresh_token)).status).toBe(400)
    expect(await tokenInfo(access_token)).toBe(401)
  })

  test('64 parallel refreshes in fixed mode all succeed', async () => {
    await begin()
    const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(tokens.refresh_token)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const issued = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Tokens).access_token))
    expect(new Set(issued).size).toBe(64)
  })

  test.each([
    ['the user was disabled', () => revokeTokensOfUser(app.ctx, user.id)],
    ['the consent was revoked', () => revokeTokensOfConsent(app.ctx, { userId: user.id, clientId: client.clientId })],
  ])('64 refreshes beside a bulk revocation because %s: nothing minted survives (T31) [SEC]', async (_what, revoke) => {
    await begin()
    const racing = Array.from({ length: 64 }, () => refresh(tokens.refresh_token))
    await Bun.sleep(0)
    await commit(app.ctx, revoke())
    const answers = await Promise.all(racing)
    for (const answer of answers) {
      if (answer.status !== 200) continue
      expect(await tokenInfo(((await answer.json()) as Tokens).access_token)).toBe(401)
    }
    expect((await refresh(tokens.refresh_token)).status).toBe(400)
  })

  describe('narrowing (P6, RFC 6749 §6)', () => {
    test('access token, its row and the answer carry what was asked for; the grant stays whole', async () => {
      await begin(ROTATION)
      const narrow = await refreshed(tokens.refresh_token, { scope: 'read  read'.replace('  ', ' ') })
      expect(narrow.scope).toBe('read')
      const { payload } = decode(narrow.access_token)
      expect(payload.scope).toBe('read')
      expect((await tokenRow(app, payload.jti as string))?.scopes).toBe('read')
      expect((await refreshed(narrow.refresh_token)).scope).toBe('read write')
    })

    test.each([
      ['more than was granted', 'read email', 'Requested scope exceeds original grant'],
      ['another case', 'READ', 'Requested scope exceeds original grant'],
    ])('%s is invalid_scope and does not use the token up [SEC]', async (_what, scope, description) => {
      await begin(NO_GRACE)
      expect(await outcome(await refresh(tokens.refresh_token, { scope }))).toEqual([400, 'invalid_scope', description])
      expect((await refresh(tokens.refresh_token)).status).toBe(200)
    })

    test.each(['read"write', 'r\u00e4d', 'a\\b', 'a\tb', 'x'.repeat(1001)])(
      'a malformed scope is invalid_scope: %j (P36)',
      async (scope) => {
        await begin()
        expect((await outcome(await refresh(tokens.refresh_token, { scope }))).slice(0, 2)).toEqual([
          400,
          'invalid_scope',
        ])
      },
    )

    test('only blanks ask for the whole grant (P36)', async () => {
      await begin()
      expect((await refreshed(tokens.refresh_token, { scope: '  ' })).scope).toBe('read write')
    })
  })

  describe('state is looked at again at every refresh (P12) [SEC]', () => {
    const changes: [string, () => Promise<unknown>, unknown[]][] = [
      [
        'client inactive',
        () => changeClient({ status: 'inactive' }),
        [401, 'invalid_client', 'Client authentication failed'],
      ],
      [
        'client pending',
        () => changeClient({ status: 'pending' }),
        [401, 'invalid_client', 'Client authentication failed'],
      ],
      [
        'flow off',
        () => changeClient({ enableDeviceFlow: false }),
        [401, 'invalid_client', 'Client authentication failed'],
      ],
      ['all scopes withdrawn', () => changeClient({ scopes: 'email' }), INVALID],
      [
        'user disabled',
        () => {
          const { users } = app.ctx.db.t
          return app.ctx.db.q.update(users).set({ isActive: false }).where(eq(users.id, user.id)) as never
        },
        INVALID,
      ],
      [
        'consent revoked',
        () => {
          const { userAuthorizations: consents } = app.ctx.db.t
          return app.ctx.db.q.update(consents).set({ isActive: false }).where(eq(consents.userId, user.id)) as never
        },
        INVALID,
      ],
      [
        'refresh token disabled',
        () => commit(app.ctx, [disableToken(app.ctx, tokens.refreshTokenId, 'owner')]),
        INVALID,
      ],
    ]
    test.each(changes)('%s', async (_what, change, expected) => {
      await begin()
      await change()
      expect(await outcome(await refresh(tokens.refresh_token))).toEqual(expected as never)
    })

    test('a deleted client is an unknown client', async () => {
      await begin()
      const { oauthApplications } = app.ctx.db.t
      await app.ctx.db.q.delete(oauthApplications).where(eq(oauthApplications.clientId, client.clientId))
      expect((await outcome(await refresh(tokens.refresh_token)))[1]).toBe('invalid_client')
    })

    test('a scope the client lost is left out, the others stay', async () => {
      await begin()
      await changeClient({ scopes: 'read email' })
      expect((await refreshed(tokens.refresh_token)).scope).toBe('read')
    })

    test('a changed token profile and user name show in the next token', async () => {
      await begin()
      await changeClient({ tokenProfile: 'short' })
      const { users } = app.ctx.db.t
      await app.ctx.db.q.update(users).set({ username: 'renamed' }).where(eq(users.id, user.id))
      const answer = await refreshed(tokens.refresh_token)
      expect(answer.expires_in).toBeLessThanOrEqual(900)
      expect(decode(answer.access_token).payload.extra_uid).toBe('renamed')
    })
  })

  test('what is no live refresh token gets one answer that tells nothing [SEC]', async () => {
    await begin()
    const other = await issueTokens(app, { user: await app.insertUser(), client })
    const [head = '', body = '', signature = ''] = tokens.refresh_token.split('.')
    const presented: Record<string, string> = {
      'an access token': tokens.access_token,
      'a machine token': await issueMachineToken(
        app,
        await app.insertClient({ clientType: 'confidential', enableClientCredentialsFlow: true, scopes: 'read' }),
      ),
      garbage: 'x',
      'a truncated token': tokens.refresh_token.slice(0, -1),
      'an extended token': `${tokens.refresh_token}A`,
      'another signature': `${head}.${body}.${other.refresh_token.split('.')[2]}`,
      'no signature': `${head}.${body}.`,
      'alg none': `${Buffer.from('{"alg":"none","typ":"rt+jwt"}').toString('base64url')}.${body}.${signature}`,
      'SQL in the token': "' or 1=1 --",
    }
    for (const [what, token] of Object.entries(presented)) {
      const answer = await refresh(token)
      expect([what, ...(await outcome(answer))]).toEqual([what, ...INVALID] as never)
    }
  })

  test('an expired token is refused; in rotation mode the family has an absolute end (P39)', async () => {
    await begin({
      ...NO_GRACE,
      REFRESH_TOKEN_EXPIRATION: '20h',
      REFRESH_TOKEN_EXPIRATION_MAX: '24h',
      TOKEN_PROFILE_LONG_REFRESH_TTL: '24h',
    })
    app.clock.advance(15 * 3_600_000)
    const next = await refreshed(tokens.refresh_token)
    const expiry = decode(next.refresh_token).payload.exp as number
    expect(expiry * 1000 - app.ctx.clock.now()).toBeLessThanOrEqual(9 * 3_600_000)
    app.clock.advance(9 * 3_600_000)
    expect(await outcome(await refresh(next.refresh_token))).toEqual(INVALID as never)
  })

  test('extra_claims land in this answer only, never in a following one (P28)', async () => {
    await begin(ROTATION)
    const extra = '{"tenant":"a","n":12345678901234567890}'
    const first = await refreshed(tokens.refresh_token, { extra_claims: extra })
    for (const token of [first.access_token, first.refresh_token]) {
      expect(decode(token).payload.tenant).toBe('a')
      expect(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).toContain('"n":12345678901234567890')
    }
    const second = await refreshed(first.refresh_token)
    expect(decode(second.access_token).payload.tenant).toBeUndefined()
    expect(decode(second.refresh_token).payload.tenant).toBeUndefined()
    const rows = await auditRows(app, 'TOKEN_REFRESHED')
    expect(rows.map(({ details }) => details?.extra_claims)).toContainEqual(['tenant', 'n'])
    expect(JSON.stringify(rows)).not.toContain('12345678901234567890')
  })

  test.each([
    [{ EXTRA_CLAIMS_ENABLED: 'false' }, '{"a":1}', 'extra_claims feature is not enabled'],
    [{ EXTRA_CLAIMS_CONFIDENTIAL_ONLY: 'true' }, '{"a":1}', 'extra_claims is not permitted for this client'],
    [{ EXTRA_CLAIMS_BLOCK_IDENTITY: 'true' }, '{"groups":["a"]}', 'reserved claim key: "groups"'],
    [{ EXTRA_CLAIMS_MAX_KEYS: '1' }, '{"a":1,"b":2}', 'extra_claims exceeds configured size limits: 2 keys (limit 1)'],
    [
      { EXTRA_CLAIMS_MAX_RAW_SIZE: '8' },
      '{"abc":12}',
      'extra_claims exceeds configured size limits: raw payload 10 bytes (limit 8)',
    ],
    [
      { EXTRA_CLAIMS_MAX_VAL_SIZE: '3' },
      '{"a":1234}',
      'extra_claims exceeds configured size limits: value for "a" is 4 bytes (limit 3)',
    ],
  ])('extra_claims: %j makes %s an invalid_request (P28)', async (settings, extra_claims, description) => {
    await begin(settings)
    expect(await outcome(await refresh(tokens.refresh_token, { extra_claims }))).toEqual([
      400,
      'invalid_request',
      description,
    ])
    expect((await refresh(tokens.refresh_token, { extra_claims: '' })).status).toBe(200)
  })

  test('extra_claims: confidential clients may when only they may', async () => {
    await begin({ EXTRA_CLAIMS_CONFIDENTIAL_ONLY: 'true' }, { clientType: 'confidential' })
    const sent = basic(client.clientId, client.secret)
    const answer = await refresh(tokens.refresh_token, { extra_claims: '{"a":1}' }, sent)
    expect(decode(((await answer.json()) as Tokens).access_token).payload.a).toBe(1)
  })

  test('a resource narrows the audience of one answer, not of the grant (RFC 8707 §2.2)', async () => {
    await begin({ ...ROTATION, JWT_AUDIENCE: 'https://a.example,https://b.example' })
    const narrow = await refreshed(tokens.refresh_token, { resource: 'https://b.example' })
    expect(decode(narrow.access_token).payload.aud).toBe('https://b.example')
    const whole = await refreshed(narrow.refresh_token)
    expect(decode(whole.access_token).payload.aud).toEqual(['https://a.example', 'https://b.example'])
    const beyond = await refresh(whole.refresh_token, { resource: 'https://c.example' })
    expect((await outcome(beyond))[1]).toBe('invalid_target')
  })

  test('every outcome is counted and refusals are audited with their reason (P38)', async () => {
    await begin({ ...ROTATION, PRODUCT_NAME: 'A server with counters of its own' })
    const next = await refreshed(tokens.refresh_token)
    await refreshed(tokens.refresh_token)
    await refresh('unknown')
    const thief = await app.insertClient({ clientType: 'public', scopes: 'read' })
    await refresh(next.refresh_token, { client_id: thief.clientId })
    const text = await app.ctx.metrics.registry.metrics()
    expect(text).toContain('oauth_tokens_refreshed_total{result="success"} 2')
    expect(text).toContain('oauth_tokens_refreshed_total{result="error"} 2')
    expect(text).toContain('oauth_tokens_issued_total{token_type="access",grant_type="refresh_token"} 1')
    expect(text).toContain('oauth_tokens_issued_total{token_type="refresh",grant_type="refresh_token"} 1')
    const rows = await auditRows(app, 'TOKEN_REFRESHED')
    const refused = rows.filter(({ success }) => !success)
    expect(refused.map(({ details }) => details?.reason).sort()).toEqual(['foreign client', 'unknown'])
    expect(refused.every(({ severity }) => severity === 'WARNING')).toBe(true)
    expect(rows.find(({ success }) => success)).toMatchObject({ severity: 'INFO', actorUserId: user.id })
    const everything = JSON.stringify(await auditRows(app)) + JSON.stringify(app.log())
    for (const secret of [tokens.refresh_token, next.refresh_token, next.access_token])
      expect(everything).not.toContain(secret)
  })
})
