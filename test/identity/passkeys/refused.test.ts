/** What is no passkey of this server’s, by real requests and an authenticator in software that lies. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { type Lies, softAuthenticator } from '../../support/authenticator'
import { audited } from '../audit-rows'
import { setCookieOf } from '../browser'
import { csrfTokenOf, PASSKEYS, passkeyBrowser, signedInBrowser, userWithPasskey } from './support'

const ORIGIN = 'http://localhost:8080'
const settings = { ENABLE_RATE_LIMIT: 'false', BASE_URL: `${ORIGIN}/id` }
const REFUSED = 'This passkey was not accepted.'
const authenticator = softAuthenticator({ origin: ORIGIN })

let app: TestApp
beforeAll(async () => {
  app = await openTestApp({ settings })
})
afterAll(() => app.close())

const sessionsOf = async (user: UserRow) => {
  const { q, t } = app.ctx.db
  return q.select().from(t.sessions).where(eq(t.sessions.userId, user.id))
}
const passkeysOf = (user: UserRow) => {
  const { q, t } = app.ctx.db
  return q.select().from(t.passkeys).where(eq(t.passkeys.userId, user.id))
}
const signedIn = async () => {
  const user = await app.insertUser()
  return { user, browser: await signedInBrowser(app, user) }
}

describe('signing in', () => {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const lies: readonly (readonly [string, Lies, string])[] = [
    ['another origin', { origin: 'https://evil.example' }, 'wrong_signature'],
    ['another port of the host', { origin: 'http://localhost:9090' }, 'wrong_signature'],
    ['https instead of http', { origin: 'https://localhost:8080' }, 'wrong_signature'],
    ['another relying party', { rpId: 'evil.example' }, 'wrong_signature'],
    ['a challenge nobody made', { challenge: Buffer.alloc(32, 7).toString('base64url') }, 'unknown_challenge'],
    ['no challenge', { challenge: '' }, 'unknown_challenge'],
    ['the answer to a registration', { type: 'webauthn.create' }, 'wrong_signature'],
    ['a page in a frame of another site', { crossOrigin: true }, 'framed'],
    ['a page in a frame, as newer browsers say it', { topOrigin: 'https://evil.example' }, 'framed'],
    ['the owner was not verified', { userVerified: false }, 'wrong_signature'],
    ['nobody was there', { userPresent: false }, 'wrong_signature'],
    ['a key that never left its device and may be copied now', { copied: true }, 'backup_changed'],
    ['another key', { key: stranger }, 'wrong_signature'],
    ['another user handle', { userHandle: Buffer.alloc(32, 1).toString('base64url') }, 'foreign_passkey'],
    ['no user handle', { userHandle: undefined }, 'foreign_passkey'],
    ['an unknown passkey', { credentialId: Buffer.alloc(32, 2).toString('base64url') }, 'unknown_passkey'],
  ]
  test.each(lies)('refused: %s (WebAuthn §7.2) [SEC]', async (_, lie, reason) => {
    const { user, passkey } = await userWithPasskey(app)
    const sessions = (await sessionsOf(user)).length
    const since = app.clock.now()
    app.clock.advance(1)
    const browser = passkeyBrowser(app)
    const page = await browser.logInWith(passkey, lie)
    expect(page.status).toBe(401)
    expect(page.text).toContain(REFUSED)
    expect(setCookieOf(page, 'oauth_session')).toBeUndefined()
    expect((await sessionsOf(user)).length).toBe(sessions)
    const rows = await audited(
      app,
      'AUTHENTICATION_FAILURE',
      (row) => row.details?.provider === 'passkey' && row.eventTime.getTime() > since,
    )
    expect(rows.map((row) => row.details?.reason)).toEqual([reason])
    // The right answer to a new challenge is still welcome.
    expect((await browser.logInWith(passkey)).status).toBe(302)
  })

  test.each([
    '',
    '{',
    '[]',
    '{"id":1}',
    'x'.repeat(20_000),
    '{"id":"a","rawId":"a","type":"public-key","response":{}}',
  ])('refused: what is no answer at all (%#)', async (credential) => {
    expect((await passkeyBrowser(app).sendAssertion(credential)).status).toBe(401)
  })

  test('refused: a challenge after five minutes', async () => {
    const { passkey } = await userWithPasskey(app)
    const browser = passkeyBrowser(app)
    const options = await browser.requestOptions()
    app.clock.advance(5 * 60_000)
    expect((await browser.sendAssertion(passkey.assert(options))).status).toBe(401)
  })

  test('an unsigned counter raises no alarm', async () => {
    const { user, passkey } = await userWithPasskey(app)
    await passkeyBrowser(app).logInWith(passkey, { counter: 0, key: stranger })
    const ofUser = (row: { actorUserId: string | null }) => row.actorUserId === user.id
    expect((await audited(app, 'AUTHENTICATION_FAILURE', ofUser)).length).toBe(1)
    const { q, t } = app.ctx.db
    const alarms = await q.select().from(t.auditLogs).where(eq(t.auditLogs.eventType, 'SUSPICIOUS_ACTIVITY'))
    expect(alarms.filter(ofUser)).toEqual([])
  })

  test('the options are the same whoever has passkeys: nothing tells of accounts (user enumeration) [SEC]', async () => {
    const known = passkeyBrowser(app)
    await userWithPasskey(app)
    const { challenge: _, ...one } = await known.requestOptions()
    const { challenge: __, ...two } = await passkeyBrowser(app).requestOptions()
    expect(one).toEqual(two)
    expect(one).toMatchObject({ rpId: 'localhost', allowCredentials: [], userVerification: 'required' } as object)
  })
})

describe('a new passkey', () => {
  const lies: readonly (readonly [string, Lies])[] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['a challenge nobody made', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['the answer to a login', { type: 'webauthn.get' }],
    ['a page in a frame of another site', { crossOrigin: true }],
    ['the owner was not verified', { userVerified: false }],
    ['nobody was there', { userPresent: false }],
    ['a key of a kind that was not asked for', { alg: -35 }],
  ]
  test.each(lies)('refused: %s (WebAuthn §7.1) [SEC]', async (_, lie) => {
    const { user, browser } = await signedIn()
    const { attestation } = authenticator.create(await browser.creationOptions(), lie)
    const page = await browser.sendNew(attestation)
    expect([page.status, page.text.includes('could not be verified')]).toEqual([400, true])
    expect(await passkeysOf(user)).toEqual([])
  })

  test('refused: a challenge after five minutes, and one of a login [SEC]', async () => {
    const { user, browser } = await signedIn()
    const late = authenticator.create(await browser.creationOptions())
    app.clock.advance(5 * 60_000)
    expect((await browser.sendNew(late.attestation)).status).toBe(400)
    const { challenge, rpId } = await browser.requestOptions()
    const odd = authenticator.create({ challenge, rp: { id: rpId }, user: { id: 'AAAA' } })
    expect((await browser.sendNew(odd.attestation)).status).toBe(400)
    expect(await passkeysOf(user)).toEqual([])
  })

  test.each(['packed', 'android-key', 'unheard-of'])(
    'what it says about its maker (%s) is not read: certificates name addresses that a reader calls (SSRF) [SEC]',
    async (format) => {
      const { browser } = await signedIn()
      const said = { format, certificate: Buffer.from('no certificate') }
      const { attestation } = authenticator.create(await browser.creationOptions(), said)
      expect((await browser.sendNew(attestation)).status).toBe(303)
    },
  )

  test('a name shows what it is: nothing in it is invisible or turns the text around', async () => {
    const { user, browser } = await userWithPasskey(app)
    const id = (await passkeysOf(user))[0]?.id
    const fields = { csrf_token: await csrfTokenOf(browser), name: ' My\u202e key\r\n\u0007' }
    expect((await browser.post(`${PASSKEYS}/${id}/rename`, fields)).status).toBe(303)
    expect((await passkeysOf(user))[0]?.name).toBe('My key')
  })

  test.each(['', '   ', '\u0007', 'x'.repeat(65)])('a name is needed, not too long (%#)', async (name) => {
    const { user, browser } = await userWithPasskey(app)
    const id = (await passkeysOf(user))[0]?.id
    const csrf_token = await csrfTokenOf(browser)
    expect((await browser.post(`${PASSKEYS}/${id}/rename`, { csrf_token, name })).status).toBe(400)
    expect((await passkeysOf(user))[0]?.name).toBe('Key')
  })
})
