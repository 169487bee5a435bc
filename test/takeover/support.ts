/** Takes an existing database over and opens what came of it. */
import { openDatabase } from '../../src/db/open'
import type { Tables } from '../../src/db/tables'
import type { TellProgress } from '../../src/takeover/progress'
import type { TakeoverReport } from '../../src/takeover/report'
import { takeOver, tryTakeover } from '../../src/takeover/take-over'
import type { OpenDatabase } from '../support/databases'
import { testSettings } from '../support/settings'
import { type ExistingDatabase, MADE_AT } from './deployment'

/** When the conversions of these tests happen. */
export const TAKEN_OVER_AT = MADE_AT + 60_000

export const settingsOf = (db: ExistingDatabase, more: Readonly<Record<string, string>> = {}) =>
  testSettings({ ...db.settings, ...more })

const quiet: TellProgress = () => {}

/** Throws when there was nothing to take over. */
export async function convert(
  db: ExistingDatabase,
  settings: Readonly<Record<string, string>> = {},
  tell: TellProgress = quiet,
): Promise<TakeoverReport> {
  const report = await takeOver({ settings: settingsOf(db, settings), tell, nowMs: TAKEN_OVER_AT })
  if (!report) throw new Error('nothing was taken over')
  return report
}

export const rehearse = (
  db: ExistingDatabase,
  settings: Readonly<Record<string, string>> = {},
): Promise<TakeoverReport> => tryTakeover({ settings: settingsOf(db, settings), tell: quiet, nowMs: TAKEN_OVER_AT })

/** The database these settings name, as the server opens it after the conversion. */
export const openedWith =
  (settings: Readonly<Record<string, string>>): OpenDatabase =>
  async () => {
    const database = openDatabase(testSettings(settings))
    await database.migrate()
    return { db: database, close: () => database.close() }
  }

export const opened = (db: ExistingDatabase): OpenDatabase => openedWith(db.settings)

type TableName = { [Name in keyof Tables]: Tables[Name] extends { $inferSelect: unknown } ? Name : never }[keyof Tables]

/** All rows of a table after the conversion. */
export async function rowsOf<Name extends TableName>(
  db: ExistingDatabase,
  table: Name,
): Promise<Tables[Name]['$inferSelect'][]> {
  const { db: database, close } = await opened(db)()
  try {
    return (await database.q.select().from(database.t[table] as Tables['users'])) as Tables[Name]['$inferSelect'][]
  } finally {
    await close()
  }
}

/** What a report says of a table, with the number of rows: `'3: the text'`. */
export const remarksOf = (report: TakeoverReport, table: string): { changed: string[]; notKept: string[] } => {
  const found = report.tables.find((each) => each.table === table)
  const lines = (remarks: readonly { what: string; rows: number }[] = []) =>
    remarks.map(({ rows, what }) => `${rows}: ${what}`)
  return { changed: lines(found?.changed), notKept: lines(found?.notKept) }
}
