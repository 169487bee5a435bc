import { isFile, PATHS, type Path } from './paths'

/** Bash 3.2 and newer, without the package of completions. */
export const bashScript = (): string => `# bash completion of authgate
_authgate() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= word index choices= files=
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$path/$word" in
${PATHS.flatMap(steps).join('\n')}
    esac
  done
  case "$path/$previous" in
${PATHS.flatMap(values).join('\n')}
  *)
    case "$path" in
${PATHS.map(choices).join('\n')}
    esac ;;
  esac
  # Words of the table only: nothing in them is expanded.
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
  if [ -n "$files" ]; then
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$current"))
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _authgate authgate
`

const quote = (text: string): string => `'${text}'`

const steps = ({ words, commands }: Path): string[] =>
  commands.map(({ name }) => `    ${quote(`${words}/${name}`)}) path=${quote(`${words} ${name}`.trim())} ;;`)

const values = ({ words, options }: Path): string[] =>
  options.flatMap((option) => {
    if (option.value === undefined) return []
    const what = isFile(option) ? 'files=1' : `choices=${quote(option.choices?.join(' ') ?? '')}`
    return [`  ${quote(`${words}/--${option.name}`)}) ${what} ;;`]
  })

function choices({ words, commands, options, takesFile }: Path): string {
  const all = [...commands.map(({ name }) => name), ...options.map(({ name }) => `--${name}`)].join(' ')
  return `    ${quote(words)}) choices=${quote(all)}${takesFile ? ' files=1' : ''} ;;`
}
