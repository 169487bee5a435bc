/** What the rest of the program knows of the database; the two implementations are beside this file. */
import type { Parameters, Query, QueryBuilder } from './definitions'
import type { TellMigration } from './migrations'
import type { Statement } from './statements'
import type { Tables } from './tables'

export interface Database {
  readonly dialect: 'sqlite' | 'postgres'
  /** For cold reads that are built per call (lists with filters). Only `await` what it builds. */
  readonly q: QueryBuilder
  readonly t: Tables
  /** First row of a prepared query. Throws `DatabaseUnavailable`. */
  one<Row>(query: Query<Row>, parameters?: Parameters): Promise<Row | undefined>
  /** All rows of a prepared query. Throws `DatabaseUnavailable`. */
  all<Row>(query: Query<Row>, parameters?: Parameters): Promise<Row[]>
  /** Writes a list whole or not at all; see `commit`. Resolves to the changed rows of each statement. */
  commit(statements: readonly Statement[]): Promise<number[]>
  /** Resolves when the database answers. Throws `DatabaseUnavailable`. */
  ping(): Promise<void>
  /**
   * Runs `work` while no other process runs work under the same name. With `wait` false, resolves to `undefined`
   * at once when another process holds the name.
   */
  exclusively<T>(name: string, wait: boolean, work: () => Promise<T>): Promise<T | undefined>
  /** Applies the embedded migrations this database lacks, one process at a time. Resolves to their tags. */
  migrate(tell?: TellMigration): Promise<string[]>
  /**
   * Whether another connection, of this process or another, has written since the last call. Absent where that is not
   * known at the cost of a look.
   */
  changedElsewhere?(): boolean
  close(): Promise<void>
}
