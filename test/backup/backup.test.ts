/** `authgate backup` and `authgate restore`: nothing is lost, nothing is half there, nothing is overwritten. */
import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { backup, restore } from '../../src/commands/backup/backup'
import { libpqVariables } from '../../src/config/postgres-dsn'
import { createContext } from '../../src/create-context'
import type { Database } from '../../src/db/database'
import { openDatabase } from '../../src/db/open'
import { insertEvent } from '../audit/support'
import { runBinary } from '../support/binary'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'
import { contentsOf, fillEveryTable } from '../transfer/support'

const folder = temporaryFolder('backup')
const drops: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const drop of drops) await drop()
  removeFolder(folder)
})

const SECRETS = {
  SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  JWT_SECRET: 'f30a54c2d719b6e0843d25bfca7091e6683f25d0c49a1e7b',
}
const PROGRAM = resolve(import.meta.dir, 'process.ts')
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe.each(postgresAvailable ? ['SQLite', 'PostgreSQL'] : ['SQLite'])('a backup of %s', (kind) => {
  let env: Record<string, string>
  beforeEach(async () => {
    const PATH = process.env.PATH ?? ''
    if (kind === 'SQLite') {
      env = { ...SECRETS, PATH, DATABASE_DSN: join(folder, `${crypto.randomUUID()}.db`) }
      return
    }
    const { url, drop } = await freshDatabase()
    drops.push(drop)
    env = { ...SECRETS, PATH, DATABASE_DRIVER: 'postgres', DATABASE_DSN: url }
  })

  const run = async (command: typeof backup, ...argv: string[]) => {
    // Statements of queries that were built per call keep the file open until they are collected.
    await Bun.sleep(1)
    Bun.gc(true)
    const lines = { out: [] as string[], error: [] as string[] }
    const output = { out: (line: string) => lines.out.push(line), error: (line: string) => lines.error.push(line) }
    const progress = { terminal: false, write: () => {} }
    const code = await command(argv, { env, cwd: folder, output, progress })
    return { code, out: lines.out.join('\n'), error: lines.error.join('\n') }
  }
  /** Handles that this process has closed keep the file until the last of their statements is collected. */
  const restoreWhenClosed = async (...argv: string[]) => {
    for (let attempt = 1; ; attempt += 1) {
      const ended = await run(restore, ...argv)
      if (attempt === 100 || !ended.error.includes('open; stop it first')) return ended
      await Bun.sleep(20)
    }
  }
  const opened = async <T>(work: (db: Database) => Promise<T>): Promise<T> => {
    const db = openDatabase(testSettings(env))
    try {
      await db.migrate()
      return await work(db)
    } finally {
      await db.close()
    }
  }
  const fresh = () => join(folder, `${crypto.randomUUID()}.backup`)

  test('taken under load is of one moment; restored after everything was destroyed it has every row', async () => {
    const file = fresh()
    const [before, after] = await opened(async (db) => {
      await fillEveryTable(db, 203)
      const first = await contentsOf(db)
      const ctx = createContext(testSettings(env), { db, log: silent })
      let ended = false
      const load = (async () => {
        for (let written = 0; !ended; written += 1) {
          await insertEvent(ctx, { action: `load ${written}` })
          await db.q.insert(db.t.seedState).values({ name: `load ${written}`, at: new Date() })
          await Bun.sleep(1)
        }
      })()
      const { code, out, error } = await run(backup, file)
      ended = true
      await load
      expect([code, error]).toEqual([0, ''])
      expect(out).toContain(`is backed up in ${file}`)
      await ctx.audit.stop(1_000)
      return [first, await contentsOf(db)]
    })
    for (const path of [file, `${file}.manifest.json`]) expect(statSync(path).mode & 0o777).toBe(0o600)
    await opened(async (db) => {
      await db.q.delete(db.t.accessTokens)
      await db.q.delete(db.t.auditLogs)
      await db.q.update(db.t.users).set({ fullName: 'destroyed' })
    })
    const restored = await restoreWhenClosed(file, '--json')
    expect([restored.code, restored.error]).toEqual([0, ''])
    const { kept } = JSON.parse(restored.out) as { kept: string }
    expect(kept).toContain(kind === 'SQLite' ? '.before-restore-' : 'schema authgate_before_restore_')
    const arrived = await opened(contentsOf)
    const loads = (rows: readonly string[] = []) => rows.filter((row) => row.includes('"load ')).length
    expect(loads(arrived.audit_logs) - loads(arrived.seed_state)).toBeOneOf([0, 1])
    for (const [table, rows] of Object.entries(arrived)) {
      expect([table, (before?.[table] ?? []).every((row) => new Set(rows).has(row))]).toEqual([table, true])
      expect([table, rows.every((row) => new Set(after?.[table]).has(row))]).toEqual([table, true])
    }
    // A second one keeps what the first one brought.
    expect((await restoreWhenClosed(file)).code).toBe(0)
    expect(await opened(contentsOf)).toEqual(arrived)
  }, 60_000)

  test('is not written over anything, and is not restored while something uses the database', async () => {
    const file = fresh()
    await opened(async (db) => {
      await fillEveryTable(db, 3)
      expect((await run(backup, file)).code).toBe(0)
      const bytes = readFileSync(file)
      expect(await run(backup, file)).toMatchObject({ code: 1, error: expect.stringContaining('is not overwritten') })
      expect(readFileSync(file).equals(bytes)).toBe(true)
      const refused = await run(restore, file)
      expect([refused.code, refused.error]).toEqual([
        1,
        expect.stringMatching(/open; stop it first|use the database; stop/),
      ])
      expect((await contentsOf(db)).users).toHaveLength(3)
    })
  }, 30_000)

  test('that was changed, cut or lost its manifest is refused, and the database stays as it is', async () => {
    const file = fresh()
    await opened((db) => fillEveryTable(db, 3))
    expect((await run(backup, file)).code).toBe(0)
    const before = await opened(contentsOf)
    const manifest = readFileSync(`${file}.manifest.json`, 'utf8')
    const bytes = readFileSync(file)
    const refusals: [() => void, string][] = [
      [() => truncateSync(file, bytes.length - 512), 'is damaged'],
      [() => writeFileSync(file, Buffer.from(bytes).fill(7, 2_000, 2_010)), 'is damaged'],
      [() => writeFileSync(`${file}.manifest.json`, '{}'), 'is not the manifest'],
      [() => writeFileSync(`${file}.manifest.json`, manifest.replace('"users": 3', '"users": 4')), 'manifest'],
    ]
    for (const [damage, reason] of refusals) {
      writeFileSync(file, bytes)
      writeFileSync(`${file}.manifest.json`, manifest)
      damage()
      const { code, error } = await run(restore, file)
      expect([code, error]).toEqual([1, expect.stringContaining(reason)])
      expect(await opened(contentsOf)).toEqual(before)
    }
    expect((await run(restore, join(folder, 'none'))).error).toContain('there is no file')
  }, 30_000)

  test('whose process is killed is whole or not there; a restore that is killed leaves the former or the new one', async () => {
    const file = fresh()
    await opened((db) => fillEveryTable(db, 203))
    const start = async (name: string, path: string) => {
      const child = Bun.spawn([process.execPath, PROGRAM, name, path, JSON.stringify(env)], { stdout: 'pipe' })
      await child.stdout.getReader().read()
      return child
    }
    for (let round = 0; round < 4; round += 1) {
      const path = fresh()
      const child = await start('backup', path)
      await Bun.sleep(Math.random() * 400)
      child.kill('SIGKILL')
      await child.exited
      if (existsSync(path))
        await eventually('the restore', async () => ((await run(restore, path)).code === 0 ? true : undefined))
      else expect((await run(backup, path)).code).toBe(0)
      expect(readdirSync(folder).filter((name) => name.startsWith(path.slice(folder.length + 1)))).toHaveLength(2)
    }
    const whole = await opened(contentsOf)
    expect((await run(backup, file)).code).toBe(0)
    await opened((db) => db.q.delete(db.t.accessTokens))
    const changed = await opened(contentsOf)
    for (let round = 0; round < 4; round += 1) {
      const child = await start('restore', file)
      await Bun.sleep(Math.random() * 500)
      child.kill('SIGKILL')
      await child.exited
      await Bun.sleep(kind === 'SQLite' ? 0 : 300)
      expect(await opened(contentsOf)).toBeOneOf([whole, changed])
    }
    // A server of PostgreSQL goes on for a while for a client that was killed.
    await eventually('the restore', async () => ((await run(restore, file)).code === 0 ? true : undefined))
    expect(await opened(contentsOf)).toEqual(whole)
  }, 90_000)
})

