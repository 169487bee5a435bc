/**
 * A rotation as operators perform it: files, the command line, SIGHUP or restart. Two processes are reloaded at
 * different times; consumers keep the JWK set for its whole max-age and look at nothing else (RFC 9111 §4.2).
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { keys } from '../../src/commands/keys/keys'
import { openDatabase } from '../../src/db/open'
import { VACANT } from '../../src/tokens/key-files'
import { rememberKeys } from '../../src/tokens/key-history'
import { reloadKeys } from '../../src/tokens/reload-keys'
import { type ClientRow, openTestApp, type TestApp } from '../support/app'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { testSettings } from '../support/settings'

const MINUTE = 60_000
const ISSUER = 'http://localhost:8080'

let folder: string
let now: number
let env: Record<string, string>
let processes: TestApp[]
let client: ClientRow & { secret: string }
let tokens: { token: string; endsMs: number }[]
let consumers: Consumer[]

interface Consumer {
  /** Index of the process it asks. */
  readonly asks: number
  fetchedMs: number
  keys: JSONWebKeySet
}

beforeEach(() => {
  folder = temporaryFolder('rotation')
  now = Date.parse('2026-01-01T00:00:00Z')
  processes = []
  tokens = []
  consumers = []
})
afterEach(async () => {
  for (const app of processes) await app.close()
  removeFolder(folder)
})

const path = (name: string) => join(folder, name)

/** A process of the deployment on its own connection, with the settings of now. */
async function startProcess(): Promise<TestApp> {
  const open = async () => {
    const db = openDatabase(testSettings(env))
    await db.migrate()
    return { db, close: () => db.close() }
  }
  const app = await openTestApp({ settings: env, open, nowMs: now })
  await rememberKeys(app.ctx)
  return app
}

async function start(settings: Record<string, string>): Promise<void> {
  env = {
    ...{ DATABASE_DSN: path('test.db'), ENABLE_RATE_LIMIT: 'false', SESSION_SECRET: randomBytes(32).toString('hex') },
    ...{ JWT_SECRET: randomBytes(32).toString('hex'), BASE_URL: ISSUER, JWT_EXPIRATION: '1h' },
    ...settings,
  }
  processes = [await startProcess(), await startProcess()]
  client = await processOf(0).insertClient({ scopes: 'read' })
}

function processOf(index: number): TestApp {
  const app = processes[index]
  if (!app) throw new Error(`no process ${index}`)
  return app
}

async function restart(index: number): Promise<void> {
  await processOf(index).close()
  processes[index] = await startProcess()
}

async function command(line: string): Promise<{ code: number; text: string }> {
  const lines: string[] = []
  const print = (text: string) => void lines.push(text)
  const surroundings = { env, cwd: folder, output: { out: print, error: print }, clock: { now: () => now } }
  const code = await keys(line.split(' '), surroundings)
  return { code, text: lines.join('\n') }
}

