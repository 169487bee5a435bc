/** Every key of the ring with what the database remembers of it. */
import type { Context } from '../context'
import type { Algorithm } from './jwk'
import { type KeyRecord, keyHistory, lastTokenEnd } from './key-history'

/** `next` was published and has not signed; `retiring` signed before; `accepted` has no history, such as a former secret. */
export type KeyState = 'active' | 'next' | 'retiring' | 'accepted'

export interface KeyStatus {
  readonly state: KeyState
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly thumbprint: string | undefined
  readonly publishedAt: Date | undefined
  readonly signedSince: Date | undefined
  /** For a retiring key: when the last token ends that it may have signed. */
  readonly neededUntil: Date | undefined
}

/** The active key first. Throws `DatabaseUnavailable`. */
export async function keyStates(ctx: Pick<Context, 'db' | 'clock' | 'keys'>): Promise<KeyStatus[]> {
  const { active, verifyKeys } = ctx.keys
  const history = await keyHistory(ctx.db)
  const states = verifyKeys.map(async (key): Promise<KeyStatus> => {
    const { algorithm, kid, thumbprint } = key
    const record = history.find((known) => known.thumbprint === thumbprint && known.kid === kid)
    const isActive = algorithm === active.algorithm && kid === active.kid && key === verifyKeys[0]
    const state = isActive ? 'active' : stateOf(record)
    return {
      ...{ state, algorithm, kid, thumbprint },
      publishedAt: record?.firstSeenAt,
      signedSince: record?.firstSignedAt ?? undefined,
      neededUntil: state === 'retiring' && record ? await lastTokenEnd(ctx, record.lastSeenAt) : undefined,
    }
  })
  return await Promise.all(states)
}

const stateOf = (record: KeyRecord | undefined): KeyState =>
  record === undefined ? 'accepted' : record.firstSignedAt === null ? 'next' : 'retiring'