test('a SQLite file that is no database any more is set aside with its log, and the backup takes its place', async () => {
  const place = join(folder, 'broken.db')
  const env = { ...SECRETS, DATABASE_DSN: place }
  const db = openDatabase(testSettings(env))
  await db.migrate()
  await fillEveryTable(db, 3)
  const before = await contentsOf(db)
  await db.close()
  const output = { out: () => {}, error: () => {} }
  const file = join(folder, 'broken.backup')
  expect(await backup([file], { env, cwd: folder, output })).toBe(0)
  writeFileSync(place, 'x'.repeat(10_000))
  writeFileSync(`${place}-wal`, 'y'.repeat(100))
  expect(await restore([file], { env, cwd: folder, output })).toBe(0)
  const again = openDatabase(testSettings(env))
  expect(await contentsOf(again)).toEqual(before)
  await again.close()
  expect(readdirSync(folder).filter((name) => /^broken\.db\.before-restore-\w+(-wal)?$/.test(name))).toHaveLength(2)
})

test('the connection goes to the programs of PostgreSQL as variables', () => {
  const dsn =
    "host=db.example port=5433 user=u password='p w' dbname=d sslmode=require search_path='a b' default_query_exec_mode=exec"
  expect(libpqVariables(dsn, { PGUSER: 'other', PGOPTIONS: '-c a=b' })).toEqual({
    PGHOST: 'db.example',
    PGPORT: '5433',
    PGUSER: 'u',
    PGPASSWORD: 'p w',
    PGDATABASE: 'd',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c a=b -c search_path=a\\ b',
  })
})

