/** A copy of a SQLite file beside it: consistent, complete, on disk, and readable by its owner only. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { existingTables } from './existing-tables'

const PARTIAL = '.partial'

/** `20260131T093000Z` */
export const stampOf = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '')

/** Writes the copy and returns its path. What the file holds must not change meanwhile. */
export function backUpSqlite(path: string, at: Date): string {
  removeInterrupted(path)
  const target = freeName(`${path}.backup-${stampOf(at)}`)
  const draft = `${target}${PARTIAL}`
  try {
    closeSync(openSync(draft, 'wx', 0o600))
    copySqlite(path, draft)
    requireEqualCounts(path, draft)
    renameSync(draft, target)
    sync(dirname(target))
    return target
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** `to` is an empty file that only its owner may read: the copy holds password hashes. */
export function copySqlite(from: string, to: string): void {
  const source = new SqliteHandle(from, { create: false, readwrite: true })
  try {
    source.run('PRAGMA busy_timeout=5000')
    source.run('VACUUM INTO ?', [to])
  } finally {
    source.close()
  }
  sync(to)
}

/** What a killed process left behind. Only called by who holds the lock. */
function removeInterrupted(path: string): void {
  const folder = dirname(path)
  const begins = `${basename(path)}.backup-`
  for (const name of readdirSync(folder))
    if (name.startsWith(begins) && name.includes(PARTIAL)) rmSync(join(folder, name), { force: true })
}

function freeName(wanted: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`
    if (!existsSync(name)) return name
  }
}

function requireEqualCounts(path: string, copy: string): void {
  const [original, copied] = [path, copy].map(countsOf)
  if (!Bun.deepEquals(original, copied)) throw new Error('the backup does not have the rows of the database')
}

function countsOf(path: string): number[] {
  const handle = new SqliteHandle(path, { create: false, readwrite: true })
  try {
    handle.run('PRAGMA busy_timeout=5000')
    return existingTables.map(
      (table) => (handle.query(`select count(*) as rows from ${table}`).get() as { rows: number }).rows,
    )
  } finally {
    handle.close()
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
