/** `authgate licenses` */
import { licenses, licensesText } from '../../licenses/licenses'
import type { Output } from '../output'
import { readGiven } from '../run-command'
import { LICENSES } from '../table'

const NOTES = 'Exit codes: 0 printed; 2 wrong usage.'

export function printLicenses(argv: readonly string[], output: Output): number {
  const given = readGiven(LICENSES, NOTES, argv, output)
  if (typeof given === 'number') return given
  output.out(given.options.has('json') ? JSON.stringify({ licenses }) : licensesText().trimEnd())
  return 0
}
