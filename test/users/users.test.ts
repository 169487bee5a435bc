import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { and, eq } from 'drizzle-orm'
import { commit, run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import { findUser } from '../../src/identity/users'
import { prepareGrant } from '../../src/tokens/issue'
import { COMMAND_LINE } from '../../src/users/administrators'
import { createUser, type NewUser } from '../../src/users/create-user'
import { deleteUser } from '../../src/users/delete-user'
import { resetPassword } from '../../src/users/reset-password'
import { resetSecondFactor } from '../../src/users/reset-second-factor'
import { type UserEdit, updateUser } from '../../src/users/update-user'
import { endAllSessionsOf, endSessionOf, liveSessions } from '../../src/users/user-sessions'
import { disableUser, enableUser } from '../../src/users/user-status'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { auditAbout, refusal, requestOf, sessionOf, userRow } from './support'

const insertConnection = write('test_insert_connection', (q, t) =>
  q.insert(t.oauthConnections).values(rowParameters(t.oauthConnections)),
)

const GITHUB = {
  GITHUB_OAUTH_ENABLED: 'true',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
}

describe.each(databases)('users in the hands of administrators, on %s', (_name, open) => {
  let app: TestApp
  let admin: UserRow
  beforeAll(async () => {
    app = await openTestApp({ open, settings: GITHUB })
  })
  beforeEach(async () => {
    await app.ctx.db.q.update(app.ctx.db.t.users).set({ role: 'user' })
    admin = await app.insertUser({ role: 'admin' })
  })
  afterAll(() => app.close())

  const input = (changes: Partial<NewUser> = {}): NewUser => {
    const username = `new-${crypto.randomUUID().slice(0, 8)}`
    return {
      ...{ username, email: `${username}@example.com`, fullName: '', role: 'user', password: '' },
      ...{ noAutoLink: false, reuseUsername: false },
      ...changes,
    }
  }
  const create = (changes: Partial<NewUser> = {}) => createUser(requestOf(app), admin, input(changes))
  const edit = async (user: UserRow, changes: Partial<UserEdit> = {}, actor = admin) =>
    updateUser(requestOf(app), actor, (await userRow(app, user.id)) ?? user, {
      ...{ email: user.email, fullName: user.fullName, role: '', noAutoLink: false, version: undefined },
      ...changes,
    })
  const reset = async (user: UserRow, addsPassword = false) => {
    let password = ''
    const session = await sessionOf(app, admin)
    const ended = await resetPassword(requestOf(app), session, user, { addsPassword }, (made) => {
      password = made
      return []
    })
    return { ...ended, password, session }
  }

  /** Tokens, a browser session, and codes that wait. */
  async function withEverything(overrides: Partial<UserRow> = {}) {
    const user = await app.insertUser(overrides)
    const client = await app.insertClient()
    const prepared = await prepareGrant(app.ctx, { client, user, scope: 'email', grantType: 'device_code' })
    await commit(app.ctx, [...prepared.guards, ...prepared.writes])
    await sessionOf(app, user)
    return { user, client }
  }
  const tokenStates = async (userId: string) => {
    const { q, t } = app.ctx.db
    const rows = await q.select().from(t.accessTokens).where(eq(t.accessTokens.userId, userId))
    return rows.map(({ status }) => status)
  }
  const sessionsOf = async (userId: string) => {
    const { q, t } = app.ctx.db
    return (await q.select().from(t.sessions).where(eq(t.sessions.userId, userId))).length
  }

  describe('creating', () => {
    test('a generated password of 16 characters that has to be replaced; recorded without it', async () => {
      const { user, generatedPassword = '' } = await create({ role: '', fullName: ' Ada\u0000\u202e Lovelace ' })
      expect(generatedPassword).toMatch(/^[\w-]{16}$/)
      expect(user).toMatchObject({ role: 'user', isActive: true, emailVerified: false, authSource: 'local' })
      expect(user).toMatchObject({ mustChangePassword: true, fullName: 'Ada Lovelace' })
      expect(await userRow(app, user.id)).toEqual(user)
      const [record] = await auditAbout(app, user.id)
      expect(record).toMatchObject({ eventType: 'USER_CREATED', severity: 'INFO', actorUserId: admin.id })
      expect(record).toMatchObject({ resourceType: 'USER', resourceName: user.username })
      expect(record?.details).toEqual({ username: user.username, email: user.email, role: 'user' })
      expect(JSON.stringify(record)).not.toContain(generatedPassword)
    })

    test('a typed password is not given back', async () => {
      const { user, generatedPassword } = await create({ password: 'correct horse battery' })
      expect(generatedPassword).toBeUndefined()
      const { matches } = await app.ctx.passwords.verify('correct horse battery', user.passwordHash)
      expect([matches, user.mustChangePassword]).toEqual([true, true])
    })

    test.each([
      [{ username: '!!!' }, 'username_required'],
      [{ username: ' ', email: '' }, 'username_required'],
      [{ username: 'x'.repeat(256) }, 'username_long'],
      [{ email: '  ', role: 'root' }, 'email_required'],
      [{ role: 'root', email: 'broken' }, 'role_invalid'],
      [{ email: 'a@b@c' }, 'email_invalid'],
      [{ email: 'a b@c' }, 'email_invalid'],
      [{ email: 'a\u202e@c' }, 'email_invalid'],
      [{ email: `${'a'.repeat(250)}@example.com` }, 'email_invalid'],
      [{ fullName: 'n'.repeat(256) }, 'name_long'],
      [{ password: 'short' }, 'password_unfit'],
      [{ password: 'p'.repeat(257) }, 'password_unfit'],
    ])('%j is refused: %s', async (changes, problem) => {
      expect(await refusal(create(changes))).toBe(problem)
    })

    test('`John Doe!@#` is stored as `johndoe`', async () => {
      const suffix = crypto.randomUUID().slice(0, 6)
      const { user } = await create({ username: ` John Doe!@#${suffix} ` })
      expect(user.username).toBe(`johndoe${suffix}`)
    })

    test('a name or an address somebody has, in whatever case, the name first', async () => {
      const { user } = await create()
      expect(await refusal(create({ username: user.username.toUpperCase(), email: user.email }))).toBe('username_taken')
      expect(await refusal(create({ email: user.email.toUpperCase() }))).toBe('email_taken')
    })

    test('of two at once with one name, one is made', async () => {
      const both = input()
      const made = await Promise.allSettled([
        createUser(requestOf(app), admin, both),
        createUser(requestOf(app), admin, { ...both, email: `x${both.email}` }),
      ])
      expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    })

    test('addresses of administrators, and those not to be linked, are vouched for by nobody', async () => {
      expect((await create()).user).toMatchObject({ emailVouchedBy: 'admin' })
      expect((await create({ noAutoLink: true })).user).toMatchObject({ emailVouchedBy: null, emailNorm: null })
      expect((await create({ role: 'admin' })).user).toMatchObject({ emailVouchedBy: null, emailNorm: null })
    })

    test('not by somebody who is no active administrator any more', async () => {
      const plain = await app.insertUser()
      expect(await refusal(createUser(requestOf(app), plain, input()))).toBe('not_admin')
    })
  })

  describe('editing', () => {
    test('a new address is unverified; blanks around the same one change nothing', async () => {
      const user = await app.insertUser({ emailVerified: true })
      await edit(user, { email: ` ${user.email} `, fullName: 'Grace' })
      expect(await userRow(app, user.id)).toMatchObject({ emailVerified: true, fullName: 'Grace', version: 2 })
      await edit(user, { email: `new-${user.email}` })
      expect(await userRow(app, user.id)).toMatchObject({
        ...{ emailVerified: false, email: `new-${user.email}`, emailNorm: `new-${user.email}`, version: 3 },
      })
    })

    test('an imported address with blanks conflicts with the same one of somebody else', async () => {
      const other = await app.insertUser()
      const user = await app.insertUser({ email: ` ${other.email} `, emailNorm: null })
      expect(await refusal(edit(user, { email: user.email }))).toBe('email_taken')
      expect(await refusal(edit(user, { email: other.email.toUpperCase() }))).toBe('email_taken')
    })

    test('a role change ends the sessions and is recorded after the edit', async () => {
      const user = await app.insertUser()
      await sessionOf(app, user)
      await sessionOf(app, user)
      expect(await edit(user, { role: 'admin' })).toEqual({ roleChanged: true, sessionsEnded: 2 })
      expect(await sessionsOf(user.id)).toBe(0)
      const records = await auditAbout(app, user.id)
      expect(records.map(({ eventType, severity }) => [eventType, severity])).toEqual([
        ['USER_UPDATED', 'INFO'],
        ['USER_ROLE_CHANGED', 'WARNING'],
      ])
      expect(records[1]?.details).toEqual({ old_role: 'user', new_role: 'admin' })
      expect(await userRow(app, user.id)).toMatchObject({ role: 'admin', emailVouchedBy: null })
    })

    test('own role stays; the rest of the own account may change', async () => {
      expect(await refusal(edit(admin, { role: 'user' }))).toBe('own_role')
      expect(await edit(admin, { role: 'admin', fullName: 'Me' })).toEqual({ roleChanged: false, sessionsEnded: 0 })
    })

    test.each([
      [{ role: 'root', email: '' }, 'role_invalid'],
      [{ email: ' ' }, 'email_required'],
      [{ email: 'nobody' }, 'email_invalid'],
      [{ fullName: 'n'.repeat(256) }, 'name_long'],
      [{ version: 7 }, 'changed_meanwhile'],
    ])('%j is refused: %s', async (changes, problem) => {
      expect(await refusal(edit(await app.insertUser(), changes))).toBe(problem)
    })

    test('from a stale copy: nothing is written', async () => {
      const user = await app.insertUser()
      await edit(user, { fullName: 'First' })
      const stale = { email: user.email, fullName: 'Second', role: '', noAutoLink: false, version: 1 }
      expect(await refusal(updateUser(requestOf(app), admin, user, stale))).toBe('changed_meanwhile')
      expect(await refusal(updateUser(requestOf(app), admin, user, { ...stale, version: undefined }))).toBe(
        'changed_meanwhile',
      )
      expect(await userRow(app, user.id)).toMatchObject({ fullName: 'First' })
    })
  })

  describe('the last administrator', () => {
    const waysOut = {
      demoted: (actor: UserRow, target: UserRow) =>
        updateUser(requestOf(app), actor, target, {
          ...{ email: target.email, fullName: '', role: 'user', noAutoLink: false, version: undefined },
        }),
      disabled: (actor: UserRow, target: UserRow) => disableUser(requestOf(app), actor, target),
      deleted: (actor: UserRow, target: UserRow) => deleteUser(requestOf(app), actor, target, undefined),
    }

    test.each(Object.entries(waysOut))('two cannot be %s by each other at once [SEC]', async (_way, act) => {
      for (let round = 0; round < 10; round += 1) {
        await app.ctx.db.q.update(app.ctx.db.t.users).set({ role: 'user' })
        const one = await app.insertUser({ role: 'admin' })
        const two = await app.insertUser({ role: 'admin' })
        const outcomes = await Promise.allSettled([act(one, two), act(two, one)])
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
        const { q, t } = app.ctx.db
        const left = await q
          .select()
          .from(t.users)
          .where(and(eq(t.users.role, 'admin'), eq(t.users.isActive, true)))
        expect(left).toHaveLength(1)
      }
    })

    test.each(Object.entries(waysOut))('cannot be %s [SEC]', async (_way, act) => {
      // The actor's row says so, a stale copy as another server might have had it.
      const actor = await app.insertUser({ role: 'admin', passwordHash: '' })
      expect(await refusal(act(actor, admin))).toBe('last_admin')
      expect(await userRow(app, admin.id)).toMatchObject({ role: 'admin', isActive: true })
    })

    const connect = (user: UserRow, issuer: string) => {
      const at = new Date(app.clock.now())
      return commit(app.ctx, [
        run(insertConnection, {
          ...{ id: crypto.randomUUID(), userId: user.id, provider: 'github', issuer, providerUserId: user.id },
          ...{ providerUsername: '', providerFullName: '', providerEmail: '', providerEmailVerified: false },
          ...{ avatarUrl: '', lastUsedAt: null, createdAt: at, updatedAt: at },
        }),
      ])
    }

    test('an administrator who signs in through a provider counts', async () => {
      const actor = await app.insertUser({ role: 'admin', passwordHash: '' })
      await connect(actor, 'https://github.com')
      await waysOut.demoted(actor, admin)
      expect(await userRow(app, admin.id)).toMatchObject({ role: 'user' })
    })

    test('one whose account is at another issuer than the one that is set up does not [SEC]', async () => {
      const actor = await app.insertUser({ role: 'admin', passwordHash: '' })
      await connect(actor, 'https://github.former.example')
      expect(await refusal(waysOut.demoted(actor, admin))).toBe('last_admin')
    })

    test('an administrator who has nothing but a passkey counts', async () => {
      const actor = await app.insertUser({ role: 'admin', passwordHash: '', passkeyCount: 1 })
      await waysOut.demoted(actor, admin)
      expect(await userRow(app, admin.id)).toMatchObject({ role: 'user' })
    })

    test('an app that makes codes is no way in by itself [SEC]', async () => {
      const actor = await app.insertUser({ role: 'admin', passwordHash: '', totpSecret: 'sealed' })
      expect(await refusal(waysOut.demoted(actor, admin))).toBe('last_admin')
    })

    test('one whose password the service checked does not, while the service is not asked [SEC]', async () => {
      const actor = await app.insertUser({ role: 'admin', authSource: 'http_api', passkeyCount: 1 })
      expect(await refusal(waysOut.demoted(actor, admin))).toBe('last_admin')
    })

    test('passkeys that are the only way in are taken from the last one by nobody [SEC]', async () => {
      const target = await app.insertUser({ role: 'admin', passwordHash: '', passkeyCount: 1 })
      const stale = await app.insertUser({ role: 'admin', passwordHash: '' })
      await app.ctx.db.q.update(app.ctx.db.t.users).set({ role: 'user' }).where(eq(app.ctx.db.t.users.id, admin.id))
      expect(await refusal(resetSecondFactor(requestOf(app), stale, target))).toBe('last_admin')
      await app.ctx.db.q.update(app.ctx.db.t.users).set({ passkeyCount: 1 }).where(eq(app.ctx.db.t.users.id, stale.id))
      await resetSecondFactor(requestOf(app), COMMAND_LINE, (await findUser(app.ctx, stale.id)) ?? stale)
      await connect(stale, 'https://github.com')
      await resetSecondFactor(requestOf(app), stale, target)
      expect(await userRow(app, target.id)).toMatchObject({ passkeyCount: 0 })
    })

    test('a disabled one may be deleted', async () => {
      const disabled = await app.insertUser({ role: 'admin', isActive: false })
      await waysOut.deleted(admin, disabled)
      expect(await userRow(app, disabled.id)).toBeUndefined()
    })
  })

  describe('disabling', () => {
    test('ends tokens and sessions and says how many; enabling gives nothing back', async () => {
      const { user } = await withEverything()
      expect(await disableUser(requestOf(app), admin, user)).toEqual({ tokensRevoked: 2, sessionsEnded: 1 })
      expect(await tokenStates(user.id)).toEqual(['revoked', 'revoked'])
      expect(await sessionsOf(user.id)).toBe(0)
      const disabled = (await findUser(app.ctx, user.id)) ?? user
      expect(disabled).toMatchObject({ isActive: false, tokenEpoch: 1 })
      expect(await refusal(disableUser(requestOf(app), admin, disabled))).toBe('already_disabled')
      await enableUser(requestOf(app), admin, disabled)
      expect(await tokenStates(user.id)).toEqual(['revoked', 'revoked'])
      const records = await auditAbout(app, user.id)
      const changes = records.filter(({ eventType }) => /ABLED$/.test(eventType))
      expect(changes.map(({ eventType, severity, details }) => [eventType, severity, details])).toEqual([
        ['USER_DISABLED', 'WARNING', { username: user.username, is_active: false, tokens_revoked: 2 }],
        ['USER_ENABLED', 'INFO', { username: user.username, is_active: true }],
      ])
    })

    test('not oneself, not what is enabled already', async () => {
      expect(await refusal(disableUser(requestOf(app), admin, admin))).toBe('own_status')
      expect(await refusal(enableUser(requestOf(app), admin, admin))).toBe('own_status')
      expect(await refusal(enableUser(requestOf(app), admin, await app.insertUser()))).toBe('already_active')
    })
  })

  describe('resetting the password', () => {
    test('replaces it, ends everything, and the new one has to be replaced', async () => {
      const { user } = await withEverything()
      const { password, tokensRevoked, sessionsEnded } = await reset(user)
      expect([tokensRevoked, sessionsEnded, await tokenStates(user.id)]).toEqual([2, 1, ['revoked', 'revoked']])
      const row = await userRow(app, user.id)
      expect(row?.mustChangePassword).toBe(true)
      expect(await app.ctx.passwords.verify(password, row?.passwordHash ?? '')).toMatchObject({ matches: true })
      const records = await auditAbout(app, user.id)
      expect(records.at(-1)).toMatchObject({ eventType: 'USER_PASSWORD_RESET', severity: 'WARNING' })
      expect(records.at(-1)?.details).toEqual({ password_previously_set: true, tokens_revoked: 2 })
    })

    test('a user without a password gets one only when that is meant; an empty source is local', async () => {
      const user = await app.insertUser({ passwordHash: '', authSource: '' })
      expect(await refusal(reset(user))).toBe('adds_password')
      await reset(user, true)
      expect((await auditAbout(app, user.id)).at(-1)?.details).toEqual({
        ...{ password_previously_set: false, tokens_revoked: 0 },
      })
    })

    test('not for passwords checked elsewhere', async () => {
      expect(await refusal(reset(await app.insertUser({ authSource: 'http_api' })))).toBe('not_local')
    })

    test('own: this session stays, and nothing has to be replaced', async () => {
      await sessionOf(app, admin)
      const { sessionsEnded, session } = await reset(admin)
      expect(sessionsEnded).toBe(1)
      expect((await liveSessions(requestOf(app), admin)).map(({ idHash }) => idHash)).toEqual([session.idHash])
      expect(await userRow(app, admin.id)).toMatchObject({ mustChangePassword: false })
    })
  })

  describe('deleting', () => {
    const remove = (user: UserRow, choice?: Parameters<typeof deleteUser>[3]) =>
      deleteUser(requestOf(app), admin, user, choice)
    const appOf = async (clientId: string) => {
      const { q, t } = app.ctx.db
      const [row] = await q.select().from(t.oauthApplications).where(eq(t.oauthApplications.clientId, clientId))
      return row
    }

    test('takes tokens, sessions and the row; the name stays taken until an administrator says otherwise', async () => {
      const { user } = await withEverything()
      expect(await remove(user)).toEqual({ tokensRevoked: 2, sessionsEnded: 1, apps: 0 })
      expect(await userRow(app, user.id)).toBeUndefined()
      expect(await tokenStates(user.id)).toEqual(['revoked', 'revoked'])
      expect((await auditAbout(app, user.id)).at(-1)).toMatchObject({
        ...{ eventType: 'USER_DELETED', severity: 'WARNING', actorUserId: admin.id, resourceName: user.username },
        details: {
          ...{ username: user.username, email: user.email, role: 'user', auth_source: 'local', tokens_revoked: 2 },
        },
      })
      expect(await refusal(create({ username: user.username }))).toBe('username_retired')
      const again = await create({ username: user.username, reuseUsername: true })
      expect(again.user.username).toBe(user.username)
      await remove(again.user)
    })

    test('not oneself, not twice', async () => {
      expect(await refusal(remove(admin))).toBe('own_account')
      const user = await app.insertUser()
      await remove(user)
      expect(await refusal(remove(user))).toBe('changed_meanwhile')
    })

    test('applications need a choice; a new owner gets them as they are', async () => {
      const user = await app.insertUser()
      const heir = await app.insertUser()
      const client = await app.insertClient({ userId: user.id })
      expect(await refusal(remove(user))).toBe('apps_undecided')
      expect(await refusal(remove(user, { kind: 'transfer', to: user }))).toBe('new_owner_unknown')
      expect(await refusal(remove(user, { kind: 'transfer', to: { id: 'nobody', username: 'nobody' } }))).toBe(
        'changed_meanwhile',
      )
      expect(await remove(user, { kind: 'transfer', to: heir })).toMatchObject({ apps: 1 })
      expect(await appOf(client.clientId)).toMatchObject({ userId: heir.id, status: 'active', version: 2 })
      expect((await auditAbout(app, client.clientId)).at(-1)).toMatchObject({
        ...{ eventType: 'CLIENT_UPDATED', actorUserId: admin.id },
        details: { client_name: client.clientName, old_owner: user.username, new_owner: heir.username },
      })
    })

    test.each(['deactivate', 'delete'] as const)('applications: %s ends all access through them', async (kind) => {
      const user = await app.insertUser()
      const client = await app.insertClient({ userId: user.id })
      const someone = await app.insertUser()
      const prepared = await prepareGrant(app.ctx, { client, user: someone, scope: 'email', grantType: 'device_code' })
      await commit(app.ctx, [...prepared.guards, ...prepared.writes])
      await remove(user, { kind })
      expect(await tokenStates(someone.id)).toEqual(['revoked', 'revoked'])
      const left = await appOf(client.clientId)
      if (kind === 'delete') expect(left).toBeUndefined()
      else expect(left).toMatchObject({ status: 'inactive', userId: null })
      const events = (await auditAbout(app, client.clientId)).map(({ eventType }) => eventType)
      expect(events.at(-1)).toBe(kind === 'delete' ? 'CLIENT_DELETED' : 'CLIENT_UPDATED')
    })
  })

  test('sessions of a user: one, all, and none of somebody else', async () => {
    const user = await app.insertUser()
    const stranger = await sessionOf(app, await app.insertUser())
    const first = await sessionOf(app, user)
    await sessionOf(app, user)
    expect(await endSessionOf(requestOf(app), admin, user, stranger.sid)).toBe(false)
    expect(await endSessionOf(requestOf(app), admin, user, first.sid)).toBe(true)
    expect(await liveSessions(requestOf(app), user)).toHaveLength(1)
    expect(await endAllSessionsOf(requestOf(app), admin, user)).toBe(1)
    expect(await sessionsOf(stranger.user.id)).toBe(1)
    const records = await auditAbout(app, user.id)
    expect(records.map(({ eventType, actorUserId }) => [eventType, actorUserId])).toEqual([
      ['LOGOUT', admin.id],
      ['LOGOUT', admin.id],
    ])
  })
})
