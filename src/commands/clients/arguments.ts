/** The command line of `authgate clients`, after that word. */

const COMMANDS = ['list', 'show', 'approve', 'reject'] as const
export type ClientsCommand = (typeof COMMANDS)[number]

export interface ClientsOptions {
  /** Of a client, or of a change; empty for `list`. */
  readonly id: string
  /** Empty: none was given. */
  readonly reason: string
  /** The version that was looked at; empty: whatever it is now. */
  readonly version: string
  readonly all: boolean
  readonly json: boolean
}

export type ClientsInvocation =
  | { readonly command: ClientsCommand; readonly options: ClientsOptions }
  | { readonly help: true }
  | { readonly command: undefined }
  | { readonly unknownCommand: string }
  | { readonly badOption: string }

const TEXTS = ['reason', 'version'] as const
const OPTIONS: Readonly<Record<ClientsCommand, readonly string[]>> = {
  list: ['all', 'json'],
  show: ['json'],
  approve: ['version', 'json'],
  reject: ['version', 'reason', 'json'],
}

/** Options have one or two dashes; their values follow after `=` or as the next argument. */
export function readClientsArguments(argv: readonly string[]): ClientsInvocation {
  const options = { reason: '', version: '', all: false, json: false }
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
    else if ((name === 'all' || name === 'json') && inline === undefined) options[name] = true
    else if (text) {
      const value = inline ?? rest.shift() ?? ''
      if (value === '') return { badOption: `flag needs an argument: -${name}` }
      options[text] = value
    } else return { badOption: `flag provided but not defined: -${name}` }
    if (name !== undefined) given.push(name)
  }
  const [word, id = '', ...more] = words
  if (word === undefined) return { command: undefined }
  const command = COMMANDS.find((known) => known === word)
  if (!command) return { unknownCommand: word }
  const foreign = given.find((name) => !OPTIONS[command].includes(name))
  if (foreign) return { badOption: `flag provided but not defined: -${foreign}` }
  if (command !== 'list' && id === '') return { badOption: `${command} needs the id of a client or of a change` }
  const surplus = command === 'list' ? id : more[0]
  if (surplus) return { badOption: `unexpected argument: ${surplus}` }
  return { command, options: { ...options, id } }
}
