/**
 * `authgate keys rotate`: the next key signs from now on, the former one verifies.
 *
 * The files are written in an order in which every moment, and every process that reads them then, has both keys.
 */
import { createPublicKey } from 'node:crypto'
import { keyThumbprint } from '../../tokens/jwk'
import { readPrivateKeyFile } from '../../tokens/key-files'
import { rememberLastUse } from '../../tokens/key-history'
import type { Output } from '../output'
import { print } from '../report'
import type { KeysOptions } from './arguments'
import { replaceKeyFile, textOf } from './key-file'
import { KeysRefusal } from './refusal'
import { maySignFrom, type Ring, type RingKey, when } from './ring'

/** Throws `KeysRefusal`; when it could not write a file, every key is still in one. */
export async function rotate(ring: Ring, options: KeysOptions, nowMs: number, output: Output): Promise<void> {
  const { settings, history, active } = ring
  requireFiles(ring)
  const next = chooseNext(ring, options.kid)
  if (!options.force) requirePublished(ring, next, nowMs)

  const path = settings.JWT_PRIVATE_KEY_PATH
  const { path: slot, keys } = next.file
  const publicKey = createPublicKey(readPrivateKeyFile(path).key)
  const former = {
    algorithm: settings.JWT_SIGNING_ALGORITHM,
    kid: keyThumbprint(publicKey),
    thumbprint: keyThumbprint(publicKey),
    publicKey,
    // What does not sign any more is kept where nothing can sign with it.
    privateKey: undefined,
  }
  const remaining = keys.filter(({ thumbprint }) => thumbprint !== former.thumbprint)
  replaceKeyFile(slot, textOf([...remaining, former]))
  replaceKeyFile(path, textOf([next]))
  replaceKeyFile(slot, textOf([...remaining.filter(({ thumbprint }) => thumbprint !== next.thumbprint), former]))
  if (history) await rememberLastUse(history, active.kid).catch(() => output.error(NOT_RECORDED))

  const sameAlgorithm = next.algorithm === settings.JWT_SIGNING_ALGORITHM
  const json = {
    signs: { algorithm: next.algorithm, kid: next.kid, file: path },
    verifies: { algorithm: former.algorithm, kid: former.kid, file: slot },
    next_step: sameAlgorithm ? 'reload' : 'restart',
    ...(!sameAlgorithm && { set: { JWT_SIGNING_ALGORITHM: next.algorithm } }),
  }
  print(options.json, output, json, [
    `${next.algorithm} key kid=${next.kid} signs: ${path}`,
    `${former.algorithm} key kid=${former.kid} verifies: ${slot}; its private half is in neither file any more`,
    sameAlgorithm
      ? 'Reload every process within the hour (SIGHUP); later: authgate keys retire'
      : `Set JWT_SIGNING_ALGORITHM=${next.algorithm} and restart every process within the hour; later: authgate keys retire`,
  ])
}

const NOT_RECORDED = 'The database does not answer and was not told; wait some days before "authgate keys retire"'

/** Throws when the active key is not where a file could replace it, or would change its `kid` by that. */
function requireFiles({ settings, active, others }: Ring): void {
  if (active.algorithm === 'HS256')
    throw new KeysRefusal(
      'HS256 signs with JWT_SECRET, which no file replaces; "authgate keys list" says how to change it',
    )
  if (settings.JWT_PRIVATE_KEY_PEM !== '')
    throw new KeysRefusal(
      'JWT_PRIVATE_KEY_PEM holds the signing key; put it into a file that JWT_PRIVATE_KEY_PATH names',
    )
  if (settings.JWT_KEY_ID !== '') {
    const next = others.find(({ state }) => state === 'next')?.file.path ?? '<next file>'
    throw new KeysRefusal(
      `JWT_KEY_ID names the signing key, so settings must rotate: JWT_PRIVATE_KEY_PATH=${next}, JWT_ADDITIONAL_KEY_PATHS=${settings.JWT_KEY_ID}=${settings.JWT_PRIVATE_KEY_PATH}, no JWT_KEY_ID; restart every process`,
    )
  }
}

function chooseNext({ others }: Ring, kid: string): RingKey {
  const unique = new Map(others.filter(({ state }) => state === 'next').map((key) => [key.thumbprint, key]))
  const candidates = [...unique.values()].filter((key) => kid === '' || key.kid === kid)
  const [next, ...more] = candidates
  if (!next)
    throw new KeysRefusal(
      kid === ''
        ? 'there is no next key: write one with "authgate keys generate" into a file of JWT_ADDITIONAL_KEY_PATHS, and reload'
        : `there is no next key with kid=${kid}; see "authgate keys list"`,
    )
  if (more.length > 0)
    throw new KeysRefusal(`there are ${candidates.length} next keys: name one with --kid; see "authgate keys list"`)
  if (next.kid !== next.thumbprint)
    throw new KeysRefusal(
      `JWT_ADDITIONAL_KEY_PATHS publishes the next key as kid=${next.kid}, but it would sign as kid=${next.thumbprint}; remove "${next.kid}=", restart, and wait an hour`,
    )
  return next
}

function requirePublished({ history, noHistory }: Ring, next: RingKey, nowMs: number): void {
  if (!history) throw new KeysRefusal(`whether the next key was published is unknown: ${noHistory}; or use --force`)
  const record = history.of(next)
  if (!record)
    throw new KeysRefusal(
      'no server has published the next key yet: reload every process and wait an hour, or use --force',
    )
  const from = maySignFrom(record)
  if (nowMs < from.getTime())
    throw new KeysRefusal(
      `consumers may keep the former keys for an hour after a process published the next one, which was ${when(record.firstSeenAt)} first: wait until ${when(from)}, or use --force`,
    )
}
