/** The tables of the logical schema as lists of columns, so that rows go from either database to either. */
import { getTableColumns, is, type Table } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { type Kit, postgresKit } from '../db/kit'
import { makeTables } from '../db/tables'

/** Values in the order of the columns: texts, numbers, booleans, `Date`, parsed JSON, null. */
export type LogicalRow = readonly unknown[]

export interface LogicalColumn {
  readonly name: string
  /** Into what the driver of the kit takes. */
  encode(value: unknown): unknown
  /** From what the driver of the kit gives. */
  decode(value: unknown): unknown
}

export interface LogicalTable {
  readonly name: string
  readonly columns: readonly LogicalColumn[]
}

/** A table stands after those that it refers to. */
export function logicalTables(kit: Kit): readonly LogicalTable[] {
  const tables = makeTables(kit) as Readonly<Record<string, unknown>>
  return tablesInOrder().map(({ property, name }) => ({
    name,
    columns: Object.values(getTableColumns(tables[property] as Table)).map((column) => ({
      name: column.name,
      encode: (value) => (value === null ? null : column.mapToDriverValue(value)),
      decode: (value) => (value === null || value instanceof Date ? value : column.mapFromDriverValue(value)),
    })),
  }))
}

function tablesInOrder(): readonly { readonly property: string; readonly name: string }[] {
  const known = new Map(
    Object.entries(makeTables(postgresKit)).flatMap(([property, table]) => {
      if (!is(table, PgTable)) return []
      const { name, foreignKeys } = getTableConfig(table)
      const needs = foreignKeys.map((key) => getTableConfig(key.reference().foreignTable).name)
      return [[name, { property, needs: needs.filter((other) => other !== name) }] as const]
    }),
  )
  const ordered = new Map<string, string>()
  const add = (name: string, { property, needs }: { property: string; needs: readonly string[] }): void => {
    if (ordered.has(name)) return
    for (const other of needs) {
      const table = known.get(other)
      if (table) add(other, table)
    }
    ordered.set(name, property)
  }
  for (const [name, table] of known) add(name, table)
  return [...ordered].map(([name, property]) => ({ property, name }))
}

export const quotedNames = (table: LogicalTable): string => table.columns.map(({ name }) => `"${name}"`).join(', ')
