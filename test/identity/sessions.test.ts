import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { RequestContext } from '../../src/context'
import { Conflict, commit, run } from '../../src/db/commit'
import { param, write } from '../../src/db/definitions'
import {
  addFlash,
  endOtherSessions,
  endSessionBySid,
  endSessionsOfUser,
  findSession,
  listSessions,
  type SessionLookup,
  startSession,
} from '../../src/identity/sessions'
import type { User } from '../../src/identity/users'
import { deriveSecrets } from '../../src/secrets'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { testSettings } from '../support/settings'

const SECOND = 1_000
const DAY = 86_400 * SECOND

const chrome = (version: number) =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

const editUser = write('test_edit_user', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: param('isActive'), version: param('version') })
    .where(eq(t.users.id, param('id'))),
)

describe.each(databases)('browser sessions on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let admin: UserRow
  beforeAll(async () => {
    app = await openTestApp({ open })
    user = await app.insertUser()
    admin = await app.insertUser({ role: 'admin' })
  })
  afterAll(() => app.close())

  interface Browser {
    settings?: Record<string, string>
    userAgent?: string
    ip?: string
  }

  /** A request of some browser. Settings are those of the server under test, with some of them changed. */
  const from = ({ settings, userAgent = chrome(120), ip = '192.0.2.1' }: Browser = {}): RequestContext => ({
    ...app.ctx,
    settings: { ...app.ctx.settings, ...(settings && pick(settings)) },
    request: { id: 'r', ip, userAgent, path: '/', method: 'GET' },
  })
  const pick = (settings: Record<string, string>) => {
    const all = testSettings(settings)
    return Object.fromEntries(Object.keys(settings).map((name) => [name, all[name as keyof typeof all]]))
  }
  const start = (ctx: RequestContext, of: User = user, remember = false) =>
    startSession(ctx, { user: of, remember, amr: 'pwd', idp: 'local' })
  const look = (cookieValue: string, ctx = from()): Promise<SessionLookup> => findSession(ctx, cookieValue)
  const nobody: SessionLookup = { session: undefined }
  const timedOut: SessionLookup = { session: undefined, ended: 'session_timeout' }

  test('a session is found by its cookie value, and only a keyed digest of that is stored', async () => {
    const { cookieValue, session, maxAgeSeconds } = await start(from())
    expect(Buffer.from(cookieValue, 'base64url').length).toBe(32)
    expect(Buffer.from(session.csrfToken, 'base64').length).toBe(32)
    expect(session.csrfToken.length).toBe(44)
    expect(maxAgeSeconds).toBe(3600)
    expect(session).toMatchObject({ amr: 'pwd', idp: 'local', remember: false })
    const found = await findSession(from(), cookieValue)
    expect(found.session).toMatchObject({ ...session, user: { id: user.id } })
    const stored = JSON.stringify(await listSessions(from(), user.id))
    expect(stored).not.toContain(cookieValue)
    expect(stored).not.toContain(new Bun.CryptoHasher('sha256').update(cookieValue).digest('hex'))
  })

  test('values that name no session are nobody, whatever they look like', async () => {
    const { cookieValue } = await start(from())
    const changed = (cookieValue.startsWith('A') ? 'B' : 'A') + cookieValue.slice(1)
    for (const value of ['', 'x', changed, cookieValue.slice(1), `${cookieValue}A`, '\u0000'.repeat(43), "' or 1=1 --"])
      expect(await look(value)).toEqual(nobody)
  })

  test('SESSION_SECRET_PREVIOUS keeps sessions alive while the secret is replaced; without it they end', async () => {
    const { cookieValue } = await start(from())
    const SESSION_SECRET = '0123456789abcdef0123456789abcdef'
    const former = app.ctx.settings.SESSION_SECRET
    const rotated = deriveSecrets({ SESSION_SECRET, SESSION_SECRET_PREVIOUS: former })
    expect((await findSession({ ...from(), secrets: rotated }, cookieValue)).session).toBeDefined()
    const replaced = deriveSecrets({ SESSION_SECRET, SESSION_SECRET_PREVIOUS: '' })
    expect(await look(cookieValue, { ...from(), secrets: replaced })).toEqual(nobody)
  })

  test('idle: exactly the limit is still in time, a second more is not, and the row is gone', async () => {
    const { cookieValue } = await start(from())
    app.clock.advance(1_800 * SECOND)
    expect((await findSession(from(), cookieValue)).session).toBeDefined()
    app.clock.advance(1_801 * SECOND)
    expect(await look(cookieValue)).toEqual(timedOut)
    expect(await look(cookieValue)).toEqual(nobody)
  })

  test('idle limit 0: a session never idles out', async () => {
    const settings = { SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '86400' }
    const { cookieValue } = await start(from({ settings }))
    app.clock.advance(86_399 * SECOND)
    expect((await findSession(from({ settings }), cookieValue)).session).toBeDefined()
  })

  test('the absolute limit holds on the server, however busy the session was', async () => {
    const { cookieValue } = await start(from())
    for (let minute = 1; minute < 60; minute += 1) {
      app.clock.advance(60 * SECOND)
      expect((await findSession(from(), cookieValue)).session).toBeDefined()
    }
    app.clock.advance(60 * SECOND)
    expect(await look(cookieValue)).toEqual(timedOut)
  })

  test('remember me: no idle limit, a longer life, and an absolute end even when used daily', async () => {
    const { cookieValue, maxAgeSeconds } = await start(from(), user, true)
    expect(maxAgeSeconds).toBe(2_592_000)
    app.clock.advance(3 * 3_600 * SECOND)
    expect((await findSession(from(), cookieValue)).session?.remember).toBe(true)
    app.clock.advance(21 * 3_600 * SECOND)
    for (let day = 1; day < 30; day += 1) {
      expect((await findSession(from(), cookieValue)).session).toBeDefined()
      app.clock.advance(DAY)
    }
    app.clock.advance(SECOND)
    expect(await look(cookieValue)).toEqual(timedOut)
  })

  test('remember me, switched off: new logins are not remembered and the flag of older ones is ignored', async () => {
    const settings = { SESSION_REMEMBER_ME_ENABLED: 'false' }
    const fresh = await start(from({ settings }), user, true)
    expect(fresh.maxAgeSeconds).toBe(3_600)
    expect(fresh.session.remember).toBe(false)
    const older = await start(from(), user, true)
    app.clock.advance(3_600 * SECOND)
    expect(await look(older.cookieValue, from({ settings }))).toEqual(timedOut)
  })

  test('administrators: the idle limit holds for remembered sessions too', async () => {
    const { cookieValue } = await start(from(), admin, true)
    app.clock.advance(1_801 * SECOND)
    expect(await look(cookieValue)).toEqual(timedOut)
  })

  test('another kind of browser ends the session, a newer version of the same does not', async () => {
    const { cookieValue, session } = await start(from({ userAgent: chrome(120) }))
    expect((await findSession(from({ userAgent: chrome(141) }), cookieValue)).session).toBeDefined()
    const invalid: SessionLookup = { session: undefined, ended: 'session_invalid' }
    expect(await look(cookieValue, from({ userAgent: firefox }))).toEqual(invalid)
    expect(await look(cookieValue)).toEqual(nobody)
    const { q, t } = app.ctx.db
    const audited = await q.select().from(t.auditLogs).where(eq(t.auditLogs.eventType, 'SUSPICIOUS_ACTIVITY'))
    expect(audited).toHaveLength(1)
    expect(audited[0]).toMatchObject({
      success: false,
      actorUserId: user.id,
      details: { reason: 'fingerprint_mismatch', sid: session.sid },
    })
  })

  test('SESSION_FINGERPRINT=false checks nothing', async () => {
    const settings = { SESSION_FINGERPRINT: 'false' }
    const { cookieValue } = await start(from({ settings }))
    expect((await findSession(from({ settings, userAgent: firefox }), cookieValue)).session).toBeDefined()
    expect((await findSession(from({ userAgent: firefox }), cookieValue)).session).toBeDefined()
  })

  test('SESSION_FINGERPRINT_IP binds to the network, not to the address', async () => {
    const settings = { SESSION_FINGERPRINT_IP: 'true' }
    const { cookieValue } = await start(from({ settings, ip: '192.0.2.1' }))
    expect((await findSession(from({ settings, ip: '192.0.2.77' }), cookieValue)).session).toBeDefined()
    expect(await findSession(from({ settings, ip: '198.51.100.1' }), cookieValue)).toMatchObject({
      ended: 'session_invalid',
    })
    const without = await start(from({ ip: '192.0.2.1' }))
    expect((await findSession(from({ ip: '198.51.100.1' }), without.cookieValue)).session).toBeDefined()
  })

  test('an expired session of another browser reports the time-out', async () => {
    const { cookieValue } = await start(from())
    app.clock.advance(1_801 * SECOND)
    expect(await look(cookieValue, from({ userAgent: firefox }))).toEqual(timedOut)
  })

  test('last use is written at most once a minute', async () => {
    const { cookieValue, session } = await start(from())
    const lastSeen = async () => {
      const rows = await listSessions(from(), user.id)
      return rows.find(({ sid }) => sid === session.sid)?.lastSeenAt.getTime() ?? 0
    }
    const startedAt = await lastSeen()
    app.clock.advance(59 * SECOND)
    await findSession(from(), cookieValue)
    expect(await lastSeen()).toBe(startedAt)
    app.clock.advance(SECOND)
    await findSession(from(), cookieValue)
    expect(await lastSeen()).toBe(startedAt + 60 * SECOND)
  })

  test('a short idle limit does not sign out who is active', async () => {
    const settings = { SESSION_IDLE_TIMEOUT: '60' }
    const { cookieValue } = await start(from({ settings }))
    for (let step = 0; step < 10; step += 1) {
      app.clock.advance(50 * SECOND)
      expect((await findSession(from({ settings }), cookieValue)).session).toBeDefined()
    }
  })

  test('a disabled user is nobody at once, also after being enabled again', async () => {
    const other = await app.insertUser()
    const { cookieValue } = await start(from(), other)
    await commit(app.ctx, [run(editUser, { id: other.id, isActive: false, version: 2 })])
    expect(await look(cookieValue)).toEqual(nobody)
    await commit(app.ctx, [run(editUser, { id: other.id, isActive: true, version: 3 })])
    expect(await look(cookieValue)).toEqual(nobody)
  })

  test('a user disabled or edited between the check of the password and the session gets none', async () => {
    const other = await app.insertUser()
    await commit(app.ctx, [run(editUser, { id: other.id, isActive: true, version: 2 })])
    await expect(start(from(), other)).rejects.toThrow(new Conflict('user'))
    await commit(app.ctx, [run(editUser, { id: other.id, isActive: false, version: 1 })])
    await expect(start(from(), other)).rejects.toThrow(new Conflict('user'))
    expect(await listSessions(from(), other.id)).toEqual([])
  })

  test('sessions of a user end together, or all but one, or one by its public id if it is theirs', async () => {
    const other = await app.insertUser()
    const first = await start(from(), other)
    const second = await start(from(), other)
    const third = await start(from(), other)
    const stranger = await start(from(), user)
    const live = async ({ cookieValue }: { cookieValue: string }) =>
      (await findSession(from(), cookieValue)).session !== undefined

    const foreign = commit(app.ctx, [...endSessionBySid(app.ctx, { userId: other.id, sid: stranger.session.sid })])
    await expect(foreign).rejects.toThrow(new Conflict('session'))
    expect(await live(stranger)).toBe(true)
    await commit(app.ctx, [...endSessionBySid(app.ctx, { userId: other.id, sid: first.session.sid })])
    expect([await live(first), await live(second), await live(third)]).toEqual([false, true, true])
    await commit(app.ctx, [...endOtherSessions(app.ctx, third.session)])
    expect([await live(second), await live(third), await live(stranger)]).toEqual([false, true, true])
    await commit(app.ctx, [...endSessionsOfUser(app.ctx, other.id)])
    expect([await live(third), await live(stranger)]).toEqual([false, true])
  })

  test('messages wait in the session', async () => {
    const { cookieValue, session } = await start(from())
    await commit(app.ctx, [addFlash(session, 'Done.')])
    expect((await findSession(from(), cookieValue)).session?.flash).toEqual(['Done.'])
  })

  test('a user agent of any length and content can be stored', async () => {
    const { session } = await start(from({ userAgent: `\u0000\ud800${'x'.repeat(10_000)}` }))
    const rows = await listSessions(from(), user.id)
    expect(rows.find(({ sid }) => sid === session.sid)?.userAgent.length).toBeLessThanOrEqual(500)
  })
})
