/** The command line of `authgate keys`, after that word. */

const COMMANDS = ['list', 'generate', 'rotate', 'retire'] as const
export type KeysCommand = (typeof COMMANDS)[number]

export interface KeysOptions {
  readonly algorithm: string
  readonly out: string
  /** Empty: the one there is. */
  readonly kid: string
  readonly force: boolean
  readonly json: boolean
}

export type KeysInvocation =
  | { readonly command: KeysCommand; readonly options: KeysOptions }
  | { readonly help: true }
  | { readonly command: undefined }
  | { readonly unknownCommand: string }
  | { readonly badOption: string }

const TEXTS = ['algorithm', 'out', 'kid'] as const
const OPTIONS: Readonly<Record<KeysCommand, readonly string[]>> = {
  list: ['json'],
  generate: ['algorithm', 'out', 'json'],
  rotate: ['kid', 'force', 'json'],
  retire: ['kid', 'force', 'json'],
}

/** Options have one or two dashes; their values follow after `=` or as the next argument. */
export function readKeysArguments(argv: readonly string[]): KeysInvocation {
  const options = { algorithm: '', out: '', kid: '', force: false, json: false }
  const given: string[] = []
  const words: string[] = []
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? []
    const text = TEXTS.find((known) => known === name)
    if (name === undefined) {
      if (argument.startsWith('-')) return { badOption: `bad flag syntax: ${argument}` }
      words.push(argument)
    } else if (name === 'h' || name === 'help') return { help: true }
    else if ((name === 'force' || name === 'json') && inline === undefined) options[name] = true
    else if (text) {
      const value = inline ?? rest.shift() ?? ''
      if (value === '') return { badOption: `flag needs an argument: -${name}` }
      options[text] = value
    } else return { badOption: `flag provided but not defined: -${name}` }
    if (name !== undefined) given.push(name)
  }
  const [word] = words
  if (word === undefined) return { command: undefined }
  const command = COMMANDS.find((known) => known === word)
  if (!command) return { unknownCommand: word }
  const foreign = given.find((name) => !OPTIONS[command].includes(name))
  if (foreign) return { badOption: `flag provided but not defined: -${foreign}` }
  return { command, options }
}
