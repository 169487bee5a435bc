/** `authgate admin`, `client` and `token` beside a server, on both databases. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { admin } from '../../src/commands/admin/admin'
import { client } from '../../src/commands/client/client'
import { token } from '../../src/commands/token/token'
import { claimAttempt, PASSWORD_POLICY } from '../../src/identity/attempt-delays'
import { delaySubject, factorDelaySubject } from '../../src/identity/known-device'
import { sealTotpSecret } from '../../src/identity/second-factor/records'
import { newTotpSecret } from '../../src/identity/second-factor/totp'
import { findUserByUsername } from '../../src/identity/users'
import { auditRows, basic } from '../oauth/support'
import type { UserRow } from '../support/app'
import { type Beside, kinds, openBeside } from './beside'

const PASSWORD = 'four quiet herons at dusk'

describe.each([...kinds])('commands beside a server on %s', (kind) => {
  let beside: Beside
  beforeAll(async () => {
    beside = await openBeside(kind)
  })
  afterAll(() => beside.close())

  const runAdmin = (...argv: string[]) => beside.run(admin, argv)
  const runClient = (...argv: string[]) => beside.run(client, argv)
  const runToken = (...argv: string[]) => beside.run(token, argv)
  const user = async (name: string) => (await findUserByUsername(beside.app.ctx, name)) as UserRow
  const matches = async (name: string, password: string) =>
    (await beside.app.ctx.passwords.verify(password, (await user(name)).passwordHash)).matches
  const audited = async (event: string, id: string) =>
    (await auditRows(beside.app, event)).filter(({ resourceId }) => resourceId === id)

  /** An access token of a machine, or of nobody when it was refused. */
  const tokenOf = async (id: string, secret: string): Promise<string | undefined> => {
    const answer = await beside.app.postForm('/oauth/token', { grant_type: 'client_credentials' }, basic(id, secret))
    return answer.status === 200 ? ((await answer.json()) as { access_token: string }).access_token : undefined
  }
  const works = async (accessToken: string) =>
    (await beside.app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${accessToken}` } })).status === 200

  describe('admin create', () => {
    test('a generated password is printed once and signs in; the audit trail names the command', async () => {
      const { code, out } = await runAdmin('create', 'Alice', '--email', 'alice@example.com', '--json')
      expect(code).toBe(0)
      const made = JSON.parse(out) as { id: string; username: string; role: string; password: string }
      expect(made).toMatchObject({ username: 'alice', role: 'admin' })
      expect(await matches('alice', made.password)).toBe(true)
      expect((await user('alice')).mustChangePassword).toBe(true)
      const [row] = await audited('USER_CREATED', made.id)
      expect(row).toMatchObject({ actorUserId: '', actorUsername: 'authgate command', severity: 'INFO' })
      expect(JSON.stringify(row)).not.toContain(made.password)
    })

    test('a password from standard input is not printed', async () => {
      const argv = ['create', 'bob', '--email=bob@example.com', '--role', 'user', '--password-file', '-']
      const { code, out } = await beside.run(admin, argv, `${PASSWORD}\n`)
      expect(code).toBe(0)
      expect(out).not.toContain(PASSWORD)
      expect(await matches('bob', PASSWORD)).toBe(true)
      expect((await user('bob')).role).toBe('user')
    })

    test('a secret file is new, for its owner only, and holds what is not printed', async () => {
      const argv = ['create', 'carol', '--email', 'carol@example.com', '--secret-file', 'carol.txt']
      const { code, out } = await runAdmin(...argv)
      expect(code).toBe(0)
      const path = join(beside.folder, 'carol.txt')
      const password = readFileSync(path, 'utf8').trim()
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(out).not.toContain(password)
      expect(out).toContain(path)
      expect(await matches('carol', password)).toBe(true)
    })

    test('what is refused leaves neither an account nor a file', async () => {
      writeFileSync(join(beside.folder, 'taken.txt'), 'mine')
      const refusals: [string[], string][] = [
        [['create', 'dave'], '--email is missing'],
        [['create', 'alice', '--email', 'other@example.com', '--secret-file', 'new.txt'], 'username already exists'],
        [['create', 'dave', '--email', 'alice@example.com', '--secret-file', 'new.txt'], 'email already in use'],
        [['create', 'dave', '--email', 'dave@example.com', '--secret-file', 'taken.txt'], 'is not overwritten'],
        [['create', 'dave', '--email', 'dave@example.com', '--password-file', 'absent.txt'], 'cannot be read: ENOENT'],
        [['create', 'dave', '--email', 'dave@example.com', '--prompt'], '--prompt needs a terminal'],
      ]
      for (const [argv, reason] of refusals) {
        const { code, out, error } = await runAdmin(...argv)
        expect({ argv, code, out }).toEqual({ argv, code: 1, out: '' })
        expect(error).toContain(`authgate admin create: `)
        expect(error).toContain(reason)
      }
      const short = ['create', 'dave', '--email', 'dave@example.com', '--password-file', '-']
      expect((await beside.run(admin, short, 'short')).error).toContain('Use at least 12 characters')
      expect(await user('dave')).toBeUndefined()
      expect(existsSync(join(beside.folder, 'new.txt'))).toBe(false)
      expect(readFileSync(join(beside.folder, 'taken.txt'), 'utf8')).toBe('mine')
    })
  })

  describe('admin reset-password', () => {
    test('the former password, sessions and tokens end; another has to be chosen', async () => {
      const row = await beside.app.insertUser({ username: 'erin', usernameNorm: 'erin' })
      const { cookie } = await beside.app.signIn(row)
      expect((await beside.app.get('/account', { headers: { cookie } })).status).toBe(200)
      const { code, out } = await runAdmin('reset-password', 'erin', '--json')
      expect(code).toBe(0)
      const made = JSON.parse(out) as { password: string; sessions_ended: number }
      expect(made.sessions_ended).toBe(1)
      expect((await beside.app.get('/account', { headers: { cookie } })).status).toBe(302)
      expect(await matches('erin', made.password)).toBe(true)
      expect(await matches('erin', row.password)).toBe(false)
      expect((await user('erin')).mustChangePassword).toBe(true)
      expect(await audited('USER_PASSWORD_RESET', row.id)).toMatchObject([{ actorUsername: 'authgate command' }])
    })

    test('an account without a password needs --adds-password, and one of another system has none', async () => {
      const { username } = await beside.app.insertUser({ passwordHash: '' })
      expect((await runAdmin('reset-password', username)).error).toContain('no password yet')
      expect((await runAdmin('reset-password', username, '--adds-password')).code).toBe(0)
      const external = await beside.app.insertUser({ authSource: 'http_api' })
      expect((await runAdmin('reset-password', external.username)).error).toContain('only available for local')
      expect((await runAdmin('reset-password', 'nobody\u001b')).error).toContain('there is no user "nobody\\u001b"')
    })
  })

  test('admin reset-second-factor: who lost phone and codes gets in by the password again; sessions end', async () => {
    const { app } = beside
    const id = crypto.randomUUID()
    const row = await app.insertUser({ id, totpSecret: sealTotpSecret(app.ctx, id, newTotpSecret(app.ctx)) })
    await app.signIn(row, { amr: 'pwd otp mfa' })
    const { code, out } = await runAdmin('reset-second-factor', row.username, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ removed: true, sessions_ended: 1 })
    expect((await user(row.username)).totpSecret).toBeNull()
    expect(await audited('SECOND_FACTOR_DISABLED', id)).toMatchObject([{ actorUsername: 'authgate command' }])
    expect((await runAdmin('reset-second-factor', row.username)).out).toContain('has no second factor')
  })

  describe('admin unlock', () => {
    test('after wrong passwords and codes the owner may try at once again, also in a browser the account knows', async () => {
      const row = await beside.app.insertUser()
      const subjects = [undefined, 'device'].flatMap((device) => [
        delaySubject(row.username, device),
        factorDelaySubject(row.id, device),
      ])
      const foreign = delaySubject('somebody-else', undefined)
      for (const subject of [...subjects, foreign])
        for (let n = 0; n < 7; n += 1) await claimAttempt(beside.app.ctx, subject, PASSWORD_POLICY)
      const waits = async (subject: string) => (await claimAttempt(beside.app.ctx, subject, PASSWORD_POLICY)) > 0
      expect(await waits(subjects[0] ?? '')).toBe(true)
      const { code, out } = await runAdmin('unlock', row.username, '--json')
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ counts_forgotten: 4, is_active: true })
      for (const subject of subjects) expect(await waits(subject)).toBe(false)
      expect(await waits(foreign)).toBe(true)
      expect(await audited('USER_UNLOCKED', row.id)).toMatchObject([{ actorUsername: 'authgate command' }])
    })

    test('a disabled account is enabled on demand only', async () => {
      const row = await beside.app.insertUser({ isActive: false })
      expect((await runAdmin('unlock', row.username)).out).toContain('add --enable')
      expect((await user(row.username)).isActive).toBe(false)
      expect((await runAdmin('unlock', row.username, '--enable')).out).toContain('The account is enabled')
      expect((await user(row.username)).isActive).toBe(true)
    })
  })

  describe('client', () => {
    const made = async (...argv: string[]) => {
      const { code, out, error } = await runClient('create', ...argv, '--json')
      expect({ code, error }).toEqual({ code: 0, error: '' })
      return JSON.parse(out) as { client_id: string; client_secret: string; status: string; owner_id: string | null }
    }

    test('create: it works at once, for nobody or for the owner that is named', async () => {
      const { client_id, client_secret, status, owner_id } = await made('Robot', '--grant', 'client_credentials')
      expect({ status, owner_id }).toEqual({ status: 'active', owner_id: null })
      expect(await tokenOf(client_id, client_secret)).toBeString()
      const row = await beside.app.insertUser()
      expect((await made('Owned', '--owner', row.username)).owner_id).toBe(row.id)
      expect(await audited('CLIENT_CREATED', client_id)).toMatchObject([{ actorUsername: 'authgate command' }])
    })

    test('create: a public client has no secret; what does not fit is said, all of it', async () => {
      const web = ['--type', 'public', '--grant', 'authorization_code', '--redirect-uri', 'http://127.0.0.1/callback']
      expect((await made('Tool', ...web)).client_secret).toBeUndefined()
      const bad = await runClient('create', 'Bad', '--grant', 'authorization_code', '--scope', '"')
      expect(bad.code).toBe(1)
      expect(bad.error.split(';').length).toBe(2)
      expect((await runClient('create', 'Bad', '--grant', 'password')).error).toContain('"password" is no grant')
      expect((await runClient('create', 'Bad', '--owner', 'nobody')).error).toContain('no active user "nobody"')
    })

    test('list: by status and text, and how many there are more', async () => {
      const { client_id } = await made('Needle in the haystack')
      const found = JSON.parse((await runClient('list', '--search', 'needle', '--json')).out) as {
        total: number
        clients: { client_id: string }[]
      }
      expect(found).toMatchObject({ total: 1, clients: [{ client_id }] })
      expect(JSON.stringify(found)).not.toContain('secret')
      expect((await runClient('list', '--limit', '1')).out).toContain('more with --limit')
      expect((await runClient('list', '--status', 'pending')).out).toBe('No client\n')
      expect((await runClient('list', '--limit', '0')).code).toBe(1)
    })

    test('disable: tokens end with it; a second time changes nothing', async () => {
      const { client_id, client_secret } = await made('Short-lived', '--grant', 'client_credentials')
      const accessToken = (await tokenOf(client_id, client_secret)) ?? ''
      const { out } = await runClient('disable', client_id, '--json')
      expect(JSON.parse(out)).toMatchObject({ changed: true, tokens_revoked: 1 })
      expect(await works(accessToken)).toBe(false)
      expect(await tokenOf(client_id, client_secret)).toBeUndefined()
      expect((await runClient('disable', client_id)).out).toContain('inactive already')
      expect((await runClient('disable', 'unknown')).error).toContain('no client with the id "unknown"')
    })

    test('waiting, show, approve and reject do what authgate clients does', async () => {
      const { clientId } = await beside.app.insertClient({ status: 'pending', clientName: 'Waits' })
      expect((await runClient('waiting')).out).toContain(clientId)
      const { waiting } = JSON.parse((await runClient('waiting', '--json')).out) as { waiting: unknown[] }
      expect(waiting).toMatchObject([{ client_id: clientId, client_name: 'Waits', status: 'pending', version: 1 }])
      expect((await runClient('show', clientId)).out).toContain('To approve:')
      expect((await runClient('approve', clientId, '--version', '9')).code).toBe(1)
      expect((await runClient('approve', clientId, '--version', '1')).code).toBe(0)
      expect((await runClient('waiting')).out).toBe('Nothing waits for a decision\n')
    })
  })

  describe('token revoke', () => {
    const machine = async () => {
      const { clientId, secret } = await beside.app.insertClient()
      return { clientId, token: (await tokenOf(clientId, secret)) ?? '' }
    }
    const idOf = (jwt: string) =>
      (JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti

    test('by id, by the token itself, by client: it is refused from then on', async () => {
      const [first, second, third] = [await machine(), await machine(), await machine()]
      expect((await runToken('revoke', idOf(first.token))).out).toBe('Tokens revoked: 1\n')
      const argv = ['revoke', '--token-file', '-', '--json']
      expect(JSON.parse((await beside.run(token, argv, second.token)).out)).toEqual({ tokens_revoked: 1 })
      expect((await runToken('revoke', '--client', third.clientId)).out).toBe('Tokens revoked: 1\n')
      for (const each of [first, second, third]) expect(await works(each.token)).toBe(false)
      expect((await runToken('revoke', idOf(first.token))).out).toBe('Tokens revoked: 0\n')
      expect((await audited('TOKEN_REVOKED', idOf(first.token)))[0]).toMatchObject({
        actorUsername: 'authgate command',
        severity: 'WARNING',
      })
    })

    test('by user: tokens end, sessions go on', async () => {
      const row = await beside.app.insertUser()
      const { cookie } = await beside.app.signIn(row)
      const { db } = beside.app.ctx
      const { clientId } = await machine()
      await db.q.update(db.t.accessTokens).set({ userId: row.id }).where(eq(db.t.accessTokens.clientId, clientId))
      expect((await runToken('revoke', '--user', row.username)).out).toBe('Tokens revoked: 1\n')
      expect((await beside.app.get('/account', { headers: { cookie } })).status).toBe(200)
    })

    test('what is not one thing, or nothing there is, is refused', async () => {
      expect((await runToken('revoke')).error).toContain('one of ID, --token-file, --user and --client is needed')
      expect((await runToken('revoke', 'x', '--user', 'y')).code).toBe(1)
      expect((await runToken('revoke', crypto.randomUUID())).error).toContain('there is no such token')
      expect((await beside.run(token, ['revoke', '--token-file', '-'], 'a.b.c')).error).toContain('no such token')
    })
  })
})

test('without a database there is nothing to change, and none is made', async () => {
  const beside = await openBeside('SQLite')
  try {
    beside.env.DATABASE_DSN = join(beside.folder, 'absent.db')
    const { code, error } = await beside.run(admin, ['unlock', 'admin'])
    expect(code).toBe(1)
    expect(error).toContain('there is no database')
    expect(existsSync(beside.env.DATABASE_DSN)).toBe(false)
  } finally {
    await beside.close()
  }
})
