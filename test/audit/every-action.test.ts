/** Every event of the catalogue is caused by somebody's action, and names who did what to what. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { EVENT_TYPES, type EventType } from '../../src/audit/events'
import { admin } from '../../src/commands/admin/admin'
import { auditCommand } from '../../src/commands/audit/audit'
import { client as clientCommand } from '../../src/commands/client/client'
import { token as tokenCommand } from '../../src/commands/token/token'
import { deleteUnapprovedClients } from '../../src/jobs/unapproved-clients'
import { type Beside, openBeside } from '../commands/beside'
import { issueTokens } from '../oauth/support'
import { account, asExpected, client, type Expected, NOBODY, NOTHING, record, takeActions, token } from './actions/act'
import { administration } from './actions/administration'
import { applications } from './actions/applications'
import { people } from './actions/people'
import { protocol } from './actions/protocol'

const PATIENCE_MS = 200_000
const DAY_MS = 86_400_000
const ACTIONS = [...people, ...protocol, ...applications, ...administration]

const sorted = (records: readonly Expected[]) =>
  records.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))

/** What the row of an action says it shows, and not only that something was refused. */
const shows = ({ event, success }: Expected): boolean => success || REFUSALS.has(event)
const REFUSALS = new Set<EventType>(['AUTHENTICATION_FAILURE', 'RATE_LIMIT_EXCEEDED', 'SUSPICIOUS_ACTIVITY'])

const ELSEWHERE = [
  // Passkeys: what is recorded about them needs an authenticator, see test/identity/passkeys. Options are no action.
  ...['/account/confirm/passkey', '/account/confirm/passkey/options', '/login/passkey', '/login/passkey/options'],
  ...['/login/second-step/passkey', '/login/second-step/passkey/options'],
  // Change nothing that anybody has to account for.
  ...['/language', '/oauth/end_session', '/oauth/userinfo'],
].sort()

describe('every action', () => {
  let taken: Awaited<ReturnType<typeof takeActions>>
  beforeAll(async () => {
    taken = await takeActions(ACTIONS)
  }, PATIENCE_MS)

  const doneBy = (does: string) => {
    const done = taken.done.get(does)
    if (!done || done instanceof Error) throw done ?? new Error('not taken')
    return done
  }

  test.each(ACTIONS.map(([does]) => does))('%s: recorded once, who and what, and from where', (does) => {
    const { rows, expected, address } = doneBy(does)
    expect(sorted(rows.map(asExpected))).toEqual(sorted(expected))
    for (const { actorIp, requestPath, requestMethod, userAgent, action } of rows) {
      expect(actorIp).toBe(address)
      expect([requestPath[0], requestMethod === '', userAgent === '', action === '']).toEqual([
        '/',
        false,
        false,
        false,
      ])
    }
  })

  test('every event of the catalogue is caused by one of them, and none is left out for its name', () => {
    expect(taken.done.size).toBe(ACTIONS.length)
    const caused = new Set(
      ACTIONS.flatMap(([does]) =>
        doneBy(does)
          .expected.filter(shows)
          .map(({ event }) => event),
      ),
    )
    // What only a command does.
    caused.add('USER_UNLOCKED')
    expect([...caused].sort()).toEqual([...EVENT_TYPES].sort())
  })

  test('there is no form and no endpoint that none of them uses', () => {
    expect([...taken.untouched].sort()).toEqual(ELSEWHERE)
  })
})

describe('every command', () => {
  let beside: Beside
  let folder: string
  beforeAll(async () => {
    beside = await openBeside('SQLite')
    folder = beside.folder
  }, PATIENCE_MS)
  afterAll(() => beside.close())

  const rowsNow = () => beside.app.ctx.db.q.select().from(beside.app.ctx.db.t.auditLogs)
  /** What a command leaves in the trail. */
  async function left(command: Parameters<Beside['run']>[0], ...argv: string[]): Promise<Expected[]> {
    const before = new Set((await rowsNow()).map(({ id }) => id))
    const { code, error } = await beside.run(command, argv)
    if (code !== 0) throw new Error(error)
    return (await rowsNow()).filter(({ id }) => !before.has(id)).map(asExpected)
  }
  const command = ['', 'authgate command'] as const
  const userNamed = async (name: string) => {
    const { q, t } = beside.app.ctx.db
    const [user] = (await q.select().from(t.users)).filter(({ username }) => username === name)
    return account({ id: user?.id ?? '' })
  }

  test('admin create, reset-password, unlock', async () => {
    const made = await left(admin, 'create', 'erin', '--email', 'erin@example.com')
    const erin = await userNamed('erin')
    expect(made).toEqual([record('USER_CREATED', command, erin)])
    expect(await left(admin, 'reset-password', 'erin')).toEqual([record('USER_PASSWORD_RESET', command, erin)])
    expect(await left(admin, 'unlock', 'erin')).toEqual([record('USER_UNLOCKED', command, erin)])
  })

  test('client create, disable, approve, reject', async () => {
    const made = await left(clientCommand, 'create', 'Wiki')
    const [{ target } = { target: ['', ''] as const }] = made
    expect(made).toEqual([record('CLIENT_CREATED', command, client({ clientId: target[1] }))])
    const [first, second, third] = await Promise.all(
      (['active', 'pending', 'pending'] as const).map((status) => beside.app.insertClient({ status })),
    )
    if (!first || !second || !third) throw new Error('no clients')
    const done = async (name: string, { clientId }: { clientId: string }) => left(clientCommand, name, clientId)
    expect(await done('disable', first)).toEqual([record('CLIENT_UPDATED', command, client(first))])
    expect(await done('approve', second)).toEqual([record('CLIENT_APPROVED', command, client(second))])
    expect(await done('reject', third)).toEqual([record('CLIENT_REJECTED', command, client(third))])
  })

  test('token revoke: one, those of a user, those of a client', async () => {
    const [user, app] = [await beside.app.insertUser(), await beside.app.insertClient()]
    const { accessTokenId } = await issueTokens(beside.app, { user, client: app })
    const revoked = (...argv: string[]) => left(tokenCommand, 'revoke', ...argv)
    expect(await revoked(accessTokenId)).toEqual([record('TOKEN_REVOKED', command, token(accessTokenId))])
    expect(await revoked('--user', user.username)).toEqual([record('TOKEN_REVOKED', command, account(user))])
    const all = record('CLIENT_TOKENS_REVOKED_ALL', command, client(app))
    expect(await revoked('--client', app.clientId)).toEqual([all])
  })

  test('audit export', async () => {
    const output = { out: () => {}, error: () => {} }
    const before = new Set((await rowsNow()).map(({ id }) => id))
    const argv = ['export', '--out', join(folder, 'trail.csv')]
    const progress = { terminal: false, write: () => {} }
    expect(await auditCommand(argv, { env: beside.env, cwd: folder, output, progress })).toBe(0)
    const rows = (await rowsNow()).filter(({ id }) => !before.has(id))
    expect(rows.map(asExpected)).toEqual([record('AUDIT_LOG_EXPORTED', command, NOTHING)])
  })

  test('nobody deletes what registered itself and waited too long: the server does', async () => {
    const { clientId } = await beside.app.insertClient({ status: 'pending', origin: 'registration' })
    beside.app.clock.advance(31 * DAY_MS)
    await deleteUnapprovedClients(beside.app.ctx, new AbortController().signal)
    const rows = (await rowsNow()).filter(({ resourceId }) => resourceId === clientId)
    expect(rows.map(asExpected)).toEqual([record('CLIENT_DELETED', NOBODY, client({ clientId }))])
  })
})
