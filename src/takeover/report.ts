/** What a conversion found, kept, changed and could not keep: counts, and some ids for each. */
import { type ExistingTable, existingTables } from './existing-tables'

/** `what` is a whole clause such as `the role is unknown; they are plain users`. */
export interface Remark {
  readonly what: string
  readonly rows: number
  /** The first ids; not all when there are many. */
  readonly examples: readonly string[]
}

export interface TableReport {
  readonly table: ExistingTable
  readonly found: number
  readonly kept: number
  readonly changed: readonly Remark[]
  readonly notKept: readonly Remark[]
}

export interface TakeoverReport {
  readonly tables: readonly TableReport[]
  /** Columns nothing is known of, as `table.column`; they are in the backup only. */
  readonly surplusColumns: readonly string[]
  /** Where the former data is: a file, or a schema. Absent in a trial. */
  readonly backup?: string
}

const MOST_EXAMPLES = 10

interface Tally {
  found: number
  kept: number
  readonly changed: Map<string, { rows: number; examples: string[] }>
  readonly notKept: Map<string, { rows: number; examples: string[] }>
}

/** Notes about the rows of one table. */
export interface Notes {
  /** A row was kept, but not as it was. */
  changed(what: string, id: string): void
  /** A row exists in the backup only. */
  notKept(what: string, id: string): void
}

export interface ReportWriter {
  of(table: ExistingTable): Notes
  found(table: ExistingTable, rows: number): void
  kept(table: ExistingTable, rows: number): void
  report(surplusColumns: readonly string[], backup?: string): TakeoverReport
}

export function createReport(): ReportWriter {
  const tallies = new Map<ExistingTable, Tally>(
    existingTables.map((table) => [table, { found: 0, kept: 0, changed: new Map(), notKept: new Map() }]),
  )
  const tallyOf = (table: ExistingTable): Tally => tallies.get(table) as Tally
  return {
    of: (table) => ({
      changed: (what, id) => add(tallyOf(table).changed, what, id),
      notKept: (what, id) => add(tallyOf(table).notKept, what, id),
    }),
    found: (table, rows) => {
      tallyOf(table).found += rows
    },
    kept: (table, rows) => {
      tallyOf(table).kept += rows
    },
    report: (surplusColumns, backup) => ({
      tables: [...tallies].map(([table, { found, kept, changed, notKept }]) => ({
        ...{ table, found, kept },
        ...{ changed: remarks(changed), notKept: remarks(notKept) },
      })),
      surplusColumns,
      ...(backup !== undefined && { backup }),
    }),
  }
}

function add(remarks: Tally['changed'], what: string, id: string): void {
  const remark = remarks.get(what) ?? { rows: 0, examples: [] }
  remark.rows += 1
  if (remark.examples.length < MOST_EXAMPLES) remark.examples.push(id)
  remarks.set(what, remark)
}

const remarks = (tally: Tally['changed']): Remark[] => [...tally].map(([what, remark]) => ({ what, ...remark }))