/** Both processes issue; every consumer and every process accepts every token that has not ended. */
async function everythingVerifies(): Promise<void> {
  for (const app of processes) {
    const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret }
    const answer = await app.postForm('/oauth/token', form)
    const { access_token: token, expires_in } = (await answer.json()) as { access_token: string; expires_in: number }
    tokens.push({ token, endsMs: now + expires_in * 1000 })
  }
  tokens = tokens.filter(({ endsMs }) => endsMs > now + 1000)
  for (const consumer of consumers) {
    if (now - consumer.fetchedMs >= 3600_000) await fetchKeys(consumer)
    const keySet = createLocalJWKSet(consumer.keys)
    for (const { token } of tokens) await jwtVerify(token, keySet, { issuer: ISSUER, currentDate: new Date(now) })
  }
  for (const app of processes)
    for (const { token } of tokens) {
      const answer = await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${token}` } })
      expect(answer.status).toBe(200)
    }
}

async function fetchKeys(consumer: Consumer): Promise<void> {
  const answer = await processOf(consumer.asks).get('/.well-known/jwks.json')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=3600')
  consumer.keys = (await answer.json()) as JSONWebKeySet
  consumer.fetchedMs = now
}

async function addConsumer(asks: number): Promise<void> {
  const consumer: Consumer = { asks, fetchedMs: 0, keys: { keys: [] } }
  await fetchKeys(consumer)
  consumers.push(consumer)
}

async function pass(minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 5) {
    now += 5 * MINUTE
    for (const app of processes) app.clock.set(now)
    await everythingVerifies()
  }
}

const published = async (): Promise<number> => {
  const { keys: found } = (await (await processOf(0).get('/.well-known/jwks.json')).json()) as JSONWebKeySet
  return found.length
}

/** Consumers that read the set just before each process publishes the next key keep the former one longest. */
async function publish(algorithm: string): Promise<void> {
  await addConsumer(0)
  await addConsumer(1)
  expect((await command(`generate --algorithm ${algorithm} --out next.pem`)).code).toBe(0)
  await reloadKeys(processOf(0).ctx)
  expect(await published()).toBe(2)
  await pass(10)
  await addConsumer(1)
  await reloadKeys(processOf(1).ctx)
  await pass(45)
  const early = await command('rotate')
  expect(early).toEqual({ code: 1, text: expect.stringContaining('wait until 2026-01-01 01:10 UTC') })
  await pass(20)
}

async function retire(): Promise<void> {
  expect((await command('retire')).text).toContain('may live until')
  await pass(60)
  expect((await command('retire')).code).toBe(1)
  await pass(75)
  expect(await command('retire')).toEqual({ code: 0, text: expect.stringContaining('is taken out of') })
  await reloadKeys(processOf(0).ctx)
  await pass(30)
  await reloadKeys(processOf(1).ctx)
  await pass(90)
  expect(await published()).toBe(1)
  expect((await command('list')).text).toContain('vacant')
}

describe('rotation: no token is ever refused, by consumers that keep the JWK set or by another process (T1, C34)', () => {
  test('ES256 to ES256, by SIGHUP', async () => {
    await command('generate --out signing.pem')
    writeFileSync(path('next.pem'), `${VACANT}\n`)
    await start({
      ...{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: path('signing.pem') },
      JWT_ADDITIONAL_KEY_PATHS: path('next.pem'),
    })
    const former = processOf(0).ctx.keys.active.kid
    await everythingVerifies()
    await publish('ES256')
    expect(await command('rotate')).toEqual({ code: 0, text: expect.stringContaining('SIGHUP') })
    await reloadKeys(processOf(0).ctx)
    expect(processOf(0).ctx.keys.active.kid).not.toBe(former)
    await pass(10)
    await reloadKeys(processOf(1).ctx)
    await pass(10)
    await retire()
  }, 60_000)

  test('RS256 to ES256, by restart with the other algorithm', async () => {
    await command('generate --algorithm RS256 --out signing.pem')
    writeFileSync(path('next.pem'), `${VACANT}\n`)
    await start({
      ...{ JWT_SIGNING_ALGORITHM: 'RS256', JWT_PRIVATE_KEY_PATH: path('signing.pem') },
      JWT_ADDITIONAL_KEY_PATHS: path('next.pem'),
    })
    await everythingVerifies()
    await publish('ES256')
    expect(await command('rotate')).toEqual({ code: 0, text: expect.stringContaining('JWT_SIGNING_ALGORITHM=ES256') })
    env = { ...env, JWT_SIGNING_ALGORITHM: 'ES256' }
    await restart(0)
    await pass(10)
    await reloadKeys(processOf(1).ctx)
    expect(processOf(1).ctx.keys.alg).toBe('RS256')
    await pass(10)
    await restart(1)
    const metadata = await (await processOf(1).get('/.well-known/openid-configuration')).json()
    expect(metadata).toMatchObject({ id_token_signing_alg_values_supported: ['ES256'] })
    await pass(10)
    await retire()
  }, 60_000)

  test('HS256 to HS256: the new secret verifies before it signs, the former one after', async () => {
    await start({})
    await everythingVerifies()
    const former = env.JWT_SECRET ?? ''
    const next = randomBytes(32).toString('hex')
    const steps: Record<string, string>[] = [
      { JWT_SECRET_PREVIOUS: next },
      { JWT_SECRET: next, JWT_SECRET_PREVIOUS: former },
      { JWT_SECRET_PREVIOUS: '' },
    ]
    for (const step of steps) {
      env = { ...env, ...step }
      await restart(0)
      await pass(10)
      await restart(1)
      await pass(70)
    }
    expect(await published()).toBe(0)
    const listed = await command('list')
    expect(listed.text).toContain('1. set JWT_SECRET_PREVIOUS to the new secret')
    for (const secret of [former, next]) expect(listed.text).not.toContain(secret)
  }, 60_000)
})
