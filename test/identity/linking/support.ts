/** Users, connections and what became of them. */
import { commit, run } from '../../../src/db/commit'
import { rowParameters, write } from '../../../src/db/definitions'
import type { Connection } from '../../../src/identity/linking/records'
import type { TestApp, UserRow } from '../../support/app'

const insertRow = write('test_insert_connection', (q, t) =>
  q.insert(t.oauthConnections).values(rowParameters(t.oauthConnections)),
)

export async function insertConnection(
  app: TestApp,
  user: UserRow,
  overrides: Partial<Connection> & Pick<Connection, 'provider' | 'issuer' | 'providerUserId'>,
): Promise<Connection> {
  const at = new Date(app.clock.now())
  const row: Connection = {
    id: crypto.randomUUID(),
    userId: user.id,
    providerUsername: user.username,
    providerEmail: user.email,
    providerEmailVerified: false,
    providerFullName: null,
    avatarUrl: '',
    lastUsedAt: null,
    createdAt: at,
    updatedAt: at,
    ...overrides,
  }
  await commit(app.ctx, [run(insertRow, row)])
  return row
}

export async function users(app: TestApp): Promise<UserRow[]> {
  return app.ctx.db.q.select().from(app.ctx.db.t.users)
}

export async function userOf(app: TestApp, id: string): Promise<UserRow> {
  const found = (await users(app)).find((user) => user.id === id)
  if (!found) throw new Error('no such user')
  return found
}

export async function connections(app: TestApp): Promise<Connection[]> {
  return app.ctx.db.q.select().from(app.ctx.db.t.oauthConnections)
}

export const severed = (app: TestApp) => app.ctx.db.q.select().from(app.ctx.db.t.severedConnections)
