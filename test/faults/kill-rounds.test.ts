/** SIGKILL at random instants of everyday load; `scripts/kill-rounds.ts` does many more of these rounds. */
import { describe, expect, test } from 'bun:test'
import { suiteNeeds } from '../support/skip'
import { type KillRound, killRounds } from './kill-rounds'
import type { Dialect, Subject } from './subject'

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

describe('the check itself', () => {
  const DAMAGE = {
    'an access token that is gone': `delete from access_tokens where id = (select id from access_tokens
      where token_category = 'access' and status = 'active' and user_id like 'client:%' limit 1)`,
    'a revocation that is undone':
      "update access_tokens set status = 'active' where status = 'revoked' and user_id like 'client:%'",
    'an audit record that is gone': `delete from audit_logs where id = (select id from audit_logs
      where event_type = 'CLIENT_CREDENTIALS_TOKEN_ISSUED' order by event_time desc limit 1)`,
  }
  test.each(Object.entries(DAMAGE))(
    'finds %s',
    async (_, statement) => {
      const whileDown = (subject: Subject) => subject.rows(statement)
      const [round] = await killRounds({ dialect: 'SQLite', rounds: 1, loadMs: 300, crowd: 1, whileDown })
      expect(round?.lost.length).toBeGreaterThan(0)
    },
    60_000,
  )
})
