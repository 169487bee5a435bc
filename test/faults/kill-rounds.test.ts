/** SIGKILL at random instants of everyday load; `scripts/kill-rounds.ts` does many more of these rounds. */
import { describe, expect, test } from 'bun:test'
import { suiteNeeds } from '../support/skip'
import { type KillRound, killRounds } from './kill-rounds'
import type { Dialect } from './subject'

const run = (dialect: Dialect, rounds: number) => killRounds({ dialect, rounds, loadMs: 500, crowd: 1 })

function expectNothingAmiss(results: readonly KillRound[]): void {
  expect(results.flatMap(({ lost, twice, wrong }) => [...lost, ...twice, ...wrong]).slice(0, 10)).toEqual([])
  expect(results.every(({ answered, held }) => answered > 100 && held > 50)).toBe(true)
}

const NAME = 'nothing acknowledged is lost, nothing is given out twice, no start fails'

describe('SIGKILL at random instants on SQLite', () => {
  test(NAME, async () => expectNothingAmiss(await run('SQLite', 3)), 90_000)
})

suiteNeeds('postgresql')('SIGKILL at random instants on PostgreSQL', () => {
  test(NAME, async () => expectNothingAmiss(await run('PostgreSQL', 2)), 90_000)
})
