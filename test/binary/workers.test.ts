/** Several processes behind one port: any step of anything may meet any of them. */
import { afterEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningBinary, runBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { formBrowser } from '../support/form-browser'
import { startPostgres } from '../support/postgres'
import { suiteNeeds } from '../support/skip'
import { startLoad } from '../support/steady-load'
import { ec, privatePem, publicPem } from '../tokens/keys-support'

let server: RunningBinary | undefined
const folders: string[] = []
afterEach(async () => {
  await server?.kill()
  for (const folder of folders.splice(0)) removeFolder(folder)
})

const start = async (env: Record<string, string> = {}): Promise<RunningBinary> => {
  const folder = temporaryFolder('workers')
  folders.push(folder)
  server = await startBinary({
    folder,
    env: { WORKERS: '2', LOG_FORMAT: 'json', DEFAULT_ADMIN_PASSWORD: PASSWORD, ...env },
  })
  await logged(server, 'HTTP server listening')
  return server
}

/** Children of the supervisor. */
const workers = ({ pid }: RunningBinary): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid)

const parentOf = (pid: number): number | undefined => {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

const alive = (pid: number): boolean => parentOf(pid) !== undefined

/** Over a connection of its own, so that the kernel chooses the worker anew. */
const ask = ({ fetch }: RunningBinary, path: string, form?: Record<string, string>, headers = {}) =>
  fetch(path, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    headers: { connection: 'close', ...headers },
  })

const logged = (running: RunningBinary, text: string, times = 1) =>
  eventually(text, async () => (running.log().split(text).length > times ? true : undefined))

const PASSWORD = 'correct horse battery staple'

