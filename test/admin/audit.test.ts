/** `/admin/audit`: page, event, CSV and JSON; who may see them, and what is left of it in the trail. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { eq } from 'drizzle-orm'
import { createSealer } from '../../src/audit/seals/sealer'
import { insertEvent, insertMany } from '../audit/support'
import { openTestApp, type SignedIn, type TestApp } from '../support/app'
import { databases } from '../support/databases'

const PATHS = ['/admin/audit', '/admin/audit/export', '/admin/audit/api', '/admin/audit/api/stats']
const MINUTE = 60_000

describe.each(databases)('the audit log on %s', (_name, open) => {
  let app: TestApp
  let admin: SignedIn
  let username: string
  beforeAll(async () => {
    app = await openTestApp({ open })
    const user = await app.insertUser({ role: 'admin' })
    username = user.username
    admin = await app.signIn(user)
    await insertEvent(app.ctx, {
      event: 'USER_DELETED',
      action: '<b>User</b> deleted',
      severity: 'WARNING',
      actor: { id: 'u-1', username: 'Mallory "M" <i>' },
      resource: { type: 'USER', id: 'u-2', name: '=cmd()' },
      details: { email: '"><script>alert(1)</script>' },
    })
    await insertEvent(app.ctx, {
      event: 'LOGOUT',
      action: 'User logged out',
      success: false,
      errorMessage: 'no, "really"\nnot',
    })
  })
  afterAll(() => app.close())

  const get = (path: string, as: SignedIn | undefined = admin, headers: Record<string, string> = {}) =>
    app.get(path, { headers: { ...(as && { cookie: as.cookie }), ...headers } })
  const html = async (path: string) => {
    const answer = await get(path)
    expect([path, answer.status]).toEqual([path, 200])
    return answer.text()
  }
  const json = async (path: string) => {
    const answer = await get(path)
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
      path,
      200,
      'application/json; charset=utf-8',
    ])
    return (await answer.json()) as { logs: Record<string, unknown>[]; pagination: Record<string, unknown> }
  }
  const rowsOf = async (event: string) => {
    await Bun.sleep(1200)
    const { q, t } = app.ctx.db
    return q.select().from(t.auditLogs).where(eq(t.auditLogs.eventType, event))
  }

  test.each(PATHS)('%s: strangers sign in or get 401, others than administrators get 403 (case 103)', async (path) => {
    const user = await app.signIn(await app.insertUser())
    const stranger = await app.get(path)
    const other = await get(path, user)
    if (path.includes('/api')) {
      expect([stranger.status, await stranger.json()]).toEqual([
        401,
        { error: 'unauthorized', error_description: 'Authentication required' },
      ])
      expect([other.status, await other.json()]).toEqual([
        403,
        { error: 'forbidden', error_description: 'Admin access required' },
      ])
    } else {
      expect([stranger.status, stranger.headers.get('location')?.startsWith('/login?')]).toEqual([302, true])
      expect(other.status).toBe(403)
    }
  })

  test('JSON: members as specified, empty ones left out, null details (case 108)', async () => {
    const { logs, pagination } = await json('/admin/audit/api?event_type=LOGOUT')
    expect(Object.keys(pagination)).toEqual([
      ...['Total', 'TotalPages', 'CurrentPage', 'PageSize', 'HasPrev', 'HasNext', 'PrevPage', 'NextPage'],
    ])
    expect(pagination).toEqual({
      ...{
        Total: 1,
        TotalPages: 1,
        CurrentPage: 1,
        PageSize: 20,
        HasPrev: false,
        HasNext: false,
        PrevPage: 1,
        NextPage: 1,
      },
    })
    expect(Object.keys(logs[0] ?? {})).toEqual([
      ...['id', 'event_type', 'event_time', 'severity', 'actor_user_id', 'actor_username', 'actor_ip', 'resource_type'],
      ...['resource_id', 'resource_name', 'action', 'details', 'success', 'error_message', 'created_at'],
    ])
    expect(logs[0]).toMatchObject({ success: false, details: null, error_message: 'no, "really"\nnot' })
    expect((await json('/admin/audit/api?event_type=USER_DELETED')).logs[0]).not.toContainKey('error_message')
  })

  test.each([
    ['page_size=101', 100],
    ['page_size=100', 100],
    ['page_size=0', 20],
    ['page_size=-5', 20],
    ['page_size=x', 20],
    ['page_size=1', 1],
    ['page_size=99999999999999', 20],
  ])('%s is a page of %d (case 105)', async (query, size) => {
    expect((await json(`/admin/audit/api?${query}`)).pagination.PageSize).toBe(size)
  })

  test('JSON: unknown values find nothing, unknown parameters do nothing, an empty list has page 1 (cases 104, 107)', async () => {
    expect(await json('/admin/audit/api?event_type=NOPE&page=50')).toEqual({
      logs: [],
      pagination: {
        Total: 0,
        TotalPages: 0,
        CurrentPage: 1,
        PageSize: 20,
        HasPrev: false,
        HasNext: false,
        PrevPage: 1,
        NextPage: 0,
      },
    })
    const all = (await json('/admin/audit/api?event_type=LOGOUT&since=1h&user_id=7')).pagination.Total
    expect(all).toBe(1)
    expect((await json('/admin/audit/api?event_type=LOGOUT&success=1')).pagination.Total).toBe(1)
    expect((await json('/admin/audit/api?event_type=LOGOUT&success=true')).pagination.Total).toBe(0)
  })

  test('JSON statistics: thirty days unless asked otherwise, an open end is the zero time (case 109)', async () => {
    const stats = async (query: string) =>
      (await (await get(`/admin/audit/api/stats${query}`)).json()) as {
        stats: {
          total_events: number
          events_by_type: Record<string, number>
          events_by_severity: Record<string, number>
          success_count: number
          failure_count: number
        }
        start_time: string
        end_time: string
      }
    const recent = await stats('')
    const days = (Date.parse(recent.end_time) - Date.parse(recent.start_time)) / 86_400_000
    expect(days).toBe(30)
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, each) => all + each, 0)
    const { total_events: total, events_by_type: types, events_by_severity: severities } = recent.stats
    expect([sum(types), sum(severities), recent.stats.success_count + recent.stats.failure_count]).toEqual([
      total,
      total,
      total,
    ])
    expect(await stats('?end_time=2001-01-01T08:00:00%2B08:00')).toEqual({
      stats: { total_events: 0, events_by_type: {}, events_by_severity: {}, success_count: 0, failure_count: 0 },
      start_time: '0001-01-01T00:00:00Z',
      end_time: '2001-01-01T00:00:00Z',
    })
  })

  test('the page: hostile text stays text, a row holds everything, and leads to actor and object', async () => {
    const page = await html('/admin/audit?event_type=USER_DELETED')
    expect(page).not.toContain('<script>alert')
    expect(page).not.toContain('<b>User</b>')
    for (const part of ['&lt;b&gt;User', 'href="/admin/users/u-1"', 'href="/admin/users/u-2"', 'User deleted', 'u-2'])
      expect(page).toContain(part)
    const [, path = ''] = /href="(\/admin\/audit\/events\/[^"]+)"/.exec(page) ?? []
    const event = await html(path)
    expect(event).toContain('&quot;email&quot;')
    expect(event).not.toContain('<script>alert')
    expect((await get('/admin/audit/events/nope')).status).toBe(404)
    expect((await get('/admin/audit/events/a%00b')).status).toBe(404)
  })

  test('every event can be chosen, and every filter stays in the form, the export and the pages (case 112)', async () => {
    await insertMany(app.ctx, 45, () => ({ resourceType: 'TOKEN', actorIp: '10.1.2.3', clientId: 'c"1' }))
    const query =
      'actor_ip=10.1.2.3&client_id=c%221&resource_type=TOKEN&start_time=2000-01-01T00:00:00Z&end_time=2999-01-01T00:00:00Z&success=true&search=access'
    const page = await html(`/admin/audit?${query}`)
    expect(page.match(/<option value="[A-Z_]+"/g)?.length).toBeGreaterThan(40)
    const [, next = ''] = /href="([^"]*page=2[^"]*)"/.exec(page) ?? []
    const carried = new URL(next.replaceAll('&amp;', '&'), 'http://x').searchParams
    for (const [name, value] of new URLSearchParams(query)) expect([name, carried.get(name)]).toEqual([name, value])
    expect(carried.get('as_of')).toMatch(/^\d+_/)
    const [, exported = ''] = /href="(\/admin\/audit\/export[^"]*)"/.exec(page) ?? []
    const asked = new URL(exported.replaceAll('&amp;', '&'), 'http://x').searchParams
    for (const [name, value] of new URLSearchParams(query)) expect([name, asked.get(name)]).toEqual([name, value])
    for (const field of ['value="10.1.2.3"', 'value="c&quot;1"', 'value="access"', 'value="2000-01-01T00:00:00"'])
      expect(page).toContain(field)
    const ids = (text: string) => [...text.matchAll(/\/admin\/audit\/events\/([^"]+)"/g)].map(([, id]) => id)
    await insertMany(app.ctx, 5, () => ({
      resourceType: 'TOKEN',
      actorIp: '10.1.2.3',
      clientId: 'c"1',
      eventTime: new Date(app.clock.now() + 1),
    }))
    const second = await html(next.replaceAll('&amp;', '&'))
    expect(new Set([...ids(page), ...ids(second)]).size).toBe(40)
  })

  test('a period counts back from now, and a time that is none is said', async () => {
    const page = await html('/admin/audit?period=24h&search=nothing-like-this')
    expect(page).toContain('No event fits the filters')
    expect(page).toMatch(/<a class="segment" href="[^"]*period=24h[^"]*" aria-current="true">/)
    expect(await html('/admin/audit?start_time=yesterday')).toContain('A time could not be understood')
    expect(await html('/admin/audit?start_time=2026-02-01&end_time=2026-01-01')).toContain(
      'The beginning is after the end',
    )
  })

  test.each([
    'page=-1&page_size=1e9&as_of=x',
    'page=99999999999999999999',
    'as_of=99999999999999_a',
    'as_of=-99999999999999_a',
    'search=%00%00&actor_ip=%00',
    'search=%F0%28%8C%28',
    'event_type[]=A&severity=__proto__&period=constructor&resource_type=toString',
    'start_time=9999-12-31T23:59:59Z&end_time=0000-01-01T00:00:00Z',
    'start_time=0000-01-01',
    `search=${'%25'.repeat(3000)}`,
    "actor_user_id=' or 1=1 --",
    'success=true&success=false',
  ])('hostile parameters are answered as everything else: %s', async (query) => {
    expect([query, (await get(`/admin/audit?${query}`)).status]).toEqual([query, 200])
    expect([query, (await get(`/admin/audit/api?${query}`)).status]).toEqual([query, 200])
    expect([query, (await get(`/admin/audit/api/stats?${query}`)).status]).toEqual([query, 200])
    const csv = await get(`/admin/audit/export?${query}`)
    expect([query, csv.status, (await csv.text()).startsWith('Event Time,')]).toEqual([query, 200, true])
  })

  test('CSV: name, headers, text instead of formulas, quotes; nothing found is a header (case 110)', async () => {
    const answer = await get('/admin/audit/export?event_type=USER_DELETED&page=7&page_size=1')
    const day = new Date(app.clock.now()).toISOString().slice(0, 10)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="audit_logs_${day}.csv"`)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-audit-truncated')).toBeNull()
    const [, line = ''] = (await answer.text()).split('\n')
    expect(line).toContain(`"Mallory ""M"" <i>"`)
    expect(line).toContain(",USER,'=cmd(),")
    const empty = await (await get('/admin/audit/export?event_type=NOPE')).text()
    expect(empty.split('\n')).toHaveLength(2)
  })

  test('an export needs a recent sign-in [SEC] (U48)', async () => {
    const late = await app.signIn(await app.insertUser({ role: 'admin' }))
    app.clock.advance(15 * MINUTE)
    const answer = await get('/admin/audit/export?event_type=LOGOUT', late)
    expect([answer.status, answer.headers.get('location')?.startsWith('/account/confirm?')]).toEqual([302, true])
    expect((await get('/admin/audit', late)).status).toBe(200)
    app.clock.advance(-15 * MINUTE)
  })

  test('looking and exporting are recorded with their filters; turning pages is not recorded again (case 111)', async () => {
    const viewer = await app.insertUser({ role: 'admin' })
    const session = await app.signIn(viewer)
    await get('/admin/audit?event_type=LOGOUT', session)
    await get('/admin/audit/api?event_type=LOGOUT&page=2', session)
    await get('/admin/audit/api?event_type=LOGOUT&page=3', session)
    await get('/admin/audit/api/stats', session)
    await get('/admin/audit/export?severity=WARNING', session)
    const own = ({ actorUserId }: { actorUserId: string }) => actorUserId === viewer.id
    const views = (await rowsOf('AUDIT_LOG_VIEWED')).filter(own)
    expect(views.map(({ action }) => action).sort()).toEqual(['Viewed audit log statistics', 'Viewed audit logs'])
    expect(views.map(({ details }) => details?.filters)).toContainEqual({ event_type: 'LOGOUT' })
    const [exported] = (await rowsOf('AUDIT_LOG_EXPORTED')).filter(own)
    expect(exported).toMatchObject({
      action: 'Exported audit logs to CSV',
      actorUsername: viewer.username,
      details: { record_count: 1, filters: { severity: 'WARNING' } },
    })
  })

  test('how far the trail is sealed is said', async () => {
    expect(await html('/admin/audit')).toContain('No record is sealed against later changes yet')
    app.clock.advance(30 * MINUTE)
    await createSealer(app.ctx).seal(new AbortController().signal)
    app.clock.advance(-30 * MINUTE)
    expect(await html('/admin/audit')).toMatch(
      /Sealed against later changes until <time [^>]*>[^<]*<\/time>, batch \d+/,
    )
    expect(username).not.toBe('')
  })

  test('in Traditional Chinese', async () => {
    const page = await (await get('/admin/audit', admin, { 'accept-language': 'zh-TW' })).text()
    for (const text of ['稽核紀錄', '匯出 CSV', '登入成功']) expect(page).toContain(text)
  })
})

describe('a large export', () => {
  test('100,000 records come as fast as they are read, and reading stops when the reader goes away (O39)', async () => {
    const app = await openTestApp()
    const admin = await app.signIn(await app.insertUser({ role: 'admin' }))
    await insertMany(app.ctx, 100_000)
    const get = () =>
      app.get('/admin/audit/export?event_type=ACCESS_TOKEN_ISSUED', { headers: { cookie: admin.cookie } })
    const answer = await get()
    let lines = 0
    let largest = 0
    for await (const chunk of answer.body ?? []) {
      largest = Math.max(largest, chunk.length)
      for (const byte of chunk) if (byte === 10) lines += 1
    }
    expect(lines).toBe(100_001)

    // A page searches a stretch, says how far it came, and leads on from there.
    let path = '/admin/audit?search=nothing-like-it'
    let stretches = 0
    for (let next: string | undefined = path; next; stretches += 1) {
      path = next
      const html = await (await app.get(path, { headers: { cookie: admin.cookie } })).text()
      expect(html).toContain('No audit logs found')
      next = /href="([^"]*)">\s*Search further back/.exec(html)?.[1]?.replaceAll('&amp;', '&')
      expect(stretches).toBeLessThan(10)
    }
    expect(stretches).toBeGreaterThanOrEqual(5)
    expect(path).toContain('end_time=')
    expect(largest).toBeLessThan(200_000)

    let read = 0
    const { q } = app.ctx.db
    const select = q.select.bind(q)
    Object.assign(q, {
      select: (...fields: []) => {
        read += 1
        return select(...fields)
      },
    })
    const reader = (await get()).body?.getReader()
    await reader?.read()
    await reader?.read()
    await Bun.sleep(50)
    // Newest record, count, and the batches: one taken, one waiting.
    expect(read).toBeLessThanOrEqual(6)
    await reader?.cancel()
    await Bun.sleep(50)
    expect(read).toBeLessThanOrEqual(6)
    await app.close()
  }, 60_000)

  test('a reader that takes nothing more stops the reading, and goes away without a trace left open', async () => {
    const app = await openTestApp()
    const admin = await app.signIn(await app.insertUser({ role: 'admin' }))
    const rows = 40_000
    await insertMany(app.ctx, rows, () => ({ resourceName: 'x'.repeat(300) }))
    let read = 0
    const { q } = app.ctx.db
    const select = q.select.bind(q)
    Object.assign(q, {
      select: (...fields: []) => {
        read += 1
        return select(...fields)
      },
    })
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => app.handle(request) })
    const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    const socket = connect(server.port ?? 0, '127.0.0.1')
    socket.pause()
    socket.write(
      `GET /admin/audit/export HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: ${browser}\r\nCookie: ${admin.cookie}\r\n\r\n`,
    )
    let before = -1
    while (read !== before || read < 5) {
      before = read
      await Bun.sleep(300)
    }
    // What the buffers of the connection hold; 500 records at a time would be 80.
    expect(read).toBeLessThan(60)
    expect(server.pendingRequests).toBe(1)
    socket.destroy()
    while (server.pendingRequests > 0) await Bun.sleep(50)
    expect(read).toBeLessThan(60)
    await server.stop(true)
    await app.close()
  }, 60_000)

  test('with auditing off there is nothing to see, and that is said (case 102)', async () => {
    const app = await openTestApp({ settings: { ENABLE_AUDIT_LOGGING: 'false' } })
    const admin = await app.signIn(await app.insertUser({ role: 'admin' }))
    const get = (path: string) => app.get(path, { headers: { cookie: admin.cookie } })
    expect(await (await get('/admin/audit')).text()).toContain('Auditing is switched off')
    expect(await (await get('/admin/audit/api')).json()).toMatchObject({ logs: [], pagination: { Total: 0 } })
    expect(await (await get('/admin/audit/api/stats')).json()).toMatchObject({
      stats: { total_events: 0, events_by_type: {}, events_by_severity: {} },
    })
    expect((await (await get('/admin/audit/export')).text()).split('\n')).toHaveLength(2)
    await app.close()
  })
})
