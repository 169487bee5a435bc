/** Issuance beside everything that takes the ground from under it (RFC 9700 §2.2.2): nothing may survive, nothing may fail. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { and, eq, inArray } from 'drizzle-orm'
import { commit, run, type Statement } from '../../src/db/commit'
import { param, write } from '../../src/db/definitions'
import { revokeFamily, revokeTokensOfClient, revokeTokensOfConsent, revokeTokensOfUser } from '../../src/tokens/revoke'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { insertCode, redeem, type TestClient } from './code-support'
import { issueTokens, outcome } from './support'

const WIDTH = 64

const disableUser = write('test_disable_user', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: false })
    .where(eq(t.users.id, param('userId'))),
)
const disableClient = write('test_disable_client', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ status: 'inactive' })
    .where(eq(t.oauthApplications.clientId, param('clientId'))),
)
const endConsent = write('test_end_consent', (q, t) =>
  q
    .update(t.userAuthorizations)
    .set({ isActive: false })
    .where(and(eq(t.userAuthorizations.userId, param('userId')), eq(t.userAuthorizations.clientId, param('clientId')))),
)

interface Parties {
  readonly user: UserRow
  readonly client: TestClient
}

describe.each(databases)('issuance and revocation at once on %s [SEC]', (_name, open) => {
  let app: TestApp
  let rotating: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
    rotating = await openTestApp({ open, settings: { ENABLE_TOKEN_ROTATION: 'true', REFRESH_REUSE_GRACE: '0s' } })
  })
  afterAll(async () => {
    await app.close()
    await rotating.close()
  })

  const parties = async (at: TestApp): Promise<Parties> => ({
    user: await at.insertUser(),
    client: await at.insertClient({ scopes: 'openid read write offline_access' }),
  })

  const ends: [string, (at: TestApp, of: Parties) => Statement[]][] = [
    [
      'the user is disabled',
      ({ ctx }, { user }) => [run(disableUser, { userId: user.id }), ...revokeTokensOfUser(ctx, user.id)],
    ],
    [
      'the client is disabled',
      ({ ctx }, { client: { clientId } }) => [run(disableClient, { clientId }), ...revokeTokensOfClient(ctx, clientId)],
    ],
    [
      'the consent is revoked',
      ({ ctx }, { user, client }) => {
        const pair = { userId: user.id, clientId: client.clientId }
        return [...revokeTokensOfConsent(ctx, pair), run(endConsent, pair)]
      },
    ],
    ['all tokens of the user are revoked', ({ ctx }, { user }) => revokeTokensOfUser(ctx, user.id)],
    ['all tokens of the client are revoked', ({ ctx }, { client }) => revokeTokensOfClient(ctx, client.clientId)],
  ]

  const liveTokens = async ({ ctx }: TestApp, user: UserRow) => {
    const { accessTokens } = ctx.db.t
    const live = inArray(accessTokens.status, ['active', 'disabled'])
    return await ctx.db.q
      .select()
      .from(accessTokens)
      .where(and(eq(accessTokens.userId, user.id), live))
  }
  /** Sent in waves around the revocation, so that it falls before, between and after. */
  const beside = async (requests: (() => Promise<Response>)[], end: () => Promise<unknown>): Promise<string[]> => {
    const sent = requests.map(async (send, n) => {
      await Bun.sleep(Math.floor(n / 8) * 2)
      return await send()
    })
    await Bun.sleep(6)
    const ended = end()
    const answers = await Promise.all((await Promise.all(sent)).map(outcome))
    await ended
    return answers.map(([status, error]) => `${status} ${error ?? 'ok'}`)
  }
  const REFUSALS = ['200 ok', '400 invalid_grant', '401 invalid_client']
  /** Answers that should not be, with what the server logged about them. */
  const surprises = (at: TestApp, answers: string[]) => {
    const found: unknown[] = answers.filter((each) => !REFUSALS.includes(each))
    const logged = at.log().filter(({ level }) => level === 'error' || level === 'warn')
    return found.length === 0 ? [] : [...found, ...logged]
  }

  test.each(ends)('64 codes, while %s', async (_what, statements) => {
    const of = await parties(app)
    const codes: string[] = []
    for (let n = 0; n < WIDTH; n += 1) codes.push((await insertCode(app, of)).code)
    const requests = codes.map((code) => () => redeem(app, of.client, code))
    const answers = await beside(requests, () => commit(app.ctx, statements(app, of)))
    expect(surprises(app, answers)).toEqual([])
    expect(await liveTokens(app, of.user)).toEqual([])
  })

  const refresh = (at: TestApp, client: TestClient, token: string) =>
    at.postForm('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: token },
      ...{ client_id: client.clientId, client_secret: client.secret },
    })
  const grants = async (at: TestApp, of: Parties, count: number) => {
    const tokens: { refresh_token: string; familyId: string }[] = []
    for (let n = 0; n < count; n += 1) {
      const response = await redeem(at, of.client, (await insertCode(at, of)).code)
      const { refresh_token } = (await response.json()) as { refresh_token: string }
      const { accessTokens } = at.ctx.db.t
      const rows = await at.ctx.db.q.select().from(accessTokens).where(eq(accessTokens.userId, of.user.id))
      tokens.push({ refresh_token, familyId: rows.at(-1)?.tokenFamilyId ?? '' })
    }
    return tokens
  }

  test.each(ends)('64 refreshes of 16 grants, while %s', async (_what, statements) => {
    for (const at of [app, rotating]) {
      const of = await parties(at)
      const tokens = await grants(at, of, 16)
      const requests = Array.from({ length: WIDTH }, (_, n) => () => {
        return refresh(at, of.client, tokens[n % tokens.length]?.refresh_token ?? '')
      })
      const answers = await beside(requests, () => commit(at.ctx, statements(at, of)))
      expect(surprises(at, answers)).toEqual([])
      expect(await liveTokens(at, of.user)).toEqual([])
    }
  })

  test('64 refreshes of one grant, while its family is revoked', async () => {
    for (const at of [app, rotating]) {
      const of = await parties(at)
      const { refresh_token, familyId } = await issueTokens(at, {
        ...of,
        scope: 'read',
        grantType: 'authorization_code',
      })
      const requests = Array.from({ length: WIDTH }, () => () => refresh(at, of.client, refresh_token))
      const answers = await beside(requests, () => commit(at.ctx, revokeFamily(at.ctx, familyId)))
      expect(surprises(at, answers)).toEqual([])
      expect(await liveTokens(at, of.user)).toEqual([])
    }
  })

  test('bulk revocations that overlap, beside issuance for the same users and clients: no deadlock shows', async () => {
    const users = [await app.insertUser(), await app.insertUser(), await app.insertUser()]
    const clients = [await app.insertClient(), await app.insertClient(), await app.insertClient()]
    const pairs = users.flatMap((user) => clients.map((client) => ({ user, client })))
    const codes = new Map<Parties, string[]>()
    for (const of of pairs) {
      const fresh: string[] = []
      for (let n = 0; n < 7; n += 1) fresh.push((await insertCode(app, { ...of, scope: 'read' })).code)
      codes.set(of, fresh)
      // Rows that several of the revocations want to write.
      for (let n = 0; n < 4; n += 1)
        await redeem(app, of.client, (await insertCode(app, { ...of, scope: 'read' })).code)
    }
    const requests = pairs.flatMap((of) => (codes.get(of) ?? []).map((code) => () => redeem(app, of.client, code)))
    const { ctx } = app
    const revocations = () => [
      ...users.map(({ id }) => commit(ctx, revokeTokensOfUser(ctx, id))),
      ...clients.map(({ clientId }) => commit(ctx, revokeTokensOfClient(ctx, clientId))),
      ...pairs.map(({ user, client: { clientId } }) =>
        commit(ctx, revokeTokensOfConsent(ctx, { userId: user.id, clientId })),
      ),
    ]
    const started = performance.now()
    const answers = await beside(requests, () => Promise.all([...revocations(), ...revocations()]))
    expect(surprises(app, answers)).toEqual([])
    expect(performance.now() - started).toBeLessThan(5_000)
    for (const user of users) expect(await liveTokens(app, user)).toEqual([])
  })
})
