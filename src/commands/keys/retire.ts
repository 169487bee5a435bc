/** `authgate keys retire`: takes keys whose last token has ended out of their files. */
import type { Output } from '../output'
import { print } from '../report'
import type { KeysOptions } from './arguments'
import { replaceKeyFile, textOf } from './key-file'
import { KeysRefusal } from './refusal'
import { neededUntil, type Ring, type RingKey, when } from './ring'

/** Throws `KeysRefusal` when nothing was taken out, and `DatabaseUnavailable`. */
export async function retire(ring: Ring, options: KeysOptions, nowMs: number, output: Output): Promise<void> {
  const retiring = ring.others.filter(({ state }) => state === 'retiring')
  const chosen = retiring.filter(({ kid }) => options.kid === '' || kid === options.kid)
  if (chosen.length === 0)
    throw new KeysRefusal(
      options.kid === ''
        ? 'there is no retiring key'
        : `there is no retiring key with kid=${options.kid}; see "authgate keys list"`,
    )
  const kept: string[] = []
  const dropped: RingKey[] = []
  for (const key of chosen) {
    const reason = options.force ? undefined : await reasonToKeep(ring, key, nowMs)
    if (reason === undefined) dropped.push(key)
    else kept.push(`${key.algorithm} key kid=${key.kid} in ${key.file.path} is kept: ${reason}`)
  }
  for (const file of new Set(dropped.map((key) => key.file))) {
    const remaining = ring.others.filter((key) => key.file === file && !dropped.includes(key))
    replaceKeyFile(file.path, textOf(remaining))
  }
  for (const line of kept) output.error(line)
  if (dropped.length === 0) throw new KeysRefusal('nothing was retired; --force retires all the same')
  const retired = dropped.map(({ algorithm, kid, file }) => ({ algorithm, kid, file: file.path }))
  print(options.json, output, { retired, kept: kept.length, next_step: 'reload' }, [
    ...retired.map(({ algorithm, kid, file }) => `${algorithm} key kid=${kid} is taken out of ${file}`),
    'Reload every process (SIGHUP)',
  ])
}

async function reasonToKeep(ring: Ring, key: RingKey, nowMs: number): Promise<string | undefined> {
  const needed = await neededUntil(ring, key)
  if ('unknown' in needed) return `the end of its last token is unknown, ${needed.unknown}`
  return needed.until.getTime() <= nowMs ? undefined : `tokens it signed may live until ${when(needed.until)}`
}
