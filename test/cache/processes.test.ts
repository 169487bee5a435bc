/** What one process ends, another does not accept any more; on both databases and with every place for copies. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { now } from '../../src/context'
import { commit, must, run } from '../../src/db/commit'
import { param, write } from '../../src/db/definitions'
import { manageToken } from '../../src/tokens/manage'
import {
  revokeFamily,
  revokeToken,
  revokeTokensOfClient,
  revokeTokensOfConsent,
  revokeTokensOfUser,
} from '../../src/tokens/revoke'
import { bearer, type Issued, issueMachineToken, issueTokens, tokenRow } from '../oauth/support'
import type { ClientRow, TestApp, UserRow } from '../support/app'
import { redisProgram } from '../support/parts'
import { freshRedis } from '../support/redis'
import { dialects, openProcesses, type Processes } from './processes'

const BACKENDS = redisProgram() ? ['memory', 'redis', 'redis-aside'] : ['memory']
/** Over Redis, and between processes on one SQLite file, at once; this leaves room for a busy machine. */
const BOUND_MS = 1_000

const setActive = write('set_user_active', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: false })
    .where(eq(t.users.id, param('id'))),
)
const setStatus = write('decide_client', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ status: 'inactive' })
    .where(eq(t.oauthApplications.clientId, param('clientId'))),
)

interface Party {
  readonly user: UserRow
  readonly client: ClientRow
  readonly issued: Issued
  readonly machine: string
}

const accepts = async (app: TestApp, token: string): Promise<number> =>
  (await app.get('/oauth/tokeninfo', { headers: bearer(token) })).status

const actor = { id: 'admin-id', username: 'admin' }
const requestOf = ({ ctx }: TestApp) => ({
  ...ctx,
  request: { id: 'test', ip: '127.0.0.1', userAgent: '', path: '/', method: 'POST' },
})

const ends: [string, (app: TestApp, party: Party) => Promise<unknown>, 'user' | 'machine' | 'both'][] = [
  ['the token is revoked', (app, { issued }) => commit(app.ctx, [revokeToken(app.ctx, issued.accessTokenId)]), 'user'],
  [
    'the holder revokes it (RFC 7009)',
    (app, { issued, client }) =>
      app.postForm('/oauth/revoke', {
        token: issued.access_token,
        client_id: client.clientId,
        client_secret: (client as ClientRow & { secret: string }).secret,
      }),
    'user',
  ],
  ['its grant ends', (app, { issued }) => commit(app.ctx, revokeFamily(app.ctx, issued.familyId)), 'user'],
  [
    'an administrator disables it',
    async (app, { issued }) => {
      const row = await tokenRow(app, issued.accessTokenId)
      if (row) expect(await manageToken(requestOf(app), actor, row, 'disable')).toBe(true)
    },
    'user',
  ],
  [
    'consent is taken back',
    (app, { user, client }) =>
      commit(app.ctx, revokeTokensOfConsent(app.ctx, { userId: user.id, clientId: client.clientId })),
    'user',
  ],
  ['the user is disabled', (app, { user }) => commit(app.ctx, [must(setActive, { id: user.id }, 'user')]), 'user'],
  ['everything of the user ends', (app, { user }) => commit(app.ctx, revokeTokensOfUser(app.ctx, user.id)), 'user'],
  [
    'the client is deactivated',
    (app, { client }) => commit(app.ctx, [must(setStatus, { clientId: client.clientId, now: now(app.ctx) }, 'client')]),
    'both',
  ],
  [
    'everything of the client ends',
    (app, { client }) => commit(app.ctx, revokeTokensOfClient(app.ctx, client.clientId)),
    'both',
  ],
]

/** Where, and milliseconds. */
const delays: [string, number][] = []

