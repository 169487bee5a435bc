/** Copies a whole database into an empty one, of the same kind or the other, and compares what arrived. */
import { createChecksum } from './checksum'
import { type Place, type Rows, type Source, type Target, TransferRefusal } from './place'
import { withPostgresSource, withPostgresTarget } from './postgres'
import { withSqliteSource, withSqliteTarget } from './sqlite'
import type { LogicalTable } from './tables'

export interface CopiedTable {
  readonly table: string
  readonly rows: number
  /** Of the rows on both sides, whatever their order. */
  readonly checksum: string
}

/** `done` of `of` rows, each of which is written and read back. */
export type TellCopied = (done: number, of: number, text: string) => void

/** The source is only read. Whatever this throws, the target is as it was. */
export const copyDatabase = (from: Place, to: Place, tell: TellCopied): Promise<readonly CopiedTable[]> =>
  withSource(from, (source) => withTarget(to, (target) => copyRows(source, target, tell)))

function withSource<T>({ postgres, sqlite }: Place, work: (source: Source) => Promise<T>): Promise<T> {
  if (postgres) return withPostgresSource(postgres, work)
  if (sqlite) return withSqliteSource(sqlite, work)
  throw new TransferRefusal('there is no database to copy from')
}

function withTarget<T>({ postgres, sqlite }: Place, work: (target: Target) => Promise<T>): Promise<T> {
  if (postgres) return withPostgresTarget(postgres, work)
  if (sqlite) return withSqliteTarget(sqlite, work)
  throw new TransferRefusal('there is no database to copy to')
}

async function copyRows(source: Source, target: Target, tell: TellCopied): Promise<readonly CopiedTable[]> {
  let total = 0
  for (const table of source.tables) total += 2 * (await source.count(table))
  let done = 0
  const moved = async (rows: number, text: string) => {
    done += rows
    tell(done, total, text)
    // Signals and timers come in between two batches.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const copied: CopiedTable[] = []
  for (const [index, table] of source.tables.entries()) {
    const into = target.tables[index]
    if (into?.name !== table.name) throw new Error('the two schemas differ')
    const checksum = createChecksum()
    for await (const rows of source.batches(table)) {
      await target.insert(into, rows)
      for (const row of rows) checksum.add(row)
      await moved(rows.length, `copying ${table.name}`)
    }
    copied.push({ table: table.name, rows: checksum.rows(), checksum: checksum.text() })
  }
  for (const [index, { table: name, rows, checksum }] of copied.entries()) {
    const arrived = await checksumOf(target, target.tables[index] as LogicalTable, moved)
    if (arrived.rows() !== rows || arrived.text() !== checksum)
      throw new TransferRefusal(`what arrived in ${name} is not what was sent; nothing was kept`)
  }
  return copied
}

async function checksumOf(rows: Rows, table: LogicalTable, moved: (rows: number, text: string) => Promise<void>) {
  const checksum = createChecksum()
  for await (const batch of rows.batches(table)) {
    for (const row of batch) checksum.add(row)
    await moved(batch.length, `comparing ${table.name}`)
  }
  return checksum
}
