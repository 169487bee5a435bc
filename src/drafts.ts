/** Files that are written under another name until they are whole, and what a killed process left of them. */
import { Database as SqliteHandle } from 'bun:sqlite'
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

type DraftKind = 'partial' | 'trial'

const LOCK = '.lock'
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Gives `work` the name of an empty file with mode 0600 beside `path`, and removes what is there under that name
 * afterwards. Drafts of processes that were killed are removed first; those of living ones are left alone.
 */
export async function withDraft<T>(path: string, kind: DraftKind, work: (draft: string) => Promise<T>): Promise<T> {
  removeAbandoned(path, kind)
  const draft = `${path}.${kind}-${crypto.randomUUID()}`
  const lock = hold(`${draft}${LOCK}`)
  if (!lock) throw new Error(`cannot lock ${draft}`)
  try {
    // Made beforehand for its mode: it will hold password hashes.
    closeSync(openSync(draft, 'wx', 0o600))
    return await work(draft)
  } finally {
    removeDraft(draft)
    lock.close()
    rmSync(`${draft}${LOCK}`, { force: true })
  }
}

/** The lock ends with its process, however that ends. Undefined when another process has it. */
function hold(path: string): SqliteHandle | undefined {
  const lock = new SqliteHandle(path, { create: true })
  try {
    lock.run('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return undefined
    throw error
  }
}

/** Drafts of processes that were killed, also of one that had published it already. */
export function removeAbandoned(path: string, kind: DraftKind): void {
  if (!existsSync(dirname(path))) return
  const begins = `${basename(path)}.${kind}-`
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(begins) || !name.endsWith(LOCK)) continue
    const file = join(dirname(path), name)
    const lock = hold(file)
    if (!lock) continue
    removeDraft(file.slice(0, -LOCK.length))
    lock.close()
    rmSync(file, { force: true })
  }
}

/** Of what describes a draft and is written beside it. */
export const MANIFEST_DRAFT = '.manifest'

function removeDraft(draft: string): void {
  for (const end of ['', '-journal', '-wal', '-shm', MANIFEST_DRAFT]) rmSync(`${draft}${end}`, { force: true })
}

/** Gives a draft that is whole its name. Throws `EEXIST` when something has that name. */
export function publish(draft: string, path: string): void {
  flushFile(draft)
  try {
    linkSync(draft, path)
  } catch (error) {
    if (!NO_HARD_LINKS.has(String((error as { code?: unknown }).code))) throw error
    if (existsSync(path)) throw Object.assign(new Error(`${path} exists`), { code: 'EEXIST' })
    renameSync(draft, path)
  }
  flushFile(dirname(path))
}

/** A file or a folder. */
export function flushFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
