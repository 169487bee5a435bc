import { describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { param, query } from '../../src/db/definitions'
import { openSqlite } from '../../src/db/sqlite'
import { withStatementLog } from '../../src/db/statement-log'

const userByName = query('user_by_name_for_log', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(eq(t.users.username, param('name'))),
)

async function logOf(level: 'silent' | 'error' | 'warn' | 'info') {
  const lines: { level: string; message: string; [field: string]: unknown }[] = []
  const take = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ ...fields, level, message })
  }
  const db = withStatementLog(openSqlite({ path: ':memory:', busyTimeoutMs: 100 }), level, {
    info: take('info'),
    warn: take('warn'),
  })
  await db.migrate()
  await db.all(userByName, { name: 'hunter2' })
  await db.one(userByName, { name: 'hunter2' })
  await db.close()
  return lines
}

describe('log of statements', () => {
  test('DB_LOG_LEVEL=info shows name, text and time of each, and no value [SEC]', async () => {
    const lines = await logOf('info')
    expect(lines.length).toBe(2)
    expect(lines[0]).toMatchObject({ level: 'info', statements: 'user_by_name_for_log', message: 'Statement' })
    expect(lines[0]?.sql).toMatch(/^select "id" from "users" where "users"."username" = \?$/)
    expect(lines[0]?.ms).toBeNumber()
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })
  test.each(['silent', 'error', 'warn'] as const)('DB_LOG_LEVEL=%s says nothing about quick ones', async (level) => {
    expect(await logOf(level)).toEqual([])
  })
})
