/** The executable under a service manager that waits for it (`Type=notify`, `WatchdogSec=`). */
import { afterEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createServiceManager, watchdogPause } from '../../src/service-manager'
import { startBinary } from '../support/binary'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'

const SECRETS = {
  JWT_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03',
  SESSION_SECRET: '70c1e5d94b2f38a6e01d9cb47f5a238e16d0c97b4e82a5f3',
}

describe('what the watchdog asks for (sd_watchdog_enabled(3))', () => {
  test('half of its time, when it means this process', () => {
    expect(watchdogPause({ WATCHDOG_USEC: '30000000' }, 7)).toBe(15_000)
    expect(watchdogPause({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7)).toBe(15_000)
    expect(watchdogPause({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7)).toBe(0)
    for (const WATCHDOG_USEC of [undefined, '', '0', '-1', 'x']) expect(watchdogPause({ WATCHDOG_USEC }, 7)).toBe(0)
  })
})

describe('what the watchdog is told', () => {
  test('a database that is away is said, one that never answers ends the telling', async () => {
    const sent: string[] = []
    let answer: () => Promise<void> = () => Promise.resolve()
    createServiceManager((state) => void sent.push(state), 5).ready({ ping: () => answer() })
    await eventually('two rounds', async () => (sent.length >= 3 ? true : undefined))
    expect(sent.slice(0, 3)).toEqual(['READY=1\nSTATUS=Serving', 'WATCHDOG=1\nSTATUS=Serving', 'WATCHDOG=1'])
    answer = () => Promise.reject(new Error('away'))
    const said = 'WATCHDOG=1\nSTATUS=Serving, but the database does not answer'
    await eventually('the status', async () => (sent.includes(said) ? true : undefined))
    answer = () => new Promise(() => {})
    await Bun.sleep(30)
    const before = sent.length
    await Bun.sleep(60)
    expect(sent.length).toBe(before)
  })
})

/** What arrives at a socket of that name. */
async function listenAt(address: string) {
  const child = Bun.spawn(['python3', 'test/support/notify-socket.py', address], { stdout: 'pipe', stderr: 'inherit' })
  const messages: string[] = []
  const reading = (async () => {
    let text = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      messages.push(...lines.map((line) => JSON.parse(line) as string))
    }
  })()
  await eventually('the listener', async () => (messages.length > 0 ? true : undefined))
  return {
    messages,
    close: async () => {
      child.kill()
      await reading
    },
  }
}

describe.skipIf(process.platform !== 'linux' || !Bun.which('python3'))('the executable', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) removeFolder(folder)
  })
  const folder = () => {
    const made = temporaryFolder('notify')
    folders.push(made)
    return made
  }

  test.each([
    ['a socket with a file', () => join(folder(), 'notify')],
    ['a socket without one', () => `@authgate-${crypto.randomUUID()}`],
  ])('tells %s when it serves, that it works, and when it ends', async (_, addressOf) => {
    const address = addressOf()
    const manager = await listenAt(address)
    try {
      const server = await startBinary({ env: { ...SECRETS, NOTIFY_SOCKET: address, WATCHDOG_USEC: '200000' } })
      const enough = () => manager.messages.filter((message) => message.startsWith('WATCHDOG=1')).length >= 3
      await eventually('the watchdog', async () => (enough() ? true : undefined))
      expect(manager.messages[1]).toBe('READY=1\nSTATUS=Serving')
      expect(await server.stop()).toBe(0)
      await eventually('the end', async () =>
        manager.messages.some((m) => m.startsWith('STOPPING=1')) ? true : undefined,
      )
    } finally {
      await manager.close()
    }
  })

  test('whose event loop is stopped tells nothing more', async () => {
    const address = join(folder(), 'notify')
    const manager = await listenAt(address)
    try {
      const server = await startBinary({ env: { ...SECRETS, NOTIFY_SOCKET: address, WATCHDOG_USEC: '100000' } })
      await eventually('the watchdog', async () => (manager.messages.length > 3 ? true : undefined))
      server.signal('SIGSTOP')
      await Bun.sleep(100)
      const before = manager.messages.length
      await Bun.sleep(200)
      expect(manager.messages.length).toBe(before)
      server.signal('SIGCONT')
      expect(await server.stop()).toBe(0)
    } finally {
      await manager.close()
    }
  })

  test('serves without one that listens, and says so in its log', async () => {
    const server = await startBinary({ env: { ...SECRETS, NOTIFY_SOCKET: join(folder(), 'absent') } })
    expect(server.log()).toContain('The service manager cannot be told that the server is ready')
    expect(await server.stop()).toBe(0)
  })
})
