/**
 * The file that hands generated credentials to the operator: readable by its owner only, on disk before the accounts
 * exist, and never a file that was there before.
 */
import { closeSync, fchmodSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { Settings } from '../config/settings'
import { StartError } from '../start-error'

const FILE_NAME = 'authgate-credentials.txt'
const SIBLINGS = 100

export interface Credentials {
  /** Only when it was generated. */
  readonly adminPassword?: string
  /** Only when the default client was made. */
  readonly client?: { readonly id: string; readonly secret: string }
}

/** Where credentials are written: the setting, else beside the SQLite file, else the working directory. */
export function credentialsPath(settings: Pick<Settings, 'CREDENTIALS_FILE' | 'sqlite'>, cwd: string): string {
  if (settings.CREDENTIALS_FILE !== '') return settings.CREDENTIALS_FILE
  const path = settings.sqlite?.path
  return join(path === undefined || path === ':memory:' ? cwd : dirname(path), FILE_NAME)
}

function credentialsText({ adminPassword, client }: Credentials): string {
  const admin = adminPassword === undefined ? [] : ['Admin Username: admin', `Admin Password: ${adminPassword}`]
  const lines = client === undefined ? [] : [`Client ID: ${client.id}`, `Client Secret: ${client.secret}`]
  const separator = admin.length > 0 && lines.length > 0 ? [''] : []
  return `${[...admin, ...separator, ...lines].join('\n')}\n`
}

export interface CredentialsFile {
  readonly path: string
  remove(): void
}

/** Writes and flushes the file; a numbered sibling when the name is taken. Throws `StartError`. */
export function writeCredentials(wanted: string, credentials: Credentials): CredentialsFile {
  const { path, descriptor } = createExclusively(wanted)
  const remove = () => rmSync(path, { force: true })
  try {
    fchmodSync(descriptor, 0o600)
    const text = Buffer.from(credentialsText(credentials))
    for (let at = 0; at < text.length; ) at += writeSync(descriptor, text, at)
    fsyncSync(descriptor)
    syncFolder(dirname(path))
  } catch (error) {
    remove()
    throw cannotWrite(path, error)
  } finally {
    closeSync(descriptor)
  }
  return { path, remove }
}

function createExclusively(wanted: string): { path: string; descriptor: number } {
  const extension = extname(wanted)
  const stem = wanted.slice(0, wanted.length - extension.length)
  for (let number = 1; number <= SIBLINGS; number += 1) {
    const path = number === 1 ? wanted : `${stem}-${number}${extension}`
    try {
      // Exclusive creation follows no symbolic link: nobody can make the server write elsewhere.
      return { path, descriptor: openSync(path, 'wx', 0o600) }
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw cannotWrite(path, error)
    }
  }
  throw cannotWrite(wanted, { code: 'EEXIST' })
}

/** The name of a new file is durable only with its folder. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const cannotWrite = (path: string, error: unknown): StartError =>
  new StartError(
    `failed to write the initial credentials to ${path}: ${(error as { code?: string }).code}; make the folder writable, set CREDENTIALS_FILE, or set DEFAULT_ADMIN_PASSWORD and SEED_DEFAULT_CLIENT=false`,
  )
