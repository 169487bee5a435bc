/** The table of commands: help, reading, and completion agree with what there is. */
import { describe, expect, test } from 'bun:test'
import { readCommandLine } from '../../src/commands/command-line'
import { completion } from '../../src/commands/completion/completion'
import { PATHS } from '../../src/commands/completion/paths'
import { ADMIN, COMMANDS } from '../../src/commands/table'

describe('command lines', () => {
  const lines: [string, unknown][] = [
    ['', { command: undefined }],
    ['nope', { unknownCommand: 'nope' }],
    ['unlock', { badOption: 'unlock needs NAME' }],
    ['unlock a b', { badOption: 'unexpected argument: b' }],
    ['unlock a --role=user', { badOption: 'flag provided but not defined: -role' }],
    ['unlock a --nope', { badOption: 'flag provided but not defined: -nope' }],
    ['unlock a --json=1', { badOption: 'flag takes no value: -json' }],
    ['unlock a --json --json', { badOption: 'flag given twice: -json' }],
    ['create a --email', { badOption: 'flag needs an argument: -email' }],
    ['create a --role=root', { badOption: 'invalid value "root" for -role: must be admin or user' }],
    ['create a -h', { help: true }],
    ['unlock ---x', { badOption: 'bad flag syntax: ---x' }],
  ]
  test.each(lines)('admin %s', (line, expected) => {
    expect(readCommandLine(ADMIN, line.split(' ').filter(Boolean))).toEqual(expected as never)
  })

  test('values follow after = or next; after -- everything is a word', () => {
    expect(readCommandLine(ADMIN, ['create', '-email=a=b', '--role', 'user', '--', '-x'])).toEqual({
      command: 'create',
      operand: '-x',
      options: new Map([
        ['email', 'a=b'],
        ['role', 'user'],
      ]),
    })
  })
})

const script = (shell: string) => {
  let text = ''
  completion([shell], {
    out: (line) => {
      text += `${line}\n`
    },
    error: () => {},
  })
  return text
}

describe.skipIf(!Bun.which('bash'))('completion in bash', () => {
  /** What a tab at the end of the line offers. */
  const complete = (line: string): string[] => {
    const words = line.split(' ')
    const program = `${script('bash')}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _authgate; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr, exitCode } = Bun.spawnSync(['bash', '-c', program, 'bash', ...words], { cwd: 'src/docs' })
    expect({ stderr: stderr.toString(), exitCode }).toEqual({ stderr: '', exitCode: 0 })
    return stdout.toString().split('\n').filter(Boolean)
  }

  test('it is registered for authgate', () => {
    const { stdout } = Bun.spawnSync(['bash', '-c', `${script('bash')}\ncomplete -p authgate`])
    expect(stdout.toString().trim()).toBe('complete -F _authgate authgate')
  })

  test.each(PATHS.map((path) => [path.words, path] as const))(
    'after "%s" everything there is, is offered',
    (words, path) => {
      const line = ['authgate', ...words.split(' '), ''].filter((word, index, all) => word || index === all.length - 1)
      const offered = complete(line.join(' '))
      const expected = [...path.commands.map(({ name }) => name), ...path.options.map(({ name }) => `--${name}`)]
      expect(offered).toEqual(path.takesFile ? expect.arrayContaining(expected) : expected)
    },
  )

  test('beginnings, values and files', () => {
    expect(complete('authgate ad')).toEqual(['admin'])
    expect(complete('authgate admin create x --ro')).toEqual(['--role'])
    expect(complete('authgate admin create x --role ')).toEqual(['admin', 'user'])
    expect(complete('authgate client list --status in')).toEqual(['inactive'])
    expect(complete('authgate keys generate --out pages.').sort()).toEqual(['pages.macro.ts', 'pages.ts'])
    expect(complete('authgate restore slu')).toEqual(['slugs.ts'])
    expect(complete('authgate admin create x --email ')).toEqual([])
  })
})

describe('completion in other shells', () => {
  test.each([
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ])('%s takes the script', (shell, check) => {
    const text = script(shell)
    for (const { name } of COMMANDS) expect(text).toContain(`'/${name}'`)
    if (!Bun.which(shell)) return
    const { exitCode, stderr } = Bun.spawnSync([shell, check], { stdin: Buffer.from(text) })
    expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' })
  })
})
