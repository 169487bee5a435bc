/** What happens between a look and the commit that acts on it: the commit's own conditions have to hold. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { DatabaseUnavailable, type Statement } from '../../../src/db/commit'
import { createHandler } from '../../../src/server'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import { auditRows, consentRow } from '../device/support'
import {
  answerAt,
  CALLBACK,
  codesOf,
  decideOn,
  open as openPage,
  requestIdOf,
  requestOf,
  settle,
  type TestClient,
} from './support'

/** Of a commit that makes a code, but not of those that note a request. */
const CODE_COMMIT = 4

describe.each(databases)('authorization on %s, changed between look and commit', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open })
  })
  afterAll(() => app.close())

  /** The same server, except that `change` happens just before every list that makes a code is written. */
  function interrupted(change: () => Promise<unknown>): TestApp {
    const db = {
      ...app.ctx.db,
      commit: async (statements: readonly Statement[]) => {
        if (statements.length >= CODE_COMMIT) await change()
        return app.ctx.db.commit(statements)
      },
    }
    const handler = createHandler({ ...app.ctx, db })
    const send = (path: string, init: RequestInit) => {
      const headers = new Headers(init.headers)
      headers.set('user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
      return handler(new Request(`http://localhost:8080${path}`, { ...init, headers, redirect: 'manual' }))
    }
    return {
      ...app,
      get: (path, init = {}) => send(path, init),
      postForm: (path, fields, headers = {}) =>
        send(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          body: new URLSearchParams(fields as Record<string, string>).toString(),
        }),
    }
  }

  interface Scene {
    readonly user: UserRow
    readonly session: SignedIn
    readonly client: TestClient
  }
  const scene = async (): Promise<Scene> => {
    const user = await app.insertUser()
    const client = await app.insertClient({ redirectUris: [CALLBACK] })
    return { user, client, session: await app.signIn(user) }
  }

  const parts = () => app.ctx.db
  const CHANGES: [string, (of: Scene) => Promise<unknown>][] = [
    [
      'the user disabled',
      ({ user }) => parts().q.update(parts().t.users).set({ isActive: false }).where(eq(parts().t.users.id, user.id)),
    ],
    [
      'everything of the user revoked',
      ({ user }) => parts().q.update(parts().t.users).set({ tokenEpoch: 1 }).where(eq(parts().t.users.id, user.id)),
    ],
    [
      'the client deactivated',
      ({ client }) =>
        parts()
          .q.update(parts().t.oauthApplications)
          .set({ status: 'inactive' })
          .where(eq(parts().t.oauthApplications.clientId, client.clientId)),
    ],
    [
      'the flow switched off',
      ({ client }) =>
        parts()
          .q.update(parts().t.oauthApplications)
          .set({ enableAuthCodeFlow: false })
          .where(eq(parts().t.oauthApplications.clientId, client.clientId)),
    ],
    [
      'the session ended',
      ({ session }) => parts().q.delete(parts().t.sessions).where(eq(parts().t.sessions.sid, session.sid)),
    ],
  ]
  const codeOf = (response: Response) => answerAt(response)?.code

  test.each(CHANGES)('Allow, %s meanwhile: no code, no consent, no trace of either [SEC]', async (_what, change) => {
    const of = await scene()
    const requestId = await requestIdOf(await openPage(app, of.session, requestOf(of.client)))
    const between = interrupted(() => change(of))
    const response = await decideOn(between, of.session, { request_id: requestId, action: 'approve' })
    expect(codeOf(response)).toBeUndefined()
    expect(await codesOf(app, of.client.clientId)).toEqual([])
    expect(await consentRow(app, { userId: of.user.id, clientId: of.client.clientId })).toBeUndefined()
    expect(await auditRows(app, 'AUTHORIZATION_CODE_GENERATED', of.client.clientId)).toEqual([])
  })

  const withdrawn: (typeof CHANGES)[number] = [
    'the consent withdrawn',
    ({ client }) =>
      parts()
        .q.update(parts().t.userAuthorizations)
        .set({ isActive: false })
        .where(eq(parts().t.userAuthorizations.clientId, client.clientId)),
  ]

  test.each([...CHANGES, withdrawn])('a remembered consent, %s meanwhile: no code [SEC]', async (_what, change) => {
    const of = await scene()
    await settle(app, of.session, requestOf(of.client))
    const response = await openPage(
      interrupted(() => change(of)),
      of.session,
      requestOf(of.client),
    )
    expect(codeOf(response)).toBeUndefined()
    expect(await codesOf(app, of.client.clientId)).toHaveLength(1)
  })

  test('another consent of the pair written meanwhile: both are kept', async () => {
    const of = await scene()
    const [read, write] = [
      await requestIdOf(await openPage(app, of.session, requestOf(of.client, { scope: 'read' }))),
      await requestIdOf(await openPage(app, of.session, requestOf(of.client, { scope: 'write' }))),
    ]
    let first = true
    const between = interrupted(async () => {
      if (first) await decideOn(app, of.session, { request_id: write, action: 'approve' })
      first = false
    })
    expect(codeOf(await decideOn(between, of.session, { request_id: read, action: 'approve' }))).toBeDefined()
    const consent = await consentRow(app, { userId: of.user.id, clientId: of.client.clientId })
    expect(consent?.webScopes.split(' ').sort()).toEqual(['read', 'write'])
  })

  test('an unreachable database: 503, and the decision can be made again', async () => {
    const of = await scene()
    const requestId = await requestIdOf(await openPage(app, of.session, requestOf(of.client)))
    const decision = { request_id: requestId, action: 'approve' }
    const down = interrupted(() => Promise.reject(new DatabaseUnavailable('gone')))
    const response = await decideOn(down, of.session, decision)
    expect([response.status, response.headers.get('retry-after') !== null]).toEqual([503, true])
    expect(codeOf(await decideOn(app, of.session, decision))).toBeDefined()
  })
})
