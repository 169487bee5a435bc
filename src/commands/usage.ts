/** The help texts that are made from the table of commands. */
import { COMMANDS, type CommandEntry, type OptionEntry } from './table'

const column = (names: readonly string[]): number => Math.max(...names.map((name) => name.length)) + 2

/** Of the names in the list of commands; longer ones stand on a line of their own. */
const COMMAND_COLUMN = 10

const commandLines = COMMANDS.map(({ name, about }) =>
  name.length < COMMAND_COLUMN
    ? `  ${name.padEnd(COMMAND_COLUMN)}${about}`
    : `  ${name}\n  ${' '.repeat(COMMAND_COLUMN)}${about}`,
).join('\n')

const lines = (rows: readonly (readonly [string, string])[], indent: string): string => {
  const width = column(rows.map(([name]) => name))
  return rows.map(([name, about]) => `${indent}${about === '' ? name : name.padEnd(width) + about}`).join('\n')
}

export const USAGE = `Usage: authgate [OPTIONS] COMMAND

AuthGate, an OAuth 2.0 authorization server with device authorization (RFC 8628)

Commands:
${commandLines}

Options:
  -v, --version    Show version information
  -h, --help       Show this help message
  --check-config   With server: the same as check

Settings come from the environment and from a .env file in the working directory.
authgate COMMAND --help says more of one.
`

const optionText = ({ name, value, choices }: OptionEntry): string =>
  `--${name}${value === undefined ? '' : ` ${choices?.join('|') ?? value}`}`

function optionLines(options: readonly OptionEntry[], indent: string): string {
  return lines(
    options.map((option) => [optionText(option), option.about ?? '']),
    indent,
  )
}

const synopsis = ({ name, operand }: CommandEntry): string => (operand === undefined ? name : `${name} ${operand}`)

/** Of one command; `notes` stand below its commands and options. */
export function helpOf(entry: CommandEntry, notes: string): string {
  const { commands = [], options = [] } = entry
  const usage = commands.length > 0 ? `${entry.name} COMMAND` : synopsis(entry)
  const parts = [`Usage: authgate ${usage}${commands.length + options.length > 0 ? ' [OPTIONS]' : ''}`, entry.about]
  if (commands.length > 0) {
    const width = column(commands.map(synopsis))
    const described = commands.map((command) => {
      const own = command.options ?? []
      const first = `  ${synopsis(command).padEnd(width)}${command.about}`
      return own.length === 0 ? first : `${first}\n${optionLines(own, ' '.repeat(6))}`
    })
    parts.push(`Commands:\n${described.join('\n')}`)
  }
  if (options.length > 0) parts.push(`Options:\n${optionLines(options, '  ')}`)
  return `${[...parts, notes].join('\n\n')}\n`
}
