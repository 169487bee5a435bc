/** Keys of a running server, exchanged with the executable and SIGHUP. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Outcome, type RunningBinary, runBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'

let folder: string
let env: Record<string, string>
let server: RunningBinary

const authgate = (...args: string[]): Promise<Outcome> => runBinary(args, { folder, env })
const path = (name: string) => join(folder, name)

beforeEach(async () => {
  folder = temporaryFolder('key-rotation')
  env = {}
  await authgate('keys', 'generate', '--out', 'signing.pem')
  await authgate('keys', 'generate', '--out', 'next.pem')
  env = {
    SERVER_ADDR: `127.0.0.1:${await freePort()}`,
    DATABASE_DSN: path('test.db'),
    SESSION_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
    JWT_SIGNING_ALGORITHM: 'ES256',
    JWT_PRIVATE_KEY_PATH: path('signing.pem'),
    JWT_ADDITIONAL_KEY_PATHS: path('next.pem'),
    ENABLE_RATE_LIMIT: 'false',
  }
  server = await startBinary({ folder, env })
})
afterEach(async () => {
  await server.kill()
  removeFolder(folder)
})

const jwks = async () => (await (await server.fetch('/.well-known/jwks.json')).json()) as JSONWebKeySet
const kids = async () => (await jwks()).keys.map(({ kid }) => kid)
const logged = (text: string) => eventually(text, async () => (server.log().includes(text) ? true : undefined))
const count = (text: string) => server.log().split(text).length - 1

/** The client of the first start, made one that gets tokens for itself. */
function machineClient(): { id: string; secret: string } {
  const { clientId: id } = readCredentials(folder)
  const secret = 'a-secret-of-the-rotation-test-0123456789abcdef'
  const hash = Bun.password.hashSync(secret, { algorithm: 'bcrypt', cost: 4 })
  const database = new Database(path('test.db'))
  database.run('PRAGMA busy_timeout = 5000')
  database
    .query(
      `UPDATE oauth_applications SET client_type = 'confidential', client_secret = ?, scopes = 'read',
       enable_client_credentials_flow = 1, grant_types = 'client_credentials' WHERE client_id = ?`,
    )
    .run(hash, id)
  database.close()
  return { id, secret }
}

/** Throws for every answer that is not a token. */
async function machineToken(client: { id: string; secret: string }): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret }
  const answer = await server.fetch('/oauth/token', { method: 'POST', body: new URLSearchParams(form) })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { access_token: string }).access_token
}

const isAccepted = async (token: string): Promise<boolean> =>
  (await server.fetch('/oauth/tokeninfo', { headers: { authorization: `Bearer ${token}` } })).status === 200

describe('keys of a running server', () => {
  test('rotation by SIGHUP under load: no request fails, tokens from before and after verify', async () => {
    const client = machineClient()
    const [former, next] = await kids()
    const before = await machineToken(client)
    const early = await authgate('keys', 'rotate')
    expect(early.exitCode).toBe(1)
    expect(early.stderr).toMatch(/^authgate keys rotate: .*wait until .*, or use --force\n$/)

    const tokens: string[] = []
    let running = true
    const load = Array.from({ length: 8 }, async () => {
      while (running) {
        tokens.push(await machineToken(client))
        if (!(await isAccepted(before))) throw new Error('a token from before the rotation was refused')
      }
    })
    await Bun.sleep(200)
    expect(await authgate('keys', 'rotate', '--force')).toMatchObject({ exitCode: 0, stderr: '' })
    for (let n = 1; n <= 5; n += 1) {
      server.signal('SIGHUP')
      await eventually('the reload', async () => (count('Signing keys reloaded') >= n ? true : undefined))
    }
    await Bun.sleep(200)
    running = false
    await Promise.all(load)

    expect(await kids()).toEqual([next, former])
    expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid))).toEqual(new Set([former, next]))
    const keySet = createLocalJWKSet(await jwks())
    for (const token of [before, ...tokens]) await jwtVerify(token, keySet, { issuer: server.url })
    expect(await isAccepted(before)).toBe(true)

    const listed = await authgate('keys', 'list')
    expect(listed.stdout).toMatch(new RegExp(`^active .*kid=${next} .*signing.pem, block 1  signs since`, 'm'))
    expect(listed.stdout).toMatch(new RegExp(`^retiring .*kid=${former} .*next.pem, block 1  needed until`, 'm'))
    expect((await authgate('keys', 'retire')).exitCode).toBe(1)
    expect((await authgate('keys', 'retire', '--force')).exitCode).toBe(0)
    server.signal('SIGHUP')
    await eventually('the key set', async () => ((await kids()).length === 1 ? true : undefined))
    expect(await isAccepted(before)).toBe(false)
    expect(await server.stop()).toBe(0)
    expect(server.log()).not.toContain('PRIVATE KEY')
  }, 60_000)

  test('a bad key on SIGHUP keeps the former ring, and the log says why; a good one is then taken', async () => {
    const client = machineClient()
    const both = await kids()
    const good = readFileSync(path('signing.pem'), 'utf8')
    writeFileSync(path('signing.pem'), 'nonsense')
    server.signal('SIGHUP')
    await logged('Signing keys not reloaded, the former ones stay in use: Failed to load JWT private key')
    expect(await kids()).toEqual(both)
    expect(await isAccepted(await machineToken(client))).toBe(true)

    writeFileSync(path('signing.pem'), good)
    writeFileSync(path('next.pem'), '')
    server.signal('SIGHUP')
    await eventually('the second line', async () => (count('Signing keys not reloaded') === 2 ? true : undefined))
    expect(await kids()).toEqual(both)

    writeFileSync(path('next.pem'), '# authgate: no key at present\n')
    server.signal('SIGHUP')
    await logged('Signing keys reloaded')
    expect(await kids()).toEqual(both.slice(0, 1))
  }, 60_000)

  test('the key set and its validator change with the ring', async () => {
    const first = await server.fetch('/.well-known/jwks.json')
    const validator = first.headers.get('etag') ?? ''
    const ask = () => server.fetch('/.well-known/jwks.json', { headers: { 'if-none-match': validator } })
    expect((await ask()).status).toBe(304)
    await authgate('keys', 'rotate', '--force')
    server.signal('SIGHUP')
    await logged('Signing keys reloaded')
    expect((await ask()).status).toBe(200)
  }, 60_000)
})

describe('authgate keys on the command line', () => {
  test('generate: mode 0600, never over a file', async () => {
    expect(statSync(path('signing.pem')).mode & 0o777).toBe(0o600)
    const before = readFileSync(path('signing.pem'), 'utf8')
    const { exitCode, stderr } = await authgate('keys', 'generate', '--algorithm=RS256', '-out', 'signing.pem')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `authgate keys generate: ${path('signing.pem')} exists and is not overwritten; name another file\n`,
    })
    expect(readFileSync(path('signing.pem'), 'utf8')).toBe(before)
  })

  test('usage and exit codes as those of the other commands', async () => {
    expect(await authgate('keys')).toMatchObject({ exitCode: 1, stderr: '' })
    expect(await authgate('keys', '--help')).toMatchObject({ exitCode: 0, stderr: '' })
    const unknown = await authgate('keys', 'nope')
    expect(unknown.exitCode).toBe(1)
    expect(unknown.stdout).toStartWith('Unknown command: keys nope\n\nUsage: authgate keys')
    expect(await authgate('keys', 'list', '--bogus')).toMatchObject({
      exitCode: 2,
      stderr: 'flag provided but not defined: -bogus\n',
    })
  })
})
