/** The page of keys with every kind of key ring, through a rotation, and the button that reads the files again. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keys } from '../../src/commands/keys/keys'
import { openDatabase } from '../../src/db/open'
import { VACANT } from '../../src/tokens/key-files'
import { rememberKeys } from '../../src/tokens/key-history'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { testSettings } from '../support/settings'

const KEYS = '/admin/keys'
const HOUR = 3_600_000
const BUTTON = 'Read key files again'

let folder: string
let app: TestApp
let admin: UserRow
let signedIn: SignedIn
let env: Record<string, string>
beforeEach(() => {
  folder = temporaryFolder('key-pages')
})
afterEach(async () => {
  await app.close()
  removeFolder(folder)
})

const path = (name: string) => join(folder, name)

async function start(settings: Record<string, string>): Promise<void> {
  env = {
    DATABASE_DSN: path('test.db'),
    SESSION_MAX_AGE: '3600000',
    SESSION_IDLE_TIMEOUT: '0',
    STEP_UP_MAX_AGE: '0',
    ...settings,
  }
  const open = async () => {
    const db = openDatabase(testSettings(env))
    await db.migrate()
    return { db, close: () => db.close() }
  }
  app = await openTestApp({ settings: env, open })
  await rememberKeys(app.ctx)
  admin = await app.insertUser({ role: 'admin' })
  signedIn = await app.signIn(admin)
}

/** One key in a file signs, one more file waits for the next. */
async function startWithFiles(algorithm: 'ES256' | 'RS256', settings: Record<string, string> = {}): Promise<void> {
  env = {}
  await command(`generate --algorithm ${algorithm} --out signing.pem`)
  writeFileSync(path('next.pem'), `${VACANT}\n`)
  await start({
    ...{ JWT_SIGNING_ALGORITHM: algorithm, JWT_PRIVATE_KEY_PATH: path('signing.pem') },
    ...{ JWT_ADDITIONAL_KEY_PATHS: path('next.pem'), JWT_EXPIRATION: '1h', ...settings },
  })
}

async function command(line: string): Promise<number> {
  const output = { out: () => {}, error: () => {} }
  const clock = { now: () => app.clock.now() }
  return await keys(line.split(' '), { env, cwd: folder, output, clock: app ? clock : Date })
}

/** What a press says on the page it leads to. */
async function press(who = signedIn): Promise<string> {
  const headers = { accept: 'text/html', cookie: who.cookie }
  const answer = await app.postForm(`${KEYS}/reload`, { csrf_token: who.csrfToken }, headers)
  expect(answer.status).toBe(302)
  return answer.headers.get('location') === KEYS ? await look() : (answer.headers.get('location') ?? '')
}

const look = async (): Promise<string> =>
  (await app.get(KEYS, { headers: { accept: 'text/html', cookie: signedIn.cookie } })).text()

/** State and algorithm of every row. */
async function states(): Promise<string[]> {
  const html = await look()
  const rows = [...html.matchAll(/<tr[^>]*>\s*<t[hd][\s\S]*?<\/tr>/g)].map(([row]) => row.replaceAll(/<[^>]*>/g, ' '))
  const found = rows.map((row) => /\b(Active|Next|Retiring|Accepted)\b[\s\S]*?\b((?:HS|RS|ES)256)\b/.exec(row))
  return found.flatMap((match) => (match ? [`${match[1]} ${match[2]}`] : []))
}

const records = async () => {
  const { q, t } = app.ctx.db
  return (await q.select().from(t.auditLogs)).filter(({ eventType }) => eventType === 'KEYS_RELOADED')
}

describe.each(['ES256', 'RS256'] as const)('a ring of %s', (algorithm) => {
  test('every state of a rotation is shown, each after a press of the button, which is recorded', async () => {
    await startWithFiles(algorithm)
    const kid = app.ctx.keys.active.kid ?? ''
    expect(await states()).toEqual([`Active ${algorithm}`])
    expect(await look()).toContain(kid)

    expect(await command(`generate --algorithm ${algorithm} --out next.pem`)).toBe(0)
    expect(await states()).toHaveLength(1)
    expect(await press()).toContain('The key files were read again. Keys in use: 2.')
    expect(await states()).toEqual([`Active ${algorithm}`, `Next ${algorithm}`])

    const client = await app.insertClient({ scopes: 'read' })
    const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret }
    expect((await app.postForm('/oauth/token', form)).status).toBe(200)
    app.clock.advance(1.5 * HOUR)
    expect(await command('rotate')).toBe(0)
    expect((await app.postForm('/oauth/token', form)).status).toBe(200)
    expect(await press()).toContain('Keys in use: 2.')
    expect(app.ctx.keys.active.kid).not.toBe(kid)
    expect(await states()).toEqual([`Active ${algorithm}`, `Retiring ${algorithm}`])
    expect(await look()).toContain('Verifies the tokens it signed. The last of them ends')

    app.clock.advance(2 * HOUR)
    expect(await look()).toContain('Nothing needs it any more')
    expect(await command('retire')).toBe(0)
    await press()
    expect(await states()).toEqual([`Active ${algorithm}`])

    const rows = await records()
    expect(rows.map(({ actorUserId, resourceType, success }) => [actorUserId, resourceType, success])).toEqual(
      Array.from({ length: 3 }, () => [admin.id, 'SIGNING_KEY', true]),
    )
    expect(rows.map(({ details }) => details)).toContainEqual({ keys: 2, algorithm, former_kid: kid })
  }, 30_000)
})

test('files that cannot serve change nothing, and the page and the record say why [SEC]', async () => {
  await startWithFiles('ES256')
  const { active } = app.ctx.keys
  writeFileSync(path('signing.pem'), '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n')
  const html = await press()
  expect(html).toContain('the former keys stay in use')
  expect(html).toContain('signing.pem')
  expect(html).not.toContain('c2VjcmV0')
  expect(app.ctx.keys.active).toBe(active)
  const [row] = await records()
  expect([row?.success, row?.resourceId, row?.errorMessage.includes('signing.pem')]).toEqual([false, active.kid, true])
})

test('a key nobody knows the past of is accepted; a key of another algorithm is told apart', async () => {
  await startWithFiles('RS256')
  await command('generate --algorithm ES256 --out next.pem')
  await press()
  expect(await states()).toEqual(['Active RS256', 'Next ES256'])
  await app.ctx.db.q.delete(app.ctx.db.t.signingKeys)
  expect(await states()).toEqual(['Active RS256', 'Accepted ES256'])
})

test('an old sign-in is confirmed first [SEC]', async () => {
  await startWithFiles('ES256', { STEP_UP_MAX_AGE: '10m' })
  const { ring } = app.ctx.keys
  app.clock.advance(11 * 60_000)
  expect(await press()).toStartWith('/account/confirm?held=')
  expect(app.ctx.keys.ring).toBe(ring)
  expect(await records()).toEqual([])
})

test('secrets of the settings: nothing can be read again, none is shown, and the page says how they change [SEC]', async () => {
  const secrets = [1, 2].map(() => randomBytes(32).toString('hex'))
  await start({ JWT_SECRET: secrets[0] ?? '', JWT_SECRET_PREVIOUS: secrets[1] ?? '' })
  const html = await look()
  expect(await states()).toEqual(['Active HS256', 'Accepted HS256'])
  for (const hidden of [BUTTON, ...secrets]) expect(html).not.toContain(hidden)
  expect(html).toContain('Set JWT_SECRET_PREVIOUS to the new secret')
  expect(await press()).toContain('No key comes from a file.')
  expect(await records()).toEqual([])
})
