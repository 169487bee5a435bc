/** What is known of a backup, in a file beside it: it proves that the backup is whole before anything is replaced by it. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { MANIFEST_DRAFT } from '../drafts'
import { BackupRefusal, type TellBackup } from './backup-refusal'

export interface Manifest {
  readonly format: 1
  readonly kind: 'sqlite' | 'postgres'
  /** Of the program that wrote it. */
  readonly version: string
  /** RFC 3339. */
  readonly takenAt: string
  /** The last migration. */
  readonly schema: string
  readonly bytes: number
  readonly sha256: string
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
}

export const manifestPath = (file: string): string => `${file}.manifest.json`

export function writeManifest(file: string, manifest: Manifest, backupDraft: string): void {
  // Goes with the draft of the backup, also when the process is killed in between.
  const draft = `${backupDraft}${MANIFEST_DRAFT}`
  try {
    writeFileSync(draft, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    renameSync(draft, manifestPath(file))
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Throws `BackupRefusal`. */
export function readManifest(file: string): Manifest {
  const path = manifestPath(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new BackupRefusal(`cannot read ${path}: ${(error as { code?: string }).code}; it belongs to the backup`)
  }
  try {
    const found = JSON.parse(text) as Manifest
    if (found.format === 1 && (found.kind === 'sqlite' || found.kind === 'postgres') && isCounts(found.rows))
      return found
  } catch {}
  throw new BackupRefusal(`${path} is not the manifest of a backup`)
}

const isCounts = (rows: unknown): boolean =>
  typeof rows === 'object' &&
  rows !== null &&
  Object.entries(rows).every(([table, count]) => /^\w+$/.test(table) && Number.isSafeInteger(count))

const CHUNK = 1 << 20

/** SHA-256 of a file, which is also written to `to`, an empty file, when that is given. */
export async function digestFile(file: string, tell: TellBackup, what: string, to?: string): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(CHUNK)
  const source = openSync(file, 'r')
  const target = to === undefined ? undefined : openSync(to, 'r+')
  try {
    const size = statSync(file).size
    for (let done = 0; ; ) {
      const length = readSync(source, buffer)
      if (length === 0) return hash.digest('hex')
      const chunk = buffer.subarray(0, length)
      hash.update(chunk)
      if (target !== undefined) for (let at = 0; at < length; ) at += writeSync(target, chunk, at)
      done += length
      tell(done, size, what)
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    closeSync(source)
    if (target !== undefined) closeSync(target)
  }
}

/** Throws `BackupRefusal` when the file is not the one that was written. */
export function requireDigest({ sha256 }: Manifest, digest: string, file: string): void {
  if (digest !== sha256) throw new BackupRefusal(`${file} is damaged: it is not what its manifest describes`)
}
