/** From the command line to one command. Options may stand before or after it, with one or two dashes. */

export type Invocation =
  | { readonly command: 'server' }
  | { readonly command: 'check' | 'healthcheck' | 'version'; readonly json?: true }
  /** Of one command, or of all. */
  | { readonly command: 'help'; readonly of?: 'check' | 'healthcheck' | 'version' }
  /** With the arguments after it, which are its own. */
  | { readonly command: OwnArguments; readonly rest: readonly string[] }
  /** No command at all. */
  | { readonly command: undefined }
  | { readonly unknownCommand: string }
  | { readonly badOption: string }

export type OwnArguments = (typeof OWN_ARGUMENTS)[number]

type Option = 'version' | 'help' | 'check-config' | 'json'

const OPTIONS = new Map<string, Option>([
  ['v', 'version'],
  ['version', 'version'],
  ['h', 'help'],
  ['help', 'help'],
  ['check-config', 'check-config'],
  ['json', 'json'],
])
/** `clients` is the former name of a part of `client`. */
const OWN_ARGUMENTS = [
  ...(['admin', 'client', 'clients', 'token', 'keys', 'audit', 'migrate', 'copy', 'backup', 'restore'] as const),
  ...(['doctor', 'completion', 'licenses'] as const),
] as const
const COMMANDS = ['server', 'check', 'healthcheck', 'version', 'help'] as const
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

/** Arguments after the command that are not options are ignored, as is everything after `--` but the command. */
export function readArguments(argv: readonly string[]): Invocation {
  const options = new Set<Option>()
  const words: string[] = []
  const end = argv.indexOf('--')
  for (const [index, argument] of (end === -1 ? argv : argv.slice(0, end)).entries()) {
    const command = OWN_ARGUMENTS.find((name) => name === argument)
    if (command && words.length === 0)
      return options.size === 0 ? { command, rest: argv.slice(index + 1) } : choose(options, argument)
    if (!argument.startsWith('-') || argument === '-') {
      words.push(argument)
      continue
    }
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument)
    if (!match) return { badOption: `bad flag syntax: ${argument}` }
    const [, name = '', value = 'true'] = match
    const option = OPTIONS.get(name)
    if (!option) return notDefined(name)
    if (TRUE.has(value)) options.add(option)
    else if (FALSE.has(value)) options.delete(option)
    else return { badOption: `invalid boolean value ${JSON.stringify(value)} for -${name}: parse error` }
  }
  if (end !== -1) words.push(...argv.slice(end + 1))
  return choose(options, words[0])
}

function choose(options: ReadonlySet<Option>, word: string | undefined): Invocation {
  const invocation = chosen(options, word)
  if (!options.has('json') || !('command' in invocation) || invocation.command === 'help') return invocation
  const { command } = invocation
  if (command === 'check' || command === 'healthcheck' || command === 'version') return { command, json: true }
  return notDefined('json')
}

function chosen(options: ReadonlySet<Option>, word: string | undefined): Invocation {
  if (options.has('version')) return { command: 'version' }
  const command = COMMANDS.find((name) => name === word)
  if (options.has('help'))
    return command === undefined || command === 'server' || command === 'help'
      ? { command: 'help' }
      : { command: 'help', of: command }
  if (word === undefined) return { command: undefined }
  if (!command) return { unknownCommand: word }
  if (options.has('check-config'))
    return command === 'server' || command === 'check' ? { command: 'check' } : notDefined('check-config')
  return { command }
}

const notDefined = (name: string): Invocation => ({ badOption: `flag provided but not defined: -${name}` })
