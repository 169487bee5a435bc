/** What a poll is answered, by the state of its code and of everybody behind it (RFC 8628 §3.5). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { pbkdf2Sync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { commit } from '../../../src/db/commit'
import type { Database } from '../../../src/db/database'
import { createHandler } from '../../../src/server'
import { revokeTokensOfConsent, revokeTokensOfUser } from '../../../src/tokens/revoke'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../../support/app'
import { databases } from '../../support/databases'
import {
  auditRows,
  type Codes,
  codeRow,
  DEVICE_GRANT,
  newCodes,
  poll,
  settle,
  type TestClient,
  tokenRows,
} from './support'

const MINUTE = 60_000

describe.each(databases)('device polling on %s', (_name, open) => {
  let app: TestApp
  let user: UserRow
  let session: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { SESSION_IDLE_TIMEOUT: '0', SESSION_MAX_AGE: '86400' } })
    user = await app.insertUser()
    session = await app.signIn(user)
  })
  afterAll(() => app.close())

  const publicClient = (overrides = {}): Promise<TestClient> =>
    app.insertClient({ clientType: 'public', scopes: 'email profile', ...overrides })

  const changeClient = async ({ clientId }: TestClient, changes: Partial<TestClient>) => {
    const { q, t } = app.ctx.db
    await q.update(t.oauthApplications).set(changes).where(eq(t.oauthApplications.clientId, clientId))
  }
  const changeUser = async (id: string, changes: Partial<UserRow>) => {
    const { q, t } = app.ctx.db
    await q.update(t.users).set(changes).where(eq(t.users.id, id))
  }

  const error = async (client: TestClient, deviceCode: string) => {
    const { status, body } = await poll(app, client, deviceCode)
    return [status, body.error]
  }

  const INVALID = [400, 'invalid_grant']
  const NO_CODES: [string, (code: string) => string][] = [
    ['one character short', (code) => code.slice(1)],
    ['one character long', (code) => `${code}0`],
    ['in capitals', (code) => code.toUpperCase().replace(/^\d/, 'A')],
    ['with a letter no code has', (code) => `g${code.slice(1)}`],
    ['with another beginning', (code) => (code.startsWith('0') ? '1' : '0') + code.slice(1)],
    ['unknown', () => 'ab'.repeat(20)],
  ]
  test.each(NO_CODES)('a code %s is refused as any bad code, in one text', async (_case, change) => {
    const client = await publicClient()
    const { deviceCode } = await newCodes(app, client)
    const { status, body } = await poll(app, client, change(deviceCode))
    expect([status, body]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'Device code is invalid or expired' },
    ])
  })

  test('what cannot be a device code is not looked for', async () => {
    const client = await publicClient()
    const asked: string[] = []
    const db: Database = {
      ...app.ctx.db,
      one: (definition, parameters) => {
        asked.push(definition.name)
        return app.ctx.db.one(definition, parameters)
      },
    }
    const handler = createHandler({ ...app.ctx, db })
    const send = async (device_code: string) => {
      const form = { grant_type: DEVICE_GRANT, device_code, client_id: client.clientId }
      await handler(
        new Request('http://localhost:8080/oauth/token', { method: 'POST', body: new URLSearchParams(form) }),
      )
      return asked.splice(0).filter((name) => name.startsWith('device_code'))
    }
    expect(await send('ab'.repeat(20))).toContain('device_code_by_hash')
    for (const code of ['a'.repeat(39), 'a'.repeat(41), 'AB'.repeat(20), 'g'.repeat(40)])
      expect(await send(code)).toEqual([])
  })

  test('both parameters are required', async () => {
    const client = await publicClient()
    const text = 'device_code and client_id are required'
    for (const fields of [{ device_code: 'ab'.repeat(20) }, { client_id: client.clientId }] as Record<
      string,
      string
    >[]) {
      const form = { grant_type: DEVICE_GRANT, ...fields }
      const response = await app.postForm('/oauth/token', form)
      expect([response.status, await response.json()]).toEqual([
        400,
        { error: 'invalid_request', error_description: text },
      ])
    }
  })

  test('a confidential client authenticates at every poll, by Basic or in the body (RFC 6749 §3.2.1)', async () => {
    const client = await app.insertClient()
    const { deviceCode, userCode } = await newCodes(app, client)
    await settle(app, session, userCode)
    const none = await poll(app, { ...client, secret: '' }, deviceCode)
    const wrong = await poll(app, { ...client, secret: 'wrong' }, deviceCode)
    for (const { status, body, headers } of [none, wrong]) {
      expect([status, body.error]).toEqual([401, 'invalid_client'])
      expect(headers.get('www-authenticate')).toBe('Basic realm="authgate"')
    }
    const basic = { authorization: `Basic ${Buffer.from(`${client.clientId}:${client.secret}`).toString('base64')}` }
    const form = { grant_type: DEVICE_GRANT, device_code: deviceCode }
    expect((await app.postForm('/oauth/token', form, basic)).status).toBe(200)
  })

  test('STRICT_CLIENT_AUTH=false lets a confidential client poll without its secret, on the record', async () => {
    const lenient = await openTestApp({ open, settings: { STRICT_CLIENT_AUTH: 'false' } })
    const client = await lenient.insertClient()
    const { deviceCode } = await newCodes(lenient, { ...client, secret: '' })
    expect((await poll(lenient, { ...client, secret: '' }, deviceCode)).body.error).toBe('authorization_pending')
    expect((await poll(lenient, { ...client, secret: 'wrong' }, deviceCode)).status).toBe(401)
    await Bun.sleep(1_100)
    const rows = await auditRows(lenient, 'ACCESS_TOKEN_ISSUED', client.clientId)
    expect(rows.map(({ severity }) => severity)).toContain('WARNING')
    await lenient.close()
  })

  describe('code × state', () => {
    interface Case {
      /** From a fresh code to the state in question. */
      readonly reach: (codes: Codes, client: TestClient) => Promise<unknown>
      readonly first: unknown[]
      readonly second: unknown[]
    }
    const later = async (ms: number) => app.clock.advance(ms)
    const STATES: Record<string, Case> = {
      pending: {
        reach: async () => {},
        first: [400, 'authorization_pending'],
        second: [400, 'slow_down'],
      },
      'denied: told once, then the code is gone': {
        reach: ({ userCode }) => settle(app, session, userCode, 'deny'),
        first: [400, 'access_denied'],
        second: INVALID,
      },
      'expired undecided: stays expired': {
        reach: () => later(30 * MINUTE),
        first: [400, 'expired_token'],
        second: [400, 'expired_token'],
      },
      'expired after approval': {
        reach: async ({ userCode }) => {
          await settle(app, session, userCode)
          await later(30 * MINUTE)
        },
        first: [400, 'expired_token'],
        second: [400, 'expired_token'],
      },
      'expired ten minutes ago': {
        reach: () => later(40 * MINUTE),
        first: [400, 'expired_token'],
        second: [400, 'expired_token'],
      },
      used: {
        reach: async ({ userCode, deviceCode }, client) => {
          await settle(app, session, userCode)
          expect((await poll(app, client, deviceCode)).status).toBe(200)
        },
        first: INVALID,
        second: INVALID,
      },
      'used and long expired: still used': {
        reach: async ({ userCode, deviceCode }, client) => {
          await settle(app, session, userCode)
          expect((await poll(app, client, deviceCode)).status).toBe(200)
          await later(35 * MINUTE)
        },
        first: INVALID,
        second: INVALID,
      },
      'approved, client deactivated': {
        reach: async ({ userCode }, client) => {
          await settle(app, session, userCode)
          await changeClient(client, { status: 'inactive' })
        },
        first: [401, 'invalid_client'],
        second: [401, 'invalid_client'],
      },
      'approved, flow switched off': {
        reach: async ({ userCode }, client) => {
          await settle(app, session, userCode)
          await changeClient(client, { enableDeviceFlow: false })
        },
        first: [400, 'unauthorized_client'],
        second: [400, 'unauthorized_client'],
      },
      'approved, consent revoked': {
        reach: async ({ userCode }, { clientId }) => {
          await settle(app, session, userCode)
          const { q, t } = app.ctx.db
          const inactive = { isActive: false, revokedAt: new Date(app.clock.now()) }
          await q.update(t.userAuthorizations).set(inactive).where(eq(t.userAuthorizations.clientId, clientId))
        },
        first: INVALID,
        second: INVALID,
      },
      'approved, everything of the consent revoked': {
        reach: async ({ userCode }, { clientId }) => {
          await settle(app, session, userCode)
          await commit(app.ctx, revokeTokensOfConsent(app.ctx, { userId: user.id, clientId }))
        },
        first: INVALID,
        second: INVALID,
      },
    }
    test.each(Object.entries(STATES))('%s', async (_state, { reach, first, second }) => {
      const client = await publicClient()
      const codes = await newCodes(app, client)
      await reach(codes, client)
      expect(await error(client, codes.deviceCode)).toEqual(first)
      expect(await error(client, codes.deviceCode)).toEqual(second)
    })
    test.each(Object.entries(STATES))('%s: another client learns nothing', async (_state, { reach }) => {
      const client = await publicClient()
      const other = await publicClient()
      const codes = await newCodes(app, client)
      await reach(codes, client)
      expect(await error(other, codes.deviceCode)).toEqual(INVALID)
    })
  })

  test('a user disabled, or signed out everywhere, after approving gives the device nothing', async () => {
    for (const end of [
      (id: string) => changeUser(id, { isActive: false }),
      (id: string) => commit(app.ctx, revokeTokensOfUser(app.ctx, id)),
    ]) {
      const client = await publicClient()
      const approver = await app.insertUser()
      const { deviceCode, userCode } = await newCodes(app, client)
      await settle(app, await app.signIn(approver), userCode)
      await end(approver.id)
      expect(await error(client, deviceCode)).toEqual(INVALID)
      expect(await tokenRows(app, client.clientId)).toEqual([])
    }
  })

  describe('polling speed (RFC 8628 §3.5)', () => {
    const seconds = (n: number) => app.clock.advance(n * 1000)

    test('a device that keeps its interval, a second early at most, is never told to slow down', async () => {
      const client = await publicClient()
      const { deviceCode } = await newCodes(app, client)
      for (const pause of [0, 5, 4, 4, 5, 60, 4]) {
        seconds(pause)
        expect(await error(client, deviceCode)).toEqual([400, 'authorization_pending'])
      }
      expect(await codeRow(app, client.clientId)).toMatchObject({ pollInterval: 5, lastPolledAt: null })
    })

    test('each poll that is too fast adds five seconds, up to a minute', async () => {
      const client = await publicClient()
      const { deviceCode } = await newCodes(app, client)
      await error(client, deviceCode)
      seconds(1)
      expect(await error(client, deviceCode)).toEqual([400, 'slow_down'])
      expect((await codeRow(app, client.clientId)).pollInterval).toBe(10)
      seconds(8)
      expect(await error(client, deviceCode)).toEqual([400, 'slow_down'])
      seconds(14)
      expect(await error(client, deviceCode)).toEqual([400, 'authorization_pending'])
      for (let polls = 0; polls < 12; polls += 1) expect(await error(client, deviceCode)).toEqual([400, 'slow_down'])
      expect((await codeRow(app, client.clientId)).pollInterval).toBe(60)
      seconds(58)
      expect(await error(client, deviceCode)).toEqual([400, 'slow_down'])
      seconds(59)
      expect(await error(client, deviceCode)).toEqual([400, 'authorization_pending'])
    })

    test('one device does not slow another down', async () => {
      const client = await publicClient()
      const first = await newCodes(app, client)
      const second = await newCodes(app, client)
      expect(await error(client, first.deviceCode)).toEqual([400, 'authorization_pending'])
      expect(await error(client, second.deviceCode)).toEqual([400, 'authorization_pending'])
    })

    test('an approved code is served at once, however fast the device polls', async () => {
      const client = await publicClient()
      const { deviceCode, userCode } = await newCodes(app, client)
      await error(client, deviceCode)
      await error(client, deviceCode)
      await settle(app, session, userCode)
      expect((await poll(app, client, deviceCode)).status).toBe(200)
    })

    test('the longer interval holds on another process and after a restart', async () => {
      const client = await publicClient()
      const { deviceCode } = await newCodes(app, client)
      await error(client, deviceCode)
      expect(await error(client, deviceCode)).toEqual([400, 'slow_down'])
      const { createHandler } = await import('../../../src/server')
      const { createPollPace } = await import('../../../src/oauth/device/poll-pace')
      const other = createHandler({ ...app.ctx, devicePolls: createPollPace() })
      const pollThere = async () => {
        const form = new URLSearchParams({
          grant_type: DEVICE_GRANT,
          device_code: deviceCode,
          client_id: client.clientId,
        })
        const headers = { 'content-type': 'application/x-www-form-urlencoded' }
        const url = 'http://localhost:8080/oauth/token'
        const response = await other(new Request(url, { method: 'POST', headers, body: form.toString() }))
        return ((await response.json()) as { error: string }).error
      }
      seconds(6)
      expect(await pollThere()).toBe('slow_down')
      seconds(14)
      expect(await pollThere()).toBe('authorization_pending')
    })
  })

  test('a code taken over from an earlier deployment is redeemed, and its slow hash replaced', async () => {
    const client = await publicClient()
    const { userCode } = await newCodes(app, client)
    const deviceCode = `${'c0ffee'.repeat(6).slice(0, 32)}0badcafe`
    const salt = '0123456789abcdef0123'
    const { q, t } = app.ctx.db
    await q
      .update(t.deviceCodes)
      .set({
        deviceCodeHash: pbkdf2Sync(deviceCode, salt, 10_000, 50, 'sha256').toString('hex'),
        importedSalt: salt,
        importedSuffix: deviceCode.slice(-8),
      })
      .where(eq(t.deviceCodes.clientId, client.clientId))
    expect(await error(client, `${'1'.repeat(32)}0badcafe`)).toEqual(INVALID)
    expect(await error(client, deviceCode)).toEqual([400, 'authorization_pending'])
    expect(await codeRow(app, client.clientId)).toMatchObject({ importedSalt: null, importedSuffix: null })
    await settle(app, session, userCode)
    expect((await poll(app, client, deviceCode)).status).toBe(200)
    expect(await error(client, deviceCode)).toEqual(INVALID)
  })

  test('refused redemptions leave a record that tells why; waiting leaves none', async () => {
    const client = await publicClient()
    const other = await publicClient()
    const { deviceCode } = await newCodes(app, client)
    await error(client, deviceCode)
    await error(other, deviceCode)
    await Bun.sleep(1_300)
    expect(await auditRows(app, 'ACCESS_TOKEN_ISSUED', client.clientId)).toEqual([])
    const [record] = await auditRows(app, 'ACCESS_TOKEN_ISSUED', other.clientId)
    expect(record).toMatchObject({ success: false, severity: 'WARNING' })
    expect(record?.details).toMatchObject({ error: 'invalid_grant', reason: 'foreign client' })
  })
})
