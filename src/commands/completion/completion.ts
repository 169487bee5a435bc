/** `authgate completion`: scripts for shells, made from the table of commands. */
import type { Output } from '../output'
import { readGiven } from '../run-command'
import { COMPLETION } from '../table'
import { bashScript } from './bash'
import { fishScript } from './fish'
import { zshScript } from './zsh'

const NOTES = 'Exit codes: 0 printed; 1 no such shell; 2 wrong usage.'

const SCRIPTS: Readonly<Record<string, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript }

export function completion(argv: readonly string[], output: Output): number {
  const given = readGiven(COMPLETION, NOTES, argv, output)
  if (typeof given === 'number') return given
  output.out((SCRIPTS[given.command]?.() ?? '').trimEnd())
  return 0
}
