/** The file of a SQLite database is taken away under a running server. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { afterEach, expect, test } from 'bun:test'
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../src/db/sqlite'
import { openTestApp } from '../support/app'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close().catch(() => {})
})

async function openOnDisk() {
  const folder = temporaryFolder('sqlite-file')
  opened.push({ close: async () => removeFolder(folder) })
  const path = join(folder, 'test.db')
  const app = await openTestApp({
    open: async () => {
      const db = openSqlite({ path, busyTimeoutMs: 1_000 })
      await db.migrate()
      return { db, close: () => db.close() }
    },
  })
  opened.push(app)
  const client = await app.insertClient({ grantTypes: 'client_credentials' })
  const issue = () =>
    app.postForm('/oauth/token', {
      grant_type: 'client_credentials',
      ...{ client_id: client.clientId, client_secret: client.secret },
    })
  expect((await issue()).status).toBe(200)
  const expectRefusals = async () => {
    const answer = await issue()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    // The state that readiness found is good for a second.
    app.clock.advance(1_000)
    expect((await app.get('/readyz')).status).toBe(503)
  }
  return { app, path, issue, expectRefusals }
}

const parts = (path: string) => [path, `${path}-wal`, `${path}-shm`]

test('moved away: nothing more is acknowledged; back in its place: served again, with all that was', async () => {
  const { app, path, issue, expectRefusals } = await openOnDisk()
  for (const part of parts(path)) renameSync(part, `${part}.away`)
  await expectRefusals()
  for (const part of parts(path)) renameSync(`${part}.away`, part)
  await eventually('service', async () => ((await issue()).status === 200 ? true : undefined))
  app.clock.advance(1_000)
  expect((await app.get('/readyz')).status).toBe(200)
  const other = new SqliteHandle(path)
  expect(other.query('select count(*) as count from access_tokens').get()).toEqual({ count: 2 })
  other.close()
})

test('removed, or replaced by another: refused as long as the server runs', async () => {
  for (const take of [
    (path: string) => rmSync(path),
    (path: string) => rmSync(`${path}-wal`),
    (path: string) => {
      copyFileSync(path, `${path}.copy`)
      renameSync(`${path}.copy`, path)
    },
  ]) {
    const { path, expectRefusals } = await openOnDisk()
    take(path)
    await expectRefusals()
  }
})

/** Waits for as long as a write waits. */
const atLength = test.skipIf(process.env.AUTHGATE_LONG_FAULTS !== '1')

atLength('another process holds the write lock: not ready, refused with a hint; released: served again', async () => {
  const { app, path, issue, expectRefusals } = await openOnDisk()
  const other = new SqliteHandle(path)
  other.run('begin immediate')
  const started = performance.now()
  await expectRefusals()
  expect(performance.now() - started).toBeLessThan(9_000)
  other.run('rollback')
  other.close()
  await eventually('service', async () => ((await issue()).status === 200 ? true : undefined))
  app.clock.advance(1_000)
  expect((await app.get('/readyz')).status).toBe(200)
})
