/** What happens between a look and the commit that acts on it: the commit's own conditions have to hold. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { Conflict, commit, DatabaseUnavailable, type Statement } from '../../../src/db/commit'
import {
  approveDeviceCode,
  claimDeviceCode,
  denyDeviceCode,
  insertDeviceCode,
  removeDeniedCode,
} from '../../../src/oauth/device/codes'
import { createHandler } from '../../../src/server'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import {
  type Codes,
  codeRow,
  confirmationOf,
  consentRow,
  decideOn,
  newCodes,
  poll,
  settle,
  type TestClient,
  tokenRows,
} from './support'

describe.each(databases)('device codes on %s, changed between look and commit', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())

  /** The same server, except that `change` happens just before the first list of at least `size` statements is written. */
  function interrupted(change: () => Promise<unknown>, size: number): TestApp {
    let pending = true
    const db = {
      ...app.ctx.db,
      commit: async (statements: readonly Statement[]) => {
        if (pending && statements.length >= size) {
          pending = false
          await change()
        }
        return app.ctx.db.commit(statements)
      },
    }
    const handler = createHandler({ ...app.ctx, db })
    return {
      ...app,
      postForm: (path, fields, headers = {}) =>
        handler(
          new Request(`http://localhost:8080${path}`, {
            method: 'POST',
            headers: {
              'content-type': 'application/x-www-form-urlencoded',
              'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
              ...headers,
            },
            body: new URLSearchParams(fields as Record<string, string>).toString(),
          }),
        ),
    }
  }

  interface Scene extends Codes {
    readonly user: UserRow
    readonly session: SignedIn
    readonly client: TestClient
  }
  const scene = async (): Promise<Scene> => {
    const user = await app.insertUser()
    const client = await app.insertClient({ clientType: 'public' })
    return { user, client, session: await app.signIn(user), ...(await newCodes(app, client)) }
  }

  const { q, t } = { q: () => app.ctx.db.q, t: () => app.ctx.db.t }
  const CHANGES: Record<string, (of: Scene) => Promise<unknown>> = {
    'the user disabled': ({ user }) => q().update(t().users).set({ isActive: false }).where(eq(t().users.id, user.id)),
    'everything of the user revoked': ({ user }) =>
      q().update(t().users).set({ tokenEpoch: 1 }).where(eq(t().users.id, user.id)),
    'the client deactivated': ({ client }) =>
      q()
        .update(t().oauthApplications)
        .set({ status: 'inactive' })
        .where(eq(t().oauthApplications.clientId, client.clientId)),
    'the flow switched off': ({ client }) =>
      q()
        .update(t().oauthApplications)
        .set({ enableDeviceFlow: false })
        .where(eq(t().oauthApplications.clientId, client.clientId)),
    'the code denied': ({ client }) =>
      q()
        .update(t().deviceCodes)
        .set({ deniedAt: new Date(app.clock.now()) })
        .where(eq(t().deviceCodes.clientId, client.clientId)),
  }

  const WITH_CONSENT: typeof CHANGES = {
    ...CHANGES,
    'the consent revoked': ({ client }) =>
      q()
        .update(t().userAuthorizations)
        .set({ isActive: false })
        .where(eq(t().userAuthorizations.clientId, client.clientId)),
  }
  // A raised epoch alone refuses the first attempt; the next one reads it and may go on.
  const lasting = (changes: typeof CHANGES) =>
    Object.entries(changes).filter(([name]) => name !== 'everything of the user revoked')

  test.each(lasting(WITH_CONSENT))('a redemption issues nothing: %s', async (_change, change) => {
    const of = await scene()
    await settle(app, of.session, of.userCode)
    const { status } = await poll(
      interrupted(() => change(of), 4),
      of.client,
      of.deviceCode,
    )
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(await tokenRows(app, of.client.clientId)).toEqual([])
  })

  test.each(Object.entries(CHANGES))('an approval allows nothing: %s', async (_change, change) => {
    const of = await scene()
    const requestId = (await confirmationOf(app, of.session, of.userCode)) ?? ''
    const response = await decideOn(
      interrupted(() => change(of), 5),
      of.session,
      requestId,
      'approve',
    )
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect((await codeRow(app, of.client.clientId)).authorizedAt).toBeNull()
    expect(await consentRow(app, { userId: of.user.id, clientId: of.client.clientId })).toBeUndefined()
  })

  test('an approval beside another consent of the same pair keeps both', async () => {
    const of = await scene()
    const second = await newCodes(app, of.client, 'write')
    const requestId = (await confirmationOf(app, of.session, of.userCode)) ?? ''
    const between = interrupted(() => settle(app, of.session, second.userCode), 5)
    expect((await decideOn(between, of.session, requestId, 'approve')).status).toBe(303)
    const consent = await consentRow(app, { userId: of.user.id, clientId: of.client.clientId })
    expect(consent?.scopes.split(' ').sort()).toEqual(['email', 'profile', 'write'])
  })

  test('a database that is away is answered 503, and the step can be repeated', async () => {
    const away = () => Promise.reject(new DatabaseUnavailable('SQLITE_FULL'))
    const of = await scene()
    const requestId = (await confirmationOf(app, of.session, of.userCode)) ?? ''
    expect((await decideOn(interrupted(away, 5), of.session, requestId, 'approve')).status).toBe(503)
    expect((await decideOn(app, of.session, requestId, 'approve')).status).toBe(303)
    const refused = await poll(interrupted(away, 4), of.client, of.deviceCode)
    expect([refused.status, refused.body.error]).toEqual([503, 'temporarily_unavailable'])
    expect(refused.headers.get('retry-after')).not.toBeNull()
    expect((await poll(app, of.client, of.deviceCode)).status).toBe(200)
  })

  describe('transitions', () => {
    type Facts = Partial<Awaited<ReturnType<typeof codeRow>>>
    const at = () => new Date(app.clock.now())
    const stored = async (facts: (userId: string) => Facts) => {
      const { user, client } = await scene()
      const row = await codeRow(app, client.clientId)
      const id = app.ctx.random.orderedUuid()
      const hashes = { deviceCodeHash: crypto.randomUUID(), userCodeHash: crypto.randomUUID() }
      await commit(app.ctx, [insertDeviceCode({ ...row, ...hashes, id, ...facts(user.id) })])
      return { id, userId: user.id }
    }
    const FACTS: Record<string, (userId: string) => Facts> = {
      waiting: () => ({}),
      'waiting, expired': () => ({ expiresAt: at() }),
      approved: (userId) => ({ userId, authorizedAt: at() }),
      'approved, expired': (userId) => ({ userId, authorizedAt: at(), expiresAt: at() }),
      denied: (userId) => ({ userId, deniedAt: at() }),
      used: (userId) => ({ userId, authorizedAt: at(), consumedAt: at() }),
    }
    const STEPS: Record<string, { from: string; step: (id: string, userId: string) => Statement }> = {
      approve: {
        from: 'waiting',
        step: (id, userId) => approveDeviceCode(app.ctx, id, { userId, authorizationId: 'x', scopes: '' }),
      },
      deny: { from: 'waiting', step: (id, userId) => denyDeviceCode(app.ctx, id, userId) },
      claim: { from: 'approved', step: (id, userId) => claimDeviceCode(app.ctx, { id, userId, familyId: 'x' }) },
      'remove denied': { from: 'denied', step: (id) => removeDeniedCode(id) },
    }
    const cases = Object.entries(STEPS).flatMap(([name, { from, step }]) =>
      Object.entries(FACTS).map(([state, facts]) => [name, state, state === from, facts, step] as const),
    )
    test.each(cases)('%s a code that is %s: %p', async (_name, _state, possible, facts, step) => {
      const { id, userId } = await stored(facts)
      const outcome = commit(app.ctx, [step(id, userId)])
      if (possible) await expect(outcome).resolves.toEqual([1])
      else await expect(outcome).rejects.toBeInstanceOf(Conflict)
    })

    test('a code is claimed for the user who approved it only', async () => {
      const { id } = await stored((userId) => ({ userId, authorizedAt: at() }))
      const claim = claimDeviceCode(app.ctx, { id, userId: crypto.randomUUID(), familyId: 'x' })
      await expect(commit(app.ctx, [claim])).rejects.toBeInstanceOf(Conflict)
    })
  })
})
