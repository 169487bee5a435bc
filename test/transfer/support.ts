/** Databases with rows in every table, and their contents as one looks at them: row by row. */
import { getTableColumns, is, type Table } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import type { Database } from '../../src/db/database'
import { postgresKit } from '../../src/db/kit'
import { makeTables } from '../../src/db/tables'
import { logicalTables } from '../../src/transfer/tables'

const TEXTS = ['plain', 'ünïcode 漢字 🎉', 'quote \' " \\ \\N \t and\nnewline', '', '{"a":1}', '0x00', '1e5']

interface ColumnOf {
  readonly name: string
  readonly dataType: string
  readonly enumValues?: readonly string[]
  readonly notNull: boolean
}

const all = Object.entries(makeTables(postgresKit)).filter(([, table]) => is(table, PgTable)) as [string, PgTable][]

/** `rows` rows in every table of the schema, whichever these are; row n refers to row n of other tables. */
export async function fillEveryTable(db: Database, rows: number): Promise<void> {
  const names = logicalTables(postgresKit).map(({ name }) => name)
  const inOrder = [...all].sort(([, a], [, b]) => names.indexOf(nameOf(a)) - names.indexOf(nameOf(b)))
  for (const [property, table] of inOrder) {
    const into = (db.t as unknown as Record<string, PgTable>)[property] as PgTable
    const values = Array.from({ length: rows }, (_, n) => rowOf(table, n))
    for (let start = 0; start < rows; start += 200)
      await db.q.insert(into).values(values.slice(start, start + 200) as never)
  }
}

const nameOf = (table: PgTable): string => getTableConfig(table).name

function rowOf(table: PgTable, n: number): Record<string, unknown> {
  const references = new Map(
    getTableConfig(table).foreignKeys.flatMap((key) => {
      const { columns, foreignTable, foreignColumns } = key.reference()
      return columns.map((column, index) => [column.name, idOf(nameOf(foreignTable), foreignColumns[index]?.name, n)])
    }),
  )
  return Object.fromEntries(
    Object.entries(getTableColumns(table as Table)).map(([property, column]) => [
      property,
      references.get(column.name) ?? sampleOf(nameOf(table), column as unknown as ColumnOf, n),
    ]),
  )
}

const idOf = (table: string, column: string | undefined, n: number): string => `${table}.${column}.${n}`

function sampleOf(table: string, { name, dataType, enumValues, notNull }: ColumnOf, n: number): unknown {
  if (!notNull && n % 3 === 1) return null
  if (enumValues && enumValues.length > 0) return enumValues[n % enumValues.length]
  if (dataType.includes('date')) return new Date(Date.UTC(2026, 0, 1) + n * 61_000 + (n % 1000))
  if (dataType.includes('boolean')) return n % 2 === 0
  if (dataType.includes('json') || dataType.includes('object')) return n % 2 ? ['b', 'ä', `${n}`] : JSON_VALUE
  if (dataType.includes('number')) return n + 1
  return referredTo(name) || n % 2 === 1 ? idOf(table, name, n) : `${idOf(table, name, n)} ${TEXTS[n % TEXTS.length]}`
}

const JSON_VALUE = { z: 1, a: { y: [true, null, 1.5], b: 'ä "quoted" \\ text' }, m: '' }

/** Every row of every table as one text, sorted. */
export async function contentsOf(db: Database): Promise<Readonly<Record<string, readonly string[]>>> {
  const result: Record<string, string[]> = {}
  for (const [property, table] of all) {
    const rows = await db.q.select().from((db.t as unknown as Record<string, PgTable>)[property] as PgTable)
    result[nameOf(table)] = rows.map((row) => JSON.stringify(row, sorted)).sort()
  }
  return result
}

const sorted = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** Columns that rows of other tables name, and must therefore look like ids. */
const referred = new Set(
  all.flatMap(([, table]) =>
    getTableConfig(table).foreignKeys.flatMap((key) => key.reference().foreignColumns.map(({ name }) => name)),
  ),
)
const referredTo = (name: string): boolean => referred.has(name)
