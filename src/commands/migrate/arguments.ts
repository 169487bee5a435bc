/** The command line of `authgate migrate`, after that word. */

const COMMANDS = ['status', 'up'] as const
export type MigrateCommand = (typeof COMMANDS)[number]

export interface MigrateOptions {
  readonly json: boolean
  readonly dryRun: boolean
}

export type MigrateInvocation =
  | { readonly command: MigrateCommand; readonly options: MigrateOptions }
  | { readonly help: true }
  | { readonly command: undefined }
  | { readonly unknownCommand: string }
  | { readonly badOption: string }

/** Options have one or two dashes. */
export function readMigrateArguments(argv: readonly string[]): MigrateInvocation {
  const options = { json: false, dryRun: false }
  const words: string[] = []
  for (const argument of argv) {
    const name = /^--?([^-=].*)$/s.exec(argument)?.[1]
    if (name === undefined) {
      if (argument.startsWith('-')) return { badOption: `bad flag syntax: ${argument}` }
      words.push(argument)
    } else if (name === 'h' || name === 'help') return { help: true }
    else if (name === 'json') options.json = true
    else if (name === 'dry-run') options.dryRun = true
    else return { badOption: `flag provided but not defined: -${name}` }
  }
  const [word, surplus] = words
  if (word === undefined) return { command: undefined }
  const command = COMMANDS.find((known) => known === word)
  if (!command) return { unknownCommand: word }
  if (surplus !== undefined) return { badOption: `unexpected argument: ${surplus}` }
  if (command === 'status' && options.dryRun) return { badOption: 'flag provided but not defined: -dry-run' }
  return { command, options }
}
