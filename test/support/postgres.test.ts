import { afterAll, beforeAll, expect, test } from 'bun:test'
import postgres from 'postgres'
import { freshDatabase, type PostgresServer, startPostgres } from './postgres'
import { suiteNeeds } from './skip'

const answer = async (url: string): Promise<unknown> => {
  const sql = postgres(url, { max: 1, connect_timeout: 2 })
  try {
    return (await sql`select count(*)::int as tables from pg_tables where schemaname = 'public'`)[0]?.tables
  } finally {
    await sql.end({ timeout: 1 })
  }
}

suiteNeeds('postgresql')('PostgreSQL for tests', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.stop())

  test('fresh databases are empty, separate, and gone after drop', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
    const sql = postgres(one.url, { max: 1 })
    await sql`create table t (a int)`
    expect(await answer(one.url)).toBe(1)
    expect(await answer(two.url)).toBe(0)
    await Promise.all([one.drop(), two.drop()])
    await expect(answer(one.url)).rejects.toThrow(/does not exist/)
    await sql.end({ timeout: 1 })
  })

  test('a halted server refuses connections and has its data when started again', async () => {
    const { url } = await server.freshDatabase()
    const sql = postgres(url, { max: 1 })
    await sql`create table t (a int)`
    await server.halt()
    await expect(answer(url)).rejects.toThrow()
    await server.start()
    expect(await answer(url)).toBe(1)
    await sql.end({ timeout: 1 })
  })
})
