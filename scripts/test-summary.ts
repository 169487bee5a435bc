/** Reads the closing lines of `bun test`. Whatever is not clearly a success counts as a failure. */

export interface Total {
  passed: number
  failed: number
  skipped: number
  /** `file: suite > test` of what was skipped. */
  skippedNames: string[]
}

/** The line a run ends with, in the form that CI looks for. */
export const totalLine = ({ passed, failed, skipped }: Total): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

/**
 * Counts of one run of `bun test`.
 *
 * @param output everything it printed, standard output and standard error together
 * @param run.files number of test files it was given; a run over fewer files has lost some, which is a failure
 */
export function readSummary(output: string, run: { exitCode: number; files: number }): Total {
  const lines = output.split('\n')
  const closing = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line))
  const counts: Record<string, number> = {}
  for (let at = closing - 1; at >= 0; at--) {
    const [, count, word] =
      /^ *(\d+) (pass|fail|skip|todo|errors?|filtered out|snapshots.*|expect\(\) calls)$/.exec(lines[at] ?? '') ?? []
    if (count === undefined || word === undefined) break
    counts[word] = Number(count)
  }
  const filesRun = Number(/across (\d+) files?/.exec(lines[closing] ?? '')?.[1] ?? 0)

  const failed = counts.fail ?? 0
  const isComplete = filesRun === run.files && run.exitCode === 0
  return {
    passed: counts.pass ?? 0,
    failed: failed === 0 && !isComplete ? 1 : failed,
    skipped: (counts.skip ?? 0) + (counts.todo ?? 0),
    skippedNames: skippedNames(lines),
  }
}

function skippedNames(lines: string[]): string[] {
  const names: string[] = []
  let file = ''
  for (const line of lines) {
    if (/^\S+\.test\.tsx?:$/.test(line)) file = line.slice(0, -1)
    const name = /^\((?:skip|todo)\) (.+)$/.exec(line)?.[1]
    // A hook of a skipped suite is listed as an unnamed test.
    if (name && !name.endsWith('> (unnamed)')) names.push(`${file}: ${name}`)
  }
  return names
}
