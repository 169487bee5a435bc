/** What a sign-in through a provider changes: names, profiles, addresses, and who stays out. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { commit, run } from '../../../src/db/commit'
import { param, write } from '../../../src/db/definitions'
import { retireUsername } from '../../../src/users/retired-usernames'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import { startGitea } from '../../support/providers/gitea'
import { openTraveller } from '../../support/providers/journey'
import { mika, OBJECT_ID, startMicrosoft, TENANT } from '../../support/providers/microsoft'
import { olga, startOidc } from '../../support/providers/oidc'
import { audited } from '../audit-rows'
import { connections, insertConnection, userOf, users } from './support'

let oidc: Awaited<ReturnType<typeof startOidc>>
let microsoft: Awaited<ReturnType<typeof startMicrosoft>>
beforeAll(async () => {
  ;[oidc, microsoft] = await Promise.all([startOidc(), startMicrosoft()])
})
afterAll(() => Promise.all([oidc.server.stop(), microsoft.server.stop()]))

const setUser = write('test_set_user', (q, t) =>
  q
    .update(t.users)
    .set({ fullName: param('fullName'), avatarUrl: param('avatarUrl'), isActive: param('isActive') })
    .where(eq(t.users.id, param('id'))),
)

describe.each(databases)('signing in through a provider on %s', (_, open) => {
  let app: TestApp
  let count = 0
  let subject = ''

  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ...oidc.settings, ...microsoft.settings } })
  }, 20_000)
  afterAll(() => app.close())
  beforeEach(() => {
    count++
    subject = `s${count}`
    oidc.server.reset()
    microsoft.server.reset()
    Object.assign(oidc.person, olga(), { sub: subject, preferred_username: subject, email: `${subject}@example.com` })
    Object.assign(microsoft.person, mika(), { mail: `${subject}@contoso.example` })
  })

  const enter = async (provider = 'oidc') => {
    const page = await openTraveller(app).enter(provider)
    return page.status
  }
  const connection = async (provider = 'oidc') =>
    (await connections(app)).find((row) => row.provider === provider && row.providerUserId === subject)
  const person = async (): Promise<UserRow> => userOf(app, (await connection())?.userId ?? '')
  const set = (user: UserRow, values: Partial<UserRow>) => commit(app.ctx, [run(setUser, { ...user, ...values })])

  describe('the first time', () => {
    test('an account with a connection, in one audit row', async () => {
      expect(await enter()).toBe(302)
      expect(await person()).toMatchObject({
        username: subject,
        fullName: 'Olga O.',
        avatarUrl: 'https://id.example/olga.png',
        role: 'user',
        authSource: 'local',
        passwordHash: '',
        emailVerified: true,
      })
      const [row, ...more] = await audited(
        app,
        'OAUTH_AUTHENTICATION',
        ({ details }) => details?.provider_user_id === subject,
      )
      expect(more).toEqual([])
      expect([row?.action, row?.success, row?.actorUsername]).toEqual(['New user created via OAuth', true, subject])
      expect(row?.details).toMatchObject({ provider: 'oidc', issuer: oidc.server.url })
    })

    test.each<[string, string, RegExp]>([
      ['a free name', 'Jane.Doe', /^janedoe$/],
      ['the same again', 'jane doe', /^janedoe-oidc$/],
      ['and again', 'janedoe', /^janedoe-oidc-1$/],
      ['and again', 'JANEDOE', /^janedoe-oidc-2$/],
      ['nothing left of it', '用户', /^user-[a-z2-7]{8}$/],
      ['nothing at all', '', /^user-[a-z2-7]{8}$/],
      ['one letter', 'x', /^user-[a-z2-7]{8}$/],
      ['a name that speaks for the server', 'Root', /^root-oidc$/],
      ['a guest of a directory', 'guest_external#EXT#', /^guest_externalext$/],
      ['a very long one', 'n'.repeat(255), /^n{200}$/],
    ])('[SEC] %s: %s', async (_, username, stored) => {
      oidc.person.preferred_username = username
      expect(await enter()).toBe(302)
      expect((await person()).username).toMatch(stored)
    })

    test('after ten numbers, letters', async () => {
      for (let number = 0; number < 13; number++) {
        Object.assign(oidc.person, {
          sub: `many-${number}`,
          email: `many-${number}@example.com`,
          preferred_username: 'many',
        })
        await enter()
      }
      const names = (await users(app)).map(({ username }) => username).filter((name) => name.startsWith('many'))
      expect(names).toHaveLength(13)
      expect(names.filter((name) => /^many-oidc-([1-9]|10)$/.test(name))).toHaveLength(10)
      expect(names.some((name) => /^many-oidc-[a-z2-7]{6}$/.test(name))).toBe(true)
    })

    test('[SEC] the name of somebody who was deleted is not free', async () => {
      await commit(app.ctx, [retireUsername(app.ctx, { id: 'somebody', username: subject })])
      await enter()
      expect((await person()).username).toBe(`${subject}-oidc`)
    })

    test('[SEC] sixteen people of one name at once get sixteen names', async () => {
      let next = 0
      oidc.server.claims = {
        preferred_username: 'same',
        get sub() {
          return `same-${next}`
        },
        get email() {
          return `same-${next++}@example.com`
        },
      }
      const browsers = Array.from({ length: 16 }, () => openTraveller(app))
      const ways = await Promise.all(browsers.map((browser) => browser.leave('oidc')))
      const answers = await Promise.all(browsers.map((browser, index) => browser.get(ways[index] ?? '')))
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 302))
      const names = (await users(app)).map(({ username }) => username).filter((name) => name.startsWith('same'))
      expect(new Set(names).size).toBe(16)
    })
  })

  describe('the next time', () => {
    test('the same user; the connection has what the provider said last', async () => {
      await enter()
      const before = await person()
      app.clock.advance(1_000)
      Object.assign(oidc.person, {
        preferred_username: 'renamed',
        name: 'Olga New',
        picture: 'https://id.example/new.png',
      })
      oidc.server.now = app.clock.now
      expect(await enter()).toBe(302)
      const after = await person()
      expect([after.id, after.username, after.fullName, after.avatarUrl]).toEqual([
        before.id,
        before.username,
        'Olga New',
        'https://id.example/new.png',
      ])
      const row = await connection()
      expect([row?.providerUsername, row?.lastUsedAt?.getTime()]).toEqual(['renamed', app.clock.now()])
      const rows = await audited(
        app,
        'OAUTH_AUTHENTICATION',
        ({ action, actorUserId }) => action === 'OAuth authentication successful' && actorUserId === after.id,
      )
      expect(rows).toHaveLength(1)
    })

    test('[SEC] what was edited here stays', async () => {
      await enter()
      await set(await person(), { fullName: 'Edited Here', avatarUrl: 'https://here.example/me.png' })
      Object.assign(oidc.person, { name: 'Olga New', picture: 'https://id.example/new.png' })
      await enter()
      expect(await person()).toMatchObject({ fullName: 'Edited Here', avatarUrl: 'https://here.example/me.png' })
    })

    test('[SEC] a disabled owner stays out and nothing is written', async () => {
      await enter()
      const user = await person()
      await set(user, { isActive: false })
      const before = await connection()
      Object.assign(oidc.person, { name: 'Other' })
      app.clock.advance(1_000)
      const page = await openTraveller(app).enter('oidc')
      expect([page.status, page.text.includes('disabled by an administrator')]).toEqual([403, true])
      expect(await connection()).toEqual(before as never)
      expect((await person()).fullName).toBe('Olga O.')
    })

    test('[SEC] another address at the provider: the one here stays, and is verified no longer', async () => {
      await enter()
      const { email } = await person()
      oidc.person.email = `other-${subject}@example.com`
      expect(await enter()).toBe(302)
      expect(await person()).toMatchObject({ email, emailVerified: false, emailNorm: null, emailVouchedBy: null })
      oidc.person.email = ` ${email.toUpperCase()} `
      await enter()
      expect(await person()).toMatchObject({ email, emailVerified: true, emailNorm: email })
    })

    test('[SEC] the word of the provider cannot take an address that somebody has for sure', async () => {
      oidc.person.email_verified = false
      await enter()
      const { email } = await person()
      await app.insertUser({ email, emailNorm: email })
      oidc.person.email_verified = true
      expect(await enter()).toBe(302)
      expect((await person()).emailNorm).toBeNull()
    })

    test('a user who may not be found by the address is not found by it after a sign-in either', async () => {
      const email = `${subject}@example.com`
      const user = await app.insertUser({ email, emailNorm: null, emailVouchedBy: null })
      await insertConnection(app, user, { provider: 'oidc', issuer: oidc.server.url, providerUserId: subject })
      expect(await enter()).toBe(302)
      expect(await userOf(app, user.id)).toMatchObject({ emailNorm: null, emailVouchedBy: null, emailVerified: true })
    })
  })

  describe('Microsoft', () => {
    const tenantIssuer = () => `${microsoft.server.url}/${TENANT}/v2.0`
    const synchronised = (name: string) =>
      Object.assign(microsoft.person, { onPremisesSamAccountName: name, onPremisesSyncEnabled: true })
    const of = async () => {
      const row = (await connections(app)).find(({ providerUserId }) => providerUserId === OBJECT_ID)
      return userOf(app, row?.userId ?? '')
    }

    test('the name follows the directory; the former one is kept for nobody else', async () => {
      synchronised('MTK1')
      expect(await enter('microsoft')).toBe(302)
      const { id } = await of()
      expect((await of()).username).toBe('mtk1')
      synchronised('mtk2')
      expect(await enter('microsoft')).toBe(302)
      expect(await of()).toMatchObject({ id, username: 'mtk2', usernameNorm: 'mtk2' })
      const [row] = await audited(app, 'USER_UPDATED', ({ actorUserId }) => actorUserId === id)
      expect([row?.action, row?.details]).toEqual([
        'Username re-synced from Microsoft provider',
        { provider: 'microsoft', old_username: 'mtk1', new_username: 'mtk2' },
      ])
      oidc.person.preferred_username = 'mtk1'
      await enter()
      expect((await person()).username).toBe('mtk1-oidc')
      // Back again is possible.
      synchronised('mtk1')
      await enter('microsoft')
      expect((await of()).username).toBe('mtk1')
    })

    test('[SEC] not to a name that is taken, reserved, or nothing', async () => {
      await app.insertUser({ username: 'taken', usernameNorm: 'taken' })
      const before = (await of()).username
      for (const name of ['taken', 'TAKEN', 'root', '用户', '']) {
        synchronised(name)
        expect(await enter('microsoft')).toBe(302)
        expect((await of()).username).toBe(before)
      }
    })

    test('a connection that was taken over without its tenant gets it', async () => {
      microsoft.server.claims = { oid: 'bbbbbbbb-2222-4333-8444-555555555555' }
      microsoft.person.id = 'bbbbbbbb-2222-4333-8444-555555555555'
      const user = await app.insertUser({ passwordHash: '' })
      const row = await insertConnection(app, user, {
        provider: 'microsoft',
        issuer: '',
        providerUserId: 'bbbbbbbb-2222-4333-8444-555555555555',
      })
      expect(await enter('microsoft')).toBe(302)
      const after = (await connections(app)).find(({ id }) => id === row.id)
      expect([after?.issuer, after?.userId]).toEqual([tenantIssuer(), user.id])
    })
  })
})

describe('with AUTH_MODE=http_api', () => {
  test('[SEC] the name of a colleague who has not been here yet is left free', async () => {
    const gitea = await startGitea()
    const app = await openTestApp({
      settings: { ...gitea.settings, AUTH_MODE: 'http_api', HTTP_API_URL: 'http://127.0.0.1:9/verify' },
    })
    expect((await openTraveller(app).enter('gitea')).status).toBe(302)
    expect((await users(app)).map(({ username }) => username)).toEqual(['gitta-gitea'])
    await app.close()
    await gitea.server.stop()
  })
})

describe('a Gitea at another address', () => {
  test('[SEC] its first user does not enter the account of the old one’s first user', async () => {
    const former = await startGitea()
    const app = await openTestApp({ settings: former.settings })
    expect((await openTraveller(app).enter('gitea')).status).toBe(302)
    const [owner] = await users(app)
    const next = await startGitea()
    Object.assign(next.person, { login: 'somebody', email: 'somebody@example.com' })
    const settings = { ...app.ctx.settings, GITEA_URL: next.server.url }
    const { createProviders } = await import('../../../src/identity/providers')
    const moved = { ...app, ctx: { ...app.ctx, settings, providers: createProviders(settings, app.clock) } }
    const { createHandler } = await import('../../../src/server')
    const handler = createHandler(moved.ctx)
    const browser = openTraveller({
      ...app,
      get: (path, init = {}) =>
        handler(new Request(settings.origin + path, { ...init, redirect: 'manual' }), '127.0.0.1'),
    })
    expect((await browser.enter('gitea')).status).toBe(302)
    const rows = await connections(app)
    expect(rows.map(({ providerUserId }) => providerUserId)).toEqual(['7', '7'])
    expect(rows.find(({ issuer }) => issuer === next.server.url)?.userId).not.toBe(owner?.id)
    await app.close()
    await Promise.all([former.server.stop(), next.server.stop()])
  })
})
