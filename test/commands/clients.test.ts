/** `authgate clients`: what it decides, what it refuses, and what it says. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { approve, findSubject, reject } from '../../src/clients/review'
import { readClientsArguments } from '../../src/commands/clients/arguments'
import { clients, perform } from '../../src/commands/clients/clients'
import { ClientsRefusal } from '../../src/commands/clients/refusal'
import { Conflict } from '../../src/db/errors'
import { openDatabase } from '../../src/db/open'
import { ADMIN } from '../clients/support'
import {
  clientRow,
  DEVICE,
  ENABLED,
  MINIMAL,
  manage,
  type Registered,
  registered,
  setStatus,
} from '../oauth/registration/support'
import { auditRows, basic } from '../oauth/support'
import { openTestApp, type TestApp } from '../support/app'
import { runBinary, startBinary } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { databases } from '../support/databases'
import { freePort } from '../support/ports'
import { freshDatabase, postgresAvailable } from '../support/postgres'
import { testSettings } from '../support/settings'

const SECRET = 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03'
const METADATA = { ...MINIMAL, grant_types: ['authorization_code', DEVICE] }

describe.each(databases)('clients on %s', (_, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: ENABLED })
  })
  afterAll(() => app.close())

  /** Standard output; what was refused is thrown. */
  async function run(...argv: string[]): Promise<string> {
    const invocation = readClientsArguments(argv)
    if (!('options' in invocation)) throw new Error(JSON.stringify(invocation))
    const lines: string[] = []
    const output = { out: (line: string) => void lines.push(line), error: () => {} }
    await perform(app.ctx, invocation.command, invocation.options, output)
    return lines.join('\n')
  }
  const refusal = (...argv: string[]): Promise<string> =>
    run(...argv).then(
      () => 'done',
      (error) => (error instanceof ClientsRefusal ? error.message : String(error)),
    )
  const deviceStatus = async ({ client_id, client_secret }: Registered) =>
    (await app.postForm('/oauth/device/code', { client_id }, basic(client_id, client_secret))).status
  const change = async (client: Registered, fields: Record<string, unknown>) =>
    expect((await manage(app, client, 'PUT', { client_id: client.client_id, ...METADATA, ...fields })).status).toBe(200)
  const revisionsOf = async ({ client_id }: Registered) => {
    const rows = await app.ctx.db.q.select().from(app.ctx.db.t.clientRevisions)
    return rows.filter(({ clientId }) => clientId === client_id)
  }
  /** An active client that proposes another name; with the id of the change. */
  async function proposed(name = 'New name'): Promise<{ client: Registered; id: string }> {
    const client = await registered(app, METADATA)
    await run('approve', client.client_id)
    await change(client, { client_name: name })
    const [revision] = await revisionsOf(client)
    return { client, id: revision?.id ?? '' }
  }
  const audited = async (event: string, { client_id }: Registered) =>
    (await auditRows(app, event)).filter(({ clientId }) => clientId === client_id)

  test('approve: the client works from then on; who decided is in the audit trail', async () => {
    const client = await registered(app, METADATA)
    expect(await deviceStatus(client)).toBe(401)
    expect(await run('approve', client.client_id)).toBe(`Client ${client.client_id} "My application" is active`)
    expect(await deviceStatus(client)).toBe(200)
    expect(await clientRow(app, client.client_id)).toMatchObject({ status: 'active', version: 2 })
    expect(await audited('CLIENT_APPROVED', client)).toMatchObject([
      {
        action: 'OAuth client approved',
        actorUsername: 'authgate command',
        details: { client_name: 'My application' },
      },
    ])
    expect(await refusal('approve', client.client_id)).toContain('is active already')
  })

  test('reject: the client is inactive, its tokens end, the reason is kept', async () => {
    const client = await registered(app, METADATA)
    expect(await run('reject', client.client_id, '--reason', 'nobody knows it')).toContain('is rejected')
    expect(await clientRow(app, client.client_id)).toMatchObject({ status: 'inactive', version: 2, tokenEpoch: 1 })
    expect(await deviceStatus(client)).toBe(401)
    expect(await audited('CLIENT_REJECTED', client)).toMatchObject([
      { action: 'OAuth client rejected', details: { client_name: 'My application', reason: 'nobody knows it' } },
    ])
    expect(await refusal('approve', client.client_id)).toContain('is inactive already')
  })

  test('approve of a change puts it in force', async () => {
    const { client, id } = await proposed()
    expect(await run('show', id)).toContain('name: "New name"  (now "My application")')
    expect(await run('approve', id)).toContain('is in force')
    expect(await clientRow(app, client.client_id)).toMatchObject({
      ...{ clientName: 'New name', status: 'active', redirectUris: MINIMAL.redirect_uris },
      version: 4,
    })
    expect(await revisionsOf(client)).toMatchObject([{ status: 'approved', decidedBy: 'authgate command' }])
    expect(await deviceStatus(client)).toBe(200)
    expect(await refusal('approve', id)).toContain('is approved already')
  })

  test('reject of a change leaves the client as it was', async () => {
    const { client, id } = await proposed()
    await run('reject', id, '--reason=no')
    expect(await clientRow(app, client.client_id)).toMatchObject({ clientName: 'My application', status: 'active' })
    expect(await revisionsOf(client)).toMatchObject([{ status: 'rejected', reason: 'no' }])
    expect(await deviceStatus(client)).toBe(200)
    expect(await refusal('approve', id)).toContain('is rejected already')
  })

  test('a change of a client that is not active is not approved', async () => {
    const { client, id } = await proposed()
    await setStatus(app, client.client_id, 'inactive')
    expect(await refusal('approve', id)).toContain('is inactive')
    expect(await clientRow(app, client.client_id)).toMatchObject({ clientName: 'My application' })
  })

  test('what changed since it was shown is not approved, and nothing of it is written [SEC]', async () => {
    const client = await registered(app, METADATA)
    expect(await run('show', client.client_id)).toContain(`approve ${client.client_id} --version 1`)
    const subject = await findSubject(app.ctx, client.client_id)
    if (!subject) throw new Error('no subject')
    await change(client, { client_name: 'Somebody else' })
    expect(await refusal('approve', client.client_id, '--version', '1')).toContain('changed in the meantime')
    await expect(approve(app.ctx, subject, ADMIN)).rejects.toThrow(new Conflict('client'))
    await expect(reject(app.ctx, subject, ADMIN, '')).rejects.toThrow(new Conflict('client'))
    expect(await clientRow(app, client.client_id)).toMatchObject({ status: 'pending', version: 2, tokenEpoch: 0 })
    expect(await audited('CLIENT_APPROVED', client)).toEqual([])
    await run('approve', client.client_id, '--version', '2')
  })

  test('a proposal that took the place of the shown one is not approved [SEC]', async () => {
    const { client, id } = await proposed()
    const subject = await findSubject(app.ctx, id)
    if (!subject) throw new Error('no subject')
    await change(client, { client_name: 'Another' })
    await expect(approve(app.ctx, subject, ADMIN)).rejects.toThrow(Conflict)
    expect(await refusal('approve', id)).toContain('there is no client and no change')
    expect(await clientRow(app, client.client_id)).toMatchObject({ clientName: 'My application' })
  })

  test('list: what waits, clients before changes; the others with --all', async () => {
    const { client, id } = await proposed('Listed change')
    const waiting = await registered(app, { ...METADATA, client_name: 'Listed client' })
    const lines = await run('list')
    expect(lines).toMatch(
      new RegExp(
        `^pending   ${waiting.client_id}  "Listed client"  origin=registration  redirect_uris="https.*since`,
        'm',
      ),
    )
    expect(lines.indexOf(`change    ${id}`)).toBeGreaterThan(lines.indexOf(waiting.client_id))
    expect(lines).not.toContain(`active    ${client.client_id}`)
    expect(await run('list', '--all')).toContain(`active    ${client.client_id}`)
  })

  test('a name cannot pretend to be a line, or to be another name [SEC]', async () => {
    const { clientId } = await app.insertClient({ status: 'pending', clientName: 'a\npending  x\u202e"\u001b[1m' })
    for (const text of [await run('list'), await run('show', clientId)]) {
      expect(text).toContain('"a\\npending  x\\u{202e}\\"\\u001b[1m"')
      expect(text).not.toMatch(/[\u202e\u001b]/)
    }
  })

  test('an unknown id', async () => {
    for (const command of ['show', 'approve', 'reject'])
      expect(await refusal(command, 'nothing\n')).toBe('there is no client and no change with the id "nothing\\n"')
    expect(await refusal('show', '\0')).toContain('there is no client')
  })
})

