/**
 * Prepared reads on SQLite: bind, step, map, all in one go on the calling turn.
 *
 * The query builder writes the SQL and says which column becomes which member; that is looked at once per query. Its own
 * way from there to the row costs more than a look-up by key itself.
 */
import type { SQLQueryBindings, Database as SqliteHandle } from 'bun:sqlite'
import { Column, is, SQL } from 'drizzle-orm'
import { binder, encodeBareParameters, sqliteEncoder, withoutConstants } from './compile'
import type { Parameters, Query, QueryBuilder } from './definitions'
import type { Tables } from './tables'

type Read = (parameters: Parameters) => unknown[]

/** What a prepared selection of the builder also knows, beside what it publishes. */
interface Selection {
  readonly fields: readonly SelectedField[]
  getQuery(): { sql: string; params: unknown[] }
  all(parameters: Parameters): unknown[]
}

interface SelectedField {
  /** Names of nested members, outermost first. */
  readonly path: readonly string[]
  readonly field: unknown
}

interface Decoder {
  mapFromDriverValue(value: unknown): unknown
}

export function createSqliteReader(
  handle: SqliteHandle,
  q: QueryBuilder,
  t: Tables,
): <Row>(definition: Query<Row>, parameters: Parameters) => Row[] {
  const reads = new Map<Query<unknown>, Read>()
  return <Row>(definition: Query<Row>, parameters: Parameters) => {
    let read = reads.get(definition)
    if (!read) {
      read = prepareRead(handle, definition.build(q, t).prepare(definition.name) as unknown as Selection)
      reads.set(definition, read)
    }
    return read(parameters) as Row[]
  }
}

function prepareRead(handle: SqliteHandle, selection: Selection): Read {
  const built = selection.getQuery()
  encodeBareParameters(built.params, sqliteEncoder)
  // Rows of several tables are nested, and a part that a join lacks is null: left to the builder.
  if (selection.fields.some(({ path }) => path.length > 1)) return (parameters) => selection.all(parameters)
  const { sql, params } = withoutConstants(built)
  const bind = binder(params) as (parameters: Parameters) => SQLQueryBindings[]
  const statement = handle.prepare(sql)
  const map = rowMapper(selection.fields)
  return (parameters) => statement.values(...bind(parameters)).map(map)
}

function rowMapper(fields: readonly SelectedField[]): (row: unknown[]) => Record<string, unknown> {
  const members = fields.map(({ path, field }) => ({ name: String(path[0]), decoder: decoderOf(field) }))
  return (row) => {
    const result: Record<string, unknown> = {}
    members.forEach(({ name, decoder }, at) => {
      const value = row[at]
      result[name] = decoder && value !== null ? decoder.mapFromDriverValue(value) : value
    })
    return result
  }
}

/** Undefined where the stored value is the value. */
function decoderOf(field: unknown): Decoder | undefined {
  if (is(field, Column))
    return field.mapFromDriverValue === Column.prototype.mapFromDriverValue ? undefined : (field as Decoder)
  const expression = is(field, SQL) ? field : (field as { readonly sql: SQL }).sql
  return (expression as unknown as { readonly decoder: Decoder }).decoder
}
