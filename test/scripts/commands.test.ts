/** The scripts on machines that lack something, and how they say so. */
import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const repository = resolve(import.meta.dir, '../..')
const root = mkdtempSync(join(tmpdir(), 'authgate-scripts-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const TOOLS = ['bash', 'sed', 'dirname', 'cat', 'rm', 'env', 'cut', 'mktemp', 'tail', 'tee']

/** A folder that serves as PATH, with a few common tools and these programs. */
function machine(programs: Record<string, string> = {}): string {
  const bin = mkdtempSync(join(root, 'bin-'))
  for (const tool of TOOLS) symlinkSync(Bun.which(tool) as string, join(bin, tool))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!${Bun.which('bash')}\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

/** What a fresh clone has of the scripts; nothing is installed. */
function clone(): string {
  const folder = mkdtempSync(join(root, 'clone-'))
  mkdirSync(join(folder, '.ci'))
  for (const path of ['.ci/run', 'scripts', 'package.json', 'bun.lock'])
    cpSync(join(repository, path), join(folder, path), { recursive: true })
  return folder
}

function run(folder: string, command: string[], env: Record<string, string>) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: folder, env, stdin: 'ignore' })
  return { exitCode, stderr: stderr.toString(), lastLine: stdout.toString().trimEnd().split('\n').at(-1) }
}

describe('without Bun', () => {
  test('and without Node.js, it says what to install', () => {
    const { exitCode, stderr } = run(clone(), ['scripts/setup'], { PATH: machine() })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Install Node.js 20 or newer with npm')
  })

  test('and with an old Node.js, it names both versions', () => {
    const bin = machine({ npm: 'exit 9', node: 'if [ "$1" = --version ]; then echo v18.1.0; else echo 18; fi' })
    const { exitCode, stderr } = run(clone(), ['scripts/setup'], { PATH: bin })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Node.js v18.1.0 is too old to install Bun with; 20 or newer is needed')
  })

  test('npm installs exactly the version of package.json, without its scripts', () => {
    const folder = clone()
    const bin = machine({ npm: 'printf "%s\\n" "$@" >asked', node: 'echo 20' })
    const { exitCode, stderr } = run(folder, ['scripts/setup'], { PATH: bin })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('does not run')
    const asked = readFileSync(join(folder, 'asked'), 'utf8').split('\n')
    const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    expect(asked).toContain(`bun@${devDependencies.bun}`)
    expect(asked).toContain('--ignore-scripts')
  })

  test('.ci/run still ends with a total, and fails', () => {
    const { exitCode, lastLine } = run(clone(), ['.ci/run'], { PATH: machine() })
    expect({ exitCode, lastLine }).toEqual({ exitCode: 1, lastLine: '0 passed, 1 failed, 0 skipped' })
  })
})

describe('scripts/test', () => {
  const test_ = (paths: string[], env: Record<string, string>) =>
    run(repository, [process.execPath, 'scripts/run-tests.ts', ...paths], env)

  test('with CI=true a missing part is a failure', () => {
    const { exitCode, lastLine } = test_(['test/config/duration'], { PATH: machine(), CI: 'true' })
    expect(exitCode).toBe(1)
    expect(lastLine).toMatch(/^0 passed, [1-4] failed, 0 skipped$/)
  })

  test('a path that selects nothing is a failure', () => {
    const { exitCode, lastLine } = test_(['test/no-such-thing'], { PATH: machine() })
    expect({ exitCode, lastLine }).toEqual({ exitCode: 1, lastLine: '0 passed, 1 failed, 0 skipped' })
  })
})

test('scripts/build refuses options it does not know', () => {
  const { exitCode, stderr } = run(repository, ['scripts/build', '--nonsense'], { PATH: machine() })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('usage: scripts/build [--target bun-<os>-<arch>]')
})

test('every script is executable and says what it is for', async () => {
  const tracked = Bun.spawnSync(['git', 'ls-files', '-s', 'scripts', '.ci'], { cwd: repository }).stdout.toString()
  const scripts = tracked
    .split('\n')
    .flatMap((line) => (/\.[a-z]+$|\tscripts\/deploy\//.test(line) || line === '' ? [] : [line]))
  expect(scripts.length).toBeGreaterThan(6)
  for (const line of scripts) {
    const [mode, path] = [line.slice(0, 6), line.slice(line.indexOf('\t') + 1)]
    expect({ path, mode }).toEqual({ path, mode: '100755' })
    expect(readFileSync(join(repository, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env bash\n# [A-Z]/)
  }
})