if (postgresAvailable)
  test('programs of PostgreSQL that are not installed are named', async () => {
    const { url, drop } = await freshDatabase()
    drops.push(drop)
    const env = { ...SECRETS, DATABASE_DRIVER: 'postgres', DATABASE_DSN: url, PATH: folder }
    const db = openDatabase(testSettings(env))
    await db.migrate()
    await db.close()
    const errors: string[] = []
    const output = { out: () => {}, error: (line: string) => errors.push(line) }
    expect(await backup([join(folder, 'none.backup')], { env, cwd: folder, output })).toBe(1)
    expect([errors.join(), existsSync(join(folder, 'none.backup'))]).toEqual([
      expect.stringContaining('pg_dump is not installed'),
      false,
    ])
  })

describe('the executable', () => {
  test.each([
    [['backup', '--help'], 0, 'Usage: authgate backup FILE'],
    [['restore', '-h'], 0, 'Usage: authgate restore FILE'],
    [['backup'], 2, 'FILE is missing'],
    [['restore', 'a', 'b'], 2, 'unexpected argument: b'],
    [['backup', 'x', '--force'], 2, 'flag provided but not defined: -force'],
  ])('%j', async (argv, code, text) => {
    const { exitCode, stdout, stderr } = await runBinary(argv)
    expect([exitCode, `${stdout}${stderr}`]).toEqual([code, expect.stringContaining(text)])
  })

  test('takes a backup and restores it', async () => {
    const env = { ...SECRETS, DATABASE_DSN: join(folder, 'executable.db') }
    expect(await runBinary(['migrate', 'up'], { env, folder })).toMatchObject({ exitCode: 0 })
    const file = join(folder, 'executable.backup')
    expect(await runBinary(['backup', file], { env, folder })).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await runBinary(['restore', file], { env, folder })).toMatchObject({ exitCode: 0, stderr: '' })
  }, 20_000)
})