/** From the device's request to the end of its tokens. */
async function journey(running: RunningBinary): Promise<void> {
  const { clientId } = readCredentials(running.folder)
  const jar = new Map<string, string>()
  const keep = (answer: Response) => {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      jar.set(pair.slice(0, pair.indexOf('=')), pair)
    }
    return answer
  }
  const visit = async (path: string, form?: Record<string, string>) =>
    keep(await ask(running, path, form, { cookie: [...jar.values()].join('; ') }))
  const tokenOf = (html: string) => /name="csrf_token"[^>]*value="([^"]*)"/.exec(html)?.[1] ?? ''

  const device = (await (await ask(running, '/oauth/device/code', { client_id: clientId })).json()) as Record<
    string,
    string
  >
  const login = await (await visit('/login')).text()
  const signedIn = await visit('/login', { csrf_token: tokenOf(login), username: 'admin', password: PASSWORD })
  expect(signedIn.status).toBe(302)
  const code = device.user_code ?? ''
  const entry = await (await visit('/device')).text()
  const verified = await visit('/device/verify', { csrf_token: tokenOf(entry), user_code: code })
  expect(verified.status).toBe(303)
  const where = (verified.headers.get('location') ?? '').replace(running.url, '')
  const decision = await (await visit(where)).text()
  const request = /name="request_id"[^>]*value="([^"]*)"/.exec(decision)?.[1] ?? ''
  const decided = await visit('/device/decide', {
    csrf_token: tokenOf(decision),
    request_id: request,
    action: 'approve',
  })
  expect(decided.status).toBe(303)

  const grant = (form: Record<string, string>) => ask(running, '/oauth/token', { client_id: clientId, ...form })
  const issued = await grant({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device.device_code ?? '',
  })
  expect(issued.status).toBe(200)
  let tokens = (await issued.json()) as { access_token: string; refresh_token: string }
  for (let n = 0; n < 5; n += 1) {
    const answer = await grant({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
    expect(answer.status).toBe(200)
    tokens = (await answer.json()) as typeof tokens
  }
  const authorization = { authorization: `Bearer ${tokens.access_token}` }
  for (let n = 0; n < 8; n += 1)
    expect((await ask(running, '/oauth/tokeninfo', undefined, authorization)).status).toBe(200)
  expect((await ask(running, '/oauth/revoke', { token: tokens.refresh_token, client_id: clientId })).status).toBe(200)
  for (let n = 0; n < 8; n += 1)
    expect((await ask(running, '/oauth/tokeninfo', undefined, authorization)).status).toBe(401)
}

describe('workers on SQLite', () => {
  test('every journey goes on whichever worker is met; shutdown is in order', async () => {
    const running = await start()
    expect(workers(running)).toHaveLength(2)
    await journey(running)
    expect(await running.stop()).toBe(0)
    const positions = ['Stopping workers...', 'Workers stopped', 'Database connection closed'].map((text) =>
      running.log().lastIndexOf(text),
    )
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    expect(running.log().split('Audit service shut down gracefully')).toHaveLength(3)
    expect(running.log()).toContain('"worker":2')
  }, 30_000)

  test('limits are counted together; /metrics shows the sum', async () => {
    const env = { ENABLE_RATE_LIMIT: 'true', TOKEN_RATE_LIMIT: '10', METRICS_ENABLED: 'true' }
    const running = await start(env)
    const statuses: number[] = []
    for (let n = 0; n < 20; n += 1) statuses.push((await ask(running, '/oauth/token', {})).status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(10)
    const total = async () => {
      const text = await (await ask(running, '/metrics')).text()
      return [...text.matchAll(/^http_requests_total\{.*path="\/oauth\/token".*\} (\d+)$/gm)].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      )
    }
    for (let n = 0; n < 6; n += 1) expect(await total()).toBe(20)
    process.kill(workers(running)[0] ?? 0, 'SIGKILL')
    await logged(running, 'Worker serves', 3)
    expect(await total()).toBe(20)
    expect(await running.stop()).toBe(0)
  }, 30_000)

  test('an administrator has every worker read the key files again', async () => {
    const keys = temporaryFolder('workers-keys')
    folders.push(keys)
    const [file, next] = [join(keys, 'signing.pem'), join(keys, 'next.pem')]
    writeFileSync(file, privatePem(ec()))
    writeFileSync(next, publicPem(ec()))
    const running = await start({
      ...{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: file, JWT_ADDITIONAL_KEY_PATHS: next },
    })
    writeFileSync(next, publicPem(ec()))
    const browser = formBrowser(running.url, running.fetch)
    const login = await browser.open('/login?redirect=%2Fadmin%2Fkeys')
    const page = await browser.submit(login, '/login', { username: 'admin', password: PASSWORD })
    expect((await browser.submit(page, '/admin/keys/reload', {})).html).toContain('The key files were read again.')
    await logged(running, 'Signing keys reloaded', 2)
    const sets = await Promise.all(Array.from({ length: 8 }, () => ask(running, '/.well-known/jwks.json')))
    expect(new Set(await Promise.all(sets.map((answer) => answer.text()))).size).toBe(1)
    expect(await running.stop()).toBe(0)
  }, 30_000)

  test('no request fails while all workers are replaced, or one is asked to end', async () => {
    const running = await start()
    const before = workers(running)
    const load = startLoad({ url: running.url })
    await Bun.sleep(200)
    running.signal('SIGUSR2')
    await logged(running, 'Worker replaced', 2)
    process.kill(workers(running)[0] ?? 0, 'SIGTERM')
    await logged(running, 'Worker replaced', 3)
    expect(await load.stop()).toEqual([])
    expect(load.answered()).toBeGreaterThan(100)
    expect(before.some(alive)).toBe(false)
    expect(await running.stop()).toBe(0)
  }, 30_000)

  test('a worker that is killed under load takes only what it was serving with it', async () => {
    const running = await start()
    const load = startLoad({ url: running.url, fresh: 4, lasting: 4 })
    await Bun.sleep(300)
    const before = load.answered()
    process.kill(workers(running)[0] ?? 0, 'SIGKILL')
    await logged(running, 'Worker serves', 3)
    await Bun.sleep(300)
    expect((await load.stop()).length).toBeLessThanOrEqual(8)
    expect(load.answered()).toBeGreaterThan(before)
    expect(workers(running)).toHaveLength(2)
    expect(await running.stop()).toBe(0)
  }, 30_000)

  test('workers whose supervisor is killed end and free the port', async () => {
    const running = await start()
    const before = workers(running)
    await running.kill()
    await eventually('the end of the workers', async () => (before.some(alive) ? undefined : true))
    await expect(running.fetch('/livez')).rejects.toThrow()
  }, 30_000)

  test('a start that cannot succeed is said once, and leaves nobody behind', async () => {
    const first = await start()
    const port = new URL(first.url).port
    const env = { WORKERS: '2', SERVER_ADDR: `127.0.0.1:${port}`, BASE_URL: first.url }
    const { exitCode, stderr } = await runBinary(['server'], { env })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('address already in use')
    expect(await first.stop()).toBe(0)
  }, 30_000)
})

suiteNeeds('postgresql')('workers on PostgreSQL', () => {
  test('every journey goes on whichever worker is met; what one ends, the others do not keep in memory', async () => {
    const postgres = await startPostgres()
    const copies = { USER_CACHE_TYPE: 'memory', CLIENT_CACHE_TYPE: 'memory', TOKEN_CACHE_ENABLED: 'true' }
    const running = await start({ DATABASE_DRIVER: 'postgres', DATABASE_DSN: postgres.url, ...copies })
    await journey(running)
    expect(await running.stop()).toBe(0)
    await postgres.stop()
  }, 60_000)
})
