/** Fills an empty database with the rows of a large deployment: `bun scripts/benchmark/big-data/fill.ts WHERE [users=…]` */
import { type BigDatabase, bigDatabase, type PlainConnection } from './place'
import { type Amounts, CONSENTS, type Filling, fillings, WORDS } from './rows'

export const SMALL: Amounts = { users: 300, clients: 60, tokens: 4_000, events: 3_000 }
const WHOLE: Amounts = { users: 1_000_000, clients: 20_000, tokens: 10_000_000, events: 5_000_000 }
/** Rows of one statement. */
const STRETCH = 500_000

export async function fill(
  place: BigDatabase,
  amounts: Amounts,
  tell: (text: string) => void = () => {},
  nowMs: number = Date.now(),
): Promise<void> {
  await (await place.open()).close()
  const connection = place.plain()
  try {
    for (const filling of fillings(WORDS[place.dialect], amounts, nowMs)) {
      const startedAt = performance.now()
      await withoutIndexes(place, connection, filling.table, () => fillTable(place, connection, filling))
      tell(`${filling.table}: ${filling.count} rows in ${seconds(startedAt)}`)
    }
    const startedAt = performance.now()
    await connection.run(CONSENTS)
    tell(`user_authorizations in ${seconds(startedAt)}`)
    if (place.dialect === 'postgres') await connection.run('vacuum analyze')
  } finally {
    await connection.close()
  }
}

const seconds = (startedAt: number): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`

async function fillTable({ dialect }: BigDatabase, connection: PlainConnection, { table, count, columns }: Filling) {
  for (let done = 0; done < count; done += STRETCH) {
    const end = Math.min(done + STRETCH, count)
    const numbers =
      dialect === 'postgres'
        ? `(select n::bigint from generate_series(${done + 1}, ${end}) n) numbers`
        : `(with recursive numbers(n) as (select ${done + 1} union all select n + 1 from numbers where n < ${end}) select n from numbers)`
    const values = Object.entries(columns).map(([name, value]) => (isJson(dialect, name) ? `(${value})::jsonb` : value))
    await connection.run(
      `insert into ${table} (${Object.keys(columns).join(', ')}) select ${values.join(', ')} from ${numbers}`,
    )
  }
}

const JSON_COLUMNS = ['redirect_uris', 'post_logout_redirect_uris', 'details']
const isJson = (dialect: string, column: string): boolean => dialect === 'postgres' && JSON_COLUMNS.includes(column)

/** An index that is made at the end takes a tenth of the time of one that grows row by row. */
async function withoutIndexes(
  { dialect }: BigDatabase,
  connection: PlainConnection,
  table: string,
  work: () => Promise<void>,
): Promise<void> {
  const indexes = await connection.all(
    dialect === 'sqlite'
      ? `select name, sql from sqlite_master where type = 'index' and tbl_name = '${table}' and sql is not null`
      : `select indexname as name, indexdef as sql from pg_indexes where tablename = '${table}' and indexname not like '%_pkey'`,
  )
  for (const { name } of indexes) await connection.run(`drop index "${name}"`)
  await work()
  for (const { sql } of indexes) await connection.run(String(sql))
}

if (import.meta.main) {
  const [where, ...changes] = process.argv.slice(2)
  if (!where) throw new Error('usage: bun scripts/benchmark/big-data/fill.ts FILE|postgres://… [tokens=10000000 …]')
  const given = Object.fromEntries(changes.map((text) => [text.split('=')[0], Number(text.split('=')[1])]))
  await fill(bigDatabase(where), { ...WHOLE, ...given }, (text) => console.log(text))
}
