import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { Conflict, commit, DatabaseUnavailable } from '../../src/db/commit'
import { sha256Hex } from '../../src/secrets'
import { parseExtraClaims } from '../../src/tokens/extra-claims'
import { type Grant, prepareGrant } from '../../src/tokens/issue'
import { revokeTokensOfClient, revokeTokensOfConsent, revokeTokensOfUser } from '../../src/tokens/revoke'
import { databases } from '../support/databases'
import { decode, failure, openTestContext, START, type TestContext } from './support'

const HOUR = 3_600_000

describe.each(databases)('issuance on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open, { JWT_EXPIRATION_JITTER: '0s' })
  })
  afterAll(() => t.close())

  test('user grant: a pair of rows of one family, holding what the tokens say', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient({ project: 'p', serviceAccount: 'sa' })
    const consent = await t.insertConsent(user, client)
    const issued = await t.issue({ client, user, consent, scope: 'email profile', deviceCodeId: 'dc-1' })

    const family = await t.familyRow(issued.familyId ?? '')
    expect(family).toMatchObject({ userId: user.id, clientId: client.clientId, authorizationId: consent.uuid })
    expect(family).toMatchObject({ grantType: 'device_code', scopes: 'email profile', revokedAt: null, reuseCount: 0 })
    expect(family.expiresAt.getTime()).toBe(Math.floor(START / 1000) * 1000 + 2160 * HOUR)

    const access = await t.tokenRow(issued.accessTokenId)
    const refresh = await t.tokenRow(issued.refreshTokenId ?? '')
    const both = {
      ...{ tokenType: 'Bearer', status: 'active', userId: user.id, clientId: client.clientId },
      ...{ scopes: 'email profile', grantType: 'device_code', parentTokenId: null, imported: false },
      ...{ tokenFamilyId: issued.familyId, authorizationId: consent.uuid, deviceCodeId: 'dc-1' },
      ...{ authorizationCodeId: null, lastUsedAt: null, revokedAt: null, disabledBy: null },
    }
    expect(access).toMatchObject({ ...both, tokenCategory: 'access', tokenHash: sha256Hex(issued.accessToken) })
    expect(refresh).toMatchObject({ ...both, tokenCategory: 'refresh', tokenHash: sha256Hex(issued.refreshToken) })
    expect(refresh.id).toBe(family.id)

    const decoded = decode(issued.accessToken)
    expect(decoded.header).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(decoded.payload).toMatchObject({ jti: access.id, sub: user.id, type: 'access', extra_uid: user.username })
    expect(decoded.payload.exp).toBe(access.expiresAt.getTime() / 1000)
    expect(decode(issued.refreshToken).header).toEqual({ alg: 'HS256', typ: 'rt+jwt' })
    expect(decode(issued.refreshToken).payload).toMatchObject({ jti: refresh.id, type: 'refresh', extra_project: 'p' })
    expect(issued.response).toMatchObject({ token_type: 'Bearer', expires_in: 35_999, scope: 'email profile' })
  })

  test('no column of any table holds a token, and audit rows hold no token id in full [SEC]', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const issued = await t.issue({ client, user, extraClaims: new Map([['note', '"private value"']]) })
    const { ctx } = t
    const everything = JSON.stringify(
      await Promise.all([
        ctx.db.q.select().from(ctx.db.t.accessTokens),
        ctx.db.q.select().from(ctx.db.t.tokenFamilies),
        ctx.db.q.select().from(ctx.db.t.auditLogs),
        ctx.db.q.select().from(ctx.db.t.refreshGrace),
      ]),
    )
    for (const secret of [issued.accessToken, issued.refreshToken, issued.accessToken.split('.')[2], 'private value'])
      expect(everything).not.toContain(secret ?? '')
    expect(everything).toContain(sha256Hex(issued.accessToken))
  })

  test('audit: one row per token, written with it, in the order access, refresh', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const issued = await t.issue({ client, user, extraClaims: new Map([['note', '1']]) })
    const rows = (await t.auditRows()).filter(({ actorUserId }) => actorUserId === user.id)
    expect(rows.map(({ eventType, resourceId }) => [eventType, resourceId])).toEqual([
      ['ACCESS_TOKEN_ISSUED', issued.accessTokenId],
      ['REFRESH_TOKEN_ISSUED', issued.refreshTokenId ?? ''],
    ])
    expect(rows[0]).toMatchObject({ actorUsername: user.username, clientId: client.clientId, resourceType: 'TOKEN' })
    expect(rows[0]?.details).toMatchObject({
      ...{ client_id: client.clientId, scopes: 'email profile', token_provider: 'local', extra_claims: ['note'] },
    })
  })

  test('machine token: no family, no refresh token, the lifetime of machines, its own event', async () => {
    const client = await t.insertClient({ tokenProfile: 'long' })
    const issued = await t.issue({ client, grantType: 'client_credentials', scope: 'read' })
    expect([issued.refreshToken, issued.familyId]).toEqual(['', undefined])
    const row = await t.tokenRow(issued.accessTokenId)
    expect(row).toMatchObject({ userId: `client:${client.clientId}`, tokenFamilyId: null, authorizationId: null })
    expect(issued.response.expires_in).toBe(3599)
    const [event] = (await t.auditRows()).filter(({ resourceId }) => resourceId === issued.accessTokenId)
    // The actor is 43 characters long: no column cuts it.
    expect(event).toMatchObject({
      ...{ eventType: 'CLIENT_CREDENTIALS_TOKEN_ISSUED', actorUserId: `client:${client.clientId}`, actorUsername: '' },
    })
  })

  test('profiles decide both lifetimes; an unknown one is standard and is logged', async () => {
    const user = await t.insertUser()
    const lives = async (tokenProfile: string) => {
      const issued = await t.issue({ client: await t.insertClient({ tokenProfile }), user })
      const [access, refresh] = [await t.tokenRow(issued.accessTokenId), await t.tokenRow(issued.refreshTokenId ?? '')]
      const start = Math.floor(START / 1000) * 1000
      return [access, refresh].map(({ expiresAt }) => (expiresAt.getTime() - start) / HOUR)
    }
    expect(await lives('short')).toEqual([0.25, 24])
    expect(await lives('standard')).toEqual([10, 720])
    expect(await lives('')).toEqual([10, 720])
    expect(await lives('long')).toEqual([24, 2160])
    expect(await lives('huge')).toEqual([10, 720])
    expect(t.log.filter(({ message }) => message.includes('token_profile')).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^\[Token\] client \S+ has unknown token_profile="huge"; falling back to standard$/),
    ])
  })

  test('ENABLE_REFRESH_TOKENS=false: no refresh token and no row of one; the family is there to revoke by (P17)', async () => {
    const ctx = t.withSettings({ ENABLE_REFRESH_TOKENS: 'false' })
    const user = await t.insertUser()
    const client = await t.insertClient()
    const grant = await prepareGrant(ctx, { grantType: 'device_code', client, user, scope: 'email' })
    await commit(ctx, [...grant.guards, ...grant.writes])
    expect(grant.response).not.toHaveProperty('refresh_token')
    const rows = (await t.allTokens()).filter(({ userId }) => userId === user.id)
    expect(rows.map(({ tokenCategory, tokenFamilyId }) => [tokenCategory, tokenFamilyId])).toEqual([
      ['access', grant.familyId ?? ''],
    ])
    expect((await t.familyRow(grant.familyId ?? '')).expiresAt).toEqual(grant.accessTokenExpiresAt)
  })

  test('extra claims land in both tokens, and are not remembered', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const extraClaims = parseExtraClaims(t.ctx.settings, '{"tenant":"t-1"}')
    const issued = await t.issue({ client, user, extraClaims })
    expect(decode(issued.accessToken).payload.tenant).toBe('t-1')
    expect(decode(issued.refreshToken).payload.tenant).toBe('t-1')
  })

  test('JWT_ACCESS_TOKEN_TYP=at+jwt marks access tokens (RFC 9068), not refresh tokens', async () => {
    const ctx = t.withSettings({ JWT_ACCESS_TOKEN_TYP: 'at+jwt' })
    const user = await t.insertUser()
    const { response } = await prepareGrant(ctx, {
      ...{ grantType: 'device_code', client: await t.insertClient(), user, scope: '' },
    })
    expect(decode(response.access_token).header.typ).toBe('at+jwt')
    expect(decode(response.refresh_token ?? '').header.typ).toBe('rt+jwt')
  })
})

