/** `authgate copy`: nothing is lost, nothing is half there, and a server works on the copy. */
import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { sql } from 'drizzle-orm'
import { createSealer } from '../../src/audit/seals/sealer'
import { verifyAuditTrail } from '../../src/audit/seals/verify'
import { systemClock } from '../../src/clock'
import { copy } from '../../src/commands/copy/copy'
import { createContext } from '../../src/create-context'
import type { Database } from '../../src/db/database'
import { openDatabase } from '../../src/db/open'
import { insertEvent, insertMany } from '../audit/support'
import { basic, issueTokens } from '../oauth/support'
import { openTestApp } from '../support/app'
import { runBinary } from '../support/binary'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { formBrowser } from '../support/form-browser'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'
import { contentsOf, fillEveryTable } from './support'

const folder = temporaryFolder('copy')
const drops: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const drop of drops) await drop()
  removeFolder(folder)
})

type Kind = 'SQLite' | 'PostgreSQL'
const kinds: Kind[] = postgresAvailable ? ['SQLite', 'PostgreSQL'] : ['SQLite']
const pairs = kinds.flatMap((from) => kinds.map((to): [Kind, Kind] => [from, to]))

/** A place where a database can be, with nothing in it yet. */
async function freshDsn(kind: Kind): Promise<string> {
  if (kind === 'SQLite') return join(folder, `${crypto.randomUUID()}.db`)
  const { url, drop } = await freshDatabase()
  drops.push(drop)
  return url
}

const settingsOf = (dsn: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...more,
  DATABASE_DRIVER: dsn.startsWith('postgres') ? 'postgres' : 'sqlite',
  DATABASE_DSN: dsn,
})

async function opened<T>(dsn: string, work: (db: Database) => Promise<T>, migrate = true): Promise<T> {
  const db = openDatabase(testSettings(settingsOf(dsn)))
  try {
    if (migrate) await db.migrate()
    return await work(db)
  } finally {
    await db.close()
  }
}

const contents = (dsn: string) => opened(dsn, contentsOf)

async function run(...argv: string[]) {
  const lines = { out: [] as string[], error: [] as string[] }
  const output = { out: (line: string) => lines.out.push(line), error: (line: string) => lines.error.push(line) }
  const progress = { terminal: false, write: () => {} }
  const code = await copy(argv, { env: { TARGET: argv[argv.length - 1] }, cwd: folder, output, progress })
  return { code, out: lines.out.join('\n'), error: lines.error.join('\n') }
}

/** Some more than one batch where the kind changes. */
const rowsOf = (from: Kind, to: Kind): number => (from === to ? 103 : 1_103)
const ROWS = 503

describe.each(pairs)('a copy from %s to %s', (from, to) => {
  test('has every row of every table, value by value, and is copied only into an empty database', async () => {
    const [source, target] = [await freshDsn(from), await freshDsn(to)]
    const rows = rowsOf(from, to)
    await opened(source, (db) => fillEveryTable(db, rows))
    const before = await contents(source)
    const { code, out, error } = await run('--from', source, '--to', target)
    expect([code, error]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`^access_tokens +${rows}  [0-9a-f]{16}$`, 'm'))
    expect(out).not.toContain('postgres:')
    expect(await contents(target)).toEqual(before)
    if (to === 'SQLite') expect(statSync(target).mode & 0o777).toBe(0o600)
    const again = await run('--from', source, '--to', target)
    expect([again.code, again.error]).toEqual([1, expect.stringContaining('has rows in ')])
    expect(await contents(target)).toEqual(before)
  }, 40_000)
})

describe.each(pairs.filter(([from, to]) => from !== to || !postgresAvailable))('a copy from %s to %s', (from, to) => {
  test('while the source is written to, is the source as it was at one moment', async () => {
    const [source, target] = [await freshDsn(from), await freshDsn(to)]
    await opened(source, async (db) => {
      await fillEveryTable(db, ROWS)
      const before = await contentsOf(db)
      const ctx = createContext(testSettings(settingsOf(source)), { db, log: silent })
      let written = 0
      let ended = false
      const load = (async () => {
        // One row in each of two tables: both or neither are in a consistent copy.
        while (!ended) {
          await insertEvent(ctx, { action: `load ${written}` })
          await db.q.insert(db.t.seedState).values({ name: `load ${written}`, at: new Date() })
          written += 1
          await Bun.sleep(1)
        }
      })()
      const { code, error } = await run('--from', source, '--to', target)
      ended = true
      await load
      const after = await contentsOf(db)
      await ctx.audit.stop(1_000)
      expect([code, error, written > 2]).toEqual([0, '', true])
      const arrived = await contents(target)
      const loads = (rows: readonly string[] = []) => rows.filter((row) => row.includes('"load ')).length
      expect(loads(arrived.audit_logs) - loads(arrived.seed_state)).toBeOneOf([0, 1])
      for (const [table, rows] of Object.entries(arrived)) {
        expect([table, (before[table] ?? []).every((row) => new Set(rows).has(row))]).toEqual([table, true])
        expect([table, rows.every((row) => new Set(after[table]).has(row))]).toEqual([table, true])
      }
    })
  }, 60_000)

  test('whose process is killed leaves the target as it was, and the next one completes it', async () => {
    const [source, target] = [await freshDsn(from), await freshDsn(to)]
    await opened(source, (db) => fillEveryTable(db, ROWS))
    const before = await contents(source)
    const start = () => Bun.spawn([process.execPath, PROGRAM, source, target], { stdout: 'pipe', stderr: 'inherit' })
    for (let round = 0; round < KILLS; round += 1) {
      const child = start()
      await child.stdout.getReader().read()
      await Bun.sleep(Math.random() * 1_000)
      child.kill('SIGKILL')
      await child.exited
      if (to === 'SQLite' ? existsSync(target) : await hasTables(target)) break
    }
    const state = await run('--from', source, '--to', target)
    // The one that was killed may have been done already.
    if (state.code !== 0) expect(state.error).toContain('has rows in')
    expect(await contents(target)).toEqual(before)
    expect(readdirSync(dirname(join(folder, 'x'))).filter((name) => name.includes('.partial-'))).toEqual([])
  }, 60_000)
})

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const PROGRAM = resolve(import.meta.dir, 'copy-process.ts')
const KILLS = 4

