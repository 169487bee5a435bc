import type { Given } from './command-line'
import type { Output } from './output'
import type { Surroundings } from './run-command'

/** What a command did: one JSON object with `--json`, else lines. */
export const report = (
  { options }: Given,
  { output }: Surroundings,
  json: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void => print(options.has('json'), output, json, lines)

export function print(
  asJson: boolean,
  output: Output,
  json: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  if (asJson) output.out(JSON.stringify(json))
  else for (const line of lines) output.out(line)
}