describe.each(databases)(
  'issuance guards on %s: what changed since it was read stops the commit (P12, T31) [SEC]',
  (_n, open) => {
    let t: TestContext
    beforeAll(async () => {
      t = await openTestContext(open)
    })
    afterAll(() => t.close())

    async function attempt(change: (parties: Parties) => Promise<unknown>, grant: Partial<Grant> = {}) {
      const user = await t.insertUser()
      const client = await t.insertClient()
      const consent = await t.insertConsent(user, client)
      const prepared = await prepareGrant(t.ctx, {
        grantType: 'device_code',
        client,
        user,
        consent,
        scope: 'x',
        ...grant,
      })
      await change({ user: user.id, client: client.clientId, consent: consent.uuid })
      const error = await failure(commit(t.ctx, [...prepared.guards, ...prepared.writes]))
      const left = (await t.allTokens()).filter(({ clientId }) => clientId === client.clientId)
      const audited = (await t.auditRows()).filter((row) => row.clientId === client.clientId)
      return { error, left: left.length + audited.length }
    }
    interface Parties {
      readonly user: string
      readonly client: string
      readonly consent: string
    }

    interface Change {
      /** Which guard does not hold. */
      readonly label: string
      readonly change: (parties: Parties) => Promise<unknown>
      readonly grant?: Partial<Grant>
    }
    const set = {
      user: async (id: string, values: object) => {
        const { users } = t.ctx.db.t
        await t.ctx.db.q.update(users).set(values).where(eq(users.id, id))
      },
      client: async (id: string, values: object) => {
        const { oauthApplications } = t.ctx.db.t
        await t.ctx.db.q.update(oauthApplications).set(values).where(eq(oauthApplications.clientId, id))
      },
      consent: async (id: string, values: object) => {
        const { userAuthorizations } = t.ctx.db.t
        await t.ctx.db.q.update(userAuthorizations).set(values).where(eq(userAuthorizations.uuid, id))
      },
    }
    const remove = async (id: string) => {
      const { users } = t.ctx.db.t
      await t.ctx.db.q.delete(users).where(eq(users.id, id))
    }
    const revoke = (statements: ReturnType<typeof revokeTokensOfUser>) => commit(t.ctx, statements)

    const changes: [string, Change][] = [
      ['the user is disabled', { label: 'user', change: ({ user }) => set.user(user, { isActive: false }) }],
      ['the user is deleted', { label: 'user', change: ({ user }) => remove(user) }],
      [
        'the client is deactivated',
        { label: 'client', change: ({ client }) => set.client(client, { status: 'inactive' }) },
      ],
      [
        'the client is pending again',
        { label: 'client', change: ({ client }) => set.client(client, { status: 'pending' }) },
      ],
      [
        'the device flow is off',
        { label: 'client', change: ({ client }) => set.client(client, { enableDeviceFlow: false }) },
      ],
      [
        'the code flow is off',
        {
          label: 'client',
          change: ({ client }) => set.client(client, { enableAuthCodeFlow: false }),
          grant: { grantType: 'authorization_code' },
        },
      ],
      [
        'client credentials are off',
        {
          label: 'client',
          change: ({ client }) => set.client(client, { enableClientCredentialsFlow: false }),
          grant: { grantType: 'client_credentials', user: undefined, consent: undefined },
        },
      ],
      [
        'the consent is withdrawn',
        { label: 'consent', change: ({ consent }) => set.consent(consent, { isActive: false }) },
      ],
      [
        'everything of the user is revoked',
        { label: 'user', change: ({ user }) => revoke(revokeTokensOfUser(t.ctx, user)) },
      ],
      [
        'everything of the client is revoked',
        { label: 'client', change: ({ client }) => revoke(revokeTokensOfClient(t.ctx, client)) },
      ],
      [
        'everything of the consent is revoked',
        {
          label: 'consent',
          change: ({ user, client }) => revoke(revokeTokensOfConsent(t.ctx, { userId: user, clientId: client })),
        },
      ],
    ]
    test.each(changes)('%s', async (_name, { label, change, grant }) => {
      const { error, left } = await attempt(change, grant)
      expect(error).toBeInstanceOf(Conflict)
      expect((error as Conflict).label).toBe(label)
      expect(left).toBe(0)
    })

    test('another flow that is off does not matter', async () => {
      const user = await t.insertUser()
      const client = await t.insertClient({ enableAuthCodeFlow: false, enableClientCredentialsFlow: false })
      expect((await t.issue({ client, user, grantType: 'device_code' })).accessToken).not.toBe('')
    })

    test('64 grants beside a bulk revocation: nothing minted survives it', async () => {
      const user = await t.insertUser()
      const client = await t.insertClient()
      const prepared = await Promise.all(
        Array.from({ length: 64 }, () => prepareGrant(t.ctx, { grantType: 'device_code', client, user, scope: 'x' })),
      )
      const commits = prepared.map((grant) => commit(t.ctx, [...grant.guards, ...grant.writes]))
      commits.splice(32, 0, commit(t.ctx, revokeTokensOfUser(t.ctx, user.id)))
      const outcomes = await Promise.allSettled(commits)
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Conflict)
      const live = (await t.allTokens()).filter(({ userId, status }) => userId === user.id && status !== 'revoked')
      expect(live).toEqual([])
    })
  },
)

test('a database that is away fails the grant and never shortens it', async () => {
  const [, open] = databases[0] ?? []
  if (!open) throw new Error('no database')
  const t = await openTestContext(open)
  const prepared = await prepareGrant(t.ctx, {
    grantType: 'client_credentials',
    client: await t.insertClient(),
    scope: '',
  })
  const away = { db: { ...t.ctx.db, commit: () => Promise.reject(new DatabaseUnavailable('ECONNREFUSED')) } }
  expect(await failure(commit(away, [...prepared.guards, ...prepared.writes]))).toBeInstanceOf(DatabaseUnavailable)
  await t.close()
})
