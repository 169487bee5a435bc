import { isFile, PATHS, type Path } from './paths'

export const fishScript = (): string => `# fish completion of authgate
function __authgate_path
  set -l path ''
  for word in (commandline -opc)[2..-1]
    switch "$path/$word"
${PATHS.flatMap(steps).join('\n')}
    end
  end
  echo $path
end
complete -c authgate -f
${PATHS.flatMap(completions).join('\n')}
`

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const steps = ({ words, commands }: Path): string[] =>
  commands.flatMap(({ name }) => [
    `      case ${quote(`${words}/${name}`)}`,
    `        set path ${quote(`${words} ${name}`.trim())}`,
  ])

function completions({ words, commands, options, takesFile }: Path): string[] {
  const here = `complete -c authgate -n ${quote(`test (__authgate_path) = '${words}'`)}`
  return [
    ...commands.map(({ name, about }) => `${here} -a ${quote(name)} -d ${quote(about)}`),
    ...options.map((option) => {
      const about = option.about ? ` -d ${quote(option.about)}` : ''
      if (option.value === undefined) return `${here} -l ${option.name}${about}`
      const values = option.choices ? ` -a ${quote(option.choices.join(' '))}` : ''
      return `${here} -l ${option.name} ${isFile(option) ? '-r -F' : '-x'}${values}${about}`
    }),
    ...(takesFile ? [`${here} -F`] : []),
  ]
}
