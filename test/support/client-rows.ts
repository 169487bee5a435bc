/** Clients put into the database file of a stopped server. */
import { join } from 'node:path'
import { generateClientSecret, hashClientSecret } from '../../src/clients/secret'
import { systemRandom } from '../../src/clock'
import { run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import { openSqlite } from '../../src/db/sqlite'
import type { ClientRow } from './app'

const random = { random: systemRandom }
const insertRow = write('test_insert_client_row', (q, t) =>
  q.insert(t.oauthApplications).values(rowParameters(t.oauthApplications)),
)

export interface StoredClient {
  readonly clientId: string
  /** Empty for public clients. */
  readonly secret: string
}

/** A client like the seeded one but for `changes`, in the database of the folder a server has run in. */
export async function storeClient(folder: string, changes: Partial<ClientRow>): Promise<StoredClient> {
  const db = openSqlite({ path: join(folder, 'oauth.db'), busyTimeoutMs: 5_000 })
  await db.migrate()
  const [seeded] = await db.q.select().from(db.t.oauthApplications).limit(1)
  if (!seeded) throw new Error('the database was not seeded')
  const row = { ...seeded, clientId: crypto.randomUUID(), ...changes }
  const secret = row.clientType === 'public' ? '' : generateClientSecret(random)
  const clientSecret = secret === '' ? null : hashClientSecret(random, secret)
  await db.commit([run(insertRow, { ...row, clientSecret })])
  await db.close()
  return { clientId: row.clientId, secret }
}
