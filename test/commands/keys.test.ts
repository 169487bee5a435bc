/** `authgate keys` in this process: what it writes, what it refuses, and what it says. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readKeysArguments } from '../../src/commands/keys/arguments'
import { keys } from '../../src/commands/keys/keys'
import { createContext } from '../../src/create-context'
import { openDatabase } from '../../src/db/open'
import { VACANT } from '../../src/tokens/key-files'
import { rememberKeys } from '../../src/tokens/key-history'
import { loadKeyRing } from '../../src/tokens/keys'
import { selfSignedCertificate } from '../support/certificate'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { testSettings } from '../support/settings'
import { ec, privatePem, publicPem, rsa } from '../tokens/keys-support'

const HOUR = 3_600_000
const SECRET = 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03'

let folder: string
let now: number
let env: Record<string, string>
beforeEach(() => {
  folder = temporaryFolder('keys-command')
  now = Date.parse('2026-01-01T00:00:00Z')
  writeFileSync(path('signing.pem'), privatePem(ec()), { mode: 0o600 })
  writeFileSync(path('next.pem'), `${VACANT}\n`, { mode: 0o600 })
  env = {
    ...{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: path('signing.pem') },
    ...{ JWT_ADDITIONAL_KEY_PATHS: path('next.pem'), DATABASE_DSN: path('test.db'), SESSION_SECRET: SECRET },
  }
})
afterEach(() => removeFolder(folder))

const path = (name: string) => join(folder, name)
const read = (name: string) => readFileSync(path(name), 'utf8')
const mode = (name: string) => (statSync(path(name)).mode & 0o777).toString(8)
const ring = () => loadKeyRing(testSettings(env))
const kids = () => (JSON.parse(ring().jwks) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)

async function run(line: string): Promise<{ code: number; out: string; error: string }> {
  const out: string[] = []
  const error: string[] = []
  const output = { out: (text: string) => void out.push(text), error: (text: string) => void error.push(text) }
  const code = await keys(line.split(' '), { env, cwd: folder, output, clock: { now: () => now } })
  const joined = (lines: string[]) => lines.map((text) => `${text}\n`).join('')
  return { code, out: joined(out), error: joined(error) }
}

/** What a start of the server leaves in the database. */
async function serverStarts(): Promise<void> {
  const settings = testSettings(env)
  const db = openDatabase(settings)
  await db.migrate()
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  await rememberKeys(createContext(settings, { db, log, clock: { now: () => now } }))
  await db.close()
}

/** Signs with the key of next.pem; the former key is in its place. */
async function rotated(): Promise<string> {
  const [former = ''] = kids()
  await run('generate --out next.pem')
  await serverStarts()
  now += HOUR
  expect((await run('rotate')).code).toBe(0)
  await serverStarts()
  return former
}

const listed = async () => (await run('list')).out

describe('generate', () => {
  for (const algorithm of ['ES256', 'RS256'])
    test(`${algorithm}: PKCS#8, readable by its owner only; kid and settings are named, the key is not [SEC]`, async () => {
      const { code, out, error } = await run(`generate --algorithm ${algorithm} --out new.pem`)
      expect({ code, error, mode: mode('new.pem') }).toEqual({ code: 0, error: '', mode: '600' })
      expect(read('new.pem')).toContain('-----BEGIN PRIVATE KEY-----')
      env = { ...env, JWT_SIGNING_ALGORITHM: algorithm, JWT_PRIVATE_KEY_PATH: path('new.pem') }
      expect(out).toContain(`kid=${ring().active.kid}`)
      expect(out).toContain(`JWT_SIGNING_ALGORITHM=${algorithm} JWT_PRIVATE_KEY_PATH=${path('new.pem')}`)
      const body = read('new.pem').split('\n')[2] ?? ''
      expect(out).not.toContain(body)
    })

  test('a file that exists is never overwritten, not even a dangling link', async () => {
    const before = read('signing.pem')
    expect((await run('generate --out signing.pem')).error).toContain('exists and is not overwritten')
    expect(read('signing.pem')).toBe(before)
    symlinkSync(path('elsewhere.pem'), path('link.pem'))
    expect((await run('generate --out link.pem')).code).toBe(1)
    expect(existsSync(path('elsewhere.pem'))).toBe(false)
  })

  test('a file that is kept for the next key takes it, for its owner only', async () => {
    chmodSync(path('next.pem'), 0o644)
    expect((await run('generate --out next.pem')).code).toBe(0)
    expect(mode('next.pem')).toBe('600')
    expect(kids()).toHaveLength(2)
  })

  const refused: [string, string][] = [
    ['generate', '--out is required'],
    ['generate --out x --algorithm HS256', 'invalid --algorithm value: "HS256" (must be "ES256" or "RS256")'],
    ['generate --out none/x', 'ENOENT'],
  ]
  for (const [line, reason] of refused)
    test(`${line}: ${reason}`, async () => {
      const { code, error } = await run(line)
      expect(code).toBe(1)
      expect(error).toStartWith('authgate keys generate: ')
      expect(error).toContain(reason)
      expect(error.trimEnd()).not.toContain('\n')
    })

  test('nothing but the key is left in the folder', async () => {
    await run('generate --out new.pem')
    await run('generate --out new.pem')
    expect(readdirSync(folder).sort()).toEqual(['new.pem', 'next.pem', 'signing.pem'])
  })
})

