/** The table of commands as a flat list, which shells can look up. */
import { COMMANDS, type CommandEntry, type OptionEntry } from '../table'

export interface Path {
  /** `keys list`; empty for what stands before any command. */
  readonly words: string
  readonly commands: readonly CommandEntry[]
  readonly options: readonly OptionEntry[]
  /** The operand is the name of a file. */
  readonly takesFile: boolean
}

const HELP: OptionEntry = { name: 'help', about: 'Show help' }
const GENERAL: readonly OptionEntry[] = [{ name: 'version', about: 'Show version information' }, HELP]

export const PATHS: readonly Path[] = [
  { words: '', commands: COMMANDS, options: GENERAL, takesFile: false },
  ...COMMANDS.flatMap((command) => [
    pathOf('', command),
    ...(command.commands ?? []).map((below) => pathOf(`${command.name} `, below)),
  ]),
]

function pathOf(before: string, { name, commands = [], options = [], operand }: CommandEntry): Path {
  return { words: before + name, commands, options: [...options, HELP], takesFile: operand === 'FILE' }
}

export const isFile = ({ value }: OptionEntry): boolean => value === 'FILE'
