/**
 * The column kit: tables are written once and built for both databases.
 *
 * Types are PostgreSQL's; the SQLite kit is cast to them. Domain types are equal on both: `Date`, `boolean`, `number`,
 * parsed JSON. Times are integer milliseconds in SQLite and `timestamptz` in PostgreSQL, always UTC.
 */
import * as pg from 'drizzle-orm/pg-core'
import * as sqlite from 'drizzle-orm/sqlite-core'
import type { Dialect } from './folded-text'

export const postgresKit = {
  dialect: 'postgres' as Dialect,
  table: pg.pgTable,
  index: pg.index,
  unique: pg.uniqueIndex,
  primaryKey: pg.primaryKey,
  text: (name: string) => pg.text(name),
  oneOf: <const Values extends [string, ...string[]]>(name: string, values: Values) => pg.text(name, { enum: values }),
  int: (name: string) => pg.bigint(name, { mode: 'number' }),
  bool: (name: string) => pg.boolean(name),
  time: (name: string) => pg.timestamp(name, { withTimezone: true, precision: 3, mode: 'date' }),
  json: <T>(name: string) => pg.jsonb(name).$type<T>(),
}

export type Kit = typeof postgresKit

export const sqliteKit = {
  dialect: 'sqlite',
  table: sqlite.sqliteTable,
  index: sqlite.index,
  unique: sqlite.uniqueIndex,
  primaryKey: sqlite.primaryKey,
  text: (name: string) => sqlite.text(name),
  oneOf: (name: string, values: [string, ...string[]]) => sqlite.text(name, { enum: values }),
  int: (name: string) => sqlite.integer(name),
  bool: (name: string) => sqlite.integer(name, { mode: 'boolean' }),
  time: (name: string) => sqlite.integer(name, { mode: 'timestamp_ms' }),
  json: (name: string) => sqlite.text(name, { mode: 'json' }),
} as unknown as Kit
