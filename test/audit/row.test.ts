import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { audit } from '../../src/audit/audit'
import type { auditRow } from '../../src/audit/row'
import type { RequestInfo } from '../../src/edge/request-info'
import { databases } from '../support/databases'
import { apply, openTestContext, START, type TestContext } from '../tokens/support'

const request: RequestInfo = {
  ...{ id: 'req-1', ip: '2001:db8::1', userAgent: 'cli/1.0', path: '/oauth/token', method: 'POST' },
}

describe.each(databases)('audit rows on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
  })
  afterAll(() => t.close())

  const store = async (event: Parameters<typeof auditRow>[1], facts: Partial<RequestInfo> = {}) => {
    const ctx = { ...t.ctx, request: { ...request, ...facts } }
    const before = new Set((await t.auditRows()).map(({ id }) => id))
    await apply(t.ctx, ...audit(ctx, event))
    const [row] = (await t.auditRows()).filter(({ id }) => !before.has(id))
    if (!row) throw new Error('no row')
    return row
  }

  test('request facts are filled in; event and creation time are one', async () => {
    const row = await store({ event: 'LOGOUT', action: 'Signed out', actor: { id: 'u', username: 'n' }, clientId: 'c' })
    expect(row).toMatchObject({
      ...{ eventType: 'LOGOUT', action: 'Signed out', severity: 'INFO', success: true, errorMessage: '' },
      ...{ actorUserId: 'u', actorUsername: 'n', actorIp: '2001:db8::1', userAgent: 'cli/1.0', clientId: 'c' },
      ...{ requestPath: '/oauth/token', requestMethod: 'POST', requestId: 'req-1', details: null },
    })
    expect([row.eventTime.getTime(), row.createdAt.getTime()]).toEqual([START, START])
  })

  test('a client as actor fits whole: client:<uuid> (W1)', async () => {
    const id = `client:${crypto.randomUUID()}`
    expect((await store({ event: 'TOKEN_INTROSPECTED', action: 'x', actor: { id } })).actorUserId).toBe(id)
  })

  test('every text is bounded, and a cut is marked (W1)', async () => {
    const long = 'x'.repeat(5000)
    const row = await store(
      {
        ...{ event: 'CLIENT_UPDATED', action: long, errorMessage: long, clientId: long },
        actor: { id: long, username: long },
        resource: { type: 'CLIENT', id: long, name: long },
        details: { text: long, [long]: 1, list: [long] },
      },
      { userAgent: 'u'.repeat(600), path: `/${'p'.repeat(600)}`, method: 'ABCDEFGHIJKL', ip: long, id: long },
    )
    expect(row.userAgent).toBe(`${'u'.repeat(497)}...`)
    expect(row.requestPath).toBe(`/${'p'.repeat(496)}...`)
    expect(row.requestMethod).toBe('ABCDEFGHIJ')
    const lengths = {
      ...{ action: 255, errorMessage: 1000, clientId: 255, actorUserId: 255, actorUsername: 255, actorIp: 45 },
      ...{ resourceId: 255, resourceName: 255, requestId: 255 },
    }
    for (const [column, length] of Object.entries(lengths)) expect(row[column as keyof typeof row]).toHaveLength(length)
    expect(JSON.stringify(row.details).length).toBeLessThan(9000)
  })

  test('NUL and lone surrogates are stored as U+FFFD, on PostgreSQL too (W1)', async () => {
    const bad = 'a\u0000b\ud800c\udc00'
    const row = await store(
      {
        event: 'AUTHENTICATION_FAILURE',
        action: bad,
        actor: { username: bad },
        details: { [bad]: [bad], nested: { bad } },
      },
      { userAgent: bad, path: bad },
    )
    const clean = 'a\ufffdb\ufffdc\ufffd'
    expect([row.action, row.actorUsername, row.userAgent, row.requestPath]).toEqual([clean, clean, clean, clean])
    expect(row.details).toEqual({ [clean]: [clean], nested: { bad: clean } })
  })

  test('a cut through a surrogate pair leaves no half', async () => {
    const row = await store({ event: 'LOGOUT', action: '😀'.repeat(200) })
    expect(row.action).toBe(`${'😀'.repeat(126)}...`)
  })

  test('a secret in a free text does not reach the row [SEC]', async () => {
    const secret = `ago_${'b3'.repeat(26)}`
    const row = await store({
      ...{ event: 'AUTHENTICATION_FAILURE', action: 'x', errorMessage: `refused ${secret}` },
      ...{ actor: { username: secret }, resource: { type: 'CLIENT', name: secret }, details: { note: secret } },
    })
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  test('details of every JSON kind come back as they were', async () => {
    const details = { text: 'x', number: 1.5, yes: true, none: null, list: [1, 'a'], nested: { a: { b: [] } } }
    expect((await store({ event: 'USER_UPDATED', action: 'x', details })).details).toEqual(details)
  })

  test('random bytes never fail a commit', async () => {
    for (let round = 0; round < 50; round += 1) {
      const units = crypto.getRandomValues(new Uint16Array(40))
      const text = String.fromCharCode(...units)
      await store({ event: 'LOGOUT', action: text, details: { [text]: text } }, { userAgent: text })
    }
  })

  test('ENABLE_AUDIT_LOGGING=false: no statement', () => {
    const ctx = t.withSettings({ ENABLE_AUDIT_LOGGING: 'false' })
    expect(audit(ctx, { event: 'LOGOUT', action: 'x' })).toEqual([])
  })
})
