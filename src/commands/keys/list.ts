/** `authgate keys list`: every key of the configuration, and what may be done with it. */
import { formatDuration } from '../../config/duration'
import type { Output } from '../output'
import { maySignFrom, neededUntil, type Ring, type RingKey, when } from './ring'

/** Throws `DatabaseUnavailable`. */
export async function list(ring: Ring, output: Output): Promise<void> {
  const { active, others, vacant, history, noHistory, settings } = ring
  const since = history?.of(active)?.firstSignedAt
  output.out(line('active', active.algorithm, active.kid, active.source, since ? `signs since ${when(since)}` : ''))
  if (settings.JWT_SECRET_PREVIOUS !== '')
    output.out(line('verifies', 'HS256', undefined, 'JWT_SECRET_PREVIOUS', 'does not sign'))
  for (const key of others) {
    const note = key.state === 'next' ? noteOfNext(ring, key) : await noteOfRetiring(ring, key)
    output.out(line(key.state, key.algorithm, key.kid, `${key.file.path}, block ${key.block}`, note))
  }
  for (const path of vacant) output.out(line('vacant', '-', undefined, path, 'can take the next key'))
  if (noHistory !== '') output.out(`Nothing is known of the past: ${noHistory}`)
  if (active.algorithm === 'HS256') explainSecrets(ring, output)
}

/** The same for programs; what is not known is left out. Throws `DatabaseUnavailable`. */
export async function listJson(ring: Ring, output: Output): Promise<void> {
  const { active, others, vacant, history, noHistory } = ring
  const signsSince = history?.of(active)?.firstSignedAt
  const { algorithm, kid, source } = active
  const keys = await Promise.all(others.map((key) => describe(ring, key)))
  output.out(
    JSON.stringify({
      active: { algorithm, kid, source, signs_since: signsSince?.toISOString() },
      keys,
      vacant,
      ...(noHistory !== '' && { history_unknown: noHistory }),
    }),
  )
}

async function describe(ring: Ring, key: RingKey): Promise<Record<string, unknown>> {
  const { state, algorithm, kid, file, block } = key
  const common = { state, algorithm, kid, file: file.path, block }
  if (state === 'next') {
    const record = ring.history?.of(key)
    if (!record) return common
    return {
      ...common,
      published_at: record.firstSeenAt.toISOString(),
      may_sign_from: new Date(maySignFrom(record)).toISOString(),
    }
  }
  const needed = await neededUntil(ring, key)
  return 'unknown' in needed
    ? { ...common, needed_until_unknown: needed.unknown }
    : { ...common, needed_until: needed.until.toISOString() }
}

const line = (state: string, algorithm: string, kid: string | undefined, where: string, note: string): string =>
  [state.padEnd(8), algorithm.padEnd(5), ...(kid === undefined ? [] : [`kid=${kid}`]), where, note]
    .filter((part) => part !== '')
    .join('  ')

function noteOfNext({ history }: Ring, key: RingKey): string {
  const record = history?.of(key)
  return record
    ? `published ${when(record.firstSeenAt)}, may sign from ${when(maySignFrom(record))}`
    : 'not published by a server yet'
}

async function noteOfRetiring(ring: Ring, key: RingKey): Promise<string> {
  const needed = await neededUntil(ring, key)
  if ('unknown' in needed) return `end of its last token unknown: ${needed.unknown}`
  const ended = needed.until.getTime() <= (ring.history?.clock.now() ?? 0)
  return ended ? 'its last token has ended: authgate keys retire' : `needed until ${when(needed.until)}`
}

function explainSecrets({ settings }: Ring, output: Output): void {
  const longest = Math.max(settings.JWT_EXPIRATION_MAX, settings.REFRESH_TOKEN_EXPIRATION_MAX)
  output.out('')
  output.out('HS256 signs with a setting. To change it so that no process refuses a token of another:')
  output.out('  1. set JWT_SECRET_PREVIOUS to the new secret, and restart every process')
  output.out('  2. exchange the values of JWT_SECRET and JWT_SECRET_PREVIOUS, and restart every process')
  output.out(`  3. after ${formatDuration(longest)}, when the last token of the former one has ended, remove it`)
}
