import type { Given } from './command-line'
import type { Surroundings } from './run-command'

/** What a command did: one JSON object with `--json`, else lines. */
export function report(
  { options }: Given,
  { output }: Surroundings,
  json: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  if (options.has('json')) output.out(JSON.stringify(json))
  else for (const line of lines) output.out(line)
}
