import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { basic } from '../oauth/support'
import { runBinary, startBinary } from '../support/binary'
import { clientRow, existingDatabases, existingSqlite, fill, tokenOf, userRow } from '../takeover/deployment'

describe.each(existingDatabases)('the executable on a database of AuthGate 0.x on %s', (_name, open) => {
  test('takes it over when the server starts and says so; a second start finds nothing to do', async () => {
    const db = await open()
    const facts = await fill(db)
    const { BASE_URL: _, ...settings } = facts.settings
    const env = { ...settings, ...db.settings }
    const server = await startBinary({ env })
    expect(server.log()).toContain('The database is of AuthGate 0.x')
    expect(server.log()).toContain('Converted access_tokens: 14 of 14 rows')
    expect(server.log()).toContain('The database was converted. As it was before: ')
    const { id = '', secret = '' } = facts.clients.full ?? {}
    const body = new URLSearchParams({ token: 'x' })
    const introspected = await server.fetch('/oauth/introspect', { method: 'POST', headers: basic(id, secret), body })
    expect([introspected.status, await introspected.json()]).toEqual([200, { active: false }])
    expect(await server.stop()).toBe(0)
    const again = await startBinary({ env })
    expect(again.log()).not.toContain('0.x')
    expect(await again.stop()).toBe(0)
    await db.remove()
  }, 60_000)
})

describe('a SQLite file with a million tokens', () => {
  test('is taken over, and who waits is told how far it is', async () => {
    const db = await existingSqlite()
    await db.insert('users', userRow(db, { id: 'many', username: 'many' }))
    await db.insert('oauth_applications', clientRow(db, { id: 1, client_id: 'many' }))
    await db.insert('access_tokens', tokenOf(db, { type: 'access', userId: 'many', clientId: 'many' }).row)
    await db.sql(
      `insert into access_tokens with recursive n(i) as (select 1 union all select i + 1 from n where i < 999999)
       select printf('id-%07d', i), printf('hash-%07d', i), token_type, token_category, status, user_id, client_id, scopes,
         expires_at, created_at, last_used_at, parent_token_id, token_family_id, authorization_id from access_tokens, n`,
    )
    const env = {
      ...{ JWT_SECRET: `${'j'.repeat(16)}0123456789abcdefXYZ`, SESSION_SECRET: `${'s'.repeat(16)}0123456789abcdefXYZ` },
      ...{ BASE_URL: 'http://localhost:8080', DATABASE_DSN: db.place },
    }
    const options = { env, folder: dirname(db.place), limit: 280_000 }
    const { exitCode, stdout, stderr } = await runBinary(['migrate', 'up', '--json'], options)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout).tables[4]).toMatchObject({ table: 'access_tokens', found: 1_000_000, kept: 1_000_000 })
    expect(stderr).toContain('converting access_tokens')
    expect(readdirSync(dirname(db.place)).some((name) => name.includes('.backup-'))).toBe(true)
    await db.remove()
  }, 300_000)
})
