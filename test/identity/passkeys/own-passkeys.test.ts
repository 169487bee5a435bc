/** A person's own passkeys, by real requests and an authenticator in software. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { softAuthenticator } from '../../support/authenticator'
import { databases } from '../../support/databases'
import { audited } from '../audit-rows'
import { insertConnection } from '../linking/support'
import { csrfTokenOf, PASSKEYS, passkeyBrowser, signedInBrowser, userWithPasskey } from './support'

const ORIGIN = 'http://localhost:8080'
const settings = { ENABLE_RATE_LIMIT: 'false', BASE_URL: ORIGIN, SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '360000' }
const JSON_CALLER = { accept: 'application/json' }
const authenticator = softAuthenticator({ origin: ORIGIN })

describe.each(databases)('own passkeys on %s', (_, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ settings, open })
  })
  afterAll(() => app.close())

  const passkeysOf = (user: UserRow) => {
    const { q, t } = app.ctx.db
    return q.select().from(t.passkeys).where(eq(t.passkeys.userId, user.id))
  }
  const signedIn = async (overrides: Parameters<TestApp['insertUser']>[0] = {}) => {
    const user = await app.insertUser(overrides)
    return { user, browser: await signedInBrowser(app, user) }
  }

  test('the browser is asked for a passkey that is found without a name and opened by its owner', async () => {
    const { user, browser } = await signedIn({ fullName: 'Alice Archer' })
    const options = (await browser.creationOptions()) as unknown as Record<string, unknown>
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      user: { name: user.username, displayName: 'Alice Archer' },
      attestation: 'none',
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      timeout: 300_000,
    })
    expect(JSON.stringify(options)).not.toContain(user.id)
  })

  test('what is stored, shown and recorded; the second one has the same user handle', async () => {
    const { user, browser } = await signedIn()
    const first = await browser.register({ synced: true })
    const options = (await browser.creationOptions()) as unknown as { excludeCredentials: { id: string }[] }
    expect(options.excludeCredentials).toEqual([
      { type: 'public-key', id: first.credentialId, transports: ['internal', 'hybrid'] } as never,
    ])
    await browser.register()
    const rows = await passkeysOf(user)
    expect(rows.map(({ backupEligible }) => backupEligible).sort()).toEqual([false, true])
    expect(new Set(rows.map(({ userHandle }) => userHandle)).size).toBe(1)
    expect(Buffer.from(rows[0]?.userHandle ?? '', 'base64url').length).toBe(32)
    const page = await browser.get(PASSKEYS)
    for (const text of ['In a password manager', 'On one device or security key', '2 of at most 10', 'Never'])
      expect(page.text).toContain(text)
    const recorded = await audited(app, 'SECOND_FACTOR_ENABLED', (row) => row.actorUserId === user.id)
    expect(recorded.map((row) => row.details?.method)).toEqual(['passkey', 'passkey'])
  })

  test('refused: a challenge of another session of the same user, of another user, or used before [SEC]', async () => {
    const { user, browser } = await signedIn()
    const { attestation } = authenticator.create(await browser.creationOptions())
    expect((await (await signedInBrowser(app, user)).sendNew(attestation)).status).toBe(400)
    expect((await (await signedIn()).browser.sendNew(attestation)).status).toBe(400)
    expect((await browser.sendNew(attestation)).status).toBe(303)
    expect((await browser.sendNew(attestation)).status).toBe(400)
    expect((await passkeysOf(user)).length).toBe(1)
  })

  test('refused: a credential id that somebody has already; nothing changes for its owner [SEC]', async () => {
    const { user, passkey } = await userWithPasskey(app)
    const before = await passkeysOf(user)
    const mallory = await signedIn()
    const options = await mallory.browser.creationOptions()
    const copy = authenticator.create(options, { credentialId: passkey.credentialId })
    expect((await mallory.browser.sendNew(copy.attestation)).status).toBe(409)
    expect(await passkeysOf(user)).toEqual(before)
    expect(await passkeysOf(mallory.user)).toEqual([])
  })

  test('a sign-in some time ago is confirmed first; renaming needs no confirmation', async () => {
    const { user, browser } = await userWithPasskey(app)
    const id = (await passkeysOf(user))[0]?.id
    const csrf_token = await csrfTokenOf(browser)
    app.clock.advance(3_600_000)
    const options = await browser.post(`${PASSKEYS}/options`, { csrf_token }, JSON_CALLER)
    expect([options.status, JSON.parse(options.text).error]).toEqual([403, 'confirmation_required'])
    for (const path of [PASSKEYS, `${PASSKEYS}/${id}/delete`])
      expect((await browser.post(path, { csrf_token, name: 'x' })).location).toStartWith('/account/confirm')
    expect((await browser.post(`${PASSKEYS}/${id}/rename`, { csrf_token, name: 'x' })).status).toBe(303)
  })

  test('renaming and deleting; foreign passkeys are not there [SEC]', async () => {
    const { user, browser } = await userWithPasskey(app)
    const other = await userWithPasskey(app)
    const id = (await passkeysOf(user))[0]?.id
    const stranger = { csrf_token: await csrfTokenOf(other.browser), name: 'Mine' }
    expect((await other.browser.post(`${PASSKEYS}/${id}/rename`, stranger)).status).toBe(404)
    expect((await other.browser.post(`${PASSKEYS}/${id}/delete`, stranger)).status).toBe(404)
    const own = { csrf_token: await csrfTokenOf(browser), name: ' <b>Phone</b> ' }
    expect((await browser.post(`${PASSKEYS}/${id}/rename`, own)).status).toBe(303)
    expect((await browser.get(PASSKEYS)).text).toContain('&lt;b&gt;Phone&lt;/b&gt;')
    const [renamed] = await audited(app, 'PASSKEY_RENAMED', (row) => row.actorUserId === user.id)
    expect(renamed?.details).toMatchObject({ name: '<b>Phone</b>', former_name: 'Key' })
    expect((await browser.post(`${PASSKEYS}/${id}/delete`, own)).status).toBe(303)
    expect(await passkeysOf(user)).toEqual([])
    const [removed] = await audited(app, 'SECOND_FACTOR_DISABLED', (row) => row.actorUserId === user.id)
    expect(removed?.details).toMatchObject({ method: 'passkey', name: '<b>Phone</b>', last: true })
  })

  describe('the last way to sign in', () => {
    const without = { passwordHash: '' }
    const remove = async (browser: Awaited<ReturnType<typeof signedInBrowser>>, id: string | undefined) =>
      browser.post(`${PASSKEYS}/${id}/delete`, { csrf_token: await csrfTokenOf(browser) })

    test('is not deleted: without a password, one passkey stays', async () => {
      const { user, browser } = await userWithPasskey(app, without)
      await browser.register()
      const [one, two] = await passkeysOf(user)
      expect((await remove(browser, one?.id)).status).toBe(303)
      const page = await browser.get(PASSKEYS)
      expect(page.text).toContain('Your only way to sign in')
      expect((await remove(browser, two?.id)).status).toBe(409)
      expect((await passkeysOf(user)).length).toBe(1)
    })

    test('of two that are deleted at once, one stays (races)', async () => {
      const { user, browser } = await userWithPasskey(app, without)
      await browser.register()
      const csrf_token = await csrfTokenOf(browser)
      const ids = (await passkeysOf(user)).map(({ id }) => id)
      const pages = await Promise.all(ids.map((id) => browser.post(`${PASSKEYS}/${id}/delete`, { csrf_token })))
      expect(pages.map(({ status }) => status).sort()).toEqual([303, 409])
      expect((await passkeysOf(user)).length).toBe(1)
    })

    test('a passkey lets a connection go that would have been the last one', async () => {
      const { user, browser } = await userWithPasskey(app, without)
      const account = { provider: 'github', issuer: 'https://github.com', providerUserId: user.id }
      const { id } = await insertConnection(app, user, account)
      const csrf_token = await csrfTokenOf(browser)
      expect((await browser.post(`/account/connections/${id}/disconnect`, { csrf_token })).location).toBe(
        '/account/connections',
      )
    })
  })

  test('ten at most, also when many are made at once', async () => {
    const { user, browser } = await signedIn()
    for (let i = 0; i < 9; i++) await browser.register()
    const made: string[] = []
    for (let i = 0; i < 4; i++) made.push(authenticator.create(await browser.creationOptions()).attestation)
    const csrf_token = await csrfTokenOf(browser)
    const cookie = `oauth_session=${browser.cookies.get('oauth_session')}`
    const send = (credential: string) => app.postForm(PASSKEYS, { csrf_token, credential, name: 'x' }, { cookie })
    const answers = await Promise.all(made.map(send))
    expect(answers.filter(({ headers }) => headers.get('location') === PASSKEYS).length).toBe(1)
    expect((await passkeysOf(user)).length).toBe(10)
    const again = await signedInBrowser(app, user, 'pwd mfa')
    const token = { csrf_token: await csrfTokenOf(again) }
    expect((await again.post(`${PASSKEYS}/options`, token, JSON_CALLER)).status).toBe(409)
    expect((await again.get(PASSKEYS)).text).toContain('You have as many passkeys as there can be.')
  })

  test('an account whose password is checked elsewhere has none', async () => {
    const { browser } = await signedIn({ authSource: 'http_api' })
    const csrf_token = await csrfTokenOf(browser)
    expect((await browser.get(PASSKEYS)).text).toContain('Your directory decides')
    expect((await browser.post(`${PASSKEYS}/options`, { csrf_token }, JSON_CALLER)).status).toBe(403)
  })
})

describe('where browsers make no passkeys', () => {
  test.each(['http://127.0.0.1:8080', 'http://[::1]:8080', 'http://sso.example.com', 'https://192.0.2.7'])(
    '%s: nothing of them is offered, and nothing else changes',
    async (base) => {
      const app = await openTestApp({ settings: { BASE_URL: base } })
      const browser = passkeyBrowser(app)
      const page = await browser.get('/login')
      expect(page.status).toBe(200)
      expect(page.text).not.toContain('passkey')
      const csrf_token = await csrfTokenOf(browser, '/login')
      expect((await browser.post('/login/passkey/options', { csrf_token }, JSON_CALLER)).status).toBe(404)
      expect((await browser.post('/login/passkey', { csrf_token, credential: '{}' })).status).toBe(401)
      await app.close()
    },
  )
})
