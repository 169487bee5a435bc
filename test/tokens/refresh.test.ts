import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { Context } from '../../src/context'
import { type RefreshRequest, refreshTokens } from '../../src/tokens/refresh'
import { type RefreshRefusal, RefreshRefused } from '../../src/tokens/refresh-refused'
import { disableToken } from '../../src/tokens/status'
import { checkAccessToken } from '../../src/tokens/validate'
import { databases } from '../support/databases'
import { insertImported } from './imported'
import { apply, decode, openTestContext, type TestContext } from './support'

const HOUR = 3_600_000
const SECOND = 1_000

const fixed = { JWT_EXPIRATION_JITTER: '0s' }
const rotation = { ...fixed, ENABLE_TOKEN_ROTATION: 'true' }

/** What the two modes share: grants, refreshes, refusals. */
function tools(t: () => TestContext) {
  const grant = async (overrides: Parameters<TestContext['insertClient']>[0] = {}, scope = 'email profile') => {
    const user = await t().insertUser()
    const client = await t().insertClient(overrides)
    const consent = await t().insertConsent(user, client)
    const issued = await t().issue({ client, user, consent, scope })
    return {
      ...issued,
      user,
      client,
      consent,
      familyId: issued.familyId ?? '',
      refreshTokenId: issued.refreshTokenId ?? '',
    }
  }
  type Granted = Awaited<ReturnType<typeof grant>>
  const refresh = (
    granted: Pick<Granted, 'client'>,
    refreshToken: string,
    more: Partial<RefreshRequest> = {},
    ctx = t().ctx,
  ) => refreshTokens(ctx, { clientId: granted.client.clientId, refreshToken, ...more })
  const refusal = async (work: Promise<unknown>): Promise<RefreshRefusal | 'answered'> => {
    try {
      await work
      return 'answered'
    } catch (error) {
      if (error instanceof RefreshRefused) return error.reason
      throw error
    }
  }
  const live = async (token: string) => (await checkAccessToken(t().ctx, token)).live
  const ofFamily = async (familyId: string) => (await t().allTokens()).filter((row) => row.tokenFamilyId === familyId)
  const set = async (table: 'users' | 'clients' | 'consents' | 'families' | 'tokens', id: string, values: object) => {
    const { q, t: tables } = t().ctx.db
    if (table === 'users') await q.update(tables.users).set(values).where(eq(tables.users.id, id))
    else if (table === 'clients')
      await q.update(tables.oauthApplications).set(values).where(eq(tables.oauthApplications.clientId, id))
    else if (table === 'consents')
      await q.update(tables.userAuthorizations).set(values).where(eq(tables.userAuthorizations.uuid, id))
    else if (table === 'families')
      await q.update(tables.tokenFamilies).set(values).where(eq(tables.tokenFamilies.id, id))
    else await q.update(tables.accessTokens).set(values).where(eq(tables.accessTokens.id, id))
  }
  return { grant, refresh, refusal, live, ofFamily, set }
}

