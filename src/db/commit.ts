/**
 * One change of the server's state: a list of statements that is written whole or not at all.
 *
 * There are no interactive transactions. Reads come first, and what they saw becomes a condition of the write, so
 * single use, rotation, state transitions and lost updates are all this one shape. The audit row of a change is one of
 * its statements.
 */
import type { Context } from '../context'
import type { Statement } from './statements'

export { Conflict, DatabaseUnavailable, Duplicate } from './errors'
export { guard, must, run, type Statement } from './statements'

/**
 * Resolves after the list is durable, to the number of rows each statement changed (a guard counts 0).
 *
 * Throws `Conflict` when a `must` or `guard` did not hold, `Duplicate` when a unique index refused a row, and
 * `DatabaseUnavailable` when the database cannot write now; in each case nothing of the list was written, except that
 * a connection lost during PostgreSQL's COMMIT leaves the outcome unknown.
 */
export const commit = (ctx: Pick<Context, 'db'>, statements: readonly Statement[]): Promise<number[]> =>
  ctx.db.commit(statements)
