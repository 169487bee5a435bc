/** Which account somebody enters who signed in elsewhere: what is here, against what the provider says. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import { openTraveller } from '../../support/providers/journey'
import { startOidc } from '../../support/providers/oidc'
import { audited } from '../audit-rows'
import { connections, insertConnection, userOf, users } from './support'

let oidc: Awaited<ReturnType<typeof startOidc>>
beforeAll(async () => {
  oidc = await startOidc()
})
afterAll(() => oidc.server.stop())

/** The account here that has the address. */
const LOCAL: Record<string, Partial<UserRow> | undefined> = {
  none: undefined,
  verified: { emailVerified: true, emailVouchedBy: null },
  'set by an administrator': { emailVerified: false, emailVouchedBy: 'admin' },
  unverified: { emailVerified: false, emailVouchedBy: null },
  'unverified and never claimed': { emailVerified: false, emailVouchedBy: null, emailNorm: null },
  'only claimed, nothing else known': {
    emailVerified: false,
    emailVouchedBy: null,
    emailNorm: null,
    passwordHash: '',
  },
  administrator: { role: 'admin', emailVerified: true },
  'administrator without claim': { role: 'admin', emailVouchedBy: null, emailNorm: null },
  http_api: { authSource: 'http_api', emailVerified: true },
  disabled: { isActive: false },
  imported: { imported: true, passwordHash: '', emailVouchedBy: null, emailNorm: null },
}

const PROVIDER: Record<string, { verified: boolean; otherIssuer?: boolean }> = {
  verified: { verified: true },
  unverified: { verified: false },
  'verified, connected at another issuer': { verified: true, otherIssuer: true },
  'unverified, connected at another issuer': { verified: false, otherIssuer: true },
}

type Outcome = 'new' | 'linked' | 403 | 409

const EXPECTED: Record<keyof typeof LOCAL, readonly [Outcome, Outcome, Outcome, Outcome]> = {
  none: ['new', 'new', 'new', 'new'],
  verified: ['linked', 403, 'linked', 403],
  'set by an administrator': ['linked', 403, 'linked', 403],
  unverified: [409, 403, 409, 403],
  'unverified and never claimed': [409, 403, 409, 403],
  'only claimed, nothing else known': ['new', 403, 'new', 403],
  administrator: [409, 403, 409, 403],
  'administrator without claim': [409, 403, 409, 403],
  http_api: [409, 403, 409, 403],
  disabled: [403, 403, 403, 403],
  imported: [409, 403, 409, 403],
}

const cells = Object.entries(LOCAL).flatMap(([local, overrides]) =>
  Object.entries(PROVIDER).map(
    ([provider, said], column) => [local, provider, EXPECTED[local]?.[column] ?? 409, overrides, said] as const,
  ),
)

