/** Reads the fields of one row, and notes what had to be decided about them. */
import type { ExistingRow } from './existing-tables'
import type { Notes } from './report'
import { readFlag, readJson, readName, readNames, readText, readTime } from './values'

export interface Fields {
  text(column: string): string
  /** Trimmed; undefined when empty. */
  name(column: string): string | undefined
  /** Separated by single blanks. */
  names(column: string): string
  /** What cannot be read is false: nothing is allowed by a value nobody understands. */
  flag(column: string): boolean
  /** Null when it was never set. */
  time(column: string): Date | null
  /** The first of the columns that was set. */
  timeOf(columns: readonly string[], otherwise: Date): Date
  /** Null for NULL; undefined when it is no JSON. */
  json(column: string): unknown
  oneOf<const Value extends string>(column: string, values: readonly Value[], otherwise: Value, meaning: string): Value
}

/** `id` is how the row is named in the report. */
export function fieldsOf(row: ExistingRow, id: string, notes: Notes): Fields {
  const time = (column: string): Date | null => {
    const read = readTime(row[column])
    if (read === 'unreadable') notes.changed(`${column} cannot be read as a time and counts as not set`, id)
    return typeof read === 'string' ? null : read.at
  }
  return {
    text: (column) => readText(row[column]),
    name: (column) => readName(row[column]),
    names: (column) => readNames(row[column]),
    flag: (column) => {
      const read = readFlag(row[column])
      if (read === undefined && readText(row[column]) !== '')
        notes.changed(`${column} is neither true nor false and counts as false`, id)
      return read ?? false
    },
    time,
    timeOf: (columns, otherwise) => {
      for (const column of columns) {
        const at = time(column)
        if (at) return at
      }
      return otherwise
    },
    json: (column) => readJson(row[column]),
    oneOf: (column, values, otherwise, meaning) => {
      const text = readText(row[column]).trim()
      const value = values.find((known) => known === text)
      if (value === undefined) notes.changed(`${column} has an unknown value; ${meaning}`, id)
      return value ?? otherwise
    },
  }
}
