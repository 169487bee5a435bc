/** What changes between the look of a token request and its commit: the commit's own conditions have to hold (P12, T31). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { and, eq } from 'drizzle-orm'
import { commit, type Statement } from '../../src/db/commit'
import { createHandler } from '../../src/server'
import { revokeTokensOfClient, revokeTokensOfConsent, revokeTokensOfUser } from '../../src/tokens/revoke'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { insertCode, REDIRECT_URI, redeem, type TestClient, VERIFIER } from './code-support'
import { outcome } from './support'

interface Scene {
  readonly user: UserRow
  readonly client: TestClient
  readonly consentId: string
}

const CHANGES: Record<string, (app: TestApp, scene: Scene) => Promise<unknown>> = {
  'user disabled': ({ ctx: { db } }, { user }) =>
    db.q.update(db.t.users).set({ isActive: false }).where(eq(db.t.users.id, user.id)),
  'client disabled': ({ ctx: { db } }, { client }) =>
    db.q
      .update(db.t.oauthApplications)
      .set({ status: 'inactive' })
      .where(eq(db.t.oauthApplications.clientId, client.clientId)),
  'flow switched off': ({ ctx: { db } }, { client }) =>
    db.q
      .update(db.t.oauthApplications)
      .set({ enableAuthCodeFlow: false })
      .where(eq(db.t.oauthApplications.clientId, client.clientId)),
  'consent withdrawn': ({ ctx: { db } }, { consentId }) =>
    db.q.update(db.t.userAuthorizations).set({ isActive: false }).where(eq(db.t.userAuthorizations.uuid, consentId)),
  'everything of the user revoked': ({ ctx }, { user }) => commit(ctx, revokeTokensOfUser(ctx, user.id)),
  'everything of the client revoked': ({ ctx }, { client }) => commit(ctx, revokeTokensOfClient(ctx, client.clientId)),
  'everything of the consent revoked': ({ ctx }, { user, client }) =>
    commit(ctx, revokeTokensOfConsent(ctx, { userId: user.id, clientId: client.clientId })),
}

describe.each(databases)('token requests on %s [SEC]', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())

  const makeScene = async () => {
    const user = await app.insertUser()
    const client = await app.insertClient({ scopes: 'read offline_access' })
    const { code, consentId } = await insertCode(app, { user, client, scope: 'read' })
    return { user, client, consentId, code }
  }
  /** The same server, except that `change` happens just before its first commit. */
  const interrupted = (change: () => Promise<unknown>) => {
    let pending = true
    const write = async (statements: readonly Statement[]) => {
      if (pending) {
        pending = false
        await change()
      }
      return app.ctx.db.commit(statements)
    }
    const handle = createHandler({ ...app.ctx, db: { ...app.ctx.db, commit: write } })
    return (fields: Record<string, string>, { client }: Scene) => {
      const credentials = { client_id: client.clientId, client_secret: client.secret }
      const body = new URLSearchParams({ ...fields, ...credentials })
      return handle(new Request('http://localhost:8080/oauth/token', { method: 'POST', body }))
    }
  }
  const liveTokens = async ({ user }: Scene) => {
    const { accessTokens } = app.ctx.db.t
    const live = and(eq(accessTokens.userId, user.id), eq(accessTokens.status, 'active'))
    return (await app.ctx.db.q.select().from(accessTokens).where(live)).length
  }
  const REFUSED = ['400 invalid_grant', '400 unauthorized_client', '401 invalid_client']

  test.each(Object.entries(CHANGES))('code: %s', async (_what, change) => {
    const scene = await makeScene()
    const send = interrupted(() => change(app, scene))
    const fields = { code: scene.code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
    const [status, error] = await outcome(await send({ grant_type: 'authorization_code', ...fields }, scene))
    expect(REFUSED).toContain(`${status} ${error}`)
    expect(await liveTokens(scene)).toBe(0)
  })

  test.each(Object.entries(CHANGES))('refresh: %s', async (_what, change) => {
    const scene = await makeScene()
    const first = await redeem(app, scene.client, scene.code)
    const { refresh_token } = (await first.json()) as { refresh_token: string }
    const before = await liveTokens(scene)
    const send = interrupted(() => change(app, scene))
    const [status, error] = await outcome(await send({ grant_type: 'refresh_token', refresh_token }, scene))
    expect(REFUSED).toContain(`${status} ${error}`)
    expect(await liveTokens(scene)).toBeLessThanOrEqual(before)
  })

  test('code: another client’s changes, and edits of the user, are no obstacle', async () => {
    const scene = await makeScene()
    const stranger = await app.insertClient()
    const { users } = app.ctx.db.t
    const send = interrupted(async () => {
      await commit(app.ctx, revokeTokensOfClient(app.ctx, stranger.clientId))
      await app.ctx.db.q.update(users).set({ fullName: 'New Name', version: 2 }).where(eq(users.id, scene.user.id))
    })
    const fields = { code: scene.code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
    expect((await send({ grant_type: 'authorization_code', ...fields }, scene)).status).toBe(200)
  })
})
