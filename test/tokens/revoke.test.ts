import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Conflict } from '../../src/db/commit'
import { touchFamily } from '../../src/tokens/records'
import { refreshTokens } from '../../src/tokens/refresh'
import { RefreshRefused } from '../../src/tokens/refresh-refused'
import {
  countLiveTokens,
  revokeFamily,
  revokeGrantOf,
  revokeToken,
  revokeTokensOfClient,
  revokeTokensOfConsent,
  revokeTokensOfUser,
} from '../../src/tokens/revoke'
import { disableToken, enableToken } from '../../src/tokens/status'
import { databases } from '../support/databases'
import { insertImported } from './imported'
import { apply, type Client, failure, openTestContext, type TestContext, type User } from './support'

describe.each(databases)('revocation on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open, { JWT_EXPIRATION_JITTER: '0s' })
  })
  afterAll(() => t.close())

  const grant = async (user?: User, client?: Client) => {
    const parties = { user: user ?? (await t.insertUser()), client: client ?? (await t.insertClient()) }
    const issued = await t.issue(parties)
    return { ...parties, ...issued, familyId: issued.familyId ?? '', refreshTokenId: issued.refreshTokenId ?? '' }
  }
  type Granted = Awaited<ReturnType<typeof grant>>
  const statesOf = async (...grants: Granted[]) => {
    const rows = await t.allTokens()
    const stateOf = (id: string) => rows.find((row) => row.id === id)?.status
    return grants.flatMap(({ accessTokenId, refreshTokenId }) => [stateOf(accessTokenId), stateOf(refreshTokenId)])
  }

  test('one token: its sibling is not touched, and when it happened is noted', async () => {
    const granted = await grant()
    await apply(t.ctx, revokeToken(t.ctx, granted.accessTokenId))
    expect(await statesOf(granted)).toEqual(['revoked', 'active'])
    expect((await t.tokenRow(granted.accessTokenId)).revokedAt?.getTime()).toBe(t.ctx.clock.now())
  })

  test('a family: access and refresh tokens, disabled ones too, and nobody else (RFC 7009 §2.1)', async () => {
    const granted = await grant()
    const other = await grant(granted.user, granted.client)
    await apply(t.ctx, disableToken(t.ctx, granted.accessTokenId, 'owner'))
    await apply(t.ctx, ...revokeFamily(t.ctx, granted.familyId))
    expect(await statesOf(granted, other)).toEqual(['revoked', 'revoked', 'active', 'active'])
    // W5: what was disabled cannot be enabled afterwards.
    expect(await failure(apply(t.ctx, enableToken(t.ctx, granted.accessTokenId, 'admin')))).toBeInstanceOf(Conflict)
  })

  test('a family that was revoked or has ended since it was read stops a refresh inside its commit [SEC]', async () => {
    const { familyId } = await grant()
    const { expiresAt } = await t.familyRow(familyId)
    await apply(t.ctx, touchFamily(familyId, new Date(expiresAt.getTime() - 1)))
    expect(await failure(apply(t.ctx, touchFamily(familyId, expiresAt)))).toEqual(new Conflict('family'))
    await apply(t.ctx, ...revokeFamily(t.ctx, familyId))
    const touch = touchFamily(familyId, new Date(t.ctx.clock.now()))
    expect(await failure(apply(t.ctx, touch))).toEqual(new Conflict('family'))
  })

  test('the grant of a token taken over without a family: its root and its children', async () => {
    const { user, client } = await grant()
    const other = await grant(user, client)
    const root = await insertImported(t, { user, client, category: 'refresh' })
    const child = await insertImported(t, { user, client, category: 'access', row: { parentTokenId: root.row.id } })
    await apply(t.ctx, ...revokeGrantOf(t.ctx, child.row))
    const rows = await Promise.all([root, child].map(({ row }) => t.tokenRow(row.id)))
    expect(rows.map(({ status }) => status)).toEqual(['revoked', 'revoked'])
    expect(await statesOf(other)).toEqual(['active', 'active'])
  })

  test('everything of a user, of a client, of a pair: exactly that', async () => {
    const mine = await grant()
    const sameUser = await grant(mine.user)
    const sameClient = await grant(undefined, mine.client)
    await apply(t.ctx, ...revokeTokensOfConsent(t.ctx, { userId: mine.user.id, clientId: mine.client.clientId }))
    expect(await statesOf(mine, sameUser, sameClient)).toEqual([
      ...(['revoked', 'revoked', 'active', 'active', 'active', 'active'] as const),
    ])
    await apply(t.ctx, ...revokeTokensOfUser(t.ctx, mine.user.id))
    expect(await statesOf(sameUser, sameClient)).toEqual(['revoked', 'revoked', 'active', 'active'])
    const machine = await t.issue({ client: mine.client, grantType: 'client_credentials' })
    await apply(t.ctx, ...revokeTokensOfClient(t.ctx, mine.client.clientId))
    expect(await statesOf(sameClient)).toEqual(['revoked', 'revoked'])
    expect((await t.tokenRow(machine.accessTokenId)).status).toBe('revoked')
  })

  test('machine tokens of the apps a user owns are not the user’s (T44)', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient({ userId: user.id })
    const machine = await t.issue({ client, grantType: 'client_credentials' })
    await apply(t.ctx, ...revokeTokensOfUser(t.ctx, user.id))
    expect((await t.tokenRow(machine.accessTokenId)).status).toBe('active')
  })

  test('codes that could still become tokens go with it; redeemed ones stay as evidence (T42, P11) [SEC]', async () => {
    const { user, client } = await grant()
    const at = new Date(t.ctx.clock.now())
    const { q, t: tables } = t.ctx.db
    const code = (changed: object) => ({
      ...{ uuid: crypto.randomUUID(), codeHash: crypto.randomUUID(), clientId: client.clientId, userId: user.id },
      ...{ authorizationId: null, redirectUri: '', scopes: '', resource: '', codeChallenge: '', nonce: '', sid: '' },
      ...{ codeChallengeMethod: 'S256', authTime: at, amr: 'pwd', failedAttempts: 0, expiresAt: at, usedAt: null },
      ...{ tokenFamilyId: null, createdAt: at, ...changed },
    })
    const device = (changed: object) => ({
      ...{ id: crypto.randomUUID(), deviceCodeHash: crypto.randomUUID(), userCodeHash: crypto.randomUUID() },
      ...{ importedSalt: null, importedSuffix: null, clientId: client.clientId, scopes: '', requestIp: '' },
      ...{ requestUserAgent: '', expiresAt: at, pollInterval: 5, lastPolledAt: null, userId: null, deniedAt: null },
      ...{
        authorizationId: null,
        authorizedAt: null,
        consumedAt: null,
        tokenFamilyId: null,
        createdAt: at,
        ...changed,
      },
    })
    await q.insert(tables.authorizationCodes).values([code({ scopes: 'open' }), code({ scopes: 'spent', usedAt: at })])
    await q
      .insert(tables.deviceCodes)
      .values([
        device({ scopes: 'pending' }),
        device({ scopes: 'approved', userId: user.id, authorizedAt: at }),
        device({ scopes: 'spent', userId: user.id, authorizedAt: at, consumedAt: at }),
      ])
    await apply(t.ctx, ...revokeTokensOfUser(t.ctx, user.id))
    const left = [...(await q.select().from(tables.authorizationCodes)), ...(await q.select().from(tables.deviceCodes))]
    const ours = left.filter(({ clientId }) => clientId === client.clientId)
    expect(ours.map(({ scopes }) => scopes).sort()).toEqual(['pending', 'spent', 'spent'])
  })

  test('a subject that is not there is a conflict, and nothing is written', async () => {
    expect(await failure(apply(t.ctx, ...revokeTokensOfUser(t.ctx, 'nobody')))).toEqual(new Conflict('user'))
    expect(await failure(apply(t.ctx, ...revokeTokensOfClient(t.ctx, 'nothing')))).toEqual(new Conflict('client'))
  })

  test('what would be hit can be counted before', async () => {
    const mine = await grant()
    await grant(mine.user)
    const userId = mine.user.id
    const clientId = mine.client.clientId
    await apply(t.ctx, disableToken(t.ctx, mine.accessTokenId, 'owner'))
    expect(await countLiveTokens(t.ctx, { userId })).toBe(4)
    expect(await countLiveTokens(t.ctx, { clientId })).toBe(2)
    expect(await countLiveTokens(t.ctx, { userId, clientId })).toBe(2)
    await apply(t.ctx, revokeToken(t.ctx, mine.accessTokenId))
    expect(await countLiveTokens(t.ctx, { userId, clientId })).toBe(1)
  })
})

