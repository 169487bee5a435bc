import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { DatabaseUnavailable } from '../../src/db/commit'
import type { Database } from '../../src/db/database'
import { deleteOldAuditRows } from '../../src/jobs/audit-retention'
import { BATCH_ROWS } from '../../src/jobs/batches'
import { deleteExpiredRows, eraseRefreshAnswers } from '../../src/jobs/expired-rows'
import { type Jobs, startJobs } from '../../src/jobs/jobs'
import { refreshTokens } from '../../src/tokens/refresh'
import { revokeToken } from '../../src/tokens/revoke'
import { eventually } from '../support/daemon'
import { databases } from '../support/databases'
import { apply, openTestContext, type TestContext } from '../tokens/support'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const never = new AbortController().signal

describe.each(databases)('background jobs on %s', (_name, open) => {
  let t: TestContext
  let jobs: Jobs | undefined
  beforeAll(async () => {
    t = await openTestContext(open, { JWT_EXPIRATION_JITTER: '0s', ENABLE_TOKEN_ROTATION: 'true' })
  })
  afterEach(async () => {
    await jobs?.stop()
    jobs = undefined
  })
  afterAll(() => t.close())

  const at = (offset: number) => new Date(t.ctx.clock.now() + offset)
  const sessionCount = async (reason: string): Promise<number> => {
    const metric = await t.ctx.metrics.registry.getSingleMetric('sessions_expired_total')?.get()
    return metric?.values.find(({ labels }) => labels.reason === reason)?.value ?? 0
  }

  async function insertDelays(count: number, expiresAt: Date, label: string) {
    const { q, t: tables } = t.ctx.db
    const delay = (subject: string) => ({
      ...{
        subject,
        failures: 1,
        firstFailedAt: expiresAt,
        lastFailedAt: expiresAt,
        blockedUntil: expiresAt,
        expiresAt,
      },
    })
    for (let done = 0; done < count; done += 500) {
      const rows = Array.from({ length: Math.min(500, count - done) }, (_, index) => delay(`${label} ${done + index}`))
      await q.insert(tables.attemptDelays).values(rows)
    }
  }
  const delays = async (label: string) =>
    (await t.ctx.db.q.select().from(t.ctx.db.t.attemptDelays)).filter(({ subject }) => subject.startsWith(label)).length

  test('tokens: expired ones go; living and revoked-but-unexpired ones stay as evidence (W11)', async () => {
    const user = await t.insertUser()
    const short = await t.issue({ user, client: await t.insertClient({ tokenProfile: 'short' }) })
    const long = await t.issue({ user, client: await t.insertClient({ tokenProfile: 'long' }) })
    await apply(t.ctx, revokeToken(t.ctx, long.accessTokenId))
    const ids = async () => new Set((await t.allTokens()).map(({ id }) => id))
    t.advance(15 * MINUTE)
    expect(await deleteExpiredRows(t.ctx, never)).toEqual({ access_tokens: 1 })
    expect(await ids()).toEqual(new Set([short.refreshTokenId ?? '', long.accessTokenId, long.refreshTokenId ?? '']))
    t.advance(DAY)
    await deleteExpiredRows(t.ctx, never)
    expect(await ids()).toEqual(new Set([long.refreshTokenId ?? '']))
  })

  test('families stay until no token of theirs can be alive', async () => {
    const user = await t.insertUser()
    const { familyId = '' } = await t.issue({ user, client: await t.insertClient() })
    const { expiresAt } = await t.familyRow(familyId)
    const families = async () => (await t.ctx.db.q.select().from(t.ctx.db.t.tokenFamilies)).map(({ id }) => id)
    t.advance(expiresAt.getTime() - t.ctx.clock.now() + t.ctx.settings.JWT_EXPIRATION_MAX - 1)
    await deleteExpiredRows(t.ctx, never)
    expect(await families()).toContain(familyId)
    t.advance(1)
    await deleteExpiredRows(t.ctx, never)
    expect(await families()).not.toContain(familyId)
  })

  test('codes: kept ten minutes beyond their end, spent ones too (RFC 8628 §3.5, P15)', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const { q, t: tables } = t.ctx.db
    const device = (scopes: string, expiresAt: Date, more = {}) => ({
      ...{ id: crypto.randomUUID(), deviceCodeHash: crypto.randomUUID(), userCodeHash: crypto.randomUUID(), scopes },
      ...{ importedSalt: null, importedSuffix: null, clientId: client.clientId, requestIp: '', requestUserAgent: '' },
      ...{ expiresAt, pollInterval: 5, lastPolledAt: null, userId: user.id, authorizationId: null, authorizedAt: null },
      ...{ deniedAt: null, consumedAt: null, tokenFamilyId: null, createdAt: at(-HOUR), ...more },
    })
    const code = (scopes: string, expiresAt: Date, more = {}) => ({
      ...{
        uuid: crypto.randomUUID(),
        codeHash: crypto.randomUUID(),
        clientId: client.clientId,
        userId: user.id,
        scopes,
      },
      ...{
        authorizationId: null,
        redirectUri: '',
        resource: '',
        codeChallenge: '',
        codeChallengeMethod: '',
        nonce: '',
      },
      ...{ authTime: null, amr: '', sid: '', failedAttempts: 0, expiresAt, usedAt: null, tokenFamilyId: null },
      ...{ createdAt: at(-HOUR), ...more },
    })
    const ages = [-10 * MINUTE, -10 * MINUTE + 1, MINUTE]
    await q
      .insert(tables.deviceCodes)
      .values([
        ...ages.map((age) => device(`open ${age}`, at(age))),
        ...ages.map((age) => device(`spent ${age}`, at(age), { consumedAt: at(-HOUR) })),
      ])
    await q
      .insert(tables.authorizationCodes)
      .values([
        ...ages.map((age) => code(`open ${age}`, at(age))),
        ...ages.map((age) => code(`spent ${age}`, at(age), { usedAt: at(-HOUR) })),
      ])
    expect(await deleteExpiredRows(t.ctx, never)).toMatchObject({ device_codes: 2, authorization_codes: 2 })
    const left = [...(await q.select().from(tables.deviceCodes)), ...(await q.select().from(tables.authorizationCodes))]
    expect(left.filter(({ scopes }) => scopes.endsWith(`${ages[0]}`))).toEqual([])
    expect(left.length).toBe(8)
  })

  test('sessions: deleted a day after their end, and counted by how they ended', async () => {
    const user = await t.insertUser()
    const { q, t: tables } = t.ctx.db
    const session = (more: object) => ({
      ...{ idHash: crypto.randomUUID(), sid: crypto.randomUUID(), userId: user.id, csrfToken: '', remember: false },
      ...{ fingerprint: '', authTime: at(0), amr: 'pwd', idp: 'local', flash: [], ip: '', userAgent: '' },
      ...{ createdAt: at(-2 * DAY), lastSeenAt: at(-DAY), expiresAt: at(-DAY), ...more },
    })
    await q
      .insert(tables.sessions)
      .values([
        session({}),
        session({ lastSeenAt: at(-DAY - 40 * MINUTE) }),
        session({ lastSeenAt: at(-2 * DAY), remember: true }),
        session({ expiresAt: at(-DAY + 1) }),
        session({ expiresAt: at(HOUR) }),
      ])
    expect(await deleteExpiredRows(t.ctx, never)).toMatchObject({ sessions: 3 })
    expect((await q.select().from(tables.sessions)).length).toBe(2)
    expect([await sessionCount('timeout'), await sessionCount('idle_timeout')]).toEqual([2, 1])
  })

  test('pending requests, login transactions, delays and refresh answers go when they have expired', async () => {
    const { q, t: tables } = t.ctx.db
    const pending = (idHash: string, expiresAt: Date) => ({
      ...{ idHash, kind: 'device', sid: '', userId: '', payload: {}, usedAt: null, createdAt: at(-HOUR), expiresAt },
    })
    const login = (stateHash: string, expiresAt: Date) => ({
      ...{ stateHash, browserHash: '', provider: 'github', issuer: '', codeVerifier: '', nonce: '', redirect: '' },
      ...{ remember: false, linkUserId: null, createdAt: at(-HOUR), expiresAt },
    })
    await q.insert(tables.pendingRequests).values([pending('old', at(0)), pending('new', at(1))])
    await q.insert(tables.loginTransactions).values([login('old', at(0)), login('new', at(1))])
    await insertDelays(1, at(0), 'old')
    await insertDelays(1, at(1), 'new')
    const client = await t.insertClient()
    const granted = await t.issue({ client, user: await t.insertUser() })
    await refreshTokens(t.ctx, { clientId: client.clientId, refreshToken: granted.refreshToken })
    const answers = async () => (await q.select().from(tables.refreshGrace)).length
    await eraseRefreshAnswers(t.ctx, never)
    expect(await answers()).toBe(1)
    expect(await deleteExpiredRows(t.ctx, never)).toEqual({
      pending_requests: 1,
      login_transactions: 1,
      attempt_delays: 1,
    })
    expect((await q.select().from(tables.pendingRequests)).map(({ idHash }) => idHash)).toEqual(['new'])
    expect((await q.select().from(tables.loginTransactions)).map(({ stateHash }) => stateHash)).toEqual(['new'])
    expect([await delays('old'), await delays('new')]).toEqual([0, 1])
    t.advance(10_000)
    await eraseRefreshAnswers(t.ctx, never)
    expect(await answers()).toBe(0)
  })

  test('ENABLE_EXPIRED_TOKEN_CLEANUP=false keeps tokens and families, and nothing else (W11)', async () => {
    const ctx = t.withSettings({ ENABLE_EXPIRED_TOKEN_CLEANUP: 'false' })
    const { familyId = '' } = await t.issue({ user: await t.insertUser(), client: await t.insertClient() })
    await insertDelays(1, at(0), 'purged')
    t.advance(200 * DAY)
    const deleted = await deleteExpiredRows(ctx, never)
    expect(Object.keys(deleted)).not.toContain('access_tokens')
    expect([await delays('purged'), (await t.familyRow(familyId)).id]).toEqual([0, familyId])
  })

  test('audit: records older than AUDIT_LOG_RETENTION go, younger ones stay (W16)', async () => {
    const ctx = t.withSettings({ AUDIT_LOG_RETENTION: '24h' })
    await deleteOldAuditRows(ctx, never)
    const old = await t.issue({ user: await t.insertUser(), client: await t.insertClient() })
    t.advance(DAY)
    const young = await t.issue({ user: await t.insertUser(), client: await t.insertClient() })
    expect(await deleteOldAuditRows(ctx, never)).toBe(2)
    const left = (await t.auditRows()).map(({ resourceId }) => resourceId)
    expect(left).not.toContain(old.accessTokenId)
    expect(left).toContain(young.accessTokenId)
  })

  test('many rows go in small commits, and a request in between waits for one of them at most', async () => {
    await insertDelays(20 * BATCH_ROWS + 7, at(-1), 'many')
    const sizes: number[] = []
    const commit: Database['commit'] = async (statements) => {
      const changes = await t.ctx.db.commit(statements)
      sizes.push(...changes)
      return changes
    }
    const ctx = { ...t.ctx, db: { ...t.ctx.db, commit } }
    const deleting = deleteExpiredRows(ctx, never)
    let slowest = 0
    let finished = false
    void deleting.then(() => {
      finished = true
    })
    while (!finished) {
      const started = performance.now()
      await t.insertUser()
      slowest = Math.max(slowest, performance.now() - started)
      await Bun.sleep(5)
    }
    expect(await deleting).toMatchObject({ attempt_delays: 20 * BATCH_ROWS + 7 })
    expect(Math.max(...sizes)).toBe(BATCH_ROWS)
    expect(sizes.filter((size) => size === BATCH_ROWS).length).toBe(20)
    expect(slowest).toBeLessThan(2_000)
  })

  test('the first turn comes at once, then one after each interval; what was done is logged', async () => {
    const ctx = t.withSettings({ EXPIRED_TOKEN_CLEANUP_INTERVAL: '100ms' })
    await insertDelays(3, at(-1), 'turn')
    jobs = startJobs(ctx)
    await eventually('the first turn', async () => ((await delays('turn')) === 0 ? true : undefined))
    await insertDelays(2, at(-1), 'turn')
    await eventually('the second turn', async () => ((await delays('turn')) === 0 ? true : undefined))
    await jobs.stop()
    const lines = t.log.filter(({ message }) => message === 'Deleted expired rows').map(({ fields }) => fields.deleted)
    expect(lines.slice(-2)).toMatchObject([{ attempt_delays: 3 }, { attempt_delays: 2 }])
  })

  test('audit retention is a job of its own, and says how much it cleaned up', async () => {
    const ctx = t.withSettings({ AUDIT_LOG_RETENTION: '24h', AUDIT_LOG_CLEANUP_INTERVAL: '50ms' })
    await t.issue({ user: await t.insertUser(), client: await t.insertClient() })
    t.advance(DAY)
    jobs = startJobs(ctx)
    await eventually('the cleanup', async () => ((await t.auditRows()).length === 0 ? true : undefined))
    await jobs.stop()
    expect(t.log.some(({ message }) => /^Cleaned up \d+ old audit logs$/.test(message))).toBe(true)
  })

  test.each([
    ['AUDIT_LOG_RETENTION', '0s'],
    ['ENABLE_AUDIT_LOGGING', 'false'],
  ])('with %s=%s nothing is forgotten', async (name, value) => {
    await t.issue({ user: await t.insertUser(), client: await t.insertClient() })
    const before = (await t.auditRows()).length
    t.advance(1000 * DAY)
    jobs = startJobs(t.withSettings({ AUDIT_LOG_CLEANUP_INTERVAL: '20ms', [name]: value }))
    await Bun.sleep(200)
    expect((await t.auditRows()).length).toBe(before)
  })

  test('stop waits for the running iteration, which ends after its batch; nothing runs afterwards', async () => {
    await insertDelays(10 * BATCH_ROWS, at(-1), 'stopped')
    let commits = 0
    const commit: Database['commit'] = async (statements) => {
      commits += 1
      await Bun.sleep(30)
      return await t.ctx.db.commit(statements)
    }
    jobs = startJobs({ ...t.withSettings({ EXPIRED_TOKEN_CLEANUP_INTERVAL: '1ms' }), db: { ...t.ctx.db, commit } })
    await eventually('a first batch', async () => ((await delays('stopped')) < 10 * BATCH_ROWS ? true : undefined))
    await jobs.stop()
    const left = await delays('stopped')
    const made = commits
    expect(left).toBeGreaterThan(0)
    await Bun.sleep(150)
    expect([await delays('stopped'), commits]).toEqual([left, made])
  })

  test('two processes: while one works the other skips its turn (O37)', async () => {
    let inside = 0
    let most = 0
    const commit: Database['commit'] = async (statements) => {
      inside += 1
      most = Math.max(most, inside)
      await Bun.sleep(2)
      const changes = await t.ctx.db.commit(statements)
      inside -= 1
      return changes
    }
    await insertDelays(5 * BATCH_ROWS, at(-1), 'shared')
    const ctx = t.withSettings({
      EXPIRED_TOKEN_CLEANUP_INTERVAL: '5ms',
      ENABLE_TOKEN_ROTATION: 'false',
      AUDIT_LOG_RETENTION: '0s',
    })
    const started = Array.from({ length: 4 }, () => startJobs({ ...ctx, db: { ...t.ctx.db, commit } }))
    await eventually('the cleanup', async () => ((await delays('shared')) === 0 ? true : undefined))
    await Promise.all(started.map(({ stop }) => stop()))
    expect(most).toBe(1)
  })

  test('a failing job is logged without detail of the database, and runs again at its next turn', async () => {
    await insertDelays(1, at(-1), 'again')
    let attempts = 0
    const commit: Database['commit'] = (statements) => {
      attempts += 1
      return attempts === 1 ? Promise.reject(new DatabaseUnavailable('ECONNREFUSED')) : t.ctx.db.commit(statements)
    }
    jobs = startJobs({ ...t.withSettings({ EXPIRED_TOKEN_CLEANUP_INTERVAL: '20ms' }), db: { ...t.ctx.db, commit } })
    await eventually('the retry', async () => ((await delays('again')) === 0 ? true : undefined))
    await jobs.stop()
    const failed = t.log.filter(({ message }) => message === 'Background job failed')
    expect(failed.at(0)?.fields.reason).toBe('database unavailable: ECONNREFUSED')
  })

  test('an interval longer than a timer can wait does not run at once', async () => {
    let runs = 0
    const exclusively: Database['exclusively'] = async (name, wait, work) => {
      if (name === 'cleanup') runs += 1
      return await t.ctx.db.exclusively(name, wait, work)
    }
    const ctx = t.withSettings({
      EXPIRED_TOKEN_CLEANUP_INTERVAL: '10000h',
      ENABLE_TOKEN_ROTATION: 'false',
      AUDIT_LOG_RETENTION: '0s',
    })
    jobs = startJobs({ ...ctx, db: { ...t.ctx.db, exclusively } })
    await Bun.sleep(150)
    expect(runs).toBe(1)
  })

  test('deleting never touches a user, client or consent', async () => {
    const user = await t.insertUser()
    const client = await t.insertClient()
    const consent = await t.insertConsent(user, client)
    t.advance(10_000 * DAY)
    await deleteExpiredRows(t.ctx, never)
    const { q, t: tables } = t.ctx.db
    expect((await q.select().from(tables.users)).map(({ id }) => id)).toContain(user.id)
    expect((await q.select().from(tables.oauthApplications)).map(({ clientId }) => clientId)).toContain(client.clientId)
    expect((await q.select().from(tables.userAuthorizations)).map(({ uuid }) => uuid)).toContain(consent.uuid)
  })
})
