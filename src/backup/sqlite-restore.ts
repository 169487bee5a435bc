/** Puts a backup in the place of a SQLite database. The file that was there is kept under another name. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { chownSync, copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SqliteOptions } from '../db/sqlite'
import { flushFile, publish, withDraft } from '../drafts'
import { stampOf } from '../takeover/sqlite-backup'
import { BackupRefusal, type TellBackup } from './backup-refusal'
import { digestFile, type Manifest, requireDigest } from './manifest'
import { checkSqlite } from './sqlite-backup'

/** Resolves to the name under which the former file is kept, if there was one. Whatever this throws, it is in its place. */
export async function restoreSqlite(
  { path }: SqliteOptions,
  backup: { readonly file: string; readonly manifest: Manifest },
  at: Date,
  tell: TellBackup,
): Promise<string | undefined> {
  const { file, manifest } = backup
  return await withDraft(path, 'partial', async (draft) => {
    requireDigest(manifest, await digestFile(file, tell, 'copying the backup', draft), file)
    const { rows } = await checkSqlite(draft, tell)
    if (!Bun.deepEquals(rows, manifest.rows)) throw new BackupRefusal(`${file} does not have the rows of its manifest`)
    keepOwner(draft, path)
    if (existsSync(path)) return replace(path, draft, freeName(`${path}.before-restore-${stampOf(at)}`))
    publish(draft, path)
    return undefined
  })
}

/** Of the file that is replaced, or of its folder: root restores for a server that is not root. */
function keepOwner(draft: string, path: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(existsSync(path) ? path : dirname(path))
  chownSync(draft, uid, gid)
}

function replace(path: string, draft: string, aside: string): string {
  const held = holdAlone(path)
  try {
    flushFile(draft)
    if (!held) for (const end of ['-wal', '-journal']) setAside(`${path}${end}`, `${aside}${end}`)
    rmSync(`${path}-shm`, { force: true })
    keepUnder(path, aside)
    // At no moment is there no file: a server that starts now would make an empty one.
    renameSync(draft, path)
    flushFile(dirname(path))
    return aside
  } finally {
    held?.close()
  }
}

const DAMAGED = /^SQLITE_(NOTADB|CORRUPT)/

/**
 * Nobody else has the file open, and nobody gets it until the handle is closed. Its write-ahead log is in it then.
 * Undefined when the file is too damaged to be opened.
 */
function holdAlone(path: string): SqliteHandle | undefined {
  const handle = new SqliteHandle(path, { create: false, readwrite: true })
  try {
    handle.run('PRAGMA busy_timeout=2000')
    handle.query('PRAGMA journal_mode=DELETE').get()
    handle.run('PRAGMA locking_mode=EXCLUSIVE')
    handle.run('BEGIN EXCLUSIVE')
    return handle
  } catch (error) {
    handle.close()
    const code = String((error as { code?: unknown }).code)
    if (DAMAGED.test(code)) return undefined
    if (code.startsWith('SQLITE_BUSY'))
      throw new BackupRefusal(`a server or another process has ${path} open; stop it first`)
    throw error
  }
}

function keepUnder(path: string, aside: string): void {
  try {
    linkSync(path, aside)
  } catch {
    copyFileSync(path, aside)
    flushFile(aside)
  }
}

function setAside(path: string, aside: string): void {
  if (existsSync(path)) renameSync(path, aside)
}

function freeName(wanted: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`
    if (!existsSync(name)) return name
  }
}
