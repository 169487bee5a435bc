/** The command line, by table. */
import { describe, expect, test } from 'bun:test'
import { readArguments } from '../../src/commands/arguments'

const commands: [string, string | undefined][] = [
  ['server', 'server'],
  ['check', 'check'],
  ['healthcheck', 'healthcheck'],
  ['version', 'version'],
  ['help', 'help'],
  ['', undefined],
  ['-v', 'version'],
  ['--v', 'version'],
  ['-version', 'version'],
  ['--version', 'version'],
  ['-h', 'help'],
  ['--h', 'help'],
  ['-help', 'help'],
  ['--help', 'help'],
  ['-v server', 'version'],
  ['--version nope', 'version'],
  ['-h -v', 'version'],
  ['server -v', 'version'],
  ['server --help', 'help'],
  ['server --check-config', 'check'],
  ['--check-config server', 'check'],
  ['-check-config=true server', 'check'],
  ['check --check-config', 'check'],
  ['server further arguments', 'server'],
  ['-v=false server', 'server'],
  ['-v=0 -h=F server', 'server'],
  ['-v=true', 'version'],
  ['-- server', 'server'],
  ['server -- --bogus', 'server'],
  ['-v -- server', 'version'],
]

const split = (line: string): string[] => line.split(' ').filter((word) => word !== '')

describe('command line', () => {
  for (const [line, command] of commands)
    test(`authgate ${line} → ${command ?? 'usage'}`, () => {
      expect(readArguments(split(line))).toEqual({ command } as ReturnType<typeof readArguments>)
    })

  test('authgate keys, authgate clients: what follows is its own, options too', () => {
    expect(readArguments(['keys', 'rotate', '--force'])).toEqual({ command: 'keys', rest: ['rotate', '--force'] })
    expect(readArguments(['clients', '--help'])).toEqual({ command: 'clients', rest: ['--help'] })
    expect(readArguments(['-v', 'keys'])).toEqual({ command: 'version' })
    expect(readArguments(['server', 'keys'])).toEqual({ command: 'server' })
  })

  test('--json and --help before and after what has them of its own', () => {
    for (const command of ['check', 'healthcheck', 'version'] as const) {
      expect(readArguments([command, '--json'])).toEqual({ command, json: true })
      expect(readArguments(['--json', command])).toEqual({ command, json: true })
      expect(readArguments([command, '--help'])).toEqual({ command: 'help', of: command })
    }
    expect(readArguments(['-v', '--json'])).toEqual({ command: 'version', json: true })
    expect(readArguments(['server', '--check-config', '--json'])).toEqual({ command: 'check', json: true })
  })

  for (const word of ['nope', 'SERVER', 'serve', '-', 'constructor'])
    test(`authgate ${word} is no command`, () => {
      expect(readArguments([word])).toEqual({ unknownCommand: word })
    })

  const refused: [string, string][] = [
    ['--bogus', 'flag provided but not defined: -bogus'],
    ['-bogus=1 server', 'flag provided but not defined: -bogus'],
    ['server --bogus', 'flag provided but not defined: -bogus'],
    ['--constructor', 'flag provided but not defined: -constructor'],
    ['version --check-config', 'flag provided but not defined: -check-config'],
    ['server --json', 'flag provided but not defined: -json'],
    ['--json', 'flag provided but not defined: -json'],
    ['---v', 'bad flag syntax: ---v'],
    ['-=1', 'bad flag syntax: -=1'],
    ['-v=maybe', 'invalid boolean value "maybe" for -v: parse error'],
  ]
  for (const [line, message] of refused)
    test(`authgate ${line} is refused`, () => {
      expect(readArguments(split(line))).toEqual({ badOption: message })
    })
})
