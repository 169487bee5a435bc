/** PostgreSQL as source and as target of a copy. */
import type postgres from 'postgres'
import type { PostgresConnection } from '../config/postgres-dsn'
import { postgresKit } from '../db/kit'
import { applyPostgresMigrations, lockMigrations } from '../db/postgres'
import { recognisePostgres, SESSION, withClient } from '../takeover/postgres'
import {
  BATCH_ROWS,
  type Rows,
  requireCurrent,
  requireFree,
  requireNoRows,
  type Source,
  type Target,
  TransferRefusal,
} from './place'
import { type LogicalRow, type LogicalTable, logicalTables, quotedNames } from './tables'

/** Runs `work` on the database as it is now. Servers may go on writing to it. */
export function withPostgresSource<T>(
  connection: PostgresConnection,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  return withClient(connection, async (client) => {
    const result = await client.begin('isolation level repeatable read read only', async (transaction) => {
      await transaction.unsafe(SESSION)
      requireCurrent(await recognisePostgres(transaction), { postgres: connection, sqlite: undefined })
      return { value: await work({ tables: logicalTables(postgresKit), ...rowsOf(transaction) }) }
    })
    return (result as { value: T }).value
  })
}

/** What `work` inserts is there whole or not at all. */
export function withPostgresTarget<T>(
  connection: PostgresConnection,
  work: (target: Target) => Promise<T>,
): Promise<T> {
  const place = { postgres: connection, sqlite: undefined }
  return withClient(connection, async (client) => {
    const result = await client.begin(async (transaction) => {
      await transaction.unsafe(SESSION)
      await lockMigrations(transaction)
      requireFree(await recognisePostgres(transaction), place)
      await transaction.unsafe('set local search_path to public')
      await applyPostgresMigrations(transaction)
      const tables = logicalTables(postgresKit)
      const names = tables.map(({ name }) => `public.${name}`).join(', ')
      // A server that starts meanwhile waits instead of making accounts beside the ones that come.
      await transaction.unsafe(`lock table ${names} in exclusive mode`)
      const target = { tables, ...rowsOf(transaction), insert: inserter(transaction) }
      await requireNoRows(target, place)
      return { value: await work(target) }
    })
    await client.unsafe('analyze')
    return (result as { value: T }).value
  })
}

const rowsOf = (transaction: postgres.TransactionSql): Rows => ({
  count: async ({ name }) => {
    const [row] = await transaction.unsafe(`select count(*)::text as rows from public.${name}`)
    return Number(row?.rows)
  },
  batches: async function* (table) {
    const all = transaction.unsafe(`select ${quotedNames(table)} from public.${table.name}`)
    for await (const rows of all.cursor(BATCH_ROWS))
      yield rows.map((row) => table.columns.map(({ name, decode }) => decode(row[name])))
  },
})

function inserter(transaction: postgres.TransactionSql): Target['insert'] {
  return async (table: LogicalTable, rows: readonly LogicalRow[]) => {
    const names = quotedNames(table)
    const records = rows.map((row) =>
      Object.fromEntries(table.columns.map(({ name }, index) => [name, accepted(row[index], table.name, name)])),
    )
    await transaction.unsafe(
      `insert into public.${table.name} (${names}) select ${names} from jsonb_populate_recordset(null::public.${table.name}, $1::text::jsonb)`,
      [JSON.stringify(records)],
    )
  }
}

const LAST_YEAR = 9_999

/** Names the column, where the error of the database would only say that something does not fit. */
function accepted(value: unknown, table: string, column: string): unknown {
  const refused =
    value instanceof Date
      ? !(value.getUTCFullYear() >= 0 && value.getUTCFullYear() <= LAST_YEAR)
      : typeof value === 'string'
        ? value.includes('\0')
        : typeof value === 'object' && value !== null && JSON.stringify(value).includes('\\u0000')
  if (refused)
    throw new TransferRefusal(`a value of ${table}.${column} cannot be stored by PostgreSQL: a NUL character or a year`)
  return value
}