describe('authgate clients on the command line', () => {
  let folder: string
  beforeAll(() => {
    folder = temporaryFolder('clients-command')
  })
  afterAll(() => removeFolder(folder))

  async function run(line: string, env: Record<string, string> = {}) {
    const lines = { out: [] as string[], error: [] as string[] }
    const output = {
      out: (text: string) => void lines.out.push(text),
      error: (text: string) => void lines.error.push(text),
    }
    const secrets = { JWT_SECRET: SECRET.split('').reverse().join(''), SESSION_SECRET: SECRET }
    const argv = line === '' ? [] : line.split(' ')
    const code = await clients(argv, { env: { ...secrets, ...env }, cwd: folder, output })
    return { code, out: lines.out.join('\n'), error: lines.error.join('\n') }
  }

  const answers: [string, number, string][] = [
    ['', 1, 'Usage: authgate clients'],
    ['--help', 0, 'Usage: authgate clients'],
    ['destroy', 1, 'Unknown command: clients destroy'],
    ['approve', 2, 'approve needs the id'],
    ['approve a b', 2, 'unexpected argument: b'],
    ['list a', 2, 'unexpected argument: a'],
    ['approve a --reason x', 2, 'flag provided but not defined: -reason'],
    ['reject a --reason', 2, 'flag needs an argument: -reason'],
    ['list --nothing', 2, 'flag provided but not defined: -nothing'],
  ]
  for (const [line, code, text] of answers)
    test(`${line || 'nothing'}: ${text}`, async () => {
      const result = await run(line)
      expect(result.code).toBe(code)
      expect(result.error + result.out).toContain(text)
    })

  test('without a database, or with one no server has used, it says so and creates nothing', async () => {
    const env = { DATABASE_DSN: join(folder, 'test.db') }
    const missing = await run('list', env)
    expect(missing).toMatchObject({ code: 1, out: '' })
    expect(missing.error).toBe(
      `authgate clients list: there is no database ${env.DATABASE_DSN}; start the server first, or set DATABASE_DSN`,
    )
    expect(await Bun.file(env.DATABASE_DSN).exists()).toBe(false)
    await Bun.write(env.DATABASE_DSN, '')
    expect((await run('list', env)).error).toContain('start the server of this version first')
  })

  test.skipIf(!postgresAvailable)('PostgreSQL: an empty database is refused, a current one is read', async () => {
    const { url, drop } = await freshDatabase()
    const env = { DATABASE_DRIVER: 'postgres', DATABASE_DSN: url }
    expect((await run('list', env)).error).toContain('start the server of this version first')
    const db = openDatabase(testSettings(env))
    await db.migrate()
    await db.close()
    expect(await run('list', env)).toEqual({ code: 0, out: 'Nothing waits for a decision', error: '' })
    await drop()
  })
})

test('the executable approves while the server runs', async () => {
  const folder = temporaryFolder('clients-binary')
  const env = {
    SERVER_ADDR: `127.0.0.1:${await freePort()}`,
    ...{
      DATABASE_DSN: join(folder, 'test.db'),
      SESSION_SECRET: SECRET,
      JWT_SECRET: SECRET.split('').reverse().join(''),
    },
    ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
  }
  const server = await startBinary({ folder, env })
  const response = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(METADATA),
  })
  const client = (await response.json()) as Registered
  const begin = async () => {
    const headers = basic(client.client_id, client.client_secret)
    const body = new URLSearchParams({ client_id: client.client_id })
    return (await server.fetch('/oauth/device/code', { method: 'POST', headers, body })).status
  }
  expect(await begin()).toBe(401)
  expect((await runBinary(['clients', 'list'], { folder, env })).stdout).toContain(client.client_id)
  const approved = await runBinary(['clients', 'approve', client.client_id, '--version', '1'], { folder, env })
  expect(approved).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await begin()).toBe(200)
  await server.stop()
  removeFolder(folder)
}, 60_000)
