/**
 * Runs the server under everyday load for a long time and prints what it takes of the machine:
 *
 *   bun scripts/soak.ts [minutes, 35 by default] [requests a second, 200 by default]
 *
 * Takes dist/authgate; the first third of the time, ten minutes at most, is the warm-up. The exit code is 1 when an
 * answer was wrong or memory grows by more than 60 MB an hour.
 */
import { soak } from '../test/faults/soak'

const MOST_MB_PER_HOUR = 60
const [minutes = 35, requestsPerSecond = 200] = process.argv.slice(2).map(Number)
const seconds = minutes * 60

const report = await soak({
  ...{ seconds, requestsPerSecond, sampleEverySeconds: Math.max(2, seconds / 70) },
  warmUpSeconds: Math.min(seconds / 3, 600),
  onSample: (sample) => console.log(JSON.stringify(sample)),
})
const { samples, slopeMbPerHour, lagMs, answered, wrong, exitCode } = report
console.log(`${answered} requests answered, ${wrong.length} wrong; the server ended with ${exitCode}`)
for (const line of [...new Set(wrong)].slice(0, 20)) console.log(`  ${line}`)
console.log(`Memory at the end ${samples.at(-1)?.residentMb} MB, growing by ${slopeMbPerHour.toFixed(1)} MB an hour`)
console.log(`Event loop late by ${lagMs.median} ms at the median, ${lagMs.p99} ms at p99, ${lagMs.most} ms at most`)
process.exit(wrong.length === 0 && exitCode === 0 && slopeMbPerHour <= MOST_MB_PER_HOUR ? 0 : 1)
