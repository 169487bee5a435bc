import type { OptionEntry } from '../table'
import { isFile, PATHS, type Path } from './paths'

/** Also to be put as `_authgate` into a folder of `fpath`. */
export const zshScript = (): string => `#compdef authgate
_authgate() {
  local path_of= word previous=\${words[CURRENT-1]} index
  local -a commands options
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    case "$path_of/$word" in
${PATHS.flatMap(steps).join('\n')}
    esac
  done
  case "$path_of/$previous" in
${PATHS.flatMap(values).join('\n')}
  esac
  case "$path_of" in
${PATHS.map(choices).join('\n')}
  esac
  (( \${#commands} )) && _describe command commands
  _describe option options
}
if [ "$funcstack[1]" = _authgate ]; then _authgate "$@"; else compdef _authgate authgate; fi
`

/** In single quotes; a colon separates a word from what is said of it. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const described = (name: string, about = ''): string =>
  quote(about === '' ? name : `${name}:${about.replaceAll(':', '\\:')}`)

const steps = ({ words, commands }: Path): string[] =>
  commands.map(({ name }) => `    ${quote(`${words}/${name}`)}) path_of=${quote(`${words} ${name}`.trim())} ;;`)

const values = ({ words, options }: Path): string[] =>
  options.flatMap((option) =>
    option.value === undefined ? [] : [`  ${quote(`${words}/--${option.name}`)}) ${valueText(option)}; return ;;`],
  )

function valueText(option: OptionEntry): string {
  if (isFile(option)) return '_files'
  return option.choices ? `compadd -- ${option.choices.join(' ')}` : `_message ${quote(option.value ?? '')}`
}

function choices({ words, commands, options, takesFile }: Path): string {
  const below = commands.map(({ name, about }) => described(name, about)).join(' ')
  const own = options.map(({ name, about }) => described(`--${name}`, about)).join(' ')
  return `  ${quote(words)}) commands=(${below}) options=(${own})${takesFile ? '; _files' : ''} ;;`
}
