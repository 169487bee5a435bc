/** Every way in which Redis fails, under load, against the executable: `bun scripts/redis-faults.ts [redis|redis-aside]`. */
import { redisFaults } from '../test/faults/redis-faults'

const types = process.argv[2] ? [process.argv[2]] : ['redis', 'redis-aside']
let wrong = 0
for (const type of types) {
  console.log(`copies in ${type}`)
  const outcomes = await redisFaults(type, ({ fault, recoveredMs, slowestMs, lines, guesses, wrong: found }) =>
    console.log(
      `  ${fault}: shared again after ${recoveredMs} ms, slowest answer ${slowestMs} ms, ` +
        `log ${lines.gone} gone and ${lines.back} back, ${guesses} guesses${found.length > 0 ? `, WRONG: ${found.join('; ')}` : ''}`,
    ),
  )
  wrong += outcomes.filter((outcome) => outcome.wrong.length > 0).length
}
process.exit(wrong === 0 ? 0 : 1)
