/** Backups of a SQLite database: taken beside a running server, consistent, checked before they have their name. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { existsSync, statSync } from 'node:fs'
import type { SqliteOptions } from '../db/sqlite'
import { publish, withDraft } from '../drafts'
import { recogniseSqlite } from '../takeover/sqlite'
import { version } from '../version'
import { BackupRefusal, type TellBackup } from './backup-refusal'
import { digestFile, type Manifest, writeManifest } from './manifest'
import { runBeside } from './slow-work'

const LOOK_INTERVAL_MS = 100

export async function backUpSqlite(
  options: SqliteOptions,
  file: string,
  takenAt: Date,
  tell: TellBackup,
): Promise<Manifest> {
  if (!existsSync(options.path)) throw new BackupRefusal(`there is no SQLite file ${options.path}`)
  return await withDraft(file, 'partial', async (draft) => {
    await writeCopy(options.path, draft, tell)
    const described = await checkSqlite(draft, tell)
    const sha256 = await digestFile(draft, tell, 'computing the checksum')
    const manifest: Manifest = {
      ...{ format: 1, kind: 'sqlite', version, takenAt: takenAt.toISOString() },
      ...{ schema: described.schema, bytes: statSync(draft).size, sha256, rows: described.rows },
    }
    // Before the backup itself, which is not there until it is whole.
    writeManifest(file, manifest, draft)
    publish(draft, file)
    return manifest
  })
}

/** One read transaction of SQLite: in the mode of a write-ahead log, nobody waits for it. */
async function writeCopy(path: string, draft: string, tell: TellBackup): Promise<void> {
  const size = statSync(path).size
  tell(0, size, 'copying the database')
  const timer = setInterval(() => tell(statSync(draft).size, size, 'copying the database'), LOOK_INTERVAL_MS)
  try {
    await runBeside(path, 'VACUUM INTO ?', [draft])
  } finally {
    clearInterval(timer)
  }
}

export interface DescribedSqlite {
  readonly schema: string
  readonly rows: Readonly<Record<string, number>>
}

/** Every page, index and reference of a file that nobody else has open. Throws `BackupRefusal`. */
export async function checkSqlite(file: string, tell: TellBackup): Promise<DescribedSqlite> {
  tell(0, 0, 'checking the copy')
  const timer = setInterval(() => tell(0, 0, 'checking the copy'), LOOK_INTERVAL_MS)
  try {
    const [first] = await runBeside(file, 'PRAGMA integrity_check')
    if (first !== 'ok') throw new BackupRefusal(`${file} is damaged: SQLite says ${String(first).split('\n')[0]}`)
    if ((await runBeside(file, 'PRAGMA foreign_key_check')).length > 0)
      throw new BackupRefusal(`${file} has rows that refer to nothing`)
  } finally {
    clearInterval(timer)
  }
  const handle = new SqliteHandle(file, { create: false, readwrite: true })
  try {
    const recognition = recogniseSqlite(handle)
    if (recognition.kind !== 'own') throw new BackupRefusal(`${file} is no database of this program`)
    if (recognition.problem !== undefined) throw new BackupRefusal(`${file}: ${recognition.problem}`)
    const tables = handle
      .query(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by 1",
      )
      .values()
      .map(([name]) => String(name))
    return {
      schema: String(handle.query('select tag from schema_migrations order by idx desc limit 1').values()[0]?.[0]),
      rows: Object.fromEntries(
        tables.map((name) => [name, Number(handle.query(`select count(*) from "${name}"`).values()[0]?.[0])]),
      ),
    }
  } finally {
    handle.close()
  }
}
