/** The key ring as an operator sees it: files, and what the database remembers of their keys. */
import { existsSync } from 'node:fs'
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import type { Database } from '../../db/database'
import { openDatabase } from '../../db/open'
import { errorText } from '../../log'
import { MAX_AGE_SECONDS } from '../../oauth/public-document'
import type { Algorithm } from '../../tokens/jwk'
import { type AdditionalFile, type AdditionalKey, findPrivateKey, readAdditionalFile } from '../../tokens/key-files'
import { type KeyRecord, keyHistory, lastTokenEnd } from '../../tokens/key-history'
import { loadKeyRing } from '../../tokens/keys'

export interface History {
  readonly db: Database
  readonly clock: Clock
  of(key: { readonly thumbprint: string | undefined }): KeyRecord | undefined
}

export interface RingKey extends AdditionalKey {
  readonly file: AdditionalFile
  /** A next key is a private one that has not signed; every other key only verifies what it signed before. */
  readonly state: 'next' | 'retiring'
}

export interface Ring {
  readonly settings: Settings
  readonly active: {
    readonly algorithm: Algorithm
    readonly kid: string | undefined
    readonly thumbprint: string | undefined
    readonly source: string
  }
  /** Without copies of the active key. */
  readonly others: readonly RingKey[]
  readonly vacant: readonly string[]
  readonly history: History | undefined
  /** Why there is no history; empty when there is. */
  readonly noHistory: string
}

/** Throws what `loadKeyRing` throws; the settings were accepted, so only for files that changed since. */
export async function withRing<T>(settings: Settings, clock: Clock, work: (ring: Ring) => Promise<T>): Promise<T> {
  if (settings.sqlite && !existsSync(settings.sqlite.path))
    return await work(readRing(settings, undefined, `there is no database ${settings.sqlite.path} yet`))
  const db = openDatabase(settings)
  try {
    const records = await keyHistory(db).catch((error: unknown) => errorText(error))
    if (typeof records === 'string')
      return await work(readRing(settings, undefined, `the database does not answer (${records})`))
    const of: History['of'] = ({ thumbprint }) => records.find((record) => record.thumbprint === thumbprint)
    return await work(readRing(settings, { db, clock, of }, ''))
  } finally {
    await db.close().catch(() => {})
  }
}

function readRing(settings: Settings, history: History | undefined, noHistory: string): Ring {
  const { active } = loadKeyRing(settings)
  const source = active.kid === undefined ? 'JWT_SECRET' : findPrivateKey(settings, []).source
  const files = settings.JWT_ADDITIONAL_KEY_PATHS.map(readAdditionalFile)
  const others = files.flatMap((file) =>
    file.keys.map((key): RingKey => {
      const signed = history?.of(key)?.firstSignedAt
      return { ...key, file, state: key.privateKey && !signed ? 'next' : 'retiring' }
    }),
  )
  return {
    settings,
    active: { algorithm: active.algorithm, kid: active.kid, thumbprint: active.thumbprint, source },
    others: others.filter(({ thumbprint }) => thumbprint !== active.thumbprint),
    vacant: files.filter(({ keys }) => keys.length === 0).map(({ path }) => path),
    history,
    noHistory,
  }
}

/** How long after the first process the last one may be reloaded. */
const LATE_MS = 3_600_000
/** What the clocks of consumers may differ by. */
const SKEW_MS = 300_000

/**
 * When every consumer knows a next key: the last process to publish it did, and the document of before is stale
 * everywhere. Processes that start later published it since their start, and delay nothing.
 */
export function maySignFrom({ firstSeenAt, lastSeenAt }: KeyRecord): Date {
  const publishedByAll = Math.min(lastSeenAt.getTime(), firstSeenAt.getTime() + LATE_MS)
  return new Date(publishedByAll + MAX_AGE_SECONDS * 1000)
}

/** `unknown` says why nothing can be said; `until` is in the past for a key that may go. */
export type Needed = { readonly until: Date } | { readonly unknown: string }

/** Until when tokens live that a retiring key may have signed. Throws `DatabaseUnavailable`. */
export async function neededUntil({ history, noHistory, active }: Ring, key: RingKey): Promise<Needed> {
  if (!history) return { unknown: noHistory }
  const record = history.of(key)
  if (!record?.firstSignedAt) return { unknown: 'the database does not know that it ever signed' }
  if (active.kid === undefined) return { unknown: 'it is not recorded since when JWT_SECRET signs' }
  const successor = history.of(active)
  if (!successor?.firstSignedAt)
    return { unknown: 'no server signs with the active key yet; reload every process first' }
  // A key that signed before, and was returned to, began anew when it was last loaded.
  const returned = successor.firstSignedAt < record.firstSignedAt
  const takenUp = returned ? successor.lastSeenAt : successor.firstSignedAt
  const lastUse = new Date(Math.max(record.lastSeenAt.getTime(), takenUp.getTime()) + LATE_MS)
  const lastEnd = (await lastTokenEnd(history, lastUse)) ?? lastUse
  return { until: new Date(Math.max(lastEnd.getTime(), lastUse.getTime()) + SKEW_MS) }
}

/** `2026-01-31 09:30 UTC`, rounded up to the minute: never too early. */
export const when = (date: Date): string =>
  `${new Date(Math.ceil(date.getTime() / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
