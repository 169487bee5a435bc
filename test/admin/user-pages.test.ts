import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { auditAbout, userRow } from '../users/support'

const USERS = '/admin/users'
const HOSTILE = `<script>alert(1)</script>"'&\u202e`
const PATIENCE_MS = 30_000
const BROWSER = 'a-program/1.0'

/** Every route about users; `:id` stands for a user, `:item` for something that is not there. */
const ROUTES: readonly (readonly ['GET' | 'POST', string])[] = [
  ['GET', '/admin'],
  ['GET', USERS],
  ['GET', `${USERS}/new`],
  ['GET', `${USERS}/:id`],
  ['GET', `${USERS}/:id/edit`],
  ['GET', `${USERS}/:id/delete`],
  ['GET', `${USERS}/:id/authorizations`],
  ['POST', USERS],
  ['POST', `${USERS}/:id`],
  ['POST', `${USERS}/:id/disable`],
  ['POST', `${USERS}/:id/enable`],
  ['POST', `${USERS}/:id/reset-password`],
  ['POST', `${USERS}/:id/delete`],
  ['POST', `${USERS}/:id/sessions/end-all`],
  ['POST', `${USERS}/:id/sessions/:item/end`],
  ['POST', `${USERS}/:id/authorizations/:item/revoke`],
]

