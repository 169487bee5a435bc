/** Writes key files so that a reader finds the former text or the new one, and never a part. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../config/sources'
import { type AdditionalKey, VACANT } from '../../tokens/key-files'
import { KeysRefusal } from './refusal'

/** A private key where there is one, else the public key. */
function pemOf({ privateKey, publicKey }: Pick<AdditionalKey, 'privateKey' | 'publicKey'>): string {
  const pem = privateKey
    ? privateKey.export({ format: 'pem', type: 'pkcs8' })
    : publicKey.export({ format: 'pem', type: 'spki' })
  return String(pem)
}

/** The text of a file with these keys; without any, it says so, and the file can take the next key. */
export const textOf = (
  keys: readonly Pick<AdditionalKey, 'privateKey' | 'publicKey' | 'algorithm' | 'kid'>[],
): string =>
  keys.length === 0 ? `${VACANT}\n` : keys.map((key) => `# ${key.algorithm} kid=${key.kid}\n${pemOf(key)}`).join('')

/** Throws `KeysRefusal` when there is such a file, unless it is kept for a later key. */
export function createKeyFile(path: string, text: string): void {
  if (isVacant(path)) {
    replaceKeyFile(path, text, 0o600)
    return
  }
  write(path, (draft) => {
    writeDurably(draft, text)
    linkSync(draft, path)
  })
}

function isVacant(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').startsWith(VACANT)
  } catch {
    return false
  }
}

/** Owner is kept, as is the mode unless another is given: whoever reads the file goes on reading it. */
export function replaceKeyFile(path: string, text: string, mode?: number): void {
  write(path, (draft) => {
    const target = realpathSync(path)
    const former = statSync(target)
    writeDurably(draft, text)
    if (process.getuid?.() === 0) chownSync(draft, former.uid, former.gid)
    chmodSync(draft, mode ?? former.mode & 0o777)
    renameSync(draft, target)
  })
}

function write(path: string, work: (draft: string) => void): void {
  let draft = ''
  try {
    const folder = dirname(resolvedIfThere(path))
    draft = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`)
    work(draft)
    syncFolder(folder)
  } catch (error) {
    const code = codeOf(error)
    throw new KeysRefusal(
      code === 'EEXIST'
        ? `${path} exists and is not overwritten; name another file`
        : `cannot write ${path}: ${code}; its folder must exist and be writable for this user`,
    )
  } finally {
    if (draft !== '') rmSync(draft, { force: true })
  }
}

function resolvedIfThere(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
