import { describe, expect, test } from 'bun:test'
import { basic } from '../oauth/support'
import { binaryPath, startBinary } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { clientRow, existingDatabases, fill, tokenOf, userRow } from '../takeover/deployment'

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

/** As many as take longer than the moment after which progress is told. `AUTHGATE_TEST_TOKENS=1000000`: a longer look. */
const TOKENS = Number(process.env.AUTHGATE_TEST_TOKENS ?? 100_000)
const MIB = 1 << 20

const MANY_TOKENS = {
  SQLite: `insert into access_tokens with recursive n(i) as (select 1 union all select i + 1 from n where i < ${TOKENS - 1})
    select printf('id-%07d', i), printf('hash-%07d', i), token_type, token_category, status, user_id, client_id, scopes,
      expires_at, created_at, last_used_at, parent_token_id, token_family_id, authorization_id from access_tokens, n`,
  PostgreSQL: `insert into access_tokens select 'id-' || lpad(i::text, 7, '0'), 'hash-' || i, token_type, token_category, status,
      user_id, client_id, scopes, expires_at, created_at, last_used_at, parent_token_id, token_family_id, authorization_id
    from access_tokens, generate_series(1, ${TOKENS - 1}) i`,
}

describe.each(existingDatabases)('the executable on many tokens on %s', (name, open) => {
  test('takes them over within little memory, and who waits is told how far it is', async () => {
    const db = await open()
    await db.insert('users', userRow(db, { id: 'many', username: 'many' }))
    await db.insert('oauth_applications', clientRow(db, { id: 1, client_id: 'many' }))
    await db.insert('access_tokens', tokenOf(db, { type: 'access', userId: 'many', clientId: 'many' }).row)
    await db.sql(MANY_TOKENS[name as keyof typeof MANY_TOKENS])
    const env = {
      ...{ JWT_SECRET: `${'j'.repeat(16)}0123456789abcdefXYZ`, SESSION_SECRET: `${'s'.repeat(16)}0123456789abcdefXYZ` },
      ...{ BASE_URL: 'http://localhost:8080', ...db.settings },
    }
    const folder = temporaryFolder('many')
    const startedAt = Date.now()
    const child = Bun.spawn([binaryPath(), 'migrate', 'up', '--json'], {
      ...{ cwd: folder, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
    })
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    const seconds = (Date.now() - startedAt) / 1_000
    const peakMib = Math.round((child.resourceUsage()?.maxRSS ?? 0) / MIB)
    if (process.env.AUTHGATE_TEST_TOKENS)
      console.log(`${name}: ${TOKENS} tokens in ${seconds} s, ${peakMib} MiB at most`)
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout).tables[4]).toMatchObject({ table: 'access_tokens', found: TOKENS, kept: TOKENS })
    expect(stderr).toContain('converting access_tokens')
    expect(JSON.parse(stdout).backup).toBeString()
    // Rows are read and written in batches: the sum of all of them never is in memory.
    expect(peakMib).toBeLessThan(400)
    removeFolder(folder)
    await db.remove()
  }, 900_000)
})