describe.each(databases)(
  'bulk revocation beside 64 refreshes on %s: nothing usable is left (T31) [SEC]',
  (_name, open) => {
    const actions = ['user', 'client', 'consent', 'family', 'grant'] as const
    const origins = ['own', 'taken over'] as const
    const modes = ['fixed', 'rotation'] as const
    const cases = modes.flatMap((mode) =>
      origins.flatMap((origin) => actions.map((action) => [mode, origin, action] as const)),
    )

    let t: TestContext
    beforeAll(async () => {
      t = await openTestContext(open, { JWT_EXPIRATION_JITTER: '0s' })
    })
    afterAll(() => t.close())

    test.each(cases)('%s mode, %s token, by %s', async (mode, origin, action) => {
      if (origin === 'taken over' && action === 'family') return
      const ctx = t.withSettings({ ENABLE_TOKEN_ROTATION: String(mode === 'rotation') })
      const user = await t.insertUser()
      const client = await t.insertClient()
      const userId = user.id
      const clientId = client.clientId
      let refreshToken: string
      let row: Parameters<typeof revokeGrantOf>[1]
      if (origin === 'own') {
        const issued = await t.issue({ user, client, consent: await t.insertConsent(user, client) })
        refreshToken = issued.refreshToken
        row = await t.tokenRow(issued.refreshTokenId ?? '')
      } else {
        const imported = await insertImported(t, { user, client, category: 'refresh' })
        refreshToken = imported.token
        row = imported.row
      }
      const statements = {
        user: () => revokeTokensOfUser(ctx, userId),
        client: () => revokeTokensOfClient(ctx, clientId),
        consent: () => revokeTokensOfConsent(ctx, { userId, clientId }),
        family: () => revokeFamily(ctx, row.tokenFamilyId ?? ''),
        grant: () => revokeGrantOf(ctx, row),
      }[action]

      const refreshes = Array.from({ length: 64 }, async (_, index) => {
        await Bun.sleep(index % 8)
        await refreshTokens(ctx, { clientId, refreshToken })
      })
      const revocation = Bun.sleep(4).then(() => apply(ctx, ...statements()))
      const outcomes = await Promise.allSettled([revocation, ...refreshes])
      expect(outcomes[0]?.status).toBe('fulfilled')
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(RefreshRefused)
      const live = (await t.allTokens()).filter((token) => token.userId === userId && token.status !== 'revoked')
      expect(live).toEqual([])
    })
  },
)
