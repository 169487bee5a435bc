/** The first administrator and client, on both databases. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context, Logger } from '../../src/context'
import { createContext } from '../../src/create-context'
import { commit, run } from '../../src/db/commit'
import { query, write } from '../../src/db/definitions'
import { Conflict, DatabaseUnavailable } from '../../src/db/errors'
import { credentialsPath } from '../../src/seed/credentials-file'
import { seed } from '../../src/seed/seed'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { databases, type OpenedDatabase } from '../support/databases'
import { testSettings } from '../support/settings'

const users = query('test_seeded_users', (q, t) => q.select().from(t.users))
const clients = query('test_seeded_clients', (q, t) => q.select().from(t.oauthApplications))
const deleteUsers = write('test_delete_users', (q, t) => q.delete(t.users))
const deleteClients = write('test_delete_clients', (q, t) => q.delete(t.oauthApplications))

const FILE = 'authgate-credentials.txt'

describe.each(databases)('seeding on %s', (_name, open) => {
  let opened: OpenedDatabase
  let cwd: string
  let lines: string[]

  const context = (settings: Record<string, string> = {}, db = opened.db): Context => {
    const note = (fields: Record<string, unknown>, message: string) => {
      lines.push(`${message} ${JSON.stringify(fields)}`)
    }
    const log: Logger = { debug: note, info: note, warn: note, error: note }
    return createContext(testSettings(settings), { db, log })
  }
  const credentials = (file = FILE) => readFileSync(join(cwd, file), 'utf8')

  beforeEach(async () => {
    opened = await open()
    cwd = temporaryFolder('seed')
    lines = []
  })
  afterEach(async () => {
    await opened.close()
    removeFolder(cwd)
  })

  test('an empty database gets one administrator, one client, and a file with four labelled lines', async () => {
    const ctx = context()
    await seed(ctx, { cwd })
    const [admin, ...others] = await opened.db.all(users)
    const [client, ...more] = await opened.db.all(clients)
    expect([others, more]).toEqual([[], []])
    expect(admin).toMatchObject({
      username: 'admin',
      usernameNorm: 'admin',
      email: 'admin@localhost',
      fullName: 'Administrator',
      role: 'admin',
      isActive: true,
      emailVerified: false,
      authSource: 'local',
      mustChangePassword: true,
    })
    expect(client).toMatchObject({
      clientName: 'AuthGate CLI',
      description: 'Default CLI client for authorization flow',
      clientType: 'public',
      scopes: 'email profile',
      grantTypes: 'device_code authorization_code',
      redirectUris: ['http://localhost:8888/callback'],
      enableDeviceFlow: true,
      enableAuthCodeFlow: true,
      enableClientCredentialsFlow: false,
      status: 'active',
      tokenProfile: 'standard',
      userId: admin?.id,
    })
    expect(credentials()).toMatch(
      /^Admin Username: admin\nAdmin Password: [\w-]{16}\n\nClient ID: [0-9a-f-]{36}\nClient Secret: ago_[a-z2-7]{52}\n$/,
    )
    expect(statSync(join(cwd, FILE)).mode & 0o777).toBe(0o600)
    expect(credentials()).toContain(`Client ID: ${client?.clientId}\n`)
  })

  test('the password in the file is the one of the account, and neither it nor the secret is logged [SEC]', async () => {
    const ctx = context()
    await seed(ctx, { cwd })
    const [, password = ''] = /^Admin Password: (.+)$/m.exec(credentials()) ?? []
    const [, secret = ''] = /^Client Secret: (.+)$/m.exec(credentials()) ?? []
    const [admin] = await opened.db.all(users)
    expect(await ctx.passwords.verify(password, admin?.passwordHash ?? '')).toMatchObject({ matches: true })
    expect(lines.join('\n')).toContain('Created default user: admin (role: admin)')
    expect(lines.join('\n')).not.toContain(password)
    expect(lines.join('\n')).not.toContain(secret)
  })

  test('a configured password is used, needs no change, and stays out of the file', async () => {
    const ctx = context({ DEFAULT_ADMIN_PASSWORD: '  correct horse battery  ' })
    await seed(ctx, { cwd })
    const [admin] = await opened.db.all(users)
    expect(admin?.mustChangePassword).toBe(false)
    expect(await ctx.passwords.verify('correct horse battery', admin?.passwordHash ?? '')).toMatchObject({
      matches: true,
    })
    expect(credentials()).toMatch(/^Client ID: .+\nClient Secret: .+\n$/)
    expect(lines.join('\n')).toContain('admin / [configured password] (role: admin)')
  })

  test('a second start changes nothing', async () => {
    await seed(context(), { cwd })
    const before = [credentials(), await opened.db.all(users), await opened.db.all(clients)]
    await seed(context(), { cwd })
    expect([credentials(), await opened.db.all(users), await opened.db.all(clients)]).toEqual(before)
  })

  test('tables that were emptied later are not filled again [SEC]', async () => {
    const ctx = context()
    await seed(ctx, { cwd })
    await commit(ctx, [run(deleteClients, {}), run(deleteUsers, {})])
    await seed(ctx, { cwd })
    expect(await opened.db.all(users)).toEqual([])
    expect(await opened.db.all(clients)).toEqual([])
  })

  test('SEED_DEFAULT_CLIENT=false makes no client, neither now nor at a later start', async () => {
    await seed(context({ SEED_DEFAULT_CLIENT: 'false' }), { cwd })
    expect(credentials()).toMatch(/^Admin Username: admin\nAdmin Password: .{16}\n$/)
    await seed(context(), { cwd })
    expect(await opened.db.all(clients)).toEqual([])
  })

  test('with a configured password and no client there is nothing to hand over', async () => {
    await seed(context({ SEED_DEFAULT_CLIENT: 'false', DEFAULT_ADMIN_PASSWORD: 'correct horse battery' }), { cwd })
    expect(existsSync(join(cwd, FILE))).toBe(false)
    expect((await opened.db.all(users)).length).toBe(1)
  })

  test('a file that was there before is kept; a numbered one is written beside it', async () => {
    writeFileSync(join(cwd, FILE), 'former')
    await seed(context(), { cwd })
    expect(credentials()).toBe('former')
    expect(credentials('authgate-credentials-2.txt')).toContain('Admin Password: ')
  })

  test('a symbolic link under the name is not followed [SEC]', async () => {
    const target = join(cwd, 'target')
    symlinkSync(target, join(cwd, FILE))
    await seed(context(), { cwd })
    expect(existsSync(target)).toBe(false)
    expect(credentials('authgate-credentials-2.txt')).toContain('Admin Password: ')
  })

  test('no account is made when the file cannot be written, and the message says what to do', async () => {
    const settings = { CREDENTIALS_FILE: join(cwd, 'no-such-folder', 'credentials.txt') }
    await expect(seed(context(settings), { cwd })).rejects.toThrow(/no-such-folder.*ENOENT.*CREDENTIALS_FILE/)
    expect(await opened.db.all(users)).toEqual([])
    await seed(context(), { cwd })
    expect((await opened.db.all(users)).length).toBe(1)
  })

  test('the file is complete before the accounts exist, and goes when they cannot be made [SEC]', async () => {
    let seen = ''
    const refusing = {
      ...opened.db,
      commit: async () => {
        seen = credentials()
        throw new Conflict('seed')
      },
    }
    await expect(seed(context({}, refusing), { cwd })).rejects.toThrow(Conflict)
    expect(seen).toMatch(/^Admin Username: admin\nAdmin Password: .{16}\n\nClient ID: .+\nClient Secret: .+\n$/)
    expect(existsSync(join(cwd, FILE))).toBe(false)
    expect(await opened.db.all(users)).toEqual([])
  })

  test('the file stays when the commit may have been made although its answer was lost', async () => {
    const losing: typeof opened.db = {
      ...opened.db,
      commit: async (statements) => {
        await opened.db.commit(statements)
        throw new DatabaseUnavailable('CONNECTION_CLOSED')
      },
    }
    await expect(seed(context({}, losing), { cwd })).rejects.toThrow(DatabaseUnavailable)
    expect(credentials()).toContain('Admin Password: ')
  })

  test('a start that is cancelled makes nothing', async () => {
    await expect(seed(context(), { cwd, signal: AbortSignal.abort() })).rejects.toThrow()
    expect(existsSync(join(cwd, FILE))).toBe(false)
    expect(await opened.db.all(users)).toEqual([])
  })

  test('starts at the same moment make one administrator, one client and one file', async () => {
    await Promise.all(Array.from({ length: 8 }, () => seed(context(), { cwd })))
    expect((await opened.db.all(users)).length).toBe(1)
    expect((await opened.db.all(clients)).length).toBe(1)
    expect(existsSync(join(cwd, FILE))).toBe(true)
    expect(existsSync(join(cwd, 'authgate-credentials-2.txt'))).toBe(false)
  })
})

describe('place of the credentials file', () => {
  const sqlite = (path: string) => ({ path, busyTimeoutMs: 0 })
  test('CREDENTIALS_FILE, else beside the SQLite file, else the working directory', () => {
    expect(credentialsPath({ CREDENTIALS_FILE: '/etc/x', sqlite: sqlite('/data/a.db') }, '/w')).toBe('/etc/x')
    expect(credentialsPath({ CREDENTIALS_FILE: '', sqlite: sqlite('/data/a.db') }, '/w')).toBe(`/data/${FILE}`)
    expect(credentialsPath({ CREDENTIALS_FILE: '', sqlite: sqlite(':memory:') }, '/w')).toBe(`/w/${FILE}`)
    expect(credentialsPath({ CREDENTIALS_FILE: '', sqlite: undefined }, '/w')).toBe(`/w/${FILE}`)
  })
})
