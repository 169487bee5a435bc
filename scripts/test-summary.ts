/** Reads the closing lines of `bun test`. Whatever is not clearly a success counts as a failure. */

export interface Total {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly skippedTests: readonly NamedTest[]
  /** What failed, as far as it was named: a file that ended early names nothing. */
  readonly failedTests: readonly NamedTest[]
}

export interface NamedTest {
  readonly file: string
  /** `suite > test` */
  readonly name: string
}

/** The line a run ends with, in the form that CI looks for. */
export const totalLine = ({ passed, failed, skipped }: Pick<Total, 'passed' | 'failed' | 'skipped'>): string =>
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
    skippedTests: namedTests(lines, 'skip|todo'),
    failedTests: namedTests(lines, 'fail'),
  }
}

/** Each once: the closing part of the output repeats them, below the name of whichever file came last. */
function namedTests(lines: readonly string[], word: string): NamedTest[] {
  const pattern = new RegExp(`^\\((?:${word})\\) (.+?)(?: \\[[\\d.]+m?s\\])?$`)
  const found = new Map<string, NamedTest>()
  let file = ''
  for (const line of lines) {
    if (/^\S+\.test\.tsx?:$/.test(line)) file = line.slice(0, -1)
    const name = pattern.exec(line)?.[1]
    // A hook of a skipped suite is listed as an unnamed test.
    if (name && !name.endsWith('> (unnamed)') && !found.has(name)) found.set(name, { file, name })
  }
  return [...found.values()]
}
