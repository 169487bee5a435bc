/** No command of the table is forgotten: each has help, refuses what it does not know, and answers programs in JSON. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PATHS } from '../../src/commands/completion/paths'
import { dispatch } from '../../src/commands/dispatch'
import { VACANT } from '../../src/tokens/key-files'
import { ec, privatePem } from '../tokens/keys-support'
import { type Beside, openBeside } from './beside'

/** The server speaks in its log, and the others print text for people or for a shell. */
const WITHOUT_JSON = ['server', 'help', 'completion bash', 'completion zsh', 'completion fish']
const leaves = PATHS.filter(({ words, commands }) => words !== '' && commands.length === 0)

let beside: Beside
let listener: ReturnType<typeof Bun.serve>
let ids: { waits: string; doubtful: string; works: string }
let noProxy: string | undefined
beforeAll(async () => {
  noProxy = process.env.NO_PROXY
  beside = await openBeside('SQLite')
  listener = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => beside.app.handle(request) })
  beside.env.SERVER_ADDR = `127.0.0.1:${listener.port}`
  const client = async (status: 'pending' | 'active') => (await beside.app.insertClient({ status })).clientId
  ids = { waits: await client('pending'), doubtful: await client('pending'), works: await client('active') }
  await beside.app.insertUser({ username: 'bob' })
  const pem = (name: string, text: string) => writeFileSync(join(beside.folder, name), text, { mode: 0o600 })
  pem('signing.pem', privatePem(ec()))
  pem('next.pem', `${VACANT}\n`)
})
afterAll(async () => {
  await listener.stop(true)
  await beside.close()
  if (noProxy === undefined) delete process.env.NO_PROXY
  else process.env.NO_PROXY = noProxy
})

const run = (argv: readonly string[], settings: Record<string, string> = {}) =>
  beside.run((line, given) => dispatch(line, { ...given, env: { ...given.env, ...settings } }), argv)
const KEYS = {
  JWT_SIGNING_ALGORITHM: 'ES256',
  JWT_PRIVATE_KEY_PATH: 'signing.pem',
  JWT_ADDITIONAL_KEY_PATHS: 'next.pem',
}
const keySettings = () =>
  Object.fromEntries(
    Object.entries(KEYS).map(([name, file]) => [name, file === 'ES256' ? file : join(beside.folder, file)]),
  )
const elsewhere = () => ({ DATABASE_DSN: join(beside.folder, 'restored.db') })

interface Example {
  readonly line: (() => string) | string
  readonly settings?: () => Record<string, string>
  readonly shows: unknown
}

/** In this order: some need what another did. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  version: { line: '', shows: { version: expect.any(String), built_for: expect.any(String) } },
  licenses: { line: '', shows: { licenses: expect.any(Array) } },
  check: { line: '', shows: { valid: true, settings: { JWT_SECRET: { value: '(set)', given: true } }, warnings: [] } },
  healthcheck: { line: '', shows: { healthy: true, status: 200 } },
  doctor: { line: '', shows: { findings: expect.any(Array) } },
  'migrate status': { line: '', shows: { state: 'current' } },
  'migrate up': { line: '', shows: { applied: [] } },
  'admin create': {
    line: 'alice --email alice@example.com',
    shows: { username: 'alice', password: expect.any(String) },
  },
  'admin reset-password': { line: 'alice', shows: { password: expect.any(String) } },
  'admin reset-second-factor': { line: 'bob', shows: { username: 'bob', removed: false, sessions_ended: 0 } },
  'admin unlock': { line: 'bob', shows: { username: 'bob' } },
  'client create': { line: 'Tool', shows: { client_name: 'Tool', client_secret: expect.any(String) } },
  'client list': { line: '', shows: { total: 4 } },
  'client waiting': { line: '', shows: { waiting: [{ client_id: expect.any(String) }, {}] } },
  'client show': { line: () => ids.waits, shows: { status: 'pending', version: 1, grant_types: expect.any(Array) } },
  'client approve': { line: () => `${ids.waits} --version 1`, shows: { outcome: 'approved' } },
  'client reject': { line: () => `${ids.doubtful} --reason no`, shows: { outcome: 'rejected' } },
  'client disable': { line: () => ids.works, shows: { status: 'inactive', changed: true } },
  'token revoke': { line: '--user bob', shows: { tokens_revoked: 0 } },
  'keys generate': {
    line: '--out next.pem',
    settings: keySettings,
    shows: { algorithm: 'ES256', kid: expect.any(String), file: expect.stringContaining('next.pem') },
  },
  'keys list': { line: '', settings: keySettings, shows: { keys: [{ state: 'next' }] } },
  'keys rotate': {
    line: '--force',
    settings: keySettings,
    shows: { signs: { algorithm: 'ES256' }, verifies: { algorithm: 'ES256' }, next_step: 'reload' },
  },
  'keys retire': { line: '--force', settings: keySettings, shows: { retired: [{ algorithm: 'ES256' }], kept: 0 } },
  'audit verify': { line: '', shows: { whole: true, problems: [] } },
  'audit export': { line: '--out records', shows: { event_type: expect.any(String) } },
  backup: { line: 'kept.backup', shows: { schema: expect.any(String), sha256: expect.any(String) } },
  restore: { line: 'kept.backup', settings: elsewhere, shows: { rows: { users: 2 } } },
  copy: { line: () => `--to ${join(beside.folder, 'copied.db')}`, shows: { tables: expect.anything() } },
}

describe('every command', () => {
  test('is in one of the two lists here', () => {
    expect([...Object.keys(EXAMPLES), ...WITHOUT_JSON].sort()).toEqual(leaves.map(({ words }) => words).sort())
  })

  test.each(leaves.map((leaf) => [leaf.words, leaf] as const))(
    '%s: --help, and an option it has not',
    async (words) => {
      const help = await run([...words.split(' '), '--help'])
      expect({ code: help.code, error: help.error }).toEqual({ code: 0, error: '' })
      expect(help.out).toStartWith('Usage: authgate ')
      const bad = await run([...words.split(' '), '--nope'])
      expect(bad).toMatchObject({ code: 2, error: expect.stringContaining('-nope') })
    },
  )

  test.each(Object.entries(EXAMPLES))('%s --json: one object, and a shell completes it', async (words, example) => {
    expect(leaves.find((leaf) => leaf.words === words)?.options.map(({ name }) => name)).toContain('json')
    const line = typeof example.line === 'string' ? example.line : example.line()
    const argv = [...words.split(' '), ...line.split(' ').filter(Boolean), '--json']
    const { code, out, error } = await run(argv, example.settings?.())
    expect({ words, code, error: code === 0 ? '' : error }).toEqual({ words, code: 0, error: '' })
    const printed =
      words === 'audit export' ? (readFileSync(join(beside.folder, 'records'), 'utf8').split('\n')[0] ?? '') : out
    expect(JSON.parse(printed)).toMatchObject(example.shows as Record<string, unknown>)
  })

  test('configuration that is none: check and healthcheck say so in JSON too, with 1', async () => {
    for (const [command, member] of [
      ['check', 'valid'],
      ['healthcheck', 'healthy'],
    ] as const) {
      const { code, out, error } = await run([command, '--json'], { SERVER_ADDR: 'nonsense' })
      expect({ code, error, said: JSON.parse(out) }).toMatchObject({
        ...{ code: 1, error: '' },
        said: { [member]: false, problems: [expect.stringContaining('SERVER_ADDR')] },
      })
    }
  })
})
