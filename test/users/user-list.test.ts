/** Looking through a hundred thousand users: through indexes, stable, and what is typed is only text. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { findUsers, type UserSelection } from '../../src/users/user-list'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { bound, listening } from '../support/listening'

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

  /** How the database finds the rows of everything the list asks. */
  async function plans(selection: UserSelection): Promise<string> {
    const { db, asked } = listening(app.ctx.db)
    await (await findUsers({ db }, selection)).select({ limit: 10, offset: 0 })
    const { q } = app.ctx.db as unknown as {
      q: { all?(s: unknown): unknown[]; execute?(s: unknown): Promise<unknown[]> }
    }
    const rows: unknown[] = []
    for (const { sql: text, params } of asked) {
      const explain = sql`${sql.raw(name === 'SQLite' ? 'explain query plan' : 'explain')} ${bound(text, params)}`
      rows.push(...(name === 'SQLite' ? (q.all?.(explain) ?? []) : ((await q.execute?.(explain)) ?? [])))
    }
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
    expect(await plans(selection)).toContain(index)
  })

  test.each([
    ['the first page', ALL, 0],
    ['the last page', ALL, 9_990],
    ['a filter', { ...ALL, filters: { status: 'disabled', role: 'user' } }, 0],
    ['two filters most have', { ...ALL, filters: { auth_source: 'local', role: 'user' } }, 9_000],
    ['a text few have', { ...ALL, search: 'person-99998' }, 0],
    ['a text everybody has', { ...ALL, search: 'person' }, 0],
    ['a text nobody has', { ...ALL, search: 'nobody at all' }, 0],
  ] as const)('%s is there soon, and looks at no table as a whole', async (_case, selection, offset) => {
    await findUsers(app.ctx, selection)
    const began = performance.now()
    await (await findUsers(app.ctx, selection)).select({ limit: 10, offset })
    expect(performance.now() - began).toBeLessThan(250 * 4)
    // A table may be read from its beginning until there are enough.
    const whole = (await plans(selection)).replaceAll(
      /"QUERY PLAN":"Limit[^"]*"\},\{"QUERY PLAN":" {2}-> {2}Seq Scan/g,
      '',
    )
    expect(whole).not.toMatch(/SCAN users"|Seq Scan on users/)
  })

  test('pages neither repeat nor leave out anybody, however many bear the same time', async () => {
    const seen = new Set<string>()
    const { select } = await findUsers(app.ctx, ALL)
    for (let offset = 0; offset < 1000; offset += 50)
      for (const { id } of await select({ limit: 50, offset })) seen.add(id)
    expect(seen.size).toBe(1000)
  })

  test('finds by id and, whatever the case, by how name, address, domain and full name begin', async () => {
    const found = async (search: string) => {
      const rows = await (await findUsers(app.ctx, { ...ALL, search })).select({ limit: 20, offset: 0 })
      return rows.map(({ username }) => username)
    }
    expect(await found('id-000123')).toEqual(['person-123'])
    for (const old of ['PERSON-1234', 'person-1234@EXAMPLE']) expect(await found(old)).toContain('person-1234')
    expect(await found('number 1234')).toContain('person-1234')
    expect(await found('person number 99998')).toEqual(['person-99998'])
    // Of the newest, also what is in the middle.
    expect(await found('son-99998@ex')).toEqual(['person-99998'])
    const example = await findUsers(app.ctx, { ...ALL, search: 'example.com' })
    expect([example.total > 0, example.cut]).toEqual([true, true])
  })

  test('signs of patterns are only signs', async () => {
    const total = async (search: string) => (await findUsers(app.ctx, { ...ALL, search })).total
    expect(await total('ten_%')).toBeGreaterThanOrEqual(500)
    for (const none of ['\\', "'; drop table users; --", '\u0000q7z'])
      expect([none, await total(none)]).toEqual([none, 0])
    const rows = await (await findUsers(app.ctx, { ...ALL, search: '_%' })).select({ limit: 10_000, offset: 0 })
    expect(rows.every(({ fullName }) => fullName === 'Ten_%')).toBeTrue()
  })

  test('filters together', async () => {
    const total = async (filters: UserSelection['filters']) => (await findUsers(app.ctx, { search: '', filters })).total
    expect(await total({ role: 'admin', auth_source: 'local' })).toBe(19)
    expect(await total({ role: 'nonsense' })).toBe(10_000)
  })

  test('no hash is read', async () => {
    const [row] = await (await findUsers(app.ctx, ALL)).select({ limit: 1, offset: 0 })
    expect(Object.keys(row ?? {})).not.toContain('passwordHash')
  })
})
