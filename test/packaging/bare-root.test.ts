/** The executable in a root that holds only the C library files it links, as a distroless image has. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { binaryPath, type RunningBinary, startBinary } from '../support/binary'
import { type BareRoot, bareRoot, linkedFiles } from '../support/rootfs'
import { suiteNeeds } from '../support/skip'

describe.skipIf(process.platform !== 'linux')('linked libraries', () => {
  test('the executable links the C library and nothing else', () => {
    const names = linkedFiles(binaryPath()).map((path) => path.slice(path.lastIndexOf('/') + 1))
    for (const name of names) expect(name).toMatch(/^(libc|libm|libdl|libpthread|ld-linux-[a-z0-9_-]+)\.so\.\d+$/)
  })
})

suiteNeeds('root')('authgate in a bare root: its own file, the C library, /proc; read-only but for /app/data', () => {
  let root: BareRoot
  let server: RunningBinary
  beforeAll(async () => {
    root = bareRoot(binaryPath())
    server = await startBinary({
      command: root.command(),
      signalPid: root.pidInside,
      env: { DATABASE_PATH: '/app/data/oauth.db', CREDENTIALS_FILE: '/app/data/authgate-credentials.txt' },
    })
  }, 60_000)
  afterAll(async () => {
    await server?.stop()
    root?.remove()
  })

  test('it starts as an unprivileged process 1, and answers', async () => {
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m)
    expect(status).toMatch(/^NSpid:\s+\d+\s+1$/m)
    expect(status).toMatch(/^CapEff:\s+0+$/m)
    expect((await server.fetch('/health')).status).toBe(200)
    expect((await server.fetch('/login')).status).toBe(200)
  })

  test('nothing but the data folder can be written', () => {
    const mounts = readFileSync(`/proc/${server.pid}/mountinfo`, 'utf8').trim().split('\n')
    const writable = mounts.map((line) => line.split(' ')).filter((fields) => fields[5]?.split(',').includes('rw'))
    expect(writable.map((fields) => fields[4]).sort()).toEqual(['/app/data', '/proc'])
  })

  test('database and credentials are in the data folder, for their owner only, and nowhere else', () => {
    expect(existsSync(join(root.data, 'oauth.db'))).toBe(true)
    const { mode, uid } = statSync(join(root.data, 'authgate-credentials.txt'))
    expect({ mode: mode & 0o777, uid }).toEqual({ mode: 0o600, uid: 1000 })
  })

  test('SIGTERM ends it in order, as process 1 too', async () => {
    expect(await server.stop()).toBe(0)
  })
})
