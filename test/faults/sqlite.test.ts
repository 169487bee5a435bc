/** What callers see while the disk under a SQLite database is full or read-only, and that nothing acknowledged is lost. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'
import { deviceLogin } from '../support/form-browser'
import { NEW_PASSWORD } from '../support/sign-in'
import { type MixedLoad, startMixedLoad } from './mixed-load'
import { registerService, registrationEnv } from './service-client'

const mount = (...args: string[]) => Bun.spawnSync(['mount', ...args]).exitCode === 0
const unmount = (folder: string) => Bun.spawnSync(['umount', '-l', folder])

/** Only who may mount can have a small disk. */
const mayMount = (() => {
  const folder = temporaryFolder('mount')
  const worked = mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder)
  if (worked) unmount(folder)
  removeFolder(folder)
  return worked
})()

describe.skipIf(!mayMount)('the disk of SQLite fails under load (skipped where nothing may be mounted)', () => {
  let folder: string
  let disk: string
  let server: RunningBinary
  let load: MixedLoad | undefined

  beforeEach(async () => {
    folder = temporaryFolder('disk')
    disk = join(folder, 'disk')
    mkdirSync(disk)
    mount('-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk)
    const path = join(disk, 'oauth.db')
    server = await startBinary({ folder, env: { DATABASE_PATH: path, LOG_FORMAT: 'json', ...registrationEnv } })
    const { clientId, password } = readCredentials(disk)
    const tokens = await deviceLogin(server, { clientId, password })
    const service = await registerService(server, async (statement) => {
      const db = new Database(path)
      db.run(statement)
      db.close()
    })
    const started = startMixedLoad(server, { clientId, service, tokens, password: NEW_PASSWORD, limitMs: 9_000 })
    load = started
    await eventually('the load', async () => (started.served() > 50 ? true : undefined))
  })
  afterEach(async () => {
    await load?.stop()
    load = undefined
    await server.kill()
    unmount(disk)
    removeFolder(folder)
  })

  const otherLines = () =>
    server
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && !line.includes('"message":"request"')).length

  const running = (): MixedLoad => {
    if (!load) throw new Error('no load')
    return load
  }

  async function expectRefusals(): Promise<void> {
    running().begin()
    await eventually('refusals', async () => (running().refused() > 50 ? true : undefined))
  }

  async function expectRecovery(): Promise<void> {
    await eventually('a second without refusals', async () => {
      running().begin()
      await Bun.sleep(1_000)
      return running().refused() === 0 && running().served() > 20 ? true : undefined
    })
    expect([...new Set(running().wrong)].slice(0, 10)).toEqual([])
    expect((await server.fetch('/readyz')).status).toBe(200)
    await running().stop()
    expect(await server.stop()).toBe(0)
    const db = new Database(join(disk, 'oauth.db'))
    expect(db.query('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    db.close()
  }

  test('full: refused with a hint, few lines in the log; space again: served without a restart', async () => {
    const before = otherLines()
    const filler = join(disk, 'filler')
    const { bavail, bsize } = statfsSync(disk)
    try {
      writeFileSync(filler, Buffer.alloc(bavail * bsize))
    } catch (error) {
      // The server wrote meanwhile: the disk is as full as it was to be.
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    }
    await expectRefusals()
    await eventually('not ready', async () => ((await server.fetch('/readyz')).status === 503 ? true : undefined))
    rmSync(filler)
    await expectRecovery()
    expect(otherLines() - before).toBeLessThan(100)
  }, 60_000)
})