describe('rotate', () => {
  test('the next key signs, the public half of the former one verifies; modes are kept', async () => {
    chmodSync(path('signing.pem'), 0o640)
    await run('generate --out next.pem')
    await serverStarts()
    const [former = '', next = ''] = kids()
    now += HOUR
    const { code, out } = await run('rotate')
    expect(code).toBe(0)
    expect(kids()).toEqual([next, former])
    expect(ring().active.kid).toBe(next)
    expect([mode('signing.pem'), mode('next.pem')]).toEqual(['640', '600'])
    expect(read('next.pem')).not.toContain('PRIVATE KEY')
    expect(out).toContain('Reload every process')
  })

  test('refused until every consumer knows the next key; --force does not wait', async () => {
    await run('generate --out next.pem')
    expect((await run('rotate')).error).toContain('there is no database')
    await serverStarts()
    now += HOUR - 1
    const before = read('signing.pem')
    const { code, error } = await run('rotate')
    expect(code).toBe(1)
    expect(error).toContain('wait until 2026-01-01 01:00 UTC, or use --force')
    expect(read('signing.pem')).toBe(before)
    expect((await run('rotate --force')).code).toBe(0)
    expect(read('signing.pem')).not.toBe(before)
  })

  test('a key that no server has published is refused, however long it lies there', async () => {
    await serverStarts()
    await run('generate --out next.pem')
    now += 24 * HOUR
    expect((await run('rotate')).error).toContain('no server has published the next key yet')
  })

  test('counted from the last process that began to publish it, for an hour', async () => {
    await run('generate --out next.pem')
    await serverStarts()
    now += HOUR / 2
    await serverStarts()
    now += HOUR / 2
    expect((await run('rotate')).error).toContain('01:30 UTC')
    now += HOUR / 2
    await serverStarts()
    expect((await run('rotate')).error).toContain('02:00 UTC')
    now += HOUR / 2
    expect((await run('rotate')).code).toBe(0)
  })

  test('without a next key, and with several', async () => {
    expect((await run('rotate')).error).toContain('there is no next key: write one with')
    writeFileSync(path('next.pem'), privatePem(ec()) + privatePem(rsa()))
    expect((await run('rotate --force')).error).toContain('there are 2 next keys: name one with --kid')
    const [, second = '', third = ''] = kids()
    expect((await run(`rotate --force --kid=${second}`)).code).toBe(0)
    expect(ring().active.kid).toBe(second)
    expect(kids()).toContain(third)
  })

  test('a key that retires does not become the next one again', async () => {
    await rotated()
    expect((await run('rotate --force')).error).toContain('there is no next key')
  })

  const refused: [string, Record<string, string>, string][] = [
    ['HS256', { JWT_SIGNING_ALGORITHM: 'HS256', JWT_SECRET: SECRET }, 'HS256 signs with JWT_SECRET'],
    ['an inline key', { JWT_PRIVATE_KEY_PEM: privatePem(ec()) }, 'JWT_PRIVATE_KEY_PEM holds the signing key'],
    ['a kid by setting', { JWT_KEY_ID: 'k1' }, 'JWT_ADDITIONAL_KEY_PATHS=k1='],
  ]
  for (const [name, changed, reason] of refused)
    test(`${name}: files alone cannot rotate, and nothing is written`, async () => {
      await run('generate --out next.pem')
      env = { ...env, ...changed }
      const before = read('next.pem')
      const { code, error } = await run('rotate --force')
      expect(code).toBe(1)
      expect(error).toContain(reason)
      expect(read('next.pem')).toBe(before)
    })

  test('a next key under a kid of its own would change its name', async () => {
    await run('generate --out next.pem')
    env = { ...env, JWT_ADDITIONAL_KEY_PATHS: `k2=${path('next.pem')}` }
    expect((await run('rotate --force')).error).toContain('publishes the next key as kid=k2')
  })

  test('stopped between any two files, every key is still published [SEC]', async () => {
    await run('generate --out next.pem')
    const all = kids().sort()
    const states = ['signing.pem', 'next.pem'].map(read)
    await run('rotate --force')
    const after = ['signing.pem', 'next.pem'].map(read)
    const both = `${states[1]}${after[1]}`
    const stopAt = (signing: string | undefined) => {
      writeFileSync(path('signing.pem'), signing ?? '')
      writeFileSync(path('next.pem'), both)
      expect(kids().sort()).toEqual(all)
    }
    stopAt(after[0])
    stopAt(states[0])
    expect((await run('rotate --force')).code).toBe(0)
    expect(['signing.pem', 'next.pem'].map(read)).toEqual(after)
  })

  test('a folder that cannot be written: one line, and both files as they were', async () => {
    if (process.getuid?.() === 0) return
    await run('generate --out next.pem')
    chmodSync(folder, 0o500)
    const { code, error } = await run('rotate --force')
    chmodSync(folder, 0o700)
    expect(code).toBe(1)
    expect(error).toContain('cannot write')
  })
})

