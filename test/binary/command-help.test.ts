/** Every command of the table, asked of the executable: help, wrong usage, completion, a password on a terminal. */
import { describe, expect, test } from 'bun:test'
import { readArguments } from '../../src/commands/arguments'
import { ADMIN, CLIENT, COMMANDS, TOKEN } from '../../src/commands/table'
import { USAGE } from '../../src/commands/usage'
import { binaryPath, runBinary, startBinary } from '../support/binary'

describe('every command of the table', () => {
  test.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    '%s has help that names all of it',
    async (name, entry) => {
      expect(readArguments([name])).toMatchObject({ command: name })
      expect(USAGE).toMatch(new RegExp(`^  ${name}\\s`, 'm'))
      const { exitCode, stdout, stderr } = await runBinary([name, '--help'])
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(stdout).toStartWith('Usage: authgate')
      const options = [entry, ...(entry.commands ?? [])].flatMap((each) => each.options ?? [])
      for (const option of options) expect(stdout).toContain(`--${option.name}`)
      for (const below of entry.commands ?? []) expect(stdout).toMatch(new RegExp(`^  ${below.name}\\b`, 'm'))
    },
  )

  test('no line of new help is longer than a wide terminal', async () => {
    for (const { name } of [ADMIN, CLIENT, TOKEN])
      for (const line of (await runBinary([name, '--help'])).stdout.split('\n'))
        expect(line.length).toBeLessThanOrEqual(132)
  })

  test('wrong usage ends with 2, an unknown command with 1, before any setting is read', async () => {
    const codes: [string, number][] = [
      ['admin unlock x --nope', 2],
      ['token nope', 1],
      ['client', 1],
      ['completion csh', 1],
      ['completion bash', 0],
    ]
    for (const [line, code] of codes) {
      const { exitCode, stderr } = await runBinary(line.split(' '))
      expect({ line, exitCode }).toEqual({ line, exitCode: code })
      expect(stderr).not.toContain('JWT_SECRET')
    }
  })
})

/** A terminal for the executable, typed into after it asks. */
const TERMINAL = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen, answers = b'', [b'four quiet heronz\\x7fs at dusk\\r', b'four quiet herons at dusk\\r']
while True:
    try:
        chunk = os.read(fd, 1024)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
    if answers and (seen.count(b': ') >= 3 - len(answers)):
        os.write(fd, answers.pop(0))
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`

describe.skipIf(!Bun.which('python3'))('admin create beside the running executable', () => {
  test('a password is asked for twice on a terminal, and is not shown', async () => {
    const env = { DATABASE_PATH: 'test.db', JWT_SECRET: 'b7e1a94c0d52f3866e1907acfb52d3480e6b91d7c2a45f03' }
    const server = await startBinary({ env })
    try {
      const argv = ['admin', 'create', 'alice', '--email', 'alice@example.com', '--prompt']
      const child = Bun.spawn(['python3', '-c', TERMINAL, binaryPath(), ...argv], {
        cwd: server.folder,
        env: { ...env, PATH: process.env.PATH ?? '', SESSION_SECRET: env.JWT_SECRET.replaceAll('b', 'c') },
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const shown = await child.stdout.text()
      expect({ code: await child.exited, shown }).toMatchObject({
        code: 0,
        shown: expect.stringContaining('is created'),
      })
      expect(shown).not.toContain('heron')
      expect(shown).toContain('Again: ')
    } finally {
      await server.stop()
    }
  })
})
