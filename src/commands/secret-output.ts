/** Where a generated secret goes: once to standard output, or into a new file that only its owner reads. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Given } from './command-line'
import { CommandRefusal, type Surroundings } from './run-command'

export interface SecretPlace {
  /** To be called before the change is committed: nobody could know the secret of a change that was not written down. */
  keep(secret: string): void
  /** Takes back what was kept, for a change that did not happen. */
  remove(): void
  /** What is to be printed of the secret. */
  shown(secret: string): { readonly text: string; readonly json: Readonly<Record<string, string>> }
}

/** `name` is the member of the JSON object. */
export function secretPlace({ options }: Given, { cwd }: Surroundings, name: string): SecretPlace {
  const file = options.get('secret-file')
  if (file === undefined)
    return { keep: () => {}, remove: () => {}, shown: (secret) => ({ text: secret, json: { [name]: secret } }) }
  const path = resolve(cwd, file)
  let written = false
  return {
    keep: (secret) => {
      writeNew(path, secret)
      written = true
    },
    remove: () => {
      if (written) rmSync(path, { force: true })
    },
    shown: () => ({ text: `in ${path}`, json: { [`${name}_file`]: path } }),
  }
}

/** Throws `CommandRefusal`. */
function writeNew(path: string, secret: string): void {
  let descriptor: number | undefined
  try {
    // Exclusive creation follows no symbolic link.
    descriptor = openSync(path, 'wx', 0o600)
    writeSync(descriptor, `${secret}\n`)
    fsyncSync(descriptor)
  } catch (error) {
    if (descriptor !== undefined) rmSync(path, { force: true })
    const { code } = error as { code?: string }
    throw new CommandRefusal(code === 'EEXIST' ? `${path} exists and is not overwritten` : `${path}: ${code}`)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** Runs the change; a secret that was kept for it goes again when it fails. */
export async function withPlace<T>(place: SecretPlace, change: () => Promise<T>): Promise<T> {
  try {
    return await change()
  } catch (error) {
    place.remove()
    throw error
  }
}
