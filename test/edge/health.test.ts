import { describe, expect, test } from 'bun:test'
import type { Database } from '../../src/db/database'
import { openTestApp } from '../support/app'
import { openTestSqlite } from '../support/databases'
import { openUnreachable } from './support'

describe('health', () => {
  test('GET /health says that the database answers, in exactly two members', async () => {
    const app = await openTestApp()
    const response = await app.get('/health')
    expect([response.status, await response.text()]).toEqual([200, '{"database":"connected","status":"healthy"}'])
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await (await app.get('/health', { method: 'HEAD' })).text()).toBe('')
    await app.close()
  })

  test('a database that is away is 503 within three seconds; the process is alive and not ready', async () => {
    const app = await openTestApp({ open: openUnreachable })
    const before = performance.now()
    const response = await app.get('/health')
    expect(performance.now() - before).toBeLessThan(3_000)
    expect([response.status, await response.text()]).toEqual([503, '{"database":"disconnected","status":"unhealthy"}'])
    expect((await app.get('/livez')).status).toBe(200)
    expect((await app.get('/readyz')).status).toBe(503)
    await app.close().catch(() => {})
  })

  test('a database that does not answer counts as away after two seconds', async () => {
    const app = await openTestApp({
      open: async () => {
        const { db, close } = await openTestSqlite()
        const silent: Database = { ...db, ping: () => new Promise(() => {}) }
        return { db: silent, close }
      },
    })
    const before = performance.now()
    expect((await app.get('/health')).status).toBe(503)
    expect(performance.now() - before).toBeWithin(1_900, 3_000)
    await app.close()
  })

  test('probes of one second share one ping', async () => {
    let pings = 0
    const app = await openTestApp({
      open: async () => {
        const { db, close } = await openTestSqlite()
        const ping = () => {
          pings += 1
          return db.ping()
        }
        return { db: { ...db, ping }, close }
      },
    })
    await Promise.all([1, 2, 3].map(() => app.get('/health')))
    app.clock.advance(999)
    await app.get('/readyz')
    expect(pings).toBe(1)
    app.clock.advance(1)
    await app.get('/health')
    expect(pings).toBe(2)
    await app.close()
  })

  test('a draining process is alive but not ready', async () => {
    let draining = false
    const app = await openTestApp({ lifecycle: { draining: () => draining } })
    expect((await app.get('/readyz')).status).toBe(200)
    draining = true
    expect((await app.get('/readyz')).status).toBe(503)
    expect((await app.get('/livez')).status).toBe(200)
    expect((await app.get('/health')).status).toBe(200)
    await app.close()
  })
})
