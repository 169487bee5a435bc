/** Every list over the rows of a small copy of a large deployment: the look-ups that grow with it go through an index. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fill, SMALL } from '../../scripts/benchmark/big-data/fill'
import { type Ids, idQuery } from '../../scripts/benchmark/big-data/lists'
import { type BigDatabase, bigDatabase } from '../../scripts/benchmark/big-data/place'
import { GRANT_FILTERS, listGrants } from '../../src/account/grant-list'
import { findClientGrants } from '../../src/clients/client-grants'
import { findClients } from '../../src/clients/client-list'
import { findConsentsOf } from '../../src/consent/consents-of-client'
import { findConsentsOfUser } from '../../src/consent/consents-of-user'
import type { Context } from '../../src/context'
import type { Database } from '../../src/db/database'
import { listFound, readListRequest } from '../../src/edge/list-request'
import { findTokens } from '../../src/tokens/token-list'
import { type Asked, listening } from '../support/listening'
import { freshDatabase, postgresAvailable } from '../support/postgres'

type Ctx = Pick<Context, 'db' | 'clock'>

const request = readListRequest({ page: '2' })
const grants = (filters: Record<string, string>) => readListRequest(filters, { filters: GRANT_FILTERS })
const tokens = (filters: Record<string, string>) => async (ctx: Ctx) =>
  listFound(request, await findTokens(ctx, { search: '', filters }))

/** Per list: the index that leads, and how it is asked for. */
const lists = ({
  heavyUser,
  heavyClient,
}: Ids): [name: string, index: string, ask: (ctx: Ctx) => Promise<unknown>][] => [
  ['tokens', 'access_tokens_created', tokens({})],
  ['tokens of a user', 'access_tokens_user', tokens({ user_id: heavyUser })],
  ['tokens of an application', 'access_tokens_client', tokens({ client_id: heavyClient, status: 'active' })],
  ['revoked tokens', 'access_tokens_ended', tokens({ status: 'revoked' })],
  ['disabled tokens of an application', 'access_tokens_ended', tokens({ client_id: heavyClient, status: 'disabled' })],
  ['refresh tokens', 'access_tokens_refresh', tokens({ category: 'refresh' })],
  ['own grants', 'token_families_live', (ctx) => listGrants(ctx, heavyUser, grants({}))],
  ['own active grants', 'access_tokens_family', (ctx) => listGrants(ctx, heavyUser, grants({ status: 'active' }))],
  [
    'own disabled grants',
    'access_tokens_disabled',
    (ctx) => listGrants(ctx, heavyUser, grants({ status: 'disabled' })),
  ],
  ['own revoked grants', 'token_families_user', (ctx) => listGrants(ctx, heavyUser, grants({ status: 'revoked' }))],
  [
    'grants of an application',
    'token_families_client',
    async (ctx) => listFound(request, await findClientGrants(ctx, heavyClient)),
  ],
  [
    'permissions of an application',
    'user_authorizations_client',
    async (ctx) => listFound(request, await findConsentsOf(ctx, heavyClient)),
  ],
  [
    'permissions of a user',
    'user_authorizations_user',
    async (ctx) => listFound(request, await findConsentsOfUser(ctx, heavyUser)),
  ],
  [
    'waiting applications',
    'oauth_applications_status',
    async (ctx) => listFound(request, await findClients(ctx, { search: '', filters: { status: 'pending' } })),
  ],
]

const GROWING = ['access_tokens', 'token_families', 'user_authorizations']

const suite = (name: string, where: () => Promise<{ place: BigDatabase; remove(): Promise<void> }>) => {
  describe(`plans of lists on ${name}`, () => {
    let place: BigDatabase
    let db: Database
    let ids: Ids
    let remove: () => Promise<void>
    let planOf: (asked: Asked) => Promise<string>
    let endPlans: () => Promise<void>
    beforeAll(async () => {
      const made = await where()
      place = made.place
      remove = made.remove
      await fill(place, SMALL)
      db = await place.open()
      const plain = place.plain()
      ids = ((await plain.all(idQuery(place.dialect))) as unknown as Ids[])[0] as Ids
      // Tables this small are read whole whatever indexes there are.
      if (place.dialect === 'postgres')
        for (const kind of ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'])
          await plain.run(`set enable_${kind} = off`)
      planOf = async ({ sql, params }) => {
        const word = place.dialect === 'sqlite' ? 'explain query plan' : 'explain'
        const rows = await plain.all(`${word} ${sql}`, params)
        return rows.map((row) => String(row.detail ?? row['QUERY PLAN'])).join('\n')
      }
      endPlans = () => plain.close()
    }, 60_000)
    afterAll(async () => {
      await endPlans()
      await db.close()
      await remove()
    })

    test('each goes through its index, none reads or sorts a table that grows', async () => {
      for (const [list, index, ask] of lists(ids)) {
        const { db: heard, asked } = listening(db)
        await ask({ db: heard, clock: { now: () => Date.now() } as Context['clock'] })
        const plans = await Promise.all(asked.map(planOf))
        // PostgreSQL may as well follow the order of all where half of them match.
        const leads = place.dialect === 'postgres' ? new RegExp(`${index}|access_tokens_created`) : new RegExp(index)
        expect([list, plans.join('\n')]).toEqual([list, expect.stringMatching(leads)])
        for (const plan of plans) {
          for (const table of GROWING) {
            expect([list, plan]).not.toEqual([list, expect.stringMatching(new RegExp(`SCAN ${table}(?! USING)`))])
            expect([list, plan]).not.toEqual([list, expect.stringContaining(`Seq Scan on ${table}`)])
          }
        }
        // The first to be asked counts: it follows the order of its index and sorts nothing.
        expect([list, plans[0]]).not.toEqual([list, expect.stringContaining('TEMP B-TREE FOR ORDER BY')])
      }
    })
  })
}

suite('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'authgate-list-plans-'))
  return {
    place: bigDatabase(join(folder, 'plans.db')),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
})

if (postgresAvailable)
  suite('PostgreSQL', async () => {
    const { url, drop } = await freshDatabase()
    return { place: bigDatabase(url), remove: drop }
  })
