/** Mistakes of the program itself: one log line, nothing quoted, no half-dead process. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { eventually, removeFolder, temporaryFolder } from '../support/daemon'

const REPOSITORY = resolve(import.meta.dir, '../..')

let folder: string
beforeEach(() => {
  folder = temporaryFolder('crash')
})
afterEach(() => removeFolder(folder))

function startCrashing(mistake: 'rejection' | 'exception') {
  const child = Bun.spawn([process.execPath, 'test/support/crashing-server.ts', mistake, folder], {
    // The JSX settings of the views are found in the working directory.
    cwd: REPOSITORY,
    env: {},
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let log = ''
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder()
    for await (const chunk of stream) log += decoder.decode(chunk, { stream: true })
  }
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)])
  return { child, log: () => log, ended: async () => [await child.exited, await collected][0] }
}

describe('a mistake of the program', () => {
  test('an uncaught exception: logged without its message, orderly shutdown, exit code 1 [SEC]', async () => {
    const { log, ended } = startCrashing('exception')
    expect(await ended()).toBe(1)
    expect(log()).toMatch(/ERROR Uncaught exception, shutting down error=RangeError/)
    expect(log()).toContain('Database connection closed')
    expect(log()).not.toContain('hunter2')
  })

  test('an unhandled rejection: logged without its message, the server goes on [SEC]', async () => {
    const { child, log, ended } = startCrashing('rejection')
    await eventually('the log line', async () => (log().includes('Unhandled rejection') ? true : undefined))
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(log()) ?? []
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended()).toBe(0)
    expect(log()).toMatch(/ERROR Unhandled rejection error=TypeError/)
    expect(log()).not.toContain('hunter2')
  })
})