const hasTables = (dsn: string): Promise<boolean> =>
  opened(
    dsn,
    async (db) => {
      const found = await (db.q.execute(sql`select to_regclass('public.users') as name`) as Promise<unknown>)
      return (found as { name: string | null }[])[0]?.name !== null
    },
    false,
  )

const SECRETS = {
  SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  JWT_SECRET: 'f30a54c2d719b6e0843d25bfca7091e6683f25d0c49a1e7b',
  ENABLE_TOKEN_ROTATION: 'true',
}

test('a server works on the copy and on the copy of that: login, live and dead tokens, the seals of the audit trail', async () => {
  let dsn = await freshDsn('SQLite')
  const appOn = (place: string) =>
    openTestApp({
      settings: settingsOf(place, SECRETS),
      open: async () => {
        const db = openDatabase(testSettings(settingsOf(place)))
        await db.migrate()
        return { db, close: () => db.close() }
      },
    })
  const first = await appOn(dsn)
  const user = await first.insertUser({ username: 'mover' })
  const client = await first.insertClient()
  const tokens = await issueTokens(first, { user, client })
  await insertMany(first.ctx, 300)
  const later = { now: () => systemClock.now() + 2 * 3_600_000 }
  await createSealer({ ...first.ctx, clock: later }).seal(new AbortController().signal)
  await first.close()

  let refresh = tokens.refresh_token
  for (const kind of [...kinds.slice(1), 'SQLite'] as const) {
    const target = await freshDsn(kind)
    expect((await run('--from', dsn, '--to', target)).code).toBe(0)
    dsn = target
    const app = await appOn(dsn)
    expect(await verifyAuditTrail(app.ctx, {})).toMatchObject({ problemCount: 0 })
    const browser = formBrowser(app.ctx.settings.origin, (path, init) => app.get(path, init))
    const signedIn = await browser.submit(await browser.open('/login'), '/login', {
      username: user.username,
      password: user.password,
    })
    expect(signedIn.path).not.toBe('/login')
    const form = { grant_type: 'refresh_token', refresh_token: refresh }
    const answer = await app.postForm('/oauth/token', form, basic(client.clientId, client.secret))
    expect(answer.status).toBe(200)
    refresh = ((await answer.json()) as { refresh_token: string }).refresh_token
    await app.close()
  }
}, 40_000)

describe('authgate copy refuses', () => {
  test.each([
    [['--help'], 0],
    [[], 2],
    [['--to'], 2],
    [['--to', 'x', '--force'], 2],
    [['--to', 'x', 'y'], 2],
  ])('%j ends with %p and its help', async (argv, code) => {
    const { code: ended, out } = await run(...argv)
    expect([ended, out.includes('Usage: authgate copy')]).toEqual([code, true])
  })

  test('what is no database of this version, and never quotes a DSN', async () => {
    const empty = join(folder, 'not-there.db')
    expect((await run('--from', empty, '--to', join(folder, 'b.db'))).error).toContain('there is no SQLite file')
    const secret = 'host=127.0.0.1 port=1 password=hunter22 user=x sslmode=banana'
    const { code, error } = await run('--from', secret, '--to', join(folder, 'b.db'))
    expect([code, error.includes('hunter22'), error.includes('sslmode')]).toEqual([1, false, true])
    expect(existsSync(join(folder, 'b.db'))).toBe(false)
  })

  test('a target that another process made meanwhile is not overwritten', async () => {
    const source = await freshDsn('SQLite')
    await opened(source, (db) => fillEveryTable(db, 2))
    expect((await run('--from', source, '--to', source)).error).toContain('the same file')
    const other = await freshDsn('SQLite')
    await Bun.write(other, 'something else')
    const { code } = await run('--from', source, '--to', other)
    expect([code, await Bun.file(other).text()]).toEqual([1, 'something else'])
  })

  if (postgresAvailable)
    test('a value that PostgreSQL cannot store, by its column', async () => {
      const [source, target] = [await freshDsn('SQLite'), await freshDsn('PostgreSQL')]
      await opened(source, async (db) => {
        await fillEveryTable(db, 2)
        await db.q.update(db.t.users).set({ fullName: 'a\0b' })
      })
      const { code, error } = await run('--from', source, '--to', target)
      expect([code, error]).toEqual([1, expect.stringContaining('users.full_name cannot be stored')])
      expect(await hasTables(target)).toBe(false)
    })
})

test('the executable copies, with the DSN from a variable, and says so as JSON', async () => {
  const source = await freshDsn('SQLite')
  await opened(source, (db) => fillEveryTable(db, 5))
  const target = await freshDsn('SQLite')
  const env = { FROM: source }
  const { exitCode, stdout } = await runBinary(['copy', '--from=env:FROM', '--to', target, '--json'], { env, folder })
  expect(exitCode).toBe(0)
  const { tables } = JSON.parse(stdout) as { tables: { table: string; rows: number }[] }
  expect(tables).toContainEqual(expect.objectContaining({ table: 'users', rows: 5 }))
  await eventually('the copy', async () => (existsSync(target) ? true : undefined))
  expect(await contents(target)).toEqual(await contents(source))
}, 20_000)
