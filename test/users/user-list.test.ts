/** Looking through a hundred thousand users: through indexes, stable, and what is typed is only text. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { countUsers, selectUsers, type UserSelection } from '../../src/users/user-list'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'

const ALL: UserSelection = { search: '', filters: {} }

describe.each(databases)('a list of 100,000 users on %s', (name, open) => {
  let app: TestApp
  const execute = (text: string): Promise<unknown> => {
    const { q } = app.ctx.db as unknown as { q: { run?(s: unknown): unknown; execute?(s: unknown): unknown } }
    return Promise.resolve(name === 'SQLite' ? q.run?.(sql.raw(text)) : q.execute?.(sql.raw(text)))
  }
  beforeAll(async () => {
    app = await openTestApp({ open })
    const { t } = app.ctx.db
    const seed = await app.insertUser({ username: 'seed', email: 'seed@example.com' })
    const sqlite = name === 'SQLite'
    const columns = Object.values(
      await import('drizzle-orm').then(({ getTableColumns }) => getTableColumns(t.users)),
    ).map((column) => column.name)
    const values: Record<string, string> = {
      id: sqlite ? "printf('id-%06d', n)" : "'id-' || lpad(n::text, 6, '0')",
      username: "'person-' || n",
      username_norm: "'person-' || n",
      email: "'person-' || n || '@example.com'",
      email_norm: "'person-' || n || '@example.com'",
      role: "case when n % 5000 = 0 then 'admin' else 'user' end",
      auth_source: "case when n % 1000 = 1 then 'http_api' else 'local' end",
      is_active: `case when n % 2000 = 2 then ${sqlite ? 0 : 'false'} else ${sqlite ? 1 : 'true'} end`,
      full_name: "case when n % 10 = 0 then 'Ten_%' else 'Person Number ' || n end",
      // Many bear the same time, as after an import.
      created_at: sqlite ? 'created_at + n / 100' : "created_at + (n / 100) * interval '1 millisecond'",
    }
    const numbers = sqlite
      ? 'with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 99999)'
      : 'with numbers as (select generate_series(1, 99999) as n)'
    const insert = `insert into users (${columns.join(', ')})`
    const select = `select ${columns.map((column) => values[column] ?? column).join(', ')} from users, numbers where users.id = '${seed.id}'`
    await execute(sqlite ? `${insert} ${numbers} ${select}` : `${insert} ${numbers} ${select}`)
    await execute('analyze')
  }, 120_000)
  afterAll(() => app.close())

  async function plan(selection: UserSelection): Promise<string> {
    const query = selectUsers(app.ctx, selection, { limit: 10, offset: 0 })
    const { q } = app.ctx.db as unknown as {
      q: { all?(s: unknown): unknown[]; execute?(s: unknown): Promise<unknown[]> }
    }
    const explain = name === 'SQLite' ? sql`explain query plan ${query.getSQL()}` : sql`explain ${query.getSQL()}`
    const rows = name === 'SQLite' ? (q.all?.(explain) ?? []) : ((await q.execute?.(explain)) ?? [])
    return JSON.stringify(rows)
  }

  test.each([
    ['newest first', ALL, 'users_created'],
    ['oldest first', { ...ALL, sort: 'oldest' }, 'users_created'],
    ['by name', { ...ALL, sort: 'username' }, 'users_username'],
    ['administrators', { ...ALL, filters: { role: 'admin' } }, 'users_role'],
    ['external', { ...ALL, filters: { auth_source: 'http_api' } }, 'users_source'],
    ['disabled', { ...ALL, filters: { status: 'disabled' } }, 'users_active'],
  ] as const)('%s: the index %p is used', async (_case, selection, index) => {
    expect(await plan(selection)).toContain(index)
  })

  test.each([
    ['the first page', ALL, 0],
    ['the last page', ALL, 99_990],
    ['a filter', { ...ALL, filters: { status: 'disabled', role: 'user' } }, 0],
    ['a text few have', { ...ALL, search: 'person-99998' }, 0],
    ['a text nobody has', { ...ALL, search: 'nobody at all' }, 0],
  ] as const)('%s is there soon', async (_case, selection, offset) => {
    await countUsers(app.ctx, selection)
    const began = performance.now()
    await selectUsers(app.ctx, selection, { limit: 10, offset })
    await countUsers(app.ctx, selection)
    expect(performance.now() - began).toBeLessThan(250 * 4)
  })

  test('pages neither repeat nor leave out anybody, however many bear the same time', async () => {
    const seen = new Set<string>()
    for (let offset = 0; offset < 1000; offset += 50)
      for (const { id } of await selectUsers(app.ctx, ALL, { limit: 50, offset })) seen.add(id)
    expect(seen.size).toBe(1000)
  })

  test('finds by id, name, address and full name in whatever case; signs of patterns are only signs', async () => {
    const found = async (search: string) =>
      (await selectUsers(app.ctx, { ...ALL, search }, { limit: 2, offset: 0 })).map(({ username }) => username)
    expect(await found('id-000123')).toEqual(['person-123'])
    expect(await found('PERSON-99998')).toEqual(['person-99998'])
    expect(await found('person-99998@EXAMPLE')).toEqual(['person-99998'])
    expect(await found('number 99998')).toEqual(['person-99998'])
    expect(await countUsers(app.ctx, { ...ALL, search: 'ten_%' })).toBe(9_999)
    for (const none of ['%', '_%_%', '\\', "'; drop table users; --", '\u0000q7z']) {
      const expected = none === '%' || none === '_%_%' ? 9_999 : 0
      expect([none, (await countUsers(app.ctx, { ...ALL, search: none })) <= expected]).toEqual([none, true])
    }
    expect(await countUsers(app.ctx, { search: '', filters: { role: 'admin', auth_source: 'local' } })).toBe(19)
    expect(await countUsers(app.ctx, { search: '', filters: { role: 'nonsense' } })).toBe(0)
  })

  test('no hash is read', async () => {
    const [row] = await selectUsers(app.ctx, ALL, { limit: 1, offset: 0 })
    expect(Object.keys(row ?? {})).not.toContain('passwordHash')
  })
})
