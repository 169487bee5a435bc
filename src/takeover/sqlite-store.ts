/** The store of a conversion inside a SQLite file. */
import type { SQLQueryBindings, Database as SqliteHandle } from 'bun:sqlite'
import { sqliteKit } from '../db/kit'
import { newColumns } from './columns'
import type { ExistingRow, ExistingTable } from './existing-tables'
import type { TakeoverStore } from './store'

const BATCH = 1_000

/** Where the former tables are while the new ones have their names. */
export const sqliteName = (table: ExistingTable): string => `existing_${table}`

type Bindings = SQLQueryBindings[]

export function createSqliteStore(handle: SqliteHandle): TakeoverStore {
  const columnsOf = newColumns(sqliteKit)
  const count = (name: string): number =>
    (handle.query(`select count(*) as rows from ${name}`).get() as { rows: number }).rows

  return {
    nameOf: sqliteName,
    count: async (table) => count(sqliteName(table)),
    countNew: async (table) => count(columnsOf(table).table),
    batches: async function* (table) {
      const next = handle.prepare(
        `select rowid as takeover_rowid, * from ${sqliteName(table)} where rowid > ? order by rowid limit ${BATCH}`,
      )
      try {
        for (let after = Number.MIN_SAFE_INTEGER; ; ) {
          const rows = next.all(after) as (ExistingRow & { takeover_rowid: number })[]
          const last = rows.at(-1)
          if (!last) return
          yield rows
          after = last.takeover_rowid
        }
      } finally {
        next.finalize()
      }
    },
    insert: async (table, rows, options) => {
      const { table: name, columns } = columnsOf(table)
      const slots = columns.map(() => '?').join(', ')
      const names = columns.map((column) => `"${column.name}"`).join(', ')
      const insert = handle.query(
        `insert into ${name} (${names}) values (${slots})${options?.ifMissing ? ' on conflict do nothing' : ''}`,
      )
      for (const row of rows as readonly Record<string, unknown>[])
        insert.run(...(columns.map(({ property, encode }) => encode(row[property])) as Bindings))
    },
    ask: async (sql, keys) =>
      keys.length === 0
        ? []
        : (handle.query(sql('json_each(?) k')).all(JSON.stringify(keys)) as Record<string, unknown>[]),
  }
}
