import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { inspectDatabase } from '../../src/takeover/take-over'
import { openTestApp } from '../support/app'
import { type ExistingDatabase, existingDatabases, fill, MADE_AT } from './deployment'
import { convert, opened, rehearse, rowsOf, settingsOf, TAKEN_OVER_AT } from './support'
import { expectEverythingWorks, type Facts, subjectOf } from './works'

describe.each(existingDatabases)('a database of AuthGate 0.x on %s', (_name, open) => {
  let db: ExistingDatabase
  let facts: Facts
  beforeEach(async () => {
    db = await open()
    facts = await fill(db)
  })
  afterEach(() => db.remove())

  test('passwords, secrets, live tokens, consents and codes work afterwards; dead tokens stay dead', async () => {
    await convert(db, facts.settings)
    const app = await openTestApp({
      settings: { ...facts.settings, ...db.settings },
      open: opened(db),
      nowMs: MADE_AT + 120_000,
    })
    try {
      await expectEverythingWorks(subjectOf(app), facts)
    } finally {
      await app.close()
    }
  }, 60_000)

  test('a rehearsal reports what the conversion does, and changes nothing', async () => {
    const report = await rehearse(db, facts.settings)
    expect(await inspectDatabase(settingsOf(db))).toEqual({ kind: 'existing', surplus: [] })
    const { backup, ...done } = await convert(db, facts.settings)
    expect(done).toEqual(report)
    expect(backup).toBeString()
    expect(Object.fromEntries(done.tables.map(({ table, found }) => [table, found]))).toEqual({
      ...{ users: 3, oauth_applications: 4, oauth_connections: 1, user_authorizations: 3, access_tokens: 14 },
      ...{ authorization_codes: 1, device_codes: 2, audit_logs: 1 },
    })
    for (const { found, kept } of done.tables) expect(kept).toBe(found)
    expect(await inspectDatabase(settingsOf(db))).toEqual({ kind: 'own', pending: [] })
  })

  test('a second conversion finds nothing to do', async () => {
    await convert(db, facts.settings)
    await expect(convert(db, facts.settings)).rejects.toThrow('nothing was taken over')
  })

  test('times keep their moment to the millisecond, whatever offset they were written in', async () => {
    await convert(db, facts.settings)
    for (const user of await rowsOf(db, 'users')) expect(user.createdAt).toEqual(new Date(MADE_AT))
  })

  test('grants that can still be refreshed are there for their users to see and to end', async () => {
    await convert(db, facts.settings)
    const families = await rowsOf(db, 'tokenFamilies')
    const live = (await rowsOf(db, 'accessTokens')).filter(
      (row) => row.tokenCategory === 'refresh' && row.status !== 'revoked',
    )
    expect(families.map(({ id }) => id).sort()).toEqual(live.map(({ tokenFamilyId }) => String(tokenFamilyId)).sort())
    for (const { expiresAt } of families) expect(expiresAt.getTime()).toBeGreaterThan(TAKEN_OVER_AT)
  })

  test('tokens of devices and refreshed ones stand on the consent in force, so that withdrawing it ends them [SEC]', async () => {
    await convert(db, facts.settings)
    const consents = new Set((await rowsOf(db, 'userAuthorizations')).map(({ uuid }) => uuid))
    const users = new Set((await rowsOf(db, 'userAuthorizations')).map(({ userId }) => userId))
    for (const token of await rowsOf(db, 'accessTokens'))
      if (users.has(token.userId)) expect(consents.has(String(token.authorizationId))).toBe(true)
  })

  test('tokens of providers are in the backup only, user codes are stored under a key [SEC]', async () => {
    const { backup } = await convert(db, facts.settings)
    const dump = JSON.stringify([await rowsOf(db, 'oauthConnections'), await rowsOf(db, 'deviceCodes')])
    expect(dump).not.toContain('gho_marker')
    expect(dump).not.toContain('RF58WHKV')
    const [connection] = await rowsOf(db, 'oauthConnections')
    expect(connection?.issuer).toBe('https://github.com')
    const [record] = await rowsOf(db, 'auditLogs')
    expect(record?.details).toMatchObject({ scopes: 'read', user_code: 'ABCD-****' })
    if (!backup?.startsWith('schema')) {
      expect(statSync(String(backup)).mode & 0o777).toBe(0o600)
      expect(readFileSync(String(backup)).includes('gho_marker')).toBe(true)
      expect(readFileSync(db.place).includes('gho_marker')).toBe(false)
      return
    }
    const [kept] = await db.sql(`select access_token from ${backup.replace('schema ', '')}.oauth_connections`)
    expect(kept?.access_token).toBe('gho_marker')
  })

  test('no first accounts are made beside those that were taken over', async () => {
    await convert(db, facts.settings)
    expect((await rowsOf(db, 'seedState')).map(({ name }) => name)).toEqual(['first_start'])
  })
})

describe.each(existingDatabases)('an AuthGate 0.x database without users on %s', (_name, open) => {
  test('gets its first accounts at the next start', async () => {
    const db = await open()
    try {
      await convert(db)
      expect(await rowsOf(db, 'seedState')).toEqual([])
    } finally {
      await db.remove()
    }
  })
})