describe.each(databases)('refresh in fixed mode on %s', (_name, open) => {
  let t: TestContext
  const { grant, refresh, refusal, live, ofFamily, set } = tools(() => t)
  beforeAll(async () => {
    t = await openTestContext(open, fixed)
  })
  afterAll(() => t.close())

  test('a new access token of the same family; the refresh token is repeated and its expiry stays', async () => {
    const granted = await grant()
    t.advance(5 * SECOND)
    const { response, outcome, userId } = await refresh(granted, granted.refreshToken)
    expect([outcome, userId, response.refresh_token]).toEqual(['fixed', granted.user.id, granted.refreshToken])
    const { payload } = decode(response.access_token)
    expect(payload).toMatchObject({ sub: granted.user.id, scope: 'email profile', type: 'access' })
    const row = await t.tokenRow(String(payload.jti))
    expect(row).toMatchObject({
      ...{ tokenFamilyId: granted.familyId, parentTokenId: granted.refreshTokenId, tokenCategory: 'access' },
      ...{ authorizationId: granted.consent.uuid, grantType: 'device_code' },
    })
    const used = await t.tokenRow(granted.refreshTokenId)
    expect([used.status, used.lastUsedAt?.getTime()]).toEqual(['active', t.ctx.clock.now()])
    expect((await t.familyRow(granted.familyId)).lastUsedAt?.getTime()).toBe(t.ctx.clock.now())
    expect([await live(granted.accessToken), await live(response.access_token)]).toEqual([true, true])
  })

  test('repeatable until the refresh token expires, from its second on refused', async () => {
    const granted = await grant({ tokenProfile: 'short' })
    for (let round = 0; round < 3; round += 1) await refresh(granted, granted.refreshToken)
    expect((await ofFamily(granted.familyId)).length).toBe(5)
    const { expiresAt } = await t.tokenRow(granted.refreshTokenId)
    t.advance(expiresAt.getTime() - t.ctx.clock.now() - 1)
    expect(await refusal(refresh(granted, granted.refreshToken))).toBe('answered')
    t.advance(1)
    expect(await refusal(refresh(granted, granted.refreshToken))).toBe('expired')
  })

  test('64 parallel refreshes all succeed in fixed mode', async () => {
    const granted = await grant()
    const outcomes = await Promise.all(Array.from({ length: 64 }, () => refresh(granted, granted.refreshToken)))
    expect(new Set(outcomes.map(({ response }) => response.access_token)).size).toBe(64)
  })

  test('names, client claims and settings are read anew; extra claims must be sent again', async () => {
    const granted = await grant()
    await set('users', granted.user.id, { username: 'renamed' })
    await set('clients', granted.client.clientId, { project: 'p2', tokenProfile: 'short' })
    const ctx = t.withSettings({ JWT_DOMAIN: 'new.example', JWT_AUDIENCE: 'api' })
    const extraClaims = new Map([['run', '7']])
    const first = decode((await refresh(granted, granted.refreshToken, { extraClaims }, ctx)).response.access_token)
    expect(first.payload).toMatchObject({
      ...{ extra_uid: 'renamed', extra_project: 'p2', extra_domain: 'new.example', aud: 'api', run: 7 },
    })
    expect(Number(first.payload.exp) - Number(first.payload.iat)).toBe(15 * 60)
    const second = decode((await refresh(granted, granted.refreshToken)).response.access_token)
    expect(second.payload).not.toHaveProperty('run')
  })

  test('scope: narrowed for one token only, never widened (RFC 6749 §6) [SEC]', async () => {
    const granted = await grant({}, 'email profile openid')
    const narrowed = await refresh(granted, granted.refreshToken, { scope: 'email' })
    expect([narrowed.response.scope, decode(narrowed.response.access_token).payload.scope]).toEqual(['email', 'email'])
    expect((await refresh(granted, granted.refreshToken)).response.scope).toBe('email profile openid')
    const wide = refresh(granted, granted.refreshToken, { scope: 'email offline_access' })
    expect(await refusal(wide)).toBe('scope')
    // What the client may no longer have falls away; nothing left is an error.
    await set('clients', granted.client.clientId, { scopes: 'profile' })
    expect((await refresh(granted, granted.refreshToken)).response.scope).toBe('profile')
    expect(await refusal(refresh(granted, granted.refreshToken, { scope: 'email' }))).toBe('scope withdrawn')
  })

  test('what is no refresh token of this client is refused, each for its reason', async () => {
    const granted = await grant()
    const other = await grant()
    expect(await refusal(refresh(granted, 'garbage'))).toBe('unknown')
    expect(await refusal(refresh(granted, `${granted.refreshToken}A`))).toBe('unknown')
    expect(await refusal(refresh(granted, granted.accessToken))).toBe('category')
    expect(await refusal(refresh(other, granted.refreshToken))).toBe('foreign client')
    expect(new RefreshRefused('foreign client').code).toBe('invalid_client')
    expect(new RefreshRefused('client inactive').code).toBe('invalid_client')
    expect(new RefreshRefused('scope').code).toBe('invalid_scope')
    for (const reason of [
      'unknown',
      'category',
      'revoked',
      'reused',
      'expired',
      'user inactive',
      'scope withdrawn',
    ] as const)
      expect(new RefreshRefused(reason).code).toBe('invalid_grant')
  })

  const states: [string, RefreshRefusal, (granted: Awaited<ReturnType<typeof grant>>) => Promise<void>][] = [
    ['disabled user', 'user inactive', ({ user }) => set('users', user.id, { isActive: false })],
    ['inactive client', 'client inactive', ({ client }) => set('clients', client.clientId, { status: 'inactive' })],
    ['flow off', 'client inactive', ({ client }) => set('clients', client.clientId, { enableDeviceFlow: false })],
    ['withdrawn consent', 'consent withdrawn', ({ consent }) => set('consents', consent.uuid, { isActive: false })],
    ['revoked family', 'revoked', ({ familyId }) => set('families', familyId, { revokedAt: new Date() })],
    ['ended family', 'expired', ({ familyId }) => set('families', familyId, { expiresAt: new Date(0) })],
    ['revoked token', 'revoked', ({ refreshTokenId }) => set('tokens', refreshTokenId, { status: 'revoked' })],
    ['disabled token', 'revoked', ({ refreshTokenId }) => set('tokens', refreshTokenId, { status: 'disabled' })],
    [
      'own row without its family',
      'expired',
      ({ refreshTokenId }) => set('tokens', refreshTokenId, { tokenFamilyId: 'x' }),
    ],
    ['row of another user', 'proof', ({ refreshTokenId, user }) => moveTo(refreshTokenId, user.id)],
  ]
  async function moveTo(tokenId: string, userId: string) {
    const thief = await t.insertUser()
    await set('tokens', tokenId, { userId: thief.id })
    expect(thief.id).not.toBe(userId)
  }
  test.each(states)('%s → %s (P12) [SEC]', async (_state, expected, change) => {
    const granted = await grant()
    await change(granted)
    const before = (await t.allTokens()).length
    expect(await refusal(refresh(granted, granted.refreshToken))).toBe(expected)
    expect((await t.allTokens()).length).toBe(before)
  })

  test('a client that is gone never widens anything (T32) [SEC]', async () => {
    const granted = await grant()
    const { oauthApplications } = t.ctx.db.t
    await t.ctx.db.q.delete(oauthApplications).where(eq(oauthApplications.clientId, granted.client.clientId))
    expect(await refusal(refresh(granted, granted.refreshToken))).toBe('client inactive')
  })

  test('no reuse handling in fixed mode: a revoked token is refused, its family lives (P18)', async () => {
    const granted = await grant()
    await set('tokens', granted.refreshTokenId, { status: 'revoked' })
    expect(await refusal(refresh(granted, granted.refreshToken))).toBe('revoked')
    expect(await live(granted.accessToken)).toBe(true)
    const alarms = await t.auditRows('SUSPICIOUS_ACTIVITY')
    expect(alarms.filter(({ clientId }) => clientId === granted.client.clientId)).toEqual([])
  })

  test('REFRESH_ROTATION_PUBLIC_ONLY rotates for public clients only (P39)', async () => {
    const ctx = t.withSettings({ REFRESH_ROTATION_PUBLIC_ONLY: 'true' })
    const open = await grant({ clientType: 'public' })
    const confidential = await grant()
    expect((await refresh(open, open.refreshToken, {}, ctx)).outcome).toBe('rotated')
    expect((await refresh(confidential, confidential.refreshToken, {}, ctx)).outcome).toBe('fixed')
  })

  test('audit: one TOKEN_REFRESHED in the same commit', async () => {
    const granted = await grant()
    const { response } = await refresh(granted, granted.refreshToken)
    const id = String(decode(response.access_token).payload.jti)
    const rows = (await t.auditRows('TOKEN_REFRESHED')).filter(({ resourceId }) => resourceId === id)
    expect(rows.map(({ details }) => details?.rotation_enabled)).toEqual([false])
    expect(rows[0]?.actorUsername).toBe(granted.user.username)
  })
})

