/**
 * Queries and writes as definitions: written once, as module constants, compiled once per database.
 *
 * Building SQL costs five times what a look-up by key costs, so nothing on a hot path is built per call.
 */
import { getTableColumns, sql, type Table } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Tables } from './tables'

/** The query builder, typed as PostgreSQL's. Only ever `await` what it builds. */
export type QueryBuilder = PostgresJsDatabase<Record<string, never>>

export type Parameters = Readonly<Record<string, unknown>>

interface Preparable<Row> {
  toSQL(): { sql: string; params: unknown[] }
  prepare(name: string): { execute(parameters?: Record<string, unknown>): Promise<Row[]> }
}

interface Buildable {
  toSQL(): { sql: string; params: unknown[] }
}

export interface Query<Row> {
  readonly name: string
  readonly build: (q: QueryBuilder, t: Tables) => Preparable<Row>
}

export interface Write {
  readonly name: string
  readonly build: (q: QueryBuilder, t: Tables) => Buildable
}

/** A read. `name` must be unique in the program; it names the prepared statement and appears in logs. */
export const query = <Row>(name: string, build: Query<Row>['build']): Query<Row> => ({ name, build })

/** An insert, update or delete. */
export const write = (name: string, build: Write['build']): Write => ({ name, build })

/** A named parameter, typed as the column or value it stands for. */
export const param = <T>(name: string): T => sql.placeholder(name) as unknown as T

/** One parameter per column, named like the table's property: for inserting whole rows. */
export function rowParameters<T extends PgTable>(table: T): T['$inferInsert'] {
  const names = Object.keys(getTableColumns(table as Table))
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as T['$inferInsert']
}
