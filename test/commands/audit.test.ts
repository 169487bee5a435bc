/** `authgate audit`: what it says of a trail, what it exports, and how it ends. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { createSealer } from '../../src/audit/seals/sealer'
import { systemClock } from '../../src/clock'
import { readAuditArguments } from '../../src/commands/audit/arguments'
import { auditCommand } from '../../src/commands/audit/audit'
import type { Context } from '../../src/context'
import { createContext } from '../../src/create-context'
import { openDatabase } from '../../src/db/open'
import { insertEvent, insertMany } from '../audit/support'
import { runBinary } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'

const SECRETS = {
  SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  JWT_SECRET: 'f30a54c2d719b6e0843d25bfca7091e6683f25d0c49a1e7b',
}
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Run {
  readonly code: number
  readonly out: string
  readonly error: string
}

describe.each(postgresAvailable ? ['SQLite', 'PostgreSQL'] : ['SQLite'])('authgate audit on %s', (name) => {
  const folder = temporaryFolder('audit-command')
  let env: Record<string, string>
  let ctx: Context
  let drop: (() => Promise<void>) | undefined

  const run = async (...argv: string[]): Promise<Run> => {
    const lines: { out: string[]; error: string[] } = { out: [], error: [] }
    const output = {
      out: (line: string) => void lines.out.push(line),
      error: (line: string) => void lines.error.push(line),
    }
    const progress = { terminal: false, write: () => {} }
    const code = await auditCommand(argv, { env, cwd: folder, output, progress })
    return { code, out: lines.out.join('\n'), error: lines.error.join('\n') }
  }
  const exported = async (...argv: string[]): Promise<string[]> => {
    const path = join(folder, `${crypto.randomUUID()}.out`)
    expect((await run('export', '--out', path, ...argv)).code).toBe(0)
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  }

  beforeAll(async () => {
    let dsn = join(folder, 'audit.db')
    if (name === 'PostgreSQL') {
      const database = await freshDatabase()
      dsn = database.url
      drop = database.drop
    }
    const driver = name === 'PostgreSQL' ? 'postgres' : 'sqlite'
    env = { ...SECRETS, BASE_URL: 'http://localhost:8080', DATABASE_DRIVER: driver, DATABASE_DSN: dsn }
    const settings = testSettings(env)
    const db = openDatabase(settings)
    await db.migrate()
    const clock = { now: () => systemClock.now() - 2 * 3_600_000 }
    ctx = createContext(settings, { db, log: silent, clock })
    await insertEvent(ctx, { event: 'USER_DELETED', action: '=cmd()', actor: { id: 'u1', username: 'root' } })
    await insertMany(ctx, 1500)
    await createSealer({ ...ctx, clock: systemClock }).seal(new AbortController().signal)
  }, 20_000)
  afterAll(async () => {
    await ctx.audit.stop(1000)
    await ctx.db.close()
    await drop?.()
    removeFolder(folder)
  })

  test('verify: a whole trail ends with 0, and its head is printed to be noted down', async () => {
    const { code, out } = await run('verify')
    expect([code, out]).toEqual([0, expect.stringContaining('The audit trail is whole')])
    expect(out).toContain('with 1501 records')
    const [, head = ''] = /head: (\d+:[0-9a-f]{64})/.exec(out) ?? []
    expect((await run('verify', '--head', head)).code).toBe(0)
    expect(await run('verify', `--head=99:${'0'.repeat(64)}`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('batch 99: the seal that was noted down is not there'),
    })
  })

  test('verify --json: one object; a changed record ends with 1 and is named with its batch', async () => {
    const [row] = await ctx.db.q.select().from(ctx.db.t.auditLogs).limit(1)
    if (!row) throw new Error('no record')
    const set = (action: string) =>
      ctx.db.q.update(ctx.db.t.auditLogs).set({ action }).where(eq(ctx.db.t.auditLogs.id, row.id))
    expect(JSON.parse((await run('verify', '--json')).out)).toMatchObject({ whole: true, records: 1501, problems: [] })
    await set('something else')
    const tampered = await run('verify', '--json')
    const plain = await run('verify')
    await set(row.action)
    expect(tampered.code).toBe(1)
    expect(JSON.parse(tampered.out)).toMatchObject({
      whole: false,
      problems: [{ kind: 'record_changed', record: row.id }],
    })
    expect(plain.out).toMatch(new RegExp(`^batch \\d+: a record was changed \\(${row.id}\\)$`, 'm'))
    expect(plain.out).toContain('TAMPERED WITH')
  })

  test('export: CSV and JSON lines by time and filter; formulas are text; the export is recorded first', async () => {
    const csv = await exported('--type', 'USER_DELETED')
    expect(csv).toHaveLength(2)
    expect(csv[1]).toContain(",'=cmd(),Yes,")
    const jsonl = await exported('--format=jsonl', '--actor', 'u1')
    expect(jsonl.map((line) => JSON.parse(line) as { action: string })).toMatchObject([{ action: '=cmd()' }])
    expect((await exported('--until', '2000-01-01')).length).toBe(1)
    const since = new Date(ctx.clock.now() - 60_000).toISOString()
    expect((await exported('--since', since, '--type', 'ACCESS_TOKEN_ISSUED')).length).toBeGreaterThan(50)
    const rows = await ctx.db.q
      .select()
      .from(ctx.db.t.auditLogs)
      .where(eq(ctx.db.t.auditLogs.eventType, 'AUDIT_LOG_EXPORTED'))
    expect(rows).toHaveLength(4)
    expect(rows.map(({ details }) => details)).toContainEqual({
      record_count: 1,
      format: 'csv',
      filters: { event_type: 'USER_DELETED' },
    })
  })

  test('export: a file that is there is not overwritten; a new one is its owner’s alone', async () => {
    const path = join(folder, 'mine.csv')
    expect(await run('export', '--out', 'mine.csv')).toMatchObject({
      code: 0,
      error: expect.stringContaining(`records written to ${path}`),
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await run('export', '--out', 'mine.csv')).toMatchObject({
      code: 2,
      error: expect.stringContaining('is not overwritten'),
    })
    expect(await run('export', '--out', 'no/such/folder.csv')).toMatchObject({ code: 2 })
  })

  test('a database that is not there is not created, and ends with 2', async () => {
    if (name !== 'SQLite') return
    const path = join(folder, 'none.db')
    const other = { ...env, DATABASE_DSN: path }
    const errors: string[] = []
    const output = { out: () => {}, error: (line: string) => void errors.push(line) }
    expect(await auditCommand(['verify'], { env: other, cwd: folder, output })).toBe(2)
    expect([existsSync(path), errors.join()]).toEqual([false, expect.stringContaining('there is no database')])
  })

  test('the executable: ends with the code of the command, writes CSV to standard output', async () => {
    const verified = await runBinary(['audit', 'verify'], { env, folder })
    expect([verified.exitCode, verified.stdout]).toEqual([0, expect.stringContaining('The audit trail is whole')])
    const csv = await runBinary(['audit', 'export', '--type=USER_DELETED'], { env, folder })
    expect([csv.exitCode, csv.stdout.split('\n').length]).toEqual([0, 3])
    expect((await runBinary(['audit', 'verify', '--nope'], { env, folder })).exitCode).toBe(2)
  }, 30_000)
})

describe('the command line of authgate audit', () => {
  test.each([
    [['verify', '--head', 'x'], 'invalid value "x" for -head'],
    [['verify', '--format', 'csv'], 'flag provided but not defined: -format'],
    [['verify', 'now'], 'unexpected argument: now'],
    [['export', '--json', '--format=csv'], 'flags exclude each other: -json -format'],
    [['export', '--format', 'xml'], 'invalid value "xml" for -format'],
    [['export', '--since', 'yesterday'], 'invalid value "yesterday" for -since'],
    [['export', '--type', 'NOPE'], 'invalid value "NOPE" for -type'],
    [['export', '--severity', 'nope'], 'invalid value "nope" for -severity'],
    [['export', '--out'], 'flag needs an argument: -out'],
    [['export', '-'], 'bad flag syntax: -'],
  ])('%j is refused', (argv, problem) => {
    expect(readAuditArguments(argv)).toEqual({ badOption: expect.stringContaining(problem) })
  })

  test('help, no command and an unknown one', async () => {
    const out: string[] = []
    const output = { out: (line: string) => void out.push(line), error: () => {} }
    const codes = []
    for (const argv of [['--help'], [], ['nope']]) codes.push(await auditCommand(argv, { env: {}, cwd: '/', output }))
    expect(codes).toEqual([0, 2, 2])
    expect(out.every((text) => text.includes('authgate audit COMMAND'))).toBe(true)
  })
})
