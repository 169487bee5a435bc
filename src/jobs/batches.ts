/** Deleting much without being noticed: small commits with pauses, so that requests get their turn in between. */
import { and, inArray, lte, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Context } from '../context'
import { commit, run } from '../db/commit'
import { param, type Write, write } from '../db/definitions'
import type { Tables } from '../db/tables'

/** Rows of one commit. With the indexes of the largest table this takes a few milliseconds. */
export const BATCH_ROWS = 500
const PAUSE_MS = 20

interface Deletable {
  readonly table: PgTable
  readonly key: PgColumn
  readonly time: PgColumn
  /** A further condition. */
  readonly only?: SQL
}

/** One batch of the rows of a table whose time in the given column is not after the parameter `before`. */
export const deleteBefore = (name: string, of: (t: Tables) => Deletable): Write =>
  write(`delete_batch_of_${name}`, (q, t) => {
    const { table, key, time, only } = of(t)
    const old = q
      .select({ key })
      .from(table)
      .where(and(lte(time, param('before')), only))
      .limit(BATCH_ROWS)
    return q.delete(table).where(inArray(key, old))
  })

/** Repeats a batch until none is left, or until the job is to stop. Resolves to the number of rows that went. */
export async function deleteInBatches(
  ctx: Pick<Context, 'db'>,
  batch: Write,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0
  while (!signal.aborted) {
    const [rows = 0] = await commit(ctx, [run(batch, { before })])
    deleted += rows
    if (rows < BATCH_ROWS) break
    await Bun.sleep(PAUSE_MS)
  }
  return deleted
}
