/** The parts of a commit. A commit is a list of these and is written whole or not at all. */
import type { Parameters, Query, Write } from './definitions'

export type Statement =
  | { readonly kind: 'must'; readonly write: Write; readonly parameters: Parameters; readonly label: string }
  | { readonly kind: 'run'; readonly write: Write; readonly parameters: Parameters }
  | { readonly kind: 'guard'; readonly query: Query<unknown>; readonly parameters: Parameters; readonly label: string }

/** Must change exactly one row, else nothing of the list is written and `Conflict(label)` is thrown. */
export const must = (write: Write, parameters: Parameters, label: string): Statement => ({
  kind: 'must',
  write,
  parameters,
  label,
})

/** May change any number of rows. */
export const run = (write: Write, parameters: Parameters): Statement => ({ kind: 'run', write, parameters })

/**
 * Must find a row, else nothing of the list is written and `Conflict(label)` is thrown. The row is locked against
 * change until the commit ends (`FOR SHARE` on PostgreSQL; SQLite has one writer).
 */
export const guard = (query: Query<unknown>, parameters: Parameters, label: string): Statement => ({
  kind: 'guard',
  query,
  parameters,
  label,
})
