import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { dirname } from 'node:path'
import { migrate } from '../../src/commands/migrate/migrate'
import { type ExistingDatabase, existingDatabases, fill } from '../takeover/deployment'
import type { Facts } from '../takeover/works'

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = '/nowhere') {
  const lines = { out: [] as string[], error: [] as string[] }
  const output = { out: (line: string) => lines.out.push(line), error: (line: string) => lines.error.push(line) }
  const code = await migrate(argv, { env, cwd, output, progress: { terminal: false, write: () => {} } })
  return { code, out: lines.out.join('\n'), error: lines.error.join('\n') }
}

describe('authgate migrate', () => {
  test.each([
    [['--help'], 0],
    [['status', '-h'], 0],
    [[], 1],
    [['down'], 1],
    [['status', '--dry-run'], 2],
    [['up', '--force'], 2],
    [['up', 'now'], 2],
    [['up', '-='], 2],
  ])('%p prints its help and ends with %p', async (argv, code) => {
    const { code: ended, out } = await run(argv)
    expect([ended, out.includes('Usage: authgate migrate')]).toEqual([code, true])
  })

  test('settings that are refused are named', async () => {
    const { code, error } = await run(['status'], { DATABASE_DRIVER: 'oracle' })
    expect([code, error.includes('DATABASE_DRIVER')]).toEqual([1, true])
  })
})

describe.each(existingDatabases)('authgate migrate on %s', (name, open) => {
  let db: ExistingDatabase
  let facts: Facts
  let env: Record<string, string>
  beforeEach(async () => {
    db = await open()
    facts = await fill(db)
    env = { ...facts.settings, ...db.settings, ENABLE_RATE_LIMIT: 'false' }
  })
  afterEach(() => db.remove())
  const cwd = () => (name === 'SQLite' ? dirname(db.place) : '/nowhere')

  test('status, dry run, up, status: what it says, and that the dry run changes nothing', async () => {
    const before = await run(['status'], env, cwd())
    expect([before.code, before.out]).toEqual([3, expect.stringContaining('State: of AuthGate 0.x')])
    const tried = await run(['up', '--dry-run'], env, cwd())
    expect([tried.code, tried.error]).toEqual([0, ''])
    expect(tried.out).toMatch(/access_tokens +14 +14 +0\n/)
    expect(tried.out).toContain('oauth_connections, 1 row: tokens of the provider are not kept')
    expect(tried.out).toEndWith('Nothing was changed: this was a dry run')
    expect((await run(['status', '--json'], env, cwd())).out).toContain('"state":"existing"')
    const done = await run(['up'], env, cwd())
    expect([done.code, done.error]).toEqual([0, ''])
    expect(done.out).toContain('Done. The database as it was before: ')
    const after = await run(['status', '--json'], env, cwd())
    expect([after.code, JSON.parse(after.out)]).toEqual([0, expect.objectContaining({ state: 'current', pending: [] })])
    const again = await run(['up'], env, cwd())
    expect([again.code, again.out]).toEqual([0, 'Nothing to do: the database is up to date'])
  }, 30_000)

  test('the report as JSON', async () => {
    const { code, out } = await run(['up', '--json'], env, cwd())
    const report = JSON.parse(out)
    expect([code, report.tables.length, report.surplusColumns]).toEqual([0, 8, []])
    expect(report.tables[0]).toEqual({ table: 'users', found: 3, kept: 3, changed: [], notKept: [] })
    expect(report.backup).toBeString()
  })

  test('a database of something else is refused and left alone', async () => {
    await db.sql('create table invoices (id integer)')
    const status = await run(['status'], env, cwd())
    expect([status.code, status.out]).toEqual([1, expect.stringContaining('it has table invoices')])
    const up = await run(['up'], env, cwd())
    expect([up.code, up.error]).toEqual([
      1,
      expect.stringContaining('this is no AuthGate database: it has table invoices'),
    ])
    expect(await db.sql('select count(*) as rows from invoices')).toHaveLength(1)
  })
})
