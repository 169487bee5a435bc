/**
 * Kills the server (SIGKILL) at random instants of mixed load and counts what it had acknowledged and does not know
 * after its next start:
 *
 *   bun scripts/kill-rounds.ts [rounds, 50 by default] [SQLite | PostgreSQL, both by default]
 *
 * Takes dist/authgate. The exit code is 1 when anything was lost, given out twice, or answered wrongly.
 */
import { killRounds } from '../test/faults/kill-rounds'
import type { Dialect } from '../test/faults/subject'

const [rounds = '50', only] = process.argv.slice(2)
const dialects = (['SQLite', 'PostgreSQL'] satisfies Dialect[]).filter((dialect) => !only || dialect === only)

let failed = false
for (const dialect of dialects) {
  const results = await killRounds({
    ...{ dialect, rounds: Number(rounds), loadMs: 1_500, crowd: 3 },
    onRound: ({ round, answered, held, recoveryMs, lost, twice, wrong }) => {
      console.log(
        `${dialect} ${round}: ${answered} answers, ${held} held, ${lost.length} lost, ${twice.length} twice, ` +
          `${wrong.length} wrong, ready after ${recoveryMs} ms`,
      )
      for (const line of [...lost, ...twice, ...wrong].slice(0, 10)) console.log(`  ${line}`)
    },
  })
  const sum = (count: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + count(result), 0)
  const recoveries = results.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b)
  const faults = sum(({ lost, twice, wrong }) => lost.length + twice.length + wrong.length)
  console.log(
    `${dialect}: ${results.length} rounds, ${sum(({ answered }) => answered)} answers, ${sum(({ held }) => held)} held, ` +
      `${sum(({ lost }) => lost.length)} lost, ${sum(({ twice }) => twice.length)} twice, ` +
      `${sum(({ wrong }) => wrong.length)} wrong; ready after ${recoveries[Math.floor(recoveries.length / 2)]} ms at ` +
      `the median, ${recoveries.at(-1)} ms at most`,
  )
  failed ||= faults > 0
}
process.exit(failed ? 1 : 0)