describe('retire', () => {
  test('refused while tokens may live, then taken out; the file can take the next key', async () => {
    const former = await rotated()
    expect(await run('retire')).toMatchObject({ code: 1, error: expect.stringContaining('may live until') })
    expect(kids()).toContain(former)
    now += HOUR + 300_000
    expect(await run('retire')).toMatchObject({ code: 0, out: expect.stringContaining(`kid=${former}`) })
    expect(kids()).not.toContain(former)
    expect(read('next.pem')).toBe(`${VACANT}\n`)
    expect((await run('generate --out next.pem')).code).toBe(0)
  })

  test('before a server signs with the new key, the former one stays', async () => {
    await run('generate --out next.pem')
    await serverStarts()
    await run('rotate --force')
    now += 1000 * HOUR
    expect((await run('retire')).error).toContain('no server signs with the active key yet')
  })

  test('a next key is never taken out, not even by force', async () => {
    await run('generate --out next.pem')
    expect((await run('retire --force')).error).toContain('there is no retiring key')
    expect(kids()).toHaveLength(2)
  })

  test('a public key whose past is unknown only goes by force, and alone when named', async () => {
    writeFileSync(path('next.pem'), publicPem(ec()) + publicPem(ec()))
    await serverStarts()
    const [, second = '', third = ''] = kids()
    expect((await run('retire')).error).toContain('does not know that it ever signed')
    expect((await run(`retire --force --kid ${second}`)).code).toBe(0)
    expect(kids().slice(1)).toEqual([third])
  })
})