for (const dialect of dialects)
  for (const backend of BACKENDS)
    describe(`${dialect}, copies in ${backend}`, () => {
      let processes: Processes
      beforeAll(async () => {
        const types = Object.fromEntries(
          ['USER_CACHE', 'CLIENT_CACHE', 'CLIENT_COUNT_CACHE', 'TOKEN_CACHE'].map((name) => [`${name}_TYPE`, backend]),
        )
        const redis: Record<string, string> = BACKENDS.length > 1 ? { REDIS_ADDR: (await freshRedis()).url } : {}
        processes = await openProcesses(dialect, { ...redis, ...types, TOKEN_CACHE_ENABLED: 'true' })
        // The second hears of the first from here on.
        await Bun.sleep(400)
      })
      afterAll(() => processes.close())

      const prepare = async (): Promise<Party> => {
        const [one] = processes.apps
        const [user, client] = [await one.insertUser(), await one.insertClient()]
        const issued = await issueTokens(one, { user, client })
        return { user, client, issued, machine: await issueMachineToken(one, client) }
      }

      test('the second look-up does not reach the database; userinfo neither', async () => {
        const [, two] = processes.apps
        const { issued, machine } = await prepare()
        // Twice: what this process put into Redis itself is copied when it is read from there.
        for (let round = 0; round < 3; round += 1)
          for (const token of [issued.access_token, machine]) expect(await accepts(two, token)).toBe(200)
        processes.reads()
        expect(await accepts(two, issued.access_token)).toBe(200)
        expect(await accepts(two, machine)).toBe(200)
        const info = await two.get('/oauth/userinfo', { headers: bearer(issued.access_token) })
        expect(info.status).toBe(200)
        expect(processes.reads()).toEqual([])
      })

      for (const [what, end, concerns] of ends)
        test(`${what}: refused by the other process`, async () => {
          const [one, two] = processes.apps
          const party = await prepare()
          const tokens = { user: party.issued.access_token, machine: party.machine }
          for (let round = 0; round < 3; round += 1)
            for (const token of Object.values(tokens)) expect(await accepts(two, token)).toBe(200)
          await end(one, party)
          const ended = performance.now()
          let late = 0
          while ((await accepts(two, tokens.user)) !== 401 && late < BOUND_MS) {
            await Bun.sleep(0)
            late = performance.now() - ended
          }
          delays.push([`${dialect} ${backend}`, late])
          expect(late).toBeLessThan(BOUND_MS)
          // Copies in Redis itself are gone before the change is answered, and so are those on one SQLite file.
          if (backend === 'redis' || (backend === 'memory' && dialect === 'SQLite')) expect(late).toBe(0)
          expect(await accepts(one, tokens.user)).toBe(401)
          expect(await accepts(two, tokens.machine)).toBe(concerns === 'both' ? 401 : 200)
        })

      test('what is enabled again is accepted again', async () => {
        const [one, two] = processes.apps
        const { issued } = await prepare()
        for (const action of ['disable', 'enable'] as const) {
          const row = await tokenRow(one, issued.accessTokenId)
          if (row) await manageToken(requestOf(one), actor, row, action)
          const wanted = action === 'disable' ? 401 : 200
          const started = performance.now()
          while ((await accepts(two, issued.access_token)) !== wanted && performance.now() - started < BOUND_MS)
            await Bun.sleep(1)
          expect(await accepts(two, issued.access_token)).toBe(wanted)
        }
      })

      test('a token is not accepted past its expiry', async () => {
        const { issued } = await prepare()
        const [, two] = processes.apps
        expect(await accepts(two, issued.access_token)).toBe(200)
        const before = two.clock.now()
        two.clock.advance(25 * 3_600_000)
        expect(await accepts(two, issued.access_token)).toBe(401)
        two.clock.set(before)
      })

      test('changes while the other process reads all the time: after the answer, never again accepted', async () => {
        const [one, two] = processes.apps
        const parties = await Promise.all(Array.from({ length: 8 }, prepare))
        let running = true
        const readers = parties.map(async ({ issued }) => {
          while (running) {
            await accepts(two, issued.access_token)
            await Bun.sleep(0)
          }
        })
        await Bun.sleep(30)
        await Promise.all(parties.map(({ issued }) => commit(one.ctx, [revokeToken(one.ctx, issued.accessTokenId)])))
        await Bun.sleep(backend === 'redis' || dialect === 'SQLite' ? 100 : 300)
        for (let round = 0; round < 5; round += 1) {
          const answers = await Promise.all(parties.map(({ issued }) => accepts(two, issued.access_token)))
          expect(answers).toEqual(parties.map(() => 401))
        }
        running = false
        await Promise.all(readers)
      })

      test('a client that waits is counted by the other process', async () => {
        const [one, two] = processes.apps
        const { countWaitingReviews } = await import('../../src/clients/waiting')
        const before = await countWaitingReviews(two.ctx)
        await one.insertClient({ status: 'pending' })
        const started = performance.now()
        while ((await countWaitingReviews(two.ctx)) !== before + 1 && performance.now() - started < BOUND_MS)
          await Bun.sleep(1)
        expect(await countWaitingReviews(two.ctx)).toBe(before + 1)
      })
    })

afterAll(() => {
  for (const where of new Set(delays.map(([each]) => each))) {
    const late = delays.flatMap(([each, ms]) => (each === where ? [ms] : []))
    console.info(`${where}: heard after ${Math.max(...late).toFixed(1)} ms at most, ${late.length} changes`)
  }
})

describe.if(dialects.includes('PostgreSQL'))('PostgreSQL without Redis', () => {
  let processes: Processes | undefined
  afterEach(() => processes?.close())

  test('nothing tells this process what others change: the database is read', async () => {
    processes = await openProcesses('PostgreSQL', {})
    const [one, two] = processes.apps
    const user = await one.insertUser()
    const issued = await issueTokens(one, { user, client: await one.insertClient(), scope: 'profile' })
    const name = async () =>
      ((await (await two.get('/oauth/userinfo', { headers: bearer(issued.access_token) })).json()) as { name: string })
        .name
    const rename = write('set_own_name', (q, t) =>
      q
        .update(t.users)
        .set({ fullName: param('fullName') })
        .where(eq(t.users.id, param('id'))),
    )
    expect(await name()).toBe('')
    await commit(one.ctx, [run(rename, { id: user.id, fullName: 'New Name' })])
    expect(await name()).toBe('New Name')
  })

  test('who chooses memory gets copies as old as their life, and no older', async () => {
    processes = await openProcesses('PostgreSQL', { USER_CACHE_TYPE: 'memory', USER_CACHE_TTL: '1m' })
    const [one, two] = processes.apps
    const user = await one.insertUser()
    const read = () => two.ctx.caches.user.get(`user:${user.id}`, async () => user)
    await read()
    processes.reads()
    let fetched = 0
    const again = () =>
      two.ctx.caches.user.get(`user:${user.id}`, async () => {
        fetched += 1
        return user
      })
    await again()
    expect(fetched).toBe(0)
    two.clock.advance(60_000)
    await again()
    expect(fetched).toBe(1)
  })
})
