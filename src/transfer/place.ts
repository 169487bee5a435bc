/** A database that is copied from or to. */
import type { Settings } from '../config/settings'
import type { Recognition } from '../takeover/recognise'
import type { LogicalRow, LogicalTable } from './tables'

/** Exactly one of the two. */
export type Place = Pick<Settings, 'postgres' | 'sqlite'>

export const placeText = ({ postgres, sqlite }: Place): string =>
  postgres ? `PostgreSQL at ${postgres.hosts.join(',')}` : `SQLite file ${sqlite?.path}`

/** Why a database cannot be copied, in a line that says what to do. */
export class TransferRefusal extends Error {}

/** The rows of a database as they were at one moment. */
export interface Rows {
  count(table: LogicalTable): Promise<number>
  /** All rows, in batches that fit into memory. */
  batches(table: LogicalTable): AsyncIterable<readonly LogicalRow[]>
}

export interface Source extends Rows {
  readonly tables: readonly LogicalTable[]
}

/** Inside one transaction. */
export interface Target extends Rows {
  readonly tables: readonly LogicalTable[]
  insert(table: LogicalTable, rows: readonly LogicalRow[]): Promise<void>
}

export const BATCH_ROWS = 1_000

/** Only what this version wrote is known well enough to be copied. */
export function requireCurrent(recognition: Recognition, place: Place): void {
  const text = placeText(place)
  if (recognition.kind === 'empty') throw new TransferRefusal(`${text} is empty: there is nothing to copy`)
  if (recognition.kind === 'unknown')
    throw new TransferRefusal(`${text} is no AuthGate database: ${recognition.reason}`)
  if (recognition.kind === 'existing' || recognition.pending.length > 0)
    throw new TransferRefusal(`${text} is not of this version yet: run "authgate migrate up" with its settings first`)
  if (recognition.problem !== undefined) throw new TransferRefusal(`${text}: ${recognition.problem}`)
}

/** A target holds nothing, or the tables of this version or a former one without a row. */
export function requireFree(recognition: Recognition, place: Place): void {
  if (recognition.kind === 'empty') return
  if (recognition.kind === 'own' && recognition.problem === undefined) return
  throw new TransferRefusal(`${placeText(place)} is in use by something else; name an empty database`)
}

export async function requireNoRows({ tables, count }: Target, place: Place): Promise<void> {
  for (const table of tables)
    if ((await count(table)) > 0)
      throw new TransferRefusal(`${placeText(place)} has rows in ${table.name}; name an empty database`)
}
