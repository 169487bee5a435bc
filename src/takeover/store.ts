/** What a conversion needs of a database: both implementations work inside one transaction of their own. */
import type { Tables } from '../db/tables'
import type { ExistingRow, ExistingTable } from './existing-tables'

export type NewTable = 'users' | 'oauthApplications' | 'oauthConnections' | 'userAuthorizations' | NewTokenTable
type NewTokenTable = 'accessTokens' | 'tokenFamilies' | 'authorizationCodes' | 'deviceCodes' | 'auditLogs' | 'seedState'
export type NewRow<T extends NewTable> = Tables[T]['$inferSelect']

export interface TakeoverStore {
  /** How a table of the existing database is named in SQL now. */
  nameOf(table: ExistingTable): string
  /** How many rows a table of the existing database has. */
  count(table: ExistingTable): Promise<number>
  /** All rows of a table of the existing database, in batches that fit into memory. */
  batches(table: ExistingTable): AsyncIterable<readonly ExistingRow[]>
  /** `ifMissing`: rows that are there already are left as they are. */
  insert<T extends NewTable>(
    table: T,
    rows: readonly NewRow<T>[],
    options?: { readonly ifMissing: boolean },
  ): Promise<void>
  /**
   * Runs one statement over a list of keys. `sql` is given a relation `k` with one row per key; a key is an array, read
   * as `k.value->>0`. Times in answers are milliseconds.
   */
  ask(sql: (k: string) => string, keys: readonly (readonly unknown[])[]): Promise<Record<string, unknown>[]>
  /** How many rows a new table has. */
  countNew(table: NewTable): Promise<number>
}