describe('list', () => {
  test('for programs: the same as one JSON object', async () => {
    const before = JSON.parse((await run('list --json')).out) as Record<string, unknown>
    expect(before).toMatchObject({
      active: { algorithm: 'ES256', source: expect.stringContaining('signing.pem') },
      keys: [],
    })
    expect(before.history_unknown).toContain('there is no database')
    writeFileSync(path('next.pem'), privatePem(rsa()), { mode: 0o600 })
    await serverStarts()
    const after = JSON.parse((await run('list --json')).out) as Record<string, unknown>
    const published_at = '2026-01-01T00:00:00.000Z'
    expect(after).toMatchObject({
      keys: [{ state: 'next', algorithm: 'RS256', published_at, may_sign_from: '2026-01-01T01:00:00.000Z' }],
    })
    expect(after.history_unknown).toBeUndefined()
  })

  test('active, next, retiring and vacant, with kid, algorithm, file and times', async () => {
    await run('generate --out next.pem')
    expect(await listed()).toContain('not published by a server yet')
    await serverStarts()
    expect(await listed()).toMatch(/^active {4}ES256 {2}kid=\S{43} {2}\S+signing\.pem, block 1 {2}signs since 2026/m)
    expect(await listed()).toMatch(
      /^next {6}ES256 {2}kid=\S{43} {2}\S+next\.pem, block 1 {2}published 2026-01-01 00:00 UTC, may sign from 2026-01-01 01:00 UTC$/m,
    )
    now += HOUR
    await run('rotate')
    await serverStarts()
    expect(await listed()).toMatch(/^retiring {2}ES256 .*needed until 2026-01-01 02:05 UTC$/m)
    now += 2 * HOUR
    expect(await listed()).toContain('its last token has ended: authgate keys retire')
    await run('retire')
    expect(await listed()).toMatch(/^vacant .*next\.pem {2}can take the next key$/m)
  })

  test('works without a database, and writes nothing', async () => {
    const before = readdirSync(folder)
    const { code, out } = await run('list')
    expect(code).toBe(0)
    expect(out).toContain('Nothing is known of the past: there is no database')
    expect(readdirSync(folder)).toEqual(before)
  })

  test('a configuration that cannot serve: one line for each problem', async () => {
    env = { ...env, JWT_PRIVATE_KEY_PATH: path('none.pem') }
    const { code, error } = await run('list')
    expect(code).toBe(1)
    expect(error).toStartWith('Invalid configuration: Failed to load JWT private key')
  })
})

describe('files that are kept for a later key', () => {
  test('count as no key; a file that is merely empty stops the start', () => {
    expect(kids()).toHaveLength(1)
    writeFileSync(path('next.pem'), '')
    expect(() => ring()).toThrow('no PEM block found in key data')
  })

  test('several keys in one file are all published; the rest of a certificate chain is not [SEC]', () => {
    const certificate = () => readFileSync(selfSignedCertificate(folder, 'localhost').certFile, 'utf8')
    writeFileSync(path('next.pem'), certificate() + certificate())
    expect(kids()).toHaveLength(2)
    writeFileSync(path('next.pem'), publicPem(ec()) + certificate() + publicPem(rsa()))
    expect(kids()).toHaveLength(3)
    env = { ...env, JWT_ADDITIONAL_KEY_PATHS: `k=${path('next.pem')}` }
    expect(() => ring()).toThrow('kid=k needs a file with one key')
  })
})

describe('command line of keys', () => {
  const none = { algorithm: '', out: '', kid: '', force: false, json: false }
  const accepted: [string, object][] = [
    ['list', { command: 'list', options: none }],
    ['generate --out x', { command: 'generate', options: { ...none, out: 'x' } }],
    ['-out=x -algorithm=RS256 generate', { command: 'generate', options: { ...none, out: 'x', algorithm: 'RS256' } }],
    ['rotate --force --kid a=b', { command: 'rotate', options: { ...none, kid: 'a=b', force: true } }],
    ['rotate -h', { help: true }],
    ['', { command: undefined }],
    ['nope', { unknownCommand: 'nope' }],
    ['list --force', { badOption: 'flag provided but not defined: -force' }],
    ['rotate --bogus', { badOption: 'flag provided but not defined: -bogus' }],
    ['rotate --force=no', { badOption: 'flag provided but not defined: -force' }],
    ['generate --out', { badOption: 'flag needs an argument: -out' }],
    ['generate ---out', { badOption: 'bad flag syntax: ---out' }],
  ]
  for (const [line, expected] of accepted)
    test(`authgate keys ${line}`, () => {
      expect(readKeysArguments(line.split(' ').filter((word) => word !== ''))).toEqual(expected as never)
    })
})
