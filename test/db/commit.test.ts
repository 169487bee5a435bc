import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq, isNull, lt } from 'drizzle-orm'
import { Conflict, commit, Duplicate, guard, must, run } from '../../src/db/commit'
import type { Database } from '../../src/db/database'
import { param, query, rowParameters, write } from '../../src/db/definitions'
import { databases } from '../support/databases'

const insertDelay = write('test_insert_delay', (q, t) =>
  q.insert(t.attemptDelays).values(rowParameters(t.attemptDelays)),
)
const insertUser = write('test_insert_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))
const delayBySubject = query('test_delay_by_subject', (q, t) =>
  q
    .select()
    .from(t.attemptDelays)
    .where(eq(t.attemptDelays.subject, param('subject'))),
)
const delayBlockedBefore = query('test_delay_blocked_before', (q, t) =>
  q
    .select()
    .from(t.attemptDelays)
    .where(and(eq(t.attemptDelays.subject, param('subject')), lt(t.attemptDelays.blockedUntil, param('now')))),
)
const countUp = write('test_count_up', (q, t) =>
  q
    .update(t.attemptDelays)
    .set({ failures: param('next') })
    .where(and(eq(t.attemptDelays.subject, param('subject')), eq(t.attemptDelays.failures, param('seen')))),
)
const consume = write('test_consume', (q, t) =>
  q
    .update(t.pendingRequests)
    .set({ usedAt: param('now') })
    .where(and(eq(t.pendingRequests.idHash, param('id')), isNull(t.pendingRequests.usedAt))),
)
const insertPending = write('test_insert_pending', (q, t) =>
  q.insert(t.pendingRequests).values(rowParameters(t.pendingRequests)),
)
const pendingById = query('test_pending_by_id', (q, t) =>
  q
    .select()
    .from(t.pendingRequests)
    .where(eq(t.pendingRequests.idHash, param('id'))),
)

const at = new Date('2026-03-04T05:06:07.089Z')
const delay = (subject: string, failures = 0) => ({
  subject,
  failures,
  firstFailedAt: at,
  lastFailedAt: at,
  blockedUntil: at,
  expiresAt: at,
})

describe.each(databases)('commit on %s', (_name, open) => {
  let db: Database
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ db, close } = await open())
  })
  afterAll(() => close())

  test('domain types survive a round trip: dates, booleans, JSON, null', async () => {
    const user = {
      id: crypto.randomUUID(),
      username: 'Zoë',
      usernameNorm: 'zoë',
      email: 'z@example.com',
      emailNorm: null,
      passwordHash: '',
      role: 'admin' as const,
      fullName: '',
      avatarUrl: '',
      isActive: false,
      emailVerified: true,
      emailVouchedBy: null,
      externalId: null,
      authSource: 'local',
      mustChangePassword: false,
      language: null,
      totpSecret: null,
      totpLastStep: null,
      passkeyCount: 0,
      lastLoginAt: null,
      tokenEpoch: 3,
      version: 1,
      imported: false,
      createdAt: at,
      updatedAt: at,
    }
    await commit({ db }, [run(insertUser, user)])
    const userById = query('test_user_by_id', (q, t) =>
      q
        .select()
        .from(t.users)
        .where(eq(t.users.id, param('id'))),
    )
    expect(await db.one(userById, { id: user.id })).toEqual(user)
    const pending = {
      idHash: 'round-trip',
      kind: 'device',
      sid: 's',
      userId: user.id,
      payload: { a: [1, { b: 'x' }] },
      usedAt: null,
      createdAt: at,
      expiresAt: at,
    }
    await commit({ db }, [run(insertPending, pending)])
    expect(await db.one(pendingById, { id: 'round-trip' })).toEqual(pending)
  })

  test('a bare time parameter compares with a stored time', async () => {
    await commit({ db }, [run(insertDelay, delay('bare'))])
    expect(await db.one(delayBlockedBefore, { subject: 'bare', now: at })).toBeUndefined()
    expect(await db.one(delayBlockedBefore, { subject: 'bare', now: new Date(at.getTime() + 1) })).toBeDefined()
  })

  test('a `must` that changes no row undoes the whole list and names itself', async () => {
    await commit({ db }, [run(insertDelay, delay('undone'))])
    const failed = commit({ db }, [
      must(countUp, { subject: 'undone', seen: 0, next: 1 }, 'first'),
      run(insertDelay, delay('undone-2')),
      must(countUp, { subject: 'undone', seen: 0, next: 2 }, 'second'),
    ])
    await expect(failed).rejects.toThrow(new Conflict('second'))
    expect((await db.one(delayBySubject, { subject: 'undone' }))?.failures).toBe(0)
    expect(await db.one(delayBySubject, { subject: 'undone-2' })).toBeUndefined()
  })

  test('a guard that finds no row undoes the whole list', async () => {
    const failed = commit({ db }, [
      run(insertDelay, delay('guarded')),
      guard(delayBySubject, { subject: 'nobody' }, 'guard'),
    ])
    await expect(failed).rejects.toThrow(new Conflict('guard'))
    expect(await db.one(delayBySubject, { subject: 'guarded' })).toBeUndefined()
  })

  test('a second row under one key is a Duplicate, and its list leaves nothing', async () => {
    await commit({ db }, [run(insertDelay, delay('twice'))])
    const failed = commit({ db }, [run(insertDelay, delay('other')), run(insertDelay, delay('twice'))])
    await expect(failed).rejects.toBeInstanceOf(Duplicate)
    expect(await db.one(delayBySubject, { subject: 'other' })).toBeUndefined()
  })

  test('of 64 simultaneous claims of one row exactly one succeeds', async () => {
    await commit({ db }, [
      run(insertPending, {
        idHash: 'race',
        kind: 'device',
        sid: '',
        userId: '',
        payload: {},
        usedAt: null,
        createdAt: at,
        expiresAt: at,
      }),
    ])
    const claims = Array.from({ length: 64 }, (_, index) =>
      commit({ db }, [
        must(consume, { id: 'race', now: at }, 'claim'),
        run(insertDelay, delay(`claimed-${index}`)),
      ]).then(
        () => true,
        (error) => {
          if (!(error instanceof Conflict)) throw error
          return false
        },
      ),
    )
    const won = (await Promise.all(claims)).filter(Boolean)
    expect(won.length).toBe(1)
  })

  test('one name is held by one worker at a time', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await Bun.sleep(5)
      inside -= 1
      return true
    }
    await Promise.all(Array.from({ length: 5 }, () => db.exclusively('test', true, work)))
    expect(most).toBe(1)
    const held = Promise.withResolvers<void>()
    const holding = db.exclusively('test', true, () => {
      held.resolve()
      return Bun.sleep(100)
    })
    await held.promise
    expect(await db.exclusively('test', false, work)).toBeUndefined()
    await holding
  })

  test('errors carry neither SQL nor parameters', async () => {
    const error = await commit({ db }, [run(insertDelay, { ...delay('x'), failures: 'secret-value' })]).then(
      () => undefined,
      (thrown) => thrown as Error,
    )
    if (error) expect(`${error.message}${error.stack}`).not.toContain('secret-value')
  })
})

test('SQLite: lists of one batch are independent; a failing one does not disturb its neighbours', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'authgate-commit-'))
  const { openSqlite } = await import('../../src/db/sqlite')
  const db = openSqlite({ path: join(directory, 'a.db'), busyTimeoutMs: 5000 })
  await db.migrate()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) =>
      commit({ db }, [run(insertDelay, delay(index % 2 ? 'same' : `own-${index}`))]),
    ),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(51)
  await db.close()
  rmSync(directory, { recursive: true })
})
