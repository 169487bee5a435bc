/** The command line of `authgate copy`, after that word. */

export interface CopyOptions {
  readonly from: string | undefined
  readonly to: string
  readonly json: boolean
}

export type CopyInvocation = CopyOptions | { readonly help: true } | { readonly badOption: string }

/** Options have one or two dashes; a value stands after `=` or as the next argument. */
export function readCopyArguments(argv: readonly string[]): CopyInvocation {
  const given = new Map<string, string>()
  let json = false
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] as string
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? []
    if (name === undefined)
      return { badOption: argument.startsWith('-') ? `bad flag syntax: ${argument}` : 'unexpected argument' }
    if (name === 'h' || name === 'help') return { help: true }
    if (name === 'json') json = true
    else if (name === 'from' || name === 'to') {
      const value = inline ?? argv[++index]
      if (!value) return { badOption: `flag needs an argument: -${name}` }
      given.set(name, value)
    } else return { badOption: `flag provided but not defined: -${name}` }
  }
  const to = given.get('to')
  return to === undefined ? { badOption: 'flag is missing: -to' } : { from: given.get('from'), to, json }
}