describe.each(databases)('[SEC] link matrix on %s', (_, open) => {
  let app: TestApp
  let count = 0
  const refusedSubjects: string[] = []
  beforeAll(async () => {
    app = await openTestApp({ open, settings: oidc.settings })
  }, 20_000)
  afterAll(() => app.close())

  test.each(cells)('%s × %s: %p', async (_local, _provider, expected, overrides, said) => {
    const subject = `person-${++count}`
    const email = `${subject}@example.com`
    const given = overrides && { email, emailNorm: email, ...overrides }
    const local =
      given && (await app.insertUser({ ...given, username: `local-${count}`, usernameNorm: `local-${count}` }))
    const elsewhere = said.otherIssuer && (local ?? (await app.insertUser()))
    if (elsewhere)
      await insertConnection(app, elsewhere, {
        provider: 'oidc',
        issuer: 'https://old.example',
        providerUserId: subject,
      })
    Object.assign(oidc.person, { sub: subject, preferred_username: subject, email, email_verified: said.verified })
    const before = (await users(app)).length
    const kept = local && (await userOf(app, local.id))

    const browser = openTraveller(app)
    const page = await browser.enter('oidc')

    const added = (await users(app)).slice().length - before
    const mine = (await connections(app)).find(
      (each) => each.providerUserId === subject && each.issuer === oidc.server.url,
    )
    if (expected === 'linked') {
      expect([page.status, added, mine?.userId]).toEqual([302, 0, local?.id])
      const after = await userOf(app, local?.id ?? '')
      expect(after.emailVerified).toBe(true)
      // Both ways to sign in work afterwards.
      expect([after.passwordHash, after.fullName, after.role]).toEqual([
        kept?.passwordHash,
        kept?.fullName,
        kept?.role,
      ] as string[])
      const [row] = await audited(app, 'OAUTH_AUTHENTICATION', ({ actorUserId }) => actorUserId === local?.id)
      expect([row?.action, row?.severity]).toEqual(['OAuth provider linked to existing user', 'WARNING'])
      return
    }
    if (expected === 'new') {
      expect([page.status, added]).toEqual([302, 1])
      expect(mine?.userId).not.toBe(local?.id)
      const made = await userOf(app, mine?.userId ?? '')
      expect(made).toMatchObject({ role: 'user', authSource: 'local', passwordHash: '', isActive: true, email })
      // An address without proof keeps nobody from using it.
      const standing = said.verified ? [true, email, mine?.id] : [false, null, null]
      expect([made.emailVerified, made.emailNorm, made.emailVouchedBy]).toEqual(standing as never)
      if (local) expect((await userOf(app, local.id)).email).toBe('')
      return
    }
    expect([page.status, added, mine]).toEqual([expected, 0, undefined])
    if (local) expect(await userOf(app, local.id)).toEqual(kept as UserRow)
    expect(browser.cookies.has('oauth_session')).toBe(false)
    refusedSubjects.push(subject)
  })

  test('every refusal left a row in the audit trail', async () => {
    await app.ctx.audit.stop(5_000)
    const rows = await audited(app, 'OAUTH_AUTHENTICATION', ({ success }) => !success)
    expect(rows.map(({ details }) => details?.provider_user_id).sort()).toEqual(refusedSubjects.sort())
  })

  test('OAUTH_AUTO_LINK=off: 409 for the address of somebody', async () => {
    const off = await openTestApp({ open, settings: { ...oidc.settings, OAUTH_AUTO_LINK: 'off' } })
    await off.insertUser({ email: 'off@example.com', emailNorm: 'off@example.com' })
    Object.assign(oidc.person, { sub: 'off', email: 'off@example.com', email_verified: true })
    expect((await openTraveller(off).enter('oidc')).status).toBe(409)
    await off.close()
  })

  test('OAUTH_AUTO_REGISTER=false: one text whether or not somebody has the address, and no rows', async () => {
    const closed = await openTestApp({ open, settings: { ...oidc.settings, OAUTH_AUTO_REGISTER: 'false' } })
    await closed.insertUser({ email: 'known@example.com', emailNorm: 'known@example.com' })
    const texts = []
    for (const [email, verified] of [
      ['new@example.com', true],
      ['new@example.com', false],
      ['known@example.com', false],
    ] as const) {
      Object.assign(oidc.person, { sub: `closed ${email}`.replace(' ', '-'), email, email_verified: verified })
      const page = await openTraveller(closed).enter('oidc')
      expect(page.text).toContain('New account registration via OAuth is currently disabled.')
      texts.push(page.status)
    }
    expect(texts).toEqual([403, 403, 403])
    expect([(await users(closed)).length, (await connections(closed)).length]).toEqual([1, 0])
    // Who has an account is still found by a verified address.
    Object.assign(oidc.person, { email_verified: true })
    expect((await openTraveller(closed).enter('oidc')).status).toBe(302)
    await closed.close()
  })

  test('two accounts with the address: 409, also when they differ in case and blanks, and nothing is written', async () => {
    await app.insertUser({ email: ' Twice@example.com', emailNorm: 'twice@example.com', imported: true })
    await app.insertUser({ email: 'twice@EXAMPLE.com', emailNorm: null, imported: true })
    Object.assign(oidc.person, { sub: 'twice', email: 'twice@example.com', email_verified: true })
    const page = await openTraveller(app).enter('oidc')
    expect([page.status, page.text.includes('Multiple local accounts share this email address.')]).toEqual([409, true])
    expect((await connections(app)).some(({ providerUserId }) => providerUserId === 'twice')).toBe(false)
  })

  test.each(['admin@localhost', 'x@dev.localhost', 'x@host.invalid'])('%s belongs to nobody', async (email) => {
    await app.insertUser({ email, emailNorm: email })
    Object.assign(oidc.person, { sub: email, email, email_verified: true })
    expect((await openTraveller(app).enter('oidc')).status).toBe(409)
  })

  test('a second account of the same provider with the address of a connected user: 409', async () => {
    const email = 'second@example.com'
    const user = await app.insertUser({ email, emailNorm: email })
    await insertConnection(app, user, { provider: 'oidc', issuer: oidc.server.url, providerUserId: 'first' })
    Object.assign(oidc.person, { sub: 'second', email, email_verified: true })
    expect((await openTraveller(app).enter('oidc')).status).toBe(409)
    expect((await connections(app)).filter(({ userId }) => userId === user.id)).toHaveLength(1)
  })

  test('pre-hijacking: who made an account with a foreign address is not joined by the owner of the mailbox', async () => {
    const email = 'victim@example.com'
    Object.assign(oidc.person, { sub: 'attacker', preferred_username: 'victim', email, email_verified: false })
    expect((await openTraveller(app).enter('oidc')).status).toBe(302)
    Object.assign(oidc.person, { sub: 'victim', email_verified: true })
    expect((await openTraveller(app).enter('oidc')).status).toBe(302)
    const rows = await connections(app)
    const [attacker, victim] = ['attacker', 'victim'].map((sub) => rows.find((row) => row.providerUserId === sub))
    expect(attacker?.userId).not.toBe(victim?.userId)
    expect((await userOf(app, attacker?.userId ?? '')).email).toBe('')
    expect(await userOf(app, victim?.userId ?? '')).toMatchObject({
      email,
      emailVerified: true,
      username: 'victim-oidc',
    })
  })

  test('sixteen first sign-ins of one person at once make one account', async () => {
    Object.assign(oidc.person, {
      sub: 'crowd',
      preferred_username: 'crowd',
      email: 'crowd@example.com',
      email_verified: true,
    })
    const browsers = Array.from({ length: 16 }, () => openTraveller(app))
    const ways = await Promise.all(browsers.map((browser) => browser.leave('oidc')))
    const pages = await Promise.all(browsers.map((browser, index) => browser.get(ways[index] ?? '')))
    expect(pages.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 302))
    expect((await users(app)).filter(({ email }) => email === 'crowd@example.com')).toHaveLength(1)
    expect((await connections(app)).filter(({ providerUserId }) => providerUserId === 'crowd')).toHaveLength(1)
  })
})
