/** The store of a conversion inside a PostgreSQL transaction. */
import type postgres from 'postgres'
import { postgresKit } from '../db/kit'
import { newColumns } from './columns'
import type { ExistingRow } from './existing-tables'
import type { TakeoverStore } from './store'

const BATCH = 1_000

/** `schema` is where the former tables are; the new ones are found by the search path. */
export function createPostgresStore(transaction: postgres.TransactionSql, schema: string): TakeoverStore {
  const columnsOf = newColumns(postgresKit)
  const count = async (name: string): Promise<number> => {
    const [row] = await transaction.unsafe(`select count(*)::text as rows from ${name}`)
    return Number(row?.rows)
  }
  const nameOf = (table: string): string => `"${schema}".${table}`

  return {
    nameOf,
    count: (table) => count(nameOf(table)),
    countNew: (table) => count(columnsOf(table).table),
    batches: async function* (table) {
      // Times come in UTC and booleans as such; a number is never a text that only looks like one.
      const next = (where: string) =>
        `select e.id::text as id, row_to_json(e)::text as row from ${nameOf(table)} e ${where} order by e.id limit ${BATCH}`
      const type = await typeOfId(transaction, schema, table)
      let rows = await transaction.unsafe(next(''))
      while (rows.length > 0) {
        yield rows.map(({ row }) => JSON.parse(String(row)) as ExistingRow)
        rows = await transaction.unsafe(next(`where e.id > $1::text::${type}`), [String(rows.at(-1)?.id)])
      }
    },
    insert: async (table, rows, options) => {
      if (rows.length === 0) return
      const { table: name, columns } = columnsOf(table)
      const names = columns.map((column) => `"${column.name}"`).join(', ')
      const records = (rows as readonly Record<string, unknown>[]).map((row) =>
        Object.fromEntries(columns.map(({ property, name: column }) => [column, row[property]])),
      )
      await transaction.unsafe(
        `insert into ${name} (${names}) select ${names} from jsonb_populate_recordset(null::${name}, $1::text::jsonb)${
          options?.ifMissing ? ' on conflict do nothing' : ''
        }`,
        [JSON.stringify(records)],
      )
    },
    ask: async (sql, keys) => {
      if (keys.length === 0) return []
      const rows = await transaction.unsafe(sql('jsonb_array_elements($1::text::jsonb) as k(value)'), [
        JSON.stringify(keys),
      ])
      return rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.getTime() : value]),
        ),
      )
    },
  }
}

/** Ids are numbers in some tables and texts in others; comparing them as what they are uses the primary key. */
async function typeOfId(transaction: postgres.TransactionSql, schema: string, table: string): Promise<string> {
  const [column] = await transaction.unsafe(
    `select format_type(a.atttypid, null) as type from pg_attribute a join pg_class c on c.oid = a.attrelid
     join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2 and a.attname = 'id'`,
    [schema, table],
  )
  return String(column?.type ?? 'text')
}
