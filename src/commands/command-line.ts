/** The command line of a command, read by the table of commands. */
import type { CommandEntry, OptionEntry } from './table'

export interface Given {
  /** The command below the one that was read; empty when there is none below. */
  readonly command: string
  /** Empty: none was given. */
  readonly operand: string
  /** Values of options, `''` of switches. */
  readonly options: ReadonlyMap<string, string>
}

export type CommandLine =
  | Given
  | { readonly help: true }
  /** No command was given where one is needed. */
  | { readonly command: undefined }
  | { readonly unknownCommand: string }
  | { readonly badOption: string }

/** `argv` without the name of `entry` itself. Options have one or two dashes; values follow after `=` or next. */
export function readCommandLine(entry: CommandEntry, argv: readonly string[]): CommandLine {
  const below = entry.commands ?? []
  const known = [entry, ...below].flatMap(({ options = [] }) => options)
  const options = new Map<string, string>()
  const words: string[] = []
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--') {
      words.push(...rest.splice(0))
      break
    }
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? []
    if (name === undefined) {
      if (argument.startsWith('-')) return { badOption: `bad flag syntax: ${argument}` }
      words.push(argument)
      continue
    }
    if (name === 'h' || name === 'help') return { help: true }
    const option = known.find((each) => each.name === name)
    if (!option) return notDefined(name)
    if (options.has(name)) return { badOption: `flag given twice: -${name}` }
    const value = option.value === undefined ? inline && undefined : (inline ?? rest.shift())
    const problem = valueProblem(option, value, inline)
    if (problem) return { badOption: problem }
    options.set(name, value ?? '')
  }
  return choose(entry, words, options)
}

const notDefined = (name: string): CommandLine => ({ badOption: `flag provided but not defined: -${name}` })

function valueProblem(option: OptionEntry, value: string | undefined, inline: string | undefined): string | undefined {
  const { name, choices } = option
  if (option.value === undefined) return inline === undefined ? undefined : `flag takes no value: -${name}`
  if (value === undefined || value === '') return `flag needs an argument: -${name}`
  if (choices && !choices.includes(value))
    return `invalid value ${JSON.stringify(value)} for -${name}: must be ${choices.join(' or ')}`
  return undefined
}

function choose(entry: CommandEntry, words: string[], options: ReadonlyMap<string, string>): CommandLine {
  const name = entry.commands ? words.shift() : ''
  if (name === undefined) return { command: undefined }
  const chosen = entry.commands ? entry.commands.find((each) => each.name === name) : entry
  if (!chosen) return { unknownCommand: name }
  const foreign = [...options.keys()].find((option) => !chosen.options?.some((each) => each.name === option))
  if (foreign !== undefined) return notDefined(foreign)
  const most = chosen.operand === undefined ? 0 : 1
  const needed = most === 1 && !chosen.operand?.startsWith('[')
  const [operand = ''] = words
  if (needed && operand === '') return { badOption: `${chosen.name} needs ${chosen.operand}` }
  if (words.length > most) return { badOption: `unexpected argument: ${words[most]}` }
  return { command: name, operand, options }
}
