/**
 * Two executables on one PostgreSQL: what is ended at one, and how many milliseconds later the other goes by it.
 *
 *   bun scripts/heard-by-others.ts [rounds, 10 by default]
 *
 * Takes dist/authgate, and starts PostgreSQL and Redis. The exit code is 1 when something took longer than promised.
 */
import { openProcesses, type Processes } from '../test/cache/processes'
import { basic, bearer, issueTokens } from '../test/oauth/support'
import type { ClientRow, SignedIn, TestApp, UserRow } from '../test/support/app'
import { type RunningBinary, startBinary } from '../test/support/binary'
import { freePort } from '../test/support/ports'
import { startRedis } from '../test/support/redis'

const ROUNDS = Number(process.argv[2] ?? 10)
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const TTL_MS = 2_000
const CACHES = ['USER_CACHE', 'CLIENT_CACHE', 'CLIENT_COUNT_CACHE', 'TOKEN_CACHE']

const redis = await startRedis()
const types = (type: string) => Object.fromEntries(CACHES.map((name) => [`${name}_TYPE`, type]))
const lives = Object.fromEntries(CACHES.map((name) => [`${name}_TTL`, `${TTL_MS}ms`]))
/** Milliseconds within which the other must go by a change. */
const variants: [name: string, settings: Record<string, string>, boundMs: number][] = [
  ['redis-aside', { ...types('redis-aside'), REDIS_ADDR: redis.url }, 1_000],
  ['redis', { ...types('redis'), REDIS_ADDR: redis.url }, 1_000],
  ['memory, told over Redis', { ...types('memory'), REDIS_ADDR: redis.url }, 1_000],
  [`memory alone, ${TTL_MS} ms of life`, { ...types('memory'), ...lives }, TTL_MS + 1_000],
]

interface Party {
  readonly user: UserRow
  readonly client: ClientRow & { readonly secret: string }
  readonly token: string
  readonly admin: SignedIn
  readonly session: SignedIn
}

type Ask = (server: RunningBinary, party: Party) => Promise<Response>

const form = (server: RunningBinary, path: string, fields: Record<string, string>, headers = {}) =>
  server.fetch(path, { method: 'POST', body: new URLSearchParams(fields), headers })
const pressed =
  (path: (party: Party) => string, fields: (party: Party) => Record<string, string>): Ask =>
  (server, party) =>
    form(
      server,
      path(party),
      { csrf_token: party.admin.csrfToken, ...fields(party) },
      { cookie: party.admin.cookie, 'user-agent': BROWSER },
    )
const withToken: Ask = (server, { token }) => server.fetch('/oauth/tokeninfo', { headers: bearer(token) })
const withSecret: Ask = (server, { client, token }) =>
  form(server, '/oauth/introspect', { token }, basic(client.clientId, client.secret))
const asAdmin: Ask = (server, { session }) =>
  server.fetch('/admin/users', { headers: { cookie: session.cookie, 'user-agent': BROWSER } })

const changes: [what: string, change: Ask, look: Ask][] = [
  [
    'token revoked (RFC 7009)',
    (server, { client, token }) => form(server, '/oauth/revoke', { token }, basic(client.clientId, client.secret)),
    withToken,
  ],
  [
    'user disabled',
    pressed(
      ({ user }) => `/admin/users/${user.id}/disable`,
      () => ({}),
    ),
    withToken,
  ],
  [
    'application disabled',
    pressed(
      ({ client }) => `/admin/clients/${client.clientId}/disable`,
      ({ client }) => ({ version: String(client.version) }),
    ),
    withToken,
  ],
  [
    'secret replaced',
    pressed(
      ({ client }) => `/admin/clients/${client.clientId}/regenerate-secret`,
      ({ client }) => ({ version: String(client.version), overlap: '0' }),
    ),
    withSecret,
  ],
  [
    'administrator made a user',
    pressed(
      ({ user }) => `/admin/users/${user.id}`,
      ({ user }) => ({ email: user.email, full_name: user.fullName, role: 'user', version: String(user.version) }),
    ),
    asAdmin,
  ],
]

async function prepare(app: TestApp): Promise<Party> {
  const [boss, user] = [await app.insertUser({ role: 'admin' }), await app.insertUser({ role: 'admin' })]
  const client = await app.insertClient({ clientType: 'confidential', allowIntrospection: true })
  const { access_token } = await issueTokens(app, { user, client })
  const signIn = (who: UserRow) => app.signIn(who, { userAgent: BROWSER })
  return { user, client, token: access_token, admin: await signIn(boss), session: await signIn(user) }
}

/** Milliseconds from the answer of one process to the first answer of the other that goes by the change. */
async function delayOf(servers: readonly RunningBinary[], party: Party, change: Ask, look: Ask): Promise<number> {
  const [one, two] = servers as [RunningBinary, RunningBinary]
  for (let round = 0; round < 4; round += 1) {
    const before = await look(two, party)
    if (before.status !== 200) throw new Error(`not accepted before the change: ${before.status}`)
  }
  const answer = await change(one, party)
  if (answer.status >= 400) throw new Error(`the change was refused: ${answer.status} ${await answer.text()}`)
  const changedAt = performance.now()
  for (;;) {
    const askedAt = performance.now()
    if ((await look(two, party)).status !== 200) return Math.max(0, askedAt - changedAt)
    if (askedAt - changedAt > 20_000) return Number.POSITIVE_INFINITY
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

let failed = false
console.log('| copies | change | median ms | longest ms |\n| --- | --- | ---: | ---: |')
for (const [name, variant, boundMs] of variants) {
  const url = `http://127.0.0.1:${await freePort()}`
  const settings = { ...variant, TOKEN_CACHE_ENABLED: 'true', BASE_URL: url }
  const processes: Processes = await openProcesses('PostgreSQL', settings)
  const [seeder] = processes.apps
  const start = async (readyUrl: string) =>
    startBinary({
      env: {
        ...settings,
        DATABASE_DRIVER: 'postgres',
        DATABASE_DSN: seeder.ctx.settings.DATABASE_DSN,
        JWT_SECRET: seeder.ctx.settings.JWT_SECRET,
        SESSION_SECRET: seeder.ctx.settings.SESSION_SECRET,
        SERVER_ADDR: new URL(readyUrl).host,
      },
      readyUrl: `${readyUrl}/health`,
    })
  const otherUrl = `http://127.0.0.1:${await freePort()}`
  const [one, other] = [await start(url), await start(otherUrl)]
  const two = {
    ...other,
    fetch: (path, init) => fetch(otherUrl + path, { redirect: 'manual', ...init }),
  } as RunningBinary
  await Bun.sleep(1_500)
  for (const [what, change, look] of changes) {
    const delays: number[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      delays.push(await delayOf([one, two], await prepare(seeder), change, look))
    const longest = Math.max(...delays)
    if (longest > boundMs) failed = true
    console.log(`| ${name} | ${what} | ${median(delays).toFixed(1)} | ${longest.toFixed(1)} |`)
  }
  await Promise.all([one.stop(), other.stop()])
  await processes.close()
}
await redis.stop()
process.exit(failed ? 1 : 0)
