/** What a database is, from the names and columns of what is in it. Nothing is guessed from rows. */
import { type AppliedMigration, type Migration, pendingMigrations } from '../db/migrations'
import { EXISTING_TABLES, type ExistingTable, existingTables } from './existing-tables'

/** A table, view or trigger of the database; columns only of tables. */
export interface DatabaseObject {
  readonly kind: string
  readonly name: string
  readonly columns: readonly string[]
}

export type Recognition =
  /** Nothing is in it, or there is no file yet. */
  | { readonly kind: 'empty' }
  /** This program's own; `pending` are the migrations it lacks. `problem`: another version's, which this one cannot use. */
  | { readonly kind: 'own'; readonly pending: readonly string[]; readonly problem?: string }
  /** An AuthGate 0.x database; `surplus` are columns nothing is known of, as `table.column`. */
  | { readonly kind: 'existing'; readonly surplus: readonly string[] }
  /** Anything else. `reason` is one line for the operator. */
  | { readonly kind: 'unknown'; readonly reason: string }

const MIGRATIONS = 'schema_migrations'

/** Whether the table of applied migrations is this program's; other programs have one of the same name. */
export const hasMigrations = (objects: readonly DatabaseObject[]): boolean =>
  objects.some(
    ({ name, columns }) => name === MIGRATIONS && ['tag', 'hash'].every((column) => columns.includes(column)),
  )

/** `applied` are the rows of the table of migrations, where `hasMigrations`. */
export function recognise(
  objects: readonly DatabaseObject[],
  all: readonly Migration[],
  applied: readonly AppliedMigration[],
): Recognition {
  if (hasMigrations(objects)) return ownDatabase(all, applied)
  if (objects.length === 0) return { kind: 'empty' }
  const known = new Set<string>(existingTables)
  const foreign = objects.filter(({ kind, name }) => kind !== 'table' || !known.has(name))
  if (foreign.length > 0)
    return unknown(`it has ${listed(foreign.map(({ kind, name }) => `${kind} ${name}`))}, which AuthGate does not know`)
  const columnsOf = new Map(objects.map(({ name, columns }) => [name, columns]))
  const missing = existingTables.flatMap((table) => missingFrom(table, columnsOf.get(table)))
  if (missing.length > 0)
    return unknown(
      `it lacks ${listed(missing)}; if it belongs to an older AuthGate, start the last 0.x version on it once, which completes it`,
    )
  const surplus = existingTables.flatMap((table) =>
    (columnsOf.get(table) ?? []).filter((column) => !isKnown(table, column)).map((column) => `${table}.${column}`),
  )
  return { kind: 'existing', surplus }
}

function ownDatabase(all: readonly Migration[], applied: readonly AppliedMigration[]): Recognition {
  try {
    return { kind: 'own', pending: pendingMigrations(all, applied).map(({ tag }) => tag) }
  } catch (error) {
    return { kind: 'own', pending: [], problem: (error as Error).message }
  }
}

const unknown = (reason: string): Recognition => ({ kind: 'unknown', reason })

const isKnown = (table: ExistingTable, column: string): boolean =>
  (EXISTING_TABLES[table] as readonly string[]).includes(column)

const missingFrom = (table: ExistingTable, columns: readonly string[] | undefined): string[] =>
  columns
    ? EXISTING_TABLES[table].filter((column) => !columns.includes(column)).map((column) => `column ${table}.${column}`)
    : [`table ${table}`]

const MOST_LISTED = 5

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).join(', ')
  return names.length > MOST_LISTED ? `${shown} and ${names.length - MOST_LISTED} more` : shown
}