describe.each(databases)('refresh with rotation on %s', (_name, open) => {
  let t: TestContext
  const { grant, refresh, refusal, live, ofFamily, set } = tools(() => t)
  beforeAll(async () => {
    t = await openTestContext(open, rotation)
  })
  afterAll(() => t.close())

  const next = async (granted: Parameters<typeof refresh>[0], token: string, ctx?: Context) =>
    (await refresh(granted, token, {}, ctx)).response.refresh_token ?? ''
  const alarmsOf = async (clientId: string) =>
    (await t.auditRows('SUSPICIOUS_ACTIVITY')).filter((row) => row.clientId === clientId)

  test('a new pair; the old refresh token is revoked, older access tokens live on', async () => {
    const granted = await grant()
    const { response, outcome } = await refresh(granted, granted.refreshToken)
    expect([outcome, response.refresh_token === granted.refreshToken]).toEqual(['rotated', false])
    const old = await t.tokenRow(granted.refreshTokenId)
    expect([old.status, old.revokedAt?.getTime()]).toEqual(['revoked', t.ctx.clock.now()])
    const successor = await t.tokenRow(String(decode(response.refresh_token ?? '').payload.jti))
    expect(successor).toMatchObject({
      ...{ status: 'active', tokenFamilyId: granted.familyId, parentTokenId: old.id, scopes: 'email profile' },
      ...{ authorizationId: granted.consent.uuid, tokenCategory: 'refresh' },
    })
    expect([await live(granted.accessToken), await live(response.access_token)]).toEqual([true, true])
  })

  test('narrowing does not narrow the grant: the next refresh may ask for all of it', async () => {
    const granted = await grant()
    const narrowed = await refresh(granted, granted.refreshToken, { scope: 'email' })
    const again = await refresh(granted, narrowed.response.refresh_token ?? '')
    expect([narrowed.response.scope, again.response.scope]).toEqual(['email', 'email profile'])
  })

  test('the family has an absolute end that rotation cannot pass (T34, P39) [SEC]', async () => {
    const granted = await grant({ tokenProfile: 'long' })
    const { expiresAt: end } = await t.familyRow(granted.familyId)
    let token = granted.refreshToken
    t.advance(2000 * HOUR)
    token = await next(granted, token)
    const row = await t.tokenRow(String(decode(token).payload.jti))
    expect(row.expiresAt).toEqual(end)
    t.advance(end.getTime() - t.ctx.clock.now() - 1)
    token = await next(granted, token)
    t.advance(1)
    expect(await refusal(refresh(granted, token))).toBe('expired')
  })

  describe('an honest retry (T36)', () => {
    test('within the grace the very same answer comes again, and nothing is minted', async () => {
      const granted = await grant()
      const first = await refresh(granted, granted.refreshToken)
      const before = await ofFamily(granted.familyId)
      t.advance(9 * SECOND)
      const again = await refresh(granted, granted.refreshToken)
      expect(again.outcome).toBe('repeated')
      expect(again.response).toEqual(first.response)
      expect(await ofFamily(granted.familyId)).toEqual(before)
    })

    test('the kept answer is sealed: the database alone reveals no token [SEC]', async () => {
      const granted = await grant()
      const { response } = await refresh(granted, granted.refreshToken)
      const rows = await t.ctx.db.q.select().from(t.ctx.db.t.refreshGrace)
      const text = rows.map(({ ciphertext }) => Buffer.from(ciphertext, 'base64url').toString('latin1')).join()
      expect(rows.length).toBeGreaterThan(0)
      for (const token of [response.access_token, response.refresh_token ?? '', 'access_token'])
        expect(text + JSON.stringify(rows)).not.toContain(token)
    })

    test('the grace ends on time', async () => {
      const granted = await grant()
      await refresh(granted, granted.refreshToken)
      t.advance(10 * SECOND)
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('reused')
    })

    test('the grace ends when the successor has been redeemed [SEC]', async () => {
      const granted = await grant()
      const second = await next(granted, granted.refreshToken)
      await next(granted, second)
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('reused')
    })

    test('the grace ends when the successor has been disabled: nothing switched off is handed out again [SEC]', async () => {
      const granted = await grant()
      const second = await next(granted, granted.refreshToken)
      await apply(t.ctx, disableToken(t.ctx, String(decode(second).payload.jti), 'admin'))
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('reused')
    })

    test('another client gets no kept answer [SEC]', async () => {
      const granted = await grant()
      const other = await grant()
      const second = await next(granted, granted.refreshToken)
      expect(await refusal(refresh(other, granted.refreshToken))).toBe('reused')
      expect(await refusal(refresh(granted, second))).not.toBe('answered')
    })

    test('nor does a user, client or consent that has been switched off meanwhile [SEC]', async () => {
      const granted = await grant()
      await refresh(granted, granted.refreshToken)
      await set('users', granted.user.id, { isActive: false })
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('user inactive')
    })

    test('a new SESSION_SECRET with the old one as previous keeps the answer readable', async () => {
      const granted = await grant()
      const first = await refresh(granted, granted.refreshToken)
      const ctx = t.withSettings({
        SESSION_SECRET: 'the-next-session-secret-0123456789-abcd',
        SESSION_SECRET_PREVIOUS: t.ctx.settings.SESSION_SECRET,
      })
      expect((await refresh(granted, granted.refreshToken, {}, ctx)).response).toEqual(first.response)
    })
  })

  describe('reuse (RFC 9700 §4.14.2) [SEC]', () => {
    test('outside the grace it burns the family: every token, active or disabled', async () => {
      const granted = await grant()
      const second = await refresh(granted, granted.refreshToken)
      const disabled = String(decode(second.response.access_token).payload.jti)
      await apply(t.ctx, disableToken(t.ctx, disabled, 'owner'))
      t.advance(11 * SECOND)
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('reused')
      const states = (await ofFamily(granted.familyId)).map(({ status }) => status)
      expect(states).toEqual(states.map(() => 'revoked'))
      expect((await t.familyRow(granted.familyId)).revokedAt).not.toBeNull()
      expect(await refusal(refresh(granted, second.response.refresh_token ?? ''))).not.toBe('answered')
      expect(await live(granted.accessToken)).toBe(false)
    })

    test('a CRITICAL record is there at once, with what died', async () => {
      const granted = await grant()
      await refresh(granted, granted.refreshToken)
      t.advance(11 * SECOND)
      await refusal(refresh(granted, granted.refreshToken))
      const alarms = await alarmsOf(granted.client.clientId)
      expect(alarms.length).toBe(1)
      expect(alarms[0]).toMatchObject({
        ...{ severity: 'CRITICAL', resourceType: 'TOKEN', resourceId: granted.refreshTokenId },
        ...{ actorUserId: granted.user.id, actorUsername: granted.user.username },
        action: 'Refresh token reuse detected — token family revoked',
      })
      expect(alarms[0]?.details).toMatchObject({
        ...{ family_id: granted.familyId, client_id: granted.client.clientId, tokens_revoked: 3 },
      })
    })

    test('the number of tokens that died is told', async () => {
      const granted = await grant()
      await refresh(granted, granted.refreshToken)
      t.advance(11 * SECOND)
      const first = await refresh(granted, granted.refreshToken).catch((error: RefreshRefused) => error.tokensRevoked)
      const second = await refresh(granted, granted.refreshToken).catch((error: RefreshRefused) => error.tokensRevoked)
      expect([first, second]).toEqual([3, 0])
    })

    test('one record per family and minute, with a count (T35)', async () => {
      const granted = await grant()
      await refresh(granted, granted.refreshToken)
      t.advance(11 * SECOND)
      for (let round = 0; round < 20; round += 1) await refusal(refresh(granted, granted.refreshToken))
      expect((await alarmsOf(granted.client.clientId)).length).toBe(1)
      t.advance(60 * SECOND)
      await refusal(refresh(granted, granted.refreshToken))
      const alarms = await alarmsOf(granted.client.clientId)
      expect(alarms.map(({ details }) => details?.presentations)).toEqual([1, 20])
    })

    test('anybody who presents it gives the copy away, even when it has expired', async () => {
      const granted = await grant({ tokenProfile: 'short' })
      const other = await grant()
      let token = granted.refreshToken
      for (let day = 0; day < 3; day += 1) {
        token = await next(granted, token)
        t.advance(23 * HOUR)
      }
      expect(await refusal(refresh(other, granted.refreshToken))).toBe('reused')
      expect(await refusal(refresh(granted, token))).not.toBe('answered')
    })

    test('a disabled refresh token that is used burns its family (P18)', async () => {
      const granted = await grant()
      await apply(t.ctx, disableToken(t.ctx, granted.refreshTokenId, 'owner'))
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('reused')
      expect((await t.tokenRow(granted.refreshTokenId)).status).toBe('revoked')
      expect(await live(granted.accessToken)).toBe(false)
    })

    test('after a revocation on purpose a late refresh is no sign of theft', async () => {
      const granted = await grant()
      const { revokeFamily } = await import('../../src/tokens/revoke')
      await apply(t.ctx, ...revokeFamily(t.ctx, granted.familyId))
      expect(await refusal(refresh(granted, granted.refreshToken))).toBe('revoked')
      expect(await alarmsOf(granted.client.clientId)).toEqual([])
    })
  })

  describe('parallel refreshes of one token (T30, P4) [SEC]', () => {
    test('64 at once: one lineage, one answer for all, and it lives', async () => {
      const granted = await grant()
      const outcomes = await Promise.all(Array.from({ length: 64 }, () => refresh(granted, granted.refreshToken)))
      expect(outcomes.filter(({ outcome }) => outcome === 'rotated').length).toBe(1)
      expect(new Set(outcomes.map(({ response }) => response.refresh_token)).size).toBe(1)
      const active = (await ofFamily(granted.familyId)).filter(
        ({ tokenCategory, status }) => tokenCategory === 'refresh' && status === 'active',
      )
      expect(active.length).toBe(1)
      expect(await refusal(refresh(granted, outcomes[0]?.response.refresh_token ?? ''))).toBe('answered')
    })

    test('64 at once without grace: at most one wins, and the losers burn the family', async () => {
      const ctx = t.withSettings({ REFRESH_REUSE_GRACE: '0s' })
      const granted = await grant()
      const outcomes = await Promise.all(
        Array.from({ length: 64 }, () => refusal(refresh(granted, granted.refreshToken, {}, ctx))),
      )
      expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeLessThanOrEqual(1)
      const states = new Set((await ofFamily(granted.familyId)).map(({ status }) => status))
      expect([...states]).toEqual(['revoked'])
    })
  })

  describe('tokens taken over from an earlier deployment', () => {
    const imported = async (row: object = {}) => {
      const user = await t.insertUser()
      const client = await t.insertClient()
      const refreshToken = await insertImported(t, { user, client, category: 'refresh', row })
      return { user, client, ...refreshToken }
    }

    test('the first use adopts them, with their relatives, into a family', async () => {
      const old = await imported()
      const sibling = await insertImported(t, {
        ...{ user: old.user, client: old.client, category: 'access' },
        row: { parentTokenId: old.row.id },
      })
      const { response } = await refresh(old, old.token)
      const family = await t.familyRow(old.row.id)
      expect(family).toMatchObject({ userId: old.user.id, clientId: old.client.clientId, revokedAt: null })
      expect((await t.tokenRow(sibling.row.id)).tokenFamilyId).toBe(old.row.id)
      expect((await t.tokenRow(old.row.id)).tokenFamilyId).toBe(old.row.id)
      expect(decode(response.refresh_token ?? '').payload.iss).toBe('http://localhost:8080')
      t.advance(11 * SECOND)
      expect(await refusal(refresh(old, old.token))).toBe('reused')
      expect(await live(response.access_token)).toBe(false)
      expect(await live(sibling.token)).toBe(false)
    })

    test('a family id of the earlier deployment is kept', async () => {
      const old = await imported({ tokenFamilyId: 'root-of-old' })
      await refresh(old, old.token)
      expect((await t.familyRow('root-of-old')).userId).toBe(old.user.id)
    })

    test('a token rotated out there is evidence here', async () => {
      const old = await imported({ status: 'revoked', tokenFamilyId: 'root-burnt' })
      const living = await insertImported(t, {
        ...{ user: old.user, client: old.client, category: 'refresh' },
        row: { tokenFamilyId: 'root-burnt' },
      })
      expect(await refusal(refresh(old, old.token))).toBe('reused')
      expect((await t.tokenRow(living.row.id)).status).toBe('revoked')
    })

    test('64 parallel first uses adopt once and leave one lineage', async () => {
      const old = await imported()
      const outcomes = await Promise.all(Array.from({ length: 64 }, () => refresh(old, old.token)))
      expect(new Set(outcomes.map(({ response }) => response.refresh_token)).size).toBe(1)
    })

    test('they live no longer than their row allows', async () => {
      const old = await imported()
      t.advance(31 * 24 * HOUR)
      expect(await refusal(refresh(old, old.token))).toBe('expired')
    })
  })
})
