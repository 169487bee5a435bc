/** `authgate doctor`: what it finds, how it ends, and that it changes nothing and prints no secret. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { doctor } from '../../src/commands/doctor/doctor'
import { createContext } from '../../src/create-context'
import { openDatabase } from '../../src/db/open'
import { skewFinding } from '../../src/doctor/clock-skew'
import type { Finding } from '../../src/doctor/finding'
import { insertMany } from '../audit/support'
import { runBinary, startBinary } from '../support/binary'
import { expiredCertificate, selfSignedCertificate } from '../support/certificate'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'

const SECRETS = {
  SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  JWT_SECRET: 'f30a54c2d719b6e0843d25bfca7091e6683f25d0c49a1e7b',
}
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const folder = temporaryFolder('doctor')
afterAll(() => removeFolder(folder))

async function run(env: Record<string, string>, clock?: { now(): number }) {
  const lines = { out: [] as string[], error: [] as string[] }
  const output = { out: (line: string) => lines.out.push(line), error: (line: string) => lines.error.push(line) }
  const code = await doctor(['--json'], { env, cwd: folder, output, ...(clock && { clock }) })
  const { findings } = JSON.parse(lines.out.join('\n')) as { findings: Finding[] }
  const of = (part: string) => findings.filter((finding) => finding.part === part)
  for (const secret of Object.values(SECRETS)) expect(lines.out.join()).not.toContain(secret)
  for (const { level, remedy } of findings) expect([level, remedy !== undefined]).toEqual([level, level !== 'ok'])
  return { code, findings, of }
}

const migrated = async (
  env: Record<string, string>,
  work?: (ctx: ReturnType<typeof createContext>) => Promise<void>,
) => {
  const settings = testSettings(env)
  const db = openDatabase(settings)
  await db.migrate()
  const ctx = createContext(settings, { db, log: silent })
  await work?.(ctx)
  await ctx.audit.stop(1_000)
  await db.close()
}

describe.each(postgresAvailable ? ['SQLite', 'PostgreSQL'] : ['SQLite'])('authgate doctor on %s', (kind) => {
  let env: Record<string, string>
  let drop: (() => Promise<void>) | undefined
  beforeAll(async () => {
    // Nobody listens there.
    env = { ...SECRETS, BASE_URL: `http://127.0.0.1:${await freePort()}`, DATABASE_DSN: join(folder, 'doctor.db') }
    if (kind === 'SQLite') return
    const database = await freshDatabase()
    drop = database.drop
    env = { ...env, DATABASE_DRIVER: 'postgres', DATABASE_DSN: database.url }
  })
  afterAll(async () => await drop?.())

  test('a database from nothing to what this version needs; the look leaves nothing behind', async () => {
    const before = readdirSync(folder)
    const empty = await run(env)
    expect(empty.of('database')).toMatchObject([{ level: 'warn' }])
    expect(readdirSync(folder)).toEqual(before)
    await migrated(env)
    const { code, of } = await run(env)
    expect(of('database')).toMatchObject([{ level: 'ok', text: expect.stringContaining('is up to date') }])
    expect(of('public address')).toMatchObject([
      { level: 'warn', text: expect.stringContaining('ECONNREFUSED'.slice(0, 4)) },
    ])
    expect(of('file modes').every(({ level }) => level === 'ok')).toBe(true)
    expect(of('disk space')).toHaveLength(1)
    if (kind === 'SQLite') expect(of('file system')).toMatchObject([{ level: 'ok' }])
    else expect(of('clock')).toMatchObject([{ level: 'ok', text: expect.stringContaining('the database is 0.') }])
    expect(code).toBe(0)
  }, 20_000)

  test('when every visitor has the address of a proxy', async () => {
    await migrated(env, (ctx) => insertMany(ctx, 30, () => ({ actorIp: '10.0.0.7' })))
    const far = await run({ ...env, BASE_URL: 'https://login.test' })
    expect(far.of('client addresses')).toMatchObject([{ level: 'warn', text: expect.stringContaining('10.0.0.7') }])
    expect((await run(env)).of('client addresses')).toMatchObject([{ level: 'ok' }])
    await migrated(env, (ctx) => insertMany(ctx, 2, (n) => ({ actorIp: `203.0.113.${n}` })))
    expect((await run({ ...env, BASE_URL: 'https://login.test' })).of('client addresses')).toMatchObject([
      { level: 'ok' },
    ])
  }, 20_000)

  if (kind === 'PostgreSQL')
    test('clocks that differ', async () => {
      const slow = await run(env, { now: () => Date.now() - 60_000 })
      expect([slow.code, slow.of('clock')]).toEqual([1, [expect.objectContaining({ level: 'fail' })]])
    }, 20_000)
})

test.each([
  [500, 0, 'ok'],
  [-2_400, 500, 'ok'],
  [5_000, 500, 'warn'],
  [-31_000, 0, 'fail'],
] as const)('a clock that is %d ms ahead, told to %d ms: %s', (skew, grain, level) => {
  expect(skewFinding('it', skew, grain).level).toBe(level)
})

test('settings that are refused, files that others read, servers that do not answer', async () => {
  expect(await run({ ...SECRETS, DATABASE_DRIVER: 'oracle' })).toMatchObject({
    code: 1,
    findings: [{ part: 'settings', level: 'fail', text: expect.stringContaining('DATABASE_DRIVER') }],
  })
  const secret = join(folder, 'secret')
  writeFileSync(secret, SECRETS.SESSION_SECRET)
  chmodSync(secret, 0o644)
  const port = await freePort()
  const { code, of } = await run({
    JWT_SECRET: SECRETS.JWT_SECRET,
    SESSION_SECRET_FILE: secret,
    BASE_URL: `http://127.0.0.1:${port}`,
    DATABASE_DRIVER: 'postgres',
    DATABASE_DSN: `postgres://u:${SECRETS.JWT_SECRET}@127.0.0.1:${port}/d`,
    RATE_LIMIT_STORE: 'redis',
    REDIS_ADDR: `127.0.0.1:${port}`,
    GITEA_OAUTH_ENABLED: 'true',
    GITEA_URL: `http://127.0.0.1:${port}`,
    GITEA_CLIENT_ID: 'id',
    GITEA_CLIENT_SECRET: 'secret',
  })
  expect(code).toBe(1)
  expect(of('file modes')).toContainEqual(expect.objectContaining({ level: 'fail', remedy: `chmod 0600 ${secret}` }))
  for (const part of ['database', 'Redis', 'sign-in provider'])
    expect([part, of(part)[0]?.level]).toEqual([part, 'fail'])
}, 20_000)

test('beside a running server: it is healthy', async () => {
  const plain = await startBinary({ env: SECRETS })
  try {
    const env = { ...SECRETS, BASE_URL: plain.url, DATABASE_DSN: join(plain.folder, 'oauth.db') }
    const { of } = await run(env)
    expect(of('public address')).toMatchObject([{ level: 'ok', text: `${plain.url}/health says healthy` }])
    expect(of('clock').every(({ level }) => level === 'ok')).toBe(true)
    expect((await run({ ...env, BASE_URL: `${plain.url}/elsewhere` })).of('public address')[0]?.level).toBe('fail')
    const shown = await runBinary(['doctor'], { env, folder: plain.folder })
    expect(shown.stdout).toMatch(/^ok {4}public address {4}http.*says healthy$/m)
    expect((await runBinary(['doctor', '--nope'], { env })).exitCode).toBe(2)
    expect((await runBinary(['doctor', '--help'])).stdout).toContain('Usage: authgate doctor')
  } finally {
    await plain.stop()
  }
}, 40_000)

test('the certificate that visitors get: not trusted, expired', async () => {
  for (const [made, text] of [
    [selfSignedCertificate(folder, 'localhost'), 'it is not trusted: '],
    [expiredCertificate(folder, 'localhost'), 'it expired on 2020-'],
  ] as const) {
    const tls = { cert: await Bun.file(made.certFile).text(), key: await Bun.file(made.keyFile).text() }
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', tls, fetch: () => new Response('x') })
    const { of } = await run({
      ...SECRETS,
      BASE_URL: `https://127.0.0.1:${server.port}`,
      DATABASE_DSN: join(folder, 'c.db'),
    })
    await server.stop(true)
    expect(of('certificate')).toMatchObject([{ level: 'fail', text: expect.stringContaining(text) }])
  }
}, 20_000)
