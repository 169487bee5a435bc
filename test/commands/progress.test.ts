/** Whoever waits longer than two seconds is told how far a command is: a bar on a terminal, lines elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { dirname, join } from 'node:path'
import { createSealer } from '../../src/audit/seals/sealer'
import { systemClock } from '../../src/clock'
import { auditCommand } from '../../src/commands/audit/audit'
import { backup, restore } from '../../src/commands/backup/backup'
import { copy } from '../../src/commands/copy/copy'
import { doctor } from '../../src/commands/doctor/doctor'
import { migrate } from '../../src/commands/migrate/migrate'
import { createProgress, type ProgressTarget } from '../../src/commands/progress'
import type { Clock } from '../../src/context'
import { createContext } from '../../src/create-context'
import { openDatabase } from '../../src/db/open'
import { insertMany } from '../audit/support'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'
import { existingDatabases, fill } from '../takeover/deployment'

const SECRETS = {
  SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  JWT_SECRET: 'f30a54c2d719b6e0843d25bfca7091e6683f25d0c49a1e7b',
  PATH: process.env.PATH ?? '',
}

describe('progress', () => {
  const shown = (terminal: boolean, of = 30) => {
    let now = 0
    const written: string[] = []
    const progress = createProgress({ now: () => now }, { terminal, write: (text) => void written.push(text) })
    for (let second = 0; second <= 30; second += 1) {
      now = second * 1000
      progress.show(second, of, `${second} records`)
    }
    progress.end()
    return written
  }

  test('a terminal shows a bar after two seconds, and it is gone at the end', () => {
    const written = shown(true)
    expect(written[0]).toBe('\r[##............................]   6 %  2 records')
    expect(written.at(-1)).toMatch(/^\r +\r$/)
  })

  test('elsewhere there is a line now and then', () => {
    expect(shown(false)).toEqual(['6 %, 2 records\n', '40 %, 12 records\n', '73 %, 22 records\n'])
  })

  test('where nobody knows how much there is, no share of it is told', () => {
    expect(shown(true, 0)[0]).toBe('\r[..............................]        2 records')
    expect(shown(false, 0)[0]).toBe('2 records\n')
  })
})

const folder = temporaryFolder('progress')
const drops: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const drop of drops) await drop()
  removeFolder(folder)
})

interface Given {
  readonly env: Record<string, string>
  readonly cwd: string
  readonly output: { out(line: string): void; error(line: string): void }
  readonly clock: Clock
  readonly progress: ProgressTarget
}
type Command = (argv: readonly string[], given: Given) => Promise<number>

/** What is told when every look at the clock finds that seconds have passed. */
async function told(command: Command, line: string, env: Record<string, string>, terminal: boolean): Promise<string> {
  let at = Date.now()
  const written: string[] = []
  const errors: string[] = []
  const code = await command(line.split(' ').filter(Boolean), {
    ...{ env: { ...SECRETS, ...env }, cwd: folder },
    output: { out: () => {}, error: (message) => void errors.push(message) },
    clock: {
      now: () => {
        at += 6_000
        return at
      },
    },
    progress: { terminal, write: (text) => void written.push(text) },
  })
  expect({ line, code, errors: code === 0 ? [] : errors }).toEqual({ line, code: 0, errors: [] })
  return written.join('')
}

const dsn = (name: string) => ({ DATABASE_DSN: join(folder, name) })

/** In this order: each needs what the former made. */
const COMMANDS: [string, Command, string, Record<string, string>, RegExp][] = [
  ['audit verify', auditCommand, 'verify', dsn('a.db'), /\d+ records/],
  ['audit export', auditCommand, `export --out ${join(folder, 'records')}`, dsn('a.db'), /\d+ records/],
  ['backup', backup, 'a.backup', dsn('a.db'), /copying the database|checking the copy|computing/],
  ['restore', restore, 'a.backup', dsn('b.db'), /checking the copy|copying the backup/],
  ['copy', copy, `--to ${join(folder, 'c.db')}`, dsn('a.db'), /copying \w+/],
  ['migrate up', migrate, 'up', dsn('d.db'), /applying 00\d\d_\w+/],
  ['doctor', doctor, '', { ...dsn('a.db'), BASE_URL: 'http://127.0.0.1:1' }, /waiting for database, Redis/],
]

describe('is told by', () => {
  beforeAll(async () => {
    const settings = testSettings({ ...SECRETS, ...dsn('a.db') })
    const db = openDatabase(settings)
    await db.migrate()
    const ctx = createContext(settings, { db, log: { debug() {}, info() {}, warn() {}, error() {} } })
    await insertMany(ctx, 1_100, () => ({ eventTime: new Date(Date.now() - 3_600_000) }))
    await createSealer({ ...ctx, clock: systemClock }).seal(new AbortController().signal)
    await ctx.audit.stop(1_000)
    await db.close()
  })

  test.each(COMMANDS)('%s', async (_, command, line, env, text) => {
    const lines = await told(command, line, env, false)
    expect(lines).toMatch(text)
    expect(lines.endsWith('\n')).toBe(true)
    expect(lines).not.toContain('\r')
  })

  test('a bar, on a terminal', async () => {
    const bar = await told(copy, `--to ${join(folder, 'e.db')}`, dsn('a.db'), true)
    expect(bar).toMatch(/\r\[[#.]{30}\] +\d+ % {2}copying \w+/)
    expect(bar).toMatch(/\r +\r$/)
  })

  test.each(existingDatabases.slice(0, 1))('the conversion of an existing %s database', async (name, open) => {
    const existing = await open()
    drops.push(() => existing.remove())
    const facts = await fill(existing)
    const env = { ...facts.settings, ...existing.settings, ENABLE_RATE_LIMIT: 'false' }
    const cwd = name === 'SQLite' ? dirname(existing.place) : folder
    const command: Command = (argv, given) => migrate(argv, { ...given, cwd })
    expect(await told(command, 'up', env, false)).toMatch(/\d+ %, converting \w+/)
  })

  test.skipIf(!postgresAvailable || !Bun.which('pg_dump'))('backup and restore of PostgreSQL', async () => {
    const [one, other] = [await freshDatabase(), await freshDatabase()]
    drops.push(one.drop, other.drop)
    const env = ({ url }: { url: string }) => ({ DATABASE_DRIVER: 'postgres', DATABASE_DSN: url })
    await told(migrate, 'up', env(one), false)
    expect(await told(backup, 'pg.backup', env(one), false)).toContain('pg_dump writes the backup')
    expect(await told(restore, 'pg.backup', env(other), false)).toContain('restoring')
  })
})
