import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from './daemon'

/** Runs a test file whose suite needs Chromium where no program is in PATH. */
async function runWithout(folder: string, env: Record<string, string>) {
  const run = Bun.spawn([process.execPath, 'test', './needy.test.ts'], {
    cwd: folder,
    env: { PATH: '/nonexistent', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
  return { exitCode: await run.exited, output: stdout + stderr }
}

let folder: string
beforeAll(async () => {
  folder = temporaryFolder('skip')
  await Bun.write(
    join(folder, 'needy.test.ts'),
    `import { test } from 'bun:test'
     import { suiteNeeds } from ${JSON.stringify(join(import.meta.dir, 'skip.ts'))}
     suiteNeeds('chromium')('pages', () => { test('render', () => {}) })`,
  )
})
afterAll(() => removeFolder(folder))

test('a suite whose part is missing is skipped under a name that says what it needs', async () => {
  const { exitCode, output } = await runWithout(folder, {})
  expect(output).toContain('(skip) pages (skipped: needs Chromium) > render')
  expect(exitCode).toBe(0)
})

test('a missing part is a failure with CI=true', async () => {
  const { exitCode, output } = await runWithout(folder, { CI: 'true' })
  expect(output).toContain('This suite needs Chromium')
  expect(exitCode).not.toBe(0)
})
