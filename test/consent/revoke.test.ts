import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { findConsent, findConsentById, grantConsent } from '../../src/consent/consents'
import { revokeConsent } from '../../src/consent/revoke'
import { Conflict, commit } from '../../src/db/commit'
import { prepareGrant } from '../../src/tokens/issue'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { failure } from '../tokens/support'
import { auditAbout, requestOf } from '../users/support'

describe.each(databases)('taking back a consent on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())

  async function allowed() {
    const user = await app.insertUser()
    const client = await app.insertClient()
    const pair = { userId: user.id, clientId: client.clientId }
    const { uuid, statements } = grantConsent(app.ctx, await findConsent(app.ctx, pair), {
      ...{ user, clientId: client.clientId, scopes: ['email'] },
    })
    await commit(app.ctx, statements)
    const consent = await findConsentById(app.ctx, uuid)
    if (!consent) throw new Error('no consent')
    // One grant by the consent page, one of a device that was taken over without a link to the consent.
    for (const grantType of ['authorization_code', 'device_code'] as const) {
      const linked = grantType === 'authorization_code' ? { consent } : {}
      const prepared = await prepareGrant(app.ctx, { client, user, scope: 'email', grantType, ...linked })
      await commit(app.ctx, [...prepared.guards, ...prepared.writes])
    }
    return { user, client, consent }
  }
  const statesOf = async (userId: string) => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.accessTokens).where(eq(t.accessTokens.userId, userId))
    return rows.map(({ status }) => status)
  }

  test('revokes every token of user and client, also those of devices, and nobody else’s', async () => {
    const { user, consent } = await allowed()
    const other = await allowed()
    expect(await revokeConsent(requestOf(app), consent, user)).toEqual({ tokensRevoked: 4 })
    expect(await statesOf(user.id)).toEqual(Array(4).fill('revoked'))
    expect(await statesOf(other.user.id)).toEqual(Array(4).fill('active'))
    expect(await findConsentById(app.ctx, consent.uuid)).toMatchObject({ isActive: false, tokenEpoch: 1 })
  })

  test('is recorded as done by who did it', async () => {
    const own = await allowed()
    await revokeConsent(requestOf(app), own.consent, own.user)
    const foreign = await allowed()
    const admin = await app.insertUser({ role: 'admin' })
    await revokeConsent(requestOf(app), foreign.consent, admin)
    expect((await auditAbout(app, own.consent.uuid)).at(-1)).toMatchObject({
      ...{ action: 'User revoked authorization for application', actorUserId: own.user.id },
    })
    expect((await auditAbout(app, foreign.consent.uuid)).at(-1)).toMatchObject({
      ...{ action: 'Administrator revoked authorization of user', actorUserId: admin.id },
      details: { client_id: foreign.client.clientId, scopes: 'email', user_id: foreign.user.id },
    })
  })

  test('of two at once one is recorded', async () => {
    const { user, consent } = await allowed()
    const both = await Promise.allSettled([1, 2].map(() => revokeConsent(requestOf(app), consent, user)))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await failure(revokeConsent(requestOf(app), consent, user))).toEqual(new Conflict('consent'))
    const records = await auditAbout(app, consent.uuid)
    expect(records.filter(({ eventType }) => eventType === 'USER_AUTHORIZATION_REVOKED')).toHaveLength(1)
  })
})
