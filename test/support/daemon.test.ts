import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, startDaemon, temporaryFolder } from './daemon'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a daemon ends when it is stopped, and takes its folder along', async () => {
  const folder = temporaryFolder('daemon')
  const daemon = await startDaemon(['sh', '-c', 'echo started; exec sleep 100'], { folder, signal: 'TERM' })
  await eventually('the log line', async () => ((await daemon.log()) === 'started\n' ? true : undefined))
  expect(isAlive(daemon.pid)).toBe(true)
  await daemon.stop()
  expect(isAlive(daemon.pid)).toBe(false)
  expect(existsSync(folder)).toBe(false)
})

test('a daemon ends when the process that started it is killed', async () => {
  const folder = temporaryFolder('daemon')
  const program = `
    const { startDaemon } = await import(${JSON.stringify(join(import.meta.dir, 'daemon.ts'))})
    const daemon = await startDaemon(['sleep', '100'], { folder: ${JSON.stringify(folder)}, signal: 'TERM' })
    console.log(daemon.pid)
    await Bun.sleep(100_000)`
  const parent = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' })
  const { value } = await parent.stdout.getReader().read()
  const pid = Number(new TextDecoder().decode(value))
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await eventually('the end of the daemon', async () => (isAlive(pid) ? undefined : true))
  await eventually('the removal of its folder', async () => (existsSync(folder) ? undefined : true))
})