describe.each(databases)('pages about users on %s', (_name, open) => {
  let app: TestApp
  let admin: UserRow
  let signedIn: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false', SESSION_MAX_AGE: '36000' } })
    admin = await app.insertUser({ role: 'admin', username: 'the-admin', usernameNorm: 'the-admin' })
    signedIn = await app.signIn(admin)
  })
  afterAll(() => app.close())

  const get = (path: string, who: SignedIn | undefined = signedIn) =>
    app.get(path, { headers: { accept: 'text/html', ...(who && { cookie: who.cookie }) } })
  const post = (path: string, fields: Record<string, string> = {}, who: SignedIn | undefined = signedIn) =>
    app.postForm(
      path,
      { csrf_token: who?.csrfToken ?? '', ...fields },
      { accept: 'text/html', ...(who && { cookie: who.cookie }) },
    )
  const textOf = async (path: string) => (await get(path)).text()
  const unescaped = (html: string) => html.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')

  describe('who may', () => {
    const filled = (path: string, user: UserRow) => path.replace(':id', user.id).replace(':item', crypto.randomUUID())

    test.each(ROUTES)('%s %s: strangers are sent to the login, users get 403 [SEC]', async (method, path) => {
      const user = await app.insertUser()
      const target = await app.insertUser()
      const other = await app.signIn(user)
      const send = (who: SignedIn | undefined) =>
        method === 'GET' ? get(filled(path, target), who) : post(filled(path, target), {}, who)
      const anonymous = await app.handle(
        new Request(`${app.ctx.settings.origin}${filled(path, target)}`, { method, redirect: 'manual' }),
      )
      expect([anonymous.status, anonymous.headers.get('location')?.slice(0, 16)]).toEqual([302, '/login?redirect='])
      const refused = await send(other)
      expect(refused.status).toBe(403)
      expect(await refused.text()).toContain('Admin access required')
      expect(await userRow(app, target.id)).toEqual({ ...target, password: undefined } as never)
    })

    test.each(ROUTES.filter(([method]) => method === 'GET'))('%s %s: administrators', async (_method, path) => {
      const page = await get(filled(path, await app.insertUser()))
      expect(page.status).toBe(200)
      expect(page.headers.get('cache-control')).toContain('no-store')
      expect(await page.text()).not.toContain('$argon2')
    })

    test.each(ROUTES.filter(([method]) => method === 'POST'))(
      '%s %s: not without the form’s token [SEC]',
      async (_method, path) => {
        const target = await app.insertUser()
        const stranger = await app.signIn(admin)
        expect((await post(filled(path, target), { csrf_token: '' })).status).toBe(403)
        expect((await post(filled(path, target), { csrf_token: stranger.csrfToken })).status).toBe(403)
        expect(await userRow(app, target.id)).toMatchObject({ version: 1 })
      },
    )

    test.each(ROUTES.filter(([, path]) => path.includes(':id')))('%s %s: 404 for nobody', async (method, path) => {
      for (const id of [crypto.randomUUID(), '%00', 'x'.repeat(300)]) {
        const gone = path.replace(':id', id).replace(':item', '1')
        const page = method === 'GET' ? await get(gone) : await post(gone)
        expect([id, page.status]).toEqual([id, 404])
        expect(await page.text()).toContain('User not found')
      }
    })

    test.each(ROUTES)('%s %s: programs are refused in JSON', async (method, path) => {
      const target = filled(path, await app.insertUser())
      const send = (who: SignedIn | undefined) =>
        app.handle(
          new Request(app.ctx.settings.origin + target, {
            method,
            headers: {
              ...{ accept: 'application/json', 'user-agent': BROWSER },
              ...(who && { cookie: who.cookie, 'x-csrf-token': who.csrfToken }),
            },
          }),
        )
      const anonymous = await send(undefined)
      expect([anonymous.status, await anonymous.json()]).toEqual([
        401,
        { error: 'unauthorized', error_description: 'Authentication required' },
      ])
      const refused = await send(await app.signIn(await app.insertUser(), { userAgent: BROWSER }))
      expect([refused.status, await refused.json()]).toEqual([
        403,
        { error: 'forbidden', error_description: 'Admin access required' },
      ])
    })

    const SENSITIVE = [
      USERS,
      `${USERS}/:id`,
      ...['disable', 'enable', 'reset-password', 'delete'].map((action) => `${USERS}/:id/${action}`),
    ]
    test.each(SENSITIVE)(
      'POST %s: asks to confirm a sign-in that is old, and keeps the form [SEC]',
      async (path) => {
        const target = await app.insertUser()
        const old = await app.signIn(admin)
        app.clock.advance(11 * 60_000)
        try {
          const held = await post(filled(path, target), { email: 'kept@example.com' }, old)
          const location = held.headers.get('location') ?? ''
          expect([held.status, location.split('=')[0]]).toEqual([302, '/account/confirm?held'])
          expect(await userRow(app, target.id)).toMatchObject({ version: 1 })
          expect(await (await get(location, old)).text()).toContain('Confirm it is you')
          const id = location.split('=')[1] ?? ''
          const wrong = await post('/account/confirm', { held: id, password: 'not this one' }, old)
          expect(wrong.status).toBe(400)
          const right = await post('/account/confirm', { held: id, password: 'a-long-test-passphrase' }, old)
          expect([right.status, right.headers.get('location')]).toEqual([303, `/account/confirm/continue?held=${id}`])
          const renewed = { ...old, cookie: right.headers.getSetCookie()[0]?.split(';')[0] ?? old.cookie }
          const form = await (await get(right.headers.get('location') ?? '', renewed)).text()
          const csrf_token = unescaped(/name="csrf_token" value="([^"]+)"/.exec(form)?.[1] ?? '')
          expect(form).toContain(`action="${filled(path, target).split('/sessions')[0]}"`)
          const takesEmail = path === USERS || path === `${USERS}/:id`
          expect(form.includes('name="email" value="kept@example.com"')).toBe(takesEmail)
          // Somebody else's browser gets none of it.
          const other = await app.signIn(await app.insertUser({ role: 'admin' }))
          expect((await get(right.headers.get('location') ?? '', other)).status).toBe(410)
          expect(
            (await post(filled(path, target), { csrf_token, email: 'kept@example.com' }, renewed)).headers.get(
              'location',
            ) ?? '',
          ).not.toMatch(/^\/(account\/confirm|login)/)
        } finally {
          signedIn = await app.signIn(admin)
        }
      },
      PATIENCE_MS,
    )
  })

  describe('the list', () => {
    test('shows, searches, filters, and every link keeps the rest', async () => {
      const marker = crypto.randomUUID().slice(0, 8)
      for (let n = 0; n < 12; n += 1)
        await app.insertUser({
          ...{ username: `l-${marker}-${n}`, fullName: `Person ${n}` },
          createdAt: new Date(app.clock.now() + n),
        })
      await app.insertUser({ username: `off-${marker}`, isActive: false, authSource: 'http_api', role: 'admin' })
      const first = unescaped(await textOf(`${USERS}?search=l-${marker}&status=active&sort=oldest`))
      expect(first).toContain('Showing 12 total users')
      expect(first).toContain(`l-${marker}-0`)
      expect(first).not.toContain(`l-${marker}-11<`)
      expect(first).toContain(`href="${USERS}?search=l-${marker}&status=active&sort=oldest&page=2"`)
      expect(first).toContain(`href="${USERS}?search=l-${marker}&status=active&sort=oldest&role=admin"`)
      const last = unescaped(await textOf(`${USERS}?search=l-${marker}&page=99&page_size=5`))
      expect(last).toContain('Page 3 of 3')
      const off = await textOf(`${USERS}?search=${marker}&status=disabled&auth_source=http_api&role=admin`)
      expect(off).toContain('Showing 1 total users')
      expect(off).toContain('External')
      const none = await textOf(`${USERS}?search=${marker}&status=disabled&role=user`)
      expect(none).toContain('No users found')
      expect(none).toContain('Show all users')
    })

    test.each([
      '?page=-1&page_size=x',
      '?page=1e9&page_size=0',
      '?role=<b>&sort=;&status=%00',
      '?search=%00%25_%5C',
      '?page=1&page=2',
    ])('nonsense %s is answered like nothing', async (query) => {
      expect((await get(USERS + query)).status).toBe(200)
    })
  })

  describe('creating', () => {
    test('shows the password once, in this browser only, and says what name was stored', async () => {
      const suffix = crypto.randomUUID().slice(0, 6)
      const made = await post(USERS, {
        username: `John Doe!@#${suffix}`,
        email: `j${suffix}@example.com`,
        role: 'user',
      })
      const path = made.headers.get('location') ?? ''
      expect([made.status, path.slice(0, 16)]).toEqual([302, '/account/reveal/'])
      const stranger = await app.signIn(await app.insertUser({ role: 'admin' }))
      expect((await get(path, stranger)).status).toBe(410)
      const shown = await get(path)
      expect(shown.headers.get('cache-control')).toContain('no-store')
      const html = unescaped(await shown.text())
      expect(html).toContain(`“John Doe!@#${suffix}” was stored as johndoe${suffix}.`)
      const password = /<code[^>]*>([\w-]{16})<\/code>/.exec(html)?.[1] ?? ''
      expect(password).toHaveLength(16)
      const again = await get(path)
      expect(again.status).toBe(410)
      expect(await again.text()).not.toContain(password)
      const { q, t } = app.ctx.db
      const [user] = await q
        .select()
        .from(t.users)
        .where(eq(t.users.username, `johndoe${suffix}`))
      expect(await app.ctx.passwords.verify(password, user?.passwordHash ?? '')).toMatchObject({ matches: true })
      const rows = await q.select().from(t.pendingRequests)
      expect(JSON.stringify(rows)).not.toContain(password)
    })

    test.each([
      [{ username: '', email: '' }, 'username is required'],
      [{ username: '!!!', email: 'a@b' }, 'username is required'],
      [{ username: 'someone', email: '' }, 'email is required'],
      [{ username: 'someone', email: 'a@b', role: 'root' }, 'role must be admin or user'],
      [{ username: 'the-admin', email: 'a@b' }, 'username already exists'],
      [{ username: 'someone', email: 'a@b', password: 'short' }, 'Use at least 12 characters.'],
    ])('%j: 400 %s, and what was typed stays', async (fields, text) => {
      const page = await post(USERS, { full_name: 'Kept Name', ...fields } as Record<string, string>)
      expect(page.status).toBe(400)
      const html = await page.text()
      expect(html).toContain(text)
      expect(html).toContain('value="Kept Name"')
      expect(html).not.toContain('value="short"')
    })

    test('a typed password is not shown', async () => {
      const username = `t-${crypto.randomUUID().slice(0, 8)}`
      const password = 'typed by an administrator 1'
      const made = await post(USERS, { username, email: `${username}@example.com`, password })
      expect(made.headers.get('location')).toStartWith(`${USERS}/`)
      const page = await textOf(made.headers.get('location') ?? '')
      expect(page).toContain(`The account ${username} was created.`)
      expect(page).not.toContain(password)
    })
  })

  test('editing: flash, stale forms, problems', async () => {
    const user = await app.insertUser()
    const path = `${USERS}/${user.id}`
    const saved = await post(path, { email: user.email, full_name: 'New Name', role: 'admin', version: '1' })
    expect([saved.status, saved.headers.get('location')]).toEqual([302, path])
    const page = await textOf(path)
    expect(page).toContain('User updated successfully. The new role ended 0 browser sessions.')
    const stale = await post(path, { email: user.email, full_name: 'Other', version: '1' })
    expect(stale.status).toBe(409)
    const html = await stale.text()
    expect(html).toContain('name="version" value="2"')
    expect(html).toContain('value="Other"')
    expect((await post(path, { email: ' ' })).status).toBe(400)
    const own = await post(`${USERS}/${admin.id}`, { email: admin.email, role: 'user' })
    expect([own.status, (await own.text()).includes('cannot change your own role')]).toEqual([400, true])
  })

  test('disabling and enabling tell what ended', async () => {
    const user = await app.insertUser()
    const browser = await app.signIn(user)
    const path = `${USERS}/${user.id}`
    expect((await post(`${path}/disable`)).headers.get('location')).toBe(path)
    expect(await textOf(path)).toContain('User account has been disabled. 0 tokens revoked, 1 browser session ended.')
    expect((await get('/account/sessions', browser)).status).toBe(302)
    const twice = await post(`${path}/disable`)
    expect([twice.status, (await twice.text()).includes('user is already disabled')]).toEqual([400, true])
    await post(`${path}/enable`)
    expect(await textOf(path)).toContain('User account has been enabled.')
    const self = await post(`${USERS}/${admin.id}/disable`)
    expect([self.status, (await self.text()).includes('cannot change your own active status')]).toEqual([400, true])
  })

  test('resetting the password: shown once; reloading resets nothing', async () => {
    const user = await app.insertUser()
    const made = await post(`${USERS}/${user.id}/reset-password`)
    const html = await textOf(made.headers.get('location') ?? '')
    expect(html).toContain(`The password of ${user.username} was replaced: 0 tokens revoked, 0 browser sessions ended.`)
    const before = (await userRow(app, user.id))?.passwordHash
    expect((await get(made.headers.get('location') ?? '')).status).toBe(410)
    expect((await userRow(app, user.id))?.passwordHash).toBe(before ?? '')
    const external = await app.insertUser({ authSource: 'http_api' })
    const refused = await post(`${USERS}/${external.id}/reset-password`)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('password reset only available for local auth users')
  })

  test('deleting asks what becomes of the applications', async () => {
    const user = await app.insertUser()
    const client = await app.insertClient({ userId: user.id, clientName: 'Their tool' })
    const path = `${USERS}/${user.id}/delete`
    expect(await textOf(path)).toContain('Their tool')
    expect((await post(path)).status).toBe(400)
    expect((await post(path, { apps: 'transfer', transfer_to: 'nobody-at-all' })).status).toBe(400)
    const done = await post(path, { apps: 'transfer', transfer_to: 'THE-ADMIN' })
    expect([done.status, done.headers.get('location')]).toEqual([302, USERS])
    expect(await textOf(USERS)).toContain('User deleted successfully.')
    const { q, t } = app.ctx.db
    const [row] = await q.select().from(t.oauthApplications).where(eq(t.oauthApplications.clientId, client.clientId))
    expect(row?.userId).toBe(admin.id)
    const own = await post(`${USERS}/${admin.id}/delete`)
    expect([own.status, (await own.text()).includes('cannot delete your own account')]).toEqual([400, true])
    const back = await post(USERS, { username: user.username, email: user.email })
    expect([back.status, (await back.text()).includes('name="reuse_username"')]).toEqual([400, true])
    const reused = await post(USERS, { username: user.username, email: user.email, reuse_username: '1' })
    expect(reused.status).toBe(302)
  })

  test('sessions of a user end one by one or all together', async () => {
    const user = await app.insertUser()
    const one = await app.signIn(user)
    await app.signIn(user)
    await app.signIn(user)
    const path = `${USERS}/${user.id}`
    expect(await textOf(path)).toContain('Firefox on Linux')
    await post(`${path}/sessions/${one.sid}/end`)
    expect(await textOf(path)).toContain('The browser was signed out.')
    expect((await post(`${path}/sessions/${one.sid}/end`)).status).toBe(404)
    expect((await post(`${path}/sessions/${signedIn.sid}/end`)).status).toBe(404)
    await post(`${path}/sessions/end-all`)
    expect(await textOf(path)).toContain('2 browsers were signed out.')
    expect((await get('/admin')).status).toBe(200)
  })

  test('a consent is revoked by the administrator, and recorded as theirs', async () => {
    const user = await app.insertUser()
    const client = await app.insertClient({ clientName: 'Reader' })
    const at = new Date(app.clock.now())
    const uuid = crypto.randomUUID()
    const { q, t } = app.ctx.db
    await q.insert(t.userAuthorizations).values({
      ...{ uuid, userId: user.id, clientId: client.clientId, scopes: 'read', webScopes: '', grantedAt: at },
      ...{ revokedAt: null, isActive: true, tokenEpoch: 0, createdAt: at, updatedAt: at },
    })
    const path = `${USERS}/${user.id}/authorizations`
    const list = await textOf(path)
    expect(list).toContain('Reader')
    expect(list).toContain('Showing 1 total authorized app<')
    const stranger = await app.insertUser()
    expect((await post(`${USERS}/${stranger.id}/authorizations/${uuid}/revoke`)).status).toBe(404)
    const revoked = await post(`${path}/${uuid}/revoke`)
    expect([revoked.status, revoked.headers.get('location')]).toEqual([302, path])
    const after = await textOf(path)
    expect(after).toContain('Authorization revoked successfully.')
    expect(after).toContain('No authorized apps')
    const twice = await post(`${path}/${uuid}/revoke`)
    expect([twice.status, (await twice.text()).includes('authorization not found')]).toEqual([404, true])
    expect((await auditAbout(app, uuid)).at(-1)).toMatchObject({
      ...{ eventType: 'USER_AUTHORIZATION_REVOKED', actorUserId: admin.id, clientId: client.clientId },
      details: { client_id: client.clientId, scopes: 'read', user_id: user.id },
    })
  })

  test('hostile text in every field stays text [SEC]', async () => {
    const user = await app.insertUser({
      ...{ username: HOSTILE, fullName: HOSTILE, email: HOSTILE, role: 'admin', isActive: true },
    })
    await app.insertClient({ userId: user.id, clientName: HOSTILE })
    await app.signIn(user, { userAgent: HOSTILE })
    const paths = ['/admin', `${USERS}?search=${encodeURIComponent(HOSTILE)}`, `${USERS}/${user.id}`]
    for (const path of [
      ...paths,
      ...['edit', 'delete', 'authorizations'].map((each) => `${USERS}/${user.id}/${each}`),
    ]) {
      const html = await textOf(path)
      expect([path, html.includes('<script>alert')]).toEqual([path, false])
      expect(html).not.toContain(`"'&\u202e`)
    }
    const form = await post(USERS, { username: '', email: HOSTILE, full_name: HOSTILE, role: HOSTILE })
    expect(await form.text()).not.toContain('<script>alert')
    await post(`${USERS}/${user.id}/delete`, { apps: 'deactivate' })
  })

  test('in the language of the reader', async () => {
    const html = await (
      await app.get(USERS, { headers: { cookie: `${signedIn.cookie}; lang=zh-TW`, accept: 'text/html' } })
    ).text()
    expect(html).toContain('建立使用者')
    expect(html).toContain('lang="zh-TW"')
  })
})
