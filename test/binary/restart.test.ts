/** What survives: a restart, a crash, and several processes on one database. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { type RunningBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { deviceLogin } from '../support/form-browser'
import { freePort } from '../support/ports'
import { freshDatabase } from '../support/postgres'
import { NEW_PASSWORD } from '../support/sign-in'
import { suiteNeeds } from '../support/skip'

let folder: string
const running: RunningBinary[] = []
beforeEach(() => {
  folder = temporaryFolder('restart')
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.kill()
  removeFolder(folder)
})

const start = async (env: Record<string, string> = {}): Promise<RunningBinary> => {
  const server = await startBinary({ folder, env: { ENABLE_RATE_LIMIT: 'false', ...env } })
  running.push(server)
  return server
}
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const tokenInfo = async (server: RunningBinary, token: string) =>
  (await server.fetch('/oauth/tokeninfo', { headers: { authorization: `Bearer ${token}` } })).status
const refresh = (server: RunningBinary, clientId: string, token: string) =>
  server.fetch('/oauth/token', {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, refresh_token: token }),
  })

describe('restart', () => {
  test('generated secrets, credentials, tokens and the chosen password survive; nothing is seeded twice', async () => {
    const first = await start()
    const { clientId, password } = readCredentials(folder)
    const files = [read('authgate-secrets.env'), read('authgate-credentials.txt')]
    const tokens = await deviceLogin(first, { clientId, password })
    expect(await first.stop()).toBe(0)

    const second = await start({ BASE_URL: first.url, SERVER_ADDR: first.url.slice('http://'.length) })
    expect([read('authgate-secrets.env'), read('authgate-credentials.txt')]).toEqual(files)
    expect(await tokenInfo(second, tokens.access_token)).toBe(200)
    expect((await refresh(second, clientId, tokens.refresh_token)).status).toBe(200)
    await deviceLogin(second, { clientId, password: NEW_PASSWORD })
    expect(await second.stop()).toBe(0)

    const db = new Database(join(folder, 'oauth.db'), { readonly: true })
    const count = (table: string) => (db.query(`select count(*) as n from ${table}`).get() as { n: number }).n
    expect([count('users'), count('oauth_applications'), count('seed_state')]).toEqual([1, 1, 1])
    db.close()
    expect(first.log()).not.toContain(password)
  })
})

describe('SIGKILL under load on SQLite', () => {
  const CALLERS = 16

  test('every acknowledged device code and refresh token is there after the restart', async () => {
    const first = await start({ ENABLE_TOKEN_ROTATION: 'true' })
    const { clientId, password } = readCredentials(folder)
    let { refresh_token: latest } = await deviceLogin(first, { clientId, password })
    const superseded: string[] = []
    const codes: string[] = []
    let killed = false

    const askForCodes = async () => {
      while (!killed) {
        const answer = await first
          .fetch('/oauth/device/code', { method: 'POST', body: new URLSearchParams({ client_id: clientId }) })
          .catch(() => undefined)
        const body = (await answer?.json().catch(() => undefined)) as { device_code?: string } | undefined
        if (body?.device_code) codes.push(body.device_code)
      }
    }
    const rotate = async () => {
      while (!killed) {
        const answer = await refresh(first, clientId, latest).catch(() => undefined)
        const body = (await answer?.json().catch(() => undefined)) as { refresh_token?: string } | undefined
        if (!body?.refresh_token) return
        superseded.push(latest)
        latest = body.refresh_token
      }
    }
    const load = Promise.all([rotate(), ...Array.from({ length: CALLERS }, askForCodes)])
    await Bun.sleep(1_500)
    const kill = first.kill()
    await kill
    killed = true
    await load
    expect(codes.length).toBeGreaterThan(100)
    expect(superseded.length).toBeGreaterThan(3)

    const second = await start({
      ENABLE_TOKEN_ROTATION: 'true',
      BASE_URL: first.url,
      SERVER_ADDR: first.url.slice('http://'.length),
    })
    const lost: string[] = []
    const poll = async (code: string) => {
      const answer = await second.fetch('/oauth/token', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
          client_id: clientId,
          device_code: code,
        }),
      })
      const { error } = (await answer.json()) as { error?: string }
      if (error !== 'authorization_pending' && error !== 'slow_down') lost.push(`${code}: ${error}`)
    }
    for (let at = 0; at < codes.length; at += 50) await Promise.all(codes.slice(at, at + 50).map(poll))
    expect(lost).toEqual([])
    expect((await refresh(second, clientId, latest)).status).toBe(200)
    expect(await second.stop()).toBe(0)

    const db = new Database(join(folder, 'oauth.db'), { readonly: true })
    expect(db.query('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    db.close()
  }, 60_000)
})

describe('processes that start at the same moment', () => {
  const COUNT = 3

  /** One public address; each process listens on a port of its own, as behind a proxy. */
  const startTogether = async (env: Record<string, string>) => {
    const ports = await Promise.all(Array.from({ length: COUNT }, freePort))
    const BASE_URL = `http://127.0.0.1:${ports[0]}`
    const addresses = ports.map((port) => `127.0.0.1:${port}`)
    const servers = await Promise.all(
      addresses.map(async (address) => {
        const readyUrl = `http://${address}/readyz`
        const server = await startBinary({
          folder,
          readyUrl,
          env: { ENABLE_RATE_LIMIT: 'false', BASE_URL, SERVER_ADDR: address, ...env },
        })
        running.push(server)
        return server
      }),
    )
    const count = (line: string) => servers.filter((server) => server.log().includes(line)).length
    expect([count('Database schema updated'), count('Created default user')]).toEqual([1, 1])
    expect(existsSync(join(folder, 'authgate-credentials-2.txt'))).toBe(false)

    const { clientId, password } = readCredentials(folder)
    const { access_token } = await deviceLogin(servers[0] as RunningBinary, { clientId, password })
    for (const address of addresses) {
      const headers = { authorization: `Bearer ${access_token}` }
      expect((await fetch(`http://${address}/oauth/tokeninfo`, { headers })).status).toBe(200)
    }
    for (const server of servers) expect(await server.stop()).toBe(0)
  }

  test('on one empty SQLite file: migrated once, seeded once, one set of generated secrets, one token good for all', () =>
    startTogether({}))

  suiteNeeds('postgresql')('on PostgreSQL', () => {
    test('on one empty database: migrated once, seeded once, one token good for all', async () => {
      const { url, drop } = await freshDatabase()
      try {
        await startTogether({ DATABASE_DRIVER: 'postgres', DATABASE_DSN: url })
        const sql = postgres(url, { max: 1 })
        expect(await sql`select count(*)::int as n from users`).toEqual([{ n: 1 }] as never)
        expect(await sql`select count(*)::int as n from oauth_applications`).toEqual([{ n: 1 }] as never)
        await sql.end()
      } finally {
        await drop()
      }
    })
  })
})
