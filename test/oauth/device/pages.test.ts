/** The browser part of the device grant: entry, confirmation, decision (RFC 8628 §3.3, §5.1, §5.4). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import {
  auditRows,
  codeRow,
  confirmationOf,
  consentRow,
  decideOn,
  enterCode,
  getPage,
  newCodes,
  poll,
  settle,
  type TestClient,
} from './support'

const NOT_FOUND = 'User code not found, expired or already used'

describe.each(databases)('device pages on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let session: SignedIn
  let client: TestClient
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '86400' } })
    user = await app.insertUser({ username: 'zoe', fullName: 'Zoë Q.' })
    session = await app.signIn(user)
    client = await app.insertClient({ clientType: 'public', clientName: 'Deploy tool', scopes: 'read write email' })
  })
  afterAll(() => app.close())

  /** Somebody nobody has counted wrong entries of. */
  const newcomer = async () => {
    const person = await app.insertUser()
    return { person, session: await app.signIn(person) }
  }
  const changeClient = async ({ clientId }: TestClient, changes: Partial<TestClient>) => {
    const { q, t } = app.ctx.db
    await q.update(t.oauthApplications).set(changes).where(eq(t.oauthApplications.clientId, clientId))
  }
  const confirm = (requestId: string, of = session) => getPage(app, of, `/device/confirm?request=${requestId}`)
  const begin = async (scope?: string, of = session) => {
    const codes = await newCodes(app, client, scope)
    const requestId = await confirmationOf(app, of, codes.userCode)
    if (requestId === undefined) throw new Error('the code was refused')
    return { ...codes, requestId }
  }
  const state = async (requestId: string, of = session) => {
    const response = await getPage(app, of, `/device/status?request=${requestId}`)
    return ((await response.json()) as { state: string }).state
  }

  test('without a session every page leads to the login and back', async () => {
    const response = await app.get('/device?user_code=ABCD-EFGH')
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('/login?redirect=%2Fdevice%3Fuser_code%3DABCD-EFGH')
    expect((await app.get('/device/status?request=x')).status).toBe(401)
    expect((await app.postForm('/device/decide', { request_id: 'x', action: 'approve' })).status).toBe(302)
  })

  test('a link fills the field and does nothing else: no look-up, no name of the application (RFC 8628 §5.4)', async () => {
    const { userCode } = await newCodes(app, client)
    const known = await (await getPage(app, session, `/device?user_code=${userCode}`)).text()
    expect(known).toContain(`value="${userCode}"`)
    expect(known).not.toContain('Deploy tool')
    const unknown = await (await getPage(app, session, '/device?user_code=abcdefgh')).text()
    expect(unknown).toContain('value="ABCD-EFGH"')
    const hostile = await (await getPage(app, session, '/device?user_code=%22%3E%3Cscript%3E')).text()
    expect(hostile).not.toContain('"><script>')
    const { q, t } = app.ctx.db
    expect(
      await q
        .select()
        .from(t.attemptDelays)
        .where(eq(t.attemptDelays.subject, `user_code:user:${user.id}`)),
    ).toEqual([])
  })

  test('a form without the session token changes nothing and is not counted', async () => {
    const { userCode, requestId, deviceCode } = await begin()
    const { cookie } = session
    expect((await app.postForm('/device/verify', { user_code: userCode }, { cookie })).status).toBe(403)
    const decision = { request_id: requestId, action: 'approve' }
    expect((await app.postForm('/device/decide', decision, { cookie })).status).toBe(403)
    const foreign = { ...decision, csrf_token: (await newcomer()).session.csrfToken }
    expect((await app.postForm('/device/decide', foreign, { cookie })).status).toBe(403)
    expect((await poll(app, client, deviceCode)).body.error).toBe('authorization_pending')
  })

  test.each([
    (code: string) => code,
    (code: string) => code.toLowerCase(),
    (code: string) => code.replace('-', ''),
    (code: string) => code.replace('-', ' ').toLowerCase(),
    (code: string) => `  ${[...code.replace('-', '')].join('-')} `,
  ])('a code is understood however it is typed (%#)', async (typed) => {
    const { userCode } = await newCodes(app, client)
    expect(await confirmationOf(app, session, typed(userCode))).toMatch(/^[\w-]{43}$/)
  })

  test('the confirmation shows who asks, for what, from where, for whom, and the code (RFC 8628 §5.4)', async () => {
    const { userCode, requestId } = await begin('write email admin')
    const response = await confirm(requestId)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const html = await response.text()
    for (const text of ['Deploy tool', userCode, 'Change data on your behalf', 'See your email address', 'zoe'])
      expect(html).toContain(text)
    expect(html).toContain('127.0.0.1')
    expect(html).toContain('Provided by your organisation')
    expect(html).not.toContain('Read data')
    expect(html).not.toMatch(/admin/)
  })

  const OWNERS: [string, () => Promise<Partial<TestClient>>, string][] = [
    ['seed', async () => ({ origin: 'seed' }), 'Provided by your organisation'],
    ['owner', async () => ({ origin: 'owner', userId: user.id }), 'Registered by you'],
    [
      'owner, another',
      async () => ({ origin: 'owner', userId: (await app.insertUser({ fullName: 'Ada\u202e L.' })).id }),
      'Registered by Ada L.',
    ],
    ['registration', async () => ({ origin: 'registration' }), 'Not verified by anybody'],
    ['import, without owner', async () => ({ origin: 'import' }), 'Not verified by anybody'],
  ]
  test.each(OWNERS)('says who stands behind an application: %s', async (_origin, overrides, mark) => {
    const own = await app.insertClient({ clientType: 'public', ...(await overrides()) })
    const requestId = await confirmationOf(app, session, (await newCodes(app, own)).userCode)
    expect(await (await confirm(requestId ?? '')).text()).toContain(mark)
  })

  test('an application cannot dress up its name: no control, bidirectional or invisible characters, no novel', async () => {
    const clientName = `Bank\u202e\u200b\u0007 ${'x'.repeat(200)}`
    const own = await app.insertClient({ clientType: 'public', clientName })
    const requestId = await confirmationOf(app, session, (await newCodes(app, own)).userCode)
    const html = await (await confirm(requestId ?? '')).text()
    expect(html).not.toMatch(/[\u202e\u200b\u0007]/)
    expect(html).toContain('Bank x')
    expect(html).not.toContain('x'.repeat(100))
  })

  describe('entries that are refused', () => {
    const refusal = async (typed: string, of?: SignedIn) => {
      const response = await enterCode(app, of ?? (await newcomer()).session, typed)
      return [response.status, await response.text()] as const
    }

    test('an empty one is not a guess', async () => {
      const { session: own } = await newcomer()
      for (let times = 0; times < 8; times += 1) {
        const [status, html] = await refusal(' ', own)
        expect(status).toBe(400)
        expect(html).toContain('Please enter a user code')
      }
    })

    test('unknown, malformed, expired, allowed, denied and used codes get one text', async () => {
      const expired = await newCodes(app, client)
      app.clock.advance(30 * 60_000)
      const allowed = await newCodes(app, client)
      const denied = await newCodes(app, client)
      const used = await newCodes(app, client)
      await settle(app, session, allowed.userCode)
      await settle(app, session, denied.userCode, 'deny')
      await settle(app, session, used.userCode)
      await poll(app, client, used.deviceCode)
      const { person, session: own } = await newcomer()
      const codes = ['ABCD-EFGH', 'nonsense!', expired.userCode, allowed.userCode, denied.userCode, used.userCode]
      const pages = new Set<string>()
      for (const typed of codes) {
        const { q, t } = app.ctx.db
        await q.delete(t.attemptDelays).where(eq(t.attemptDelays.subject, `user_code:user:${person.id}`))
        const [status, html] = await refusal(typed, own)
        expect(status).toBe(400)
        expect(html).toContain(NOT_FOUND)
        expect(html).not.toContain('Deploy tool')
        pages.add(/User code not found[^<]*/.exec(html)?.[0] ?? '')
      }
      expect(pages.size).toBe(1)
      await Bun.sleep(1_300)
      const records = await auditRows(app, 'DEVICE_CODE_AUTHORIZED')
      const refused = records.filter((row) => row.actorUserId === person.id)
      expect(refused.length).toBeGreaterThan(0)
      for (const row of refused) expect(row).toMatchObject({ success: false, severity: 'WARNING' })
    })

    test('an application that is not active, or may not use the flow', async () => {
      for (const changes of [{ status: 'inactive' as const }, { enableDeviceFlow: false }]) {
        const own = await app.insertClient({ clientType: 'public' })
        const { userCode } = await newCodes(app, own)
        await changeClient(own, changes)
        const [status, html] = await refusal(userCode)
        expect(status).toBe(400)
        expect(html).toContain('This application is not active')
      }
    })
  })

  describe('limits on guessing (RFC 8628 §5.1)', () => {
    const address = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` })
    const wrong = (of: SignedIn, headers = {}) => enterCode(app, of, 'ABCD-EFGH', headers)

    test('a person who enters wrong codes has to wait longer each time, from any address', async () => {
      const { person, session: own } = await newcomer()
      for (let entry = 1; entry <= 5; entry += 1) expect((await wrong(own, address(entry))).status).toBe(400)
      const blocked = await wrong(own, address(6))
      expect(blocked.status).toBe(429)
      expect(blocked.headers.get('retry-after')).toBe('1')
      expect(await blocked.text()).toContain('Too many requests. Please try again later.')
      app.clock.advance(1_000)
      expect((await wrong(own, address(7))).status).toBe(400)
      expect((await wrong(own, address(8))).headers.get('retry-after')).toBe('2')
      await Bun.sleep(1_300)
      const records = (await auditRows(app, 'RATE_LIMIT_EXCEEDED')).filter((row) => row.actorUserId === person.id)
      expect(records[0]).toMatchObject({ success: false, severity: 'WARNING' })
    })

    test('while the delay lasts not even the right code is looked at', async () => {
      const { session: own } = await newcomer()
      const { userCode } = await newCodes(app, client)
      for (let entry = 1; entry <= 5; entry += 1) await wrong(own, address(20))
      expect((await enterCode(app, own, userCode, address(20))).status).toBe(429)
      app.clock.advance(1_000)
      expect((await enterCode(app, own, userCode, address(20))).status).toBe(303)
    })

    test('many people at one address share a limit of their own', async () => {
      const guests = await Promise.all(Array.from({ length: 6 }, newcomer))
      for (const guest of guests.slice(0, 5))
        for (let entry = 1; entry <= 4; entry += 1) expect((await wrong(guest.session, address(30))).status).toBe(400)
      const last = guests[5]?.session as SignedIn
      expect((await wrong(last, address(30))).status).toBe(429)
      expect((await wrong(last, address(31))).status).toBe(400)
    })

    test('a right code of one’s own does not wipe out the wrong ones before it', async () => {
      const { session: own } = await newcomer()
      for (let entry = 1; entry <= 4; entry += 1) {
        expect((await wrong(own, address(40))).status).toBe(400)
        const { userCode } = await newCodes(app, client)
        expect((await enterCode(app, own, userCode, address(40))).status).toBe(303)
      }
      expect((await wrong(own, address(40))).status).toBe(400)
      expect((await wrong(own, address(40))).status).toBe(429)
    })

    test('right codes alone are never counted', async () => {
      const { session: own } = await newcomer()
      for (let entry = 1; entry <= 8; entry += 1) {
        const { userCode } = await newCodes(app, client)
        expect((await enterCode(app, own, userCode, address(50))).status).toBe(303)
      }
    })

    test('guesses sent all at once get no further than guesses one by one', async () => {
      const { session: own } = await newcomer()
      const answers = await Promise.all(Array.from({ length: 20 }, () => wrong(own, address(60))))
      expect(answers.filter(({ status }) => status === 400).length).toBeLessThanOrEqual(5)
    })
  })

  describe('decisions', () => {
    test('Allow: code, consent and records in one commit, then a page that follows what happens', async () => {
      const { deviceCode, requestId } = await begin('read')
      expect(await state(requestId)).toBe('waiting')
      const response = await decideOn(app, session, requestId, 'approve')
      expect([response.status, response.headers.get('location')]).toEqual([303, `/device/done?request=${requestId}`])
      const done = await (await getPage(app, session, `/device/done?request=${requestId}`)).text()
      expect(done).toContain('You can close this window')
      expect(done).toContain('Deploy tool')
      expect(done).toContain(`/device/status?request=${requestId}`)
      expect(await state(requestId)).toBe('waiting')
      await poll(app, client, deviceCode)
      expect(await state(requestId)).toBe('signed_in')

      const consent = await consentRow(app, { userId: user.id, clientId: client.clientId })
      expect(consent).toMatchObject({ isActive: true, webScopes: '' })
      const [granted] = (await auditRows(app, 'USER_AUTHORIZATION_GRANTED', client.clientId)).slice(-1)
      expect(granted).toMatchObject({ resourceId: consent?.uuid ?? '', actorUserId: user.id, actorUsername: 'zoe' })
      const authorized = await auditRows(app, 'DEVICE_CODE_AUTHORIZED', client.clientId)
      expect(authorized.some(({ details }) => details?.scopes === 'read')).toBe(true)
    })

    test('Deny: the device is told, nothing is allowed, and it is on record', async () => {
      const own = await app.insertClient({ clientType: 'public' })
      const { deviceCode, userCode } = await newCodes(app, own)
      const requestId = await settle(app, session, userCode, 'deny')
      expect(await state(requestId)).toBe('denied')
      expect((await poll(app, own, deviceCode)).body.error).toBe('access_denied')
      expect(await state(requestId)).toBe('denied')
      const done = await (await getPage(app, session, `/device/done?request=${requestId}`)).text()
      expect(done).toContain('did not get')
      expect(await consentRow(app, { userId: user.id, clientId: own.clientId })).toBeUndefined()
      const [record] = await auditRows(app, 'AUTHORIZATION_CODE_DENIED', own.clientId)
      expect(record).toMatchObject({ actorUserId: user.id, resourceType: 'DEVICE_CODE' })
    })

    test('one request, one decision: a repeated press is harmless, another decision is refused', async () => {
      const { deviceCode, requestId } = await begin()
      expect((await decideOn(app, session, requestId, 'deny')).status).toBe(303)
      expect((await decideOn(app, session, requestId, 'deny')).status).toBe(303)
      expect((await decideOn(app, session, requestId, 'approve')).status).toBe(400)
      expect((await poll(app, client, deviceCode)).body.error).toBe('access_denied')
      expect((await confirm(requestId)).headers.get('location')).toBe(`/device/done?request=${requestId}`)
    })

    test('an action that is neither, or an id that is none, is refused', async () => {
      const { deviceCode, requestId } = await begin()
      for (const action of ['', 'Approve', 'allow']) {
        expect((await decideOn(app, session, requestId, action)).status).toBe(400)
      }
      expect((await decideOn(app, session, '../../evil', 'approve')).status).toBe(400)
      expect((await decideOn(app, session, 'A'.repeat(43), 'approve')).status).toBe(400)
      expect((await poll(app, client, deviceCode)).body.error).toBe('authorization_pending')
    })

    test('two people allow one code at once: exactly one succeeds, and only that one has a consent', async () => {
      const own = await app.insertClient({ clientType: 'public' })
      const codes = await newCodes(app, own)
      const people = await Promise.all([newcomer(), newcomer(), newcomer()])
      const requests = await Promise.all(
        people.map(async (each) => (await confirmationOf(app, each.session, codes.userCode)) ?? ''),
      )
      const answers = await Promise.all(
        people.map(({ session: of }, n) => decideOn(app, of, requests[n] as string, 'approve')),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 400, 400])
      const winner = answers.findIndex(({ status }) => status === 303)
      const loser = answers.find(({ status }) => status === 400)
      expect(await loser?.text()).toContain('This code has already been authorized')
      for (const [n, { person }] of people.entries()) {
        const consent = await consentRow(app, { userId: person.id, clientId: own.clientId })
        expect(consent !== undefined).toBe(n === winner)
      }
      expect((await codeRow(app, own.clientId)).userId).toBe(people[winner]?.person.id ?? '')
    })

    test('denied in one tab, allowed in another: the first stands', async () => {
      const { userCode, deviceCode, requestId } = await begin()
      const otherTab = await confirmationOf(app, session, userCode)
      await decideOn(app, session, requestId, 'deny')
      const late = await decideOn(app, session, otherTab ?? '', 'approve')
      expect(late.status).toBe(400)
      expect((await poll(app, client, deviceCode)).body.error).toBe('access_denied')
    })

    test('the request belongs to the session that entered the code', async () => {
      const { deviceCode, requestId } = await begin()
      const again = await app.signIn(user)
      const { session: stranger } = await newcomer()
      for (const other of [again, stranger]) {
        expect((await confirm(requestId, other)).status).toBe(400)
        expect((await decideOn(app, other, requestId, 'approve')).status).toBe(400)
        expect(await state(requestId, other)).toBe('expired')
      }
      expect((await poll(app, client, deviceCode)).body.error).toBe('authorization_pending')
    })

    test('a request ends after ten minutes, and with its code', async () => {
      const { requestId } = await begin()
      app.clock.advance(10 * 60_000)
      expect((await confirm(requestId)).status).toBe(400)
      expect((await decideOn(app, session, requestId, 'approve')).status).toBe(400)
      const codes = await newCodes(app, client)
      app.clock.advance(25 * 60_000)
      const late = await confirmationOf(app, session, codes.userCode)
      app.clock.advance(5 * 60_000)
      expect((await decideOn(app, session, late ?? '', 'approve')).status).toBe(400)
      expect((await poll(app, client, codes.deviceCode)).body.error).toBe('expired_token')
    })

    test('nothing is allowed once the application is off, or the user disabled', async () => {
      for (const changes of [{ status: 'inactive' as const }, { enableDeviceFlow: false }]) {
        const own = await app.insertClient({ clientType: 'public' })
        const requestId = await confirmationOf(app, session, (await newCodes(app, own)).userCode)
        await changeClient(own, changes)
        const refused = await decideOn(app, session, requestId ?? '', 'approve')
        expect(refused.status).toBe(400)
        expect(await refused.text()).toContain('This application is not active')
        expect((await codeRow(app, own.clientId)).authorizedAt).toBeNull()
        expect(await consentRow(app, { userId: user.id, clientId: own.clientId })).toBeUndefined()
      }
      const { person, session: of } = await newcomer()
      const own = await app.insertClient({ clientType: 'public' })
      const requestId = await confirmationOf(app, of, (await newCodes(app, own)).userCode)
      const { q, t } = app.ctx.db
      await q.update(t.users).set({ isActive: false }).where(eq(t.users.id, person.id))
      expect((await decideOn(app, of, requestId ?? '', 'approve')).headers.get('location')).toMatch(/^\/login/)
      expect((await codeRow(app, own.clientId)).authorizedAt).toBeNull()
    })

    test('no more is allowed than the page showed, also when the application may have more by then', async () => {
      const own = await app.insertClient({ clientType: 'public', scopes: 'read write' })
      const { deviceCode, userCode } = await newCodes(app, own, 'read write')
      await changeClient(own, { scopes: 'read' })
      const requestId = await confirmationOf(app, session, userCode)
      await changeClient(own, { scopes: 'read write' })
      await decideOn(app, session, requestId ?? '', 'approve')
      expect((await poll(app, own, deviceCode)).body.scope).toBe('read')
    })

    test('allowing more adds to the consent, which keeps its id', async () => {
      const own = await app.insertClient({ clientType: 'public', scopes: 'read write email' })
      const pair = { userId: user.id, clientId: own.clientId }
      await settle(app, session, (await newCodes(app, own, 'read')).userCode)
      const first = await consentRow(app, pair)
      await settle(app, session, (await newCodes(app, own, 'write read')).userCode)
      const second = await consentRow(app, pair)
      expect(first?.scopes).toBe('read')
      expect(second).toMatchObject({ uuid: first?.uuid ?? '', scopes: 'read write' })
    })
  })
})
