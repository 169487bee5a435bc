/**
 * Challenges that authenticators sign (W3C Web Authentication §13.4.3): random, kept here, good once and for minutes,
 * and only in the browser they were made for.
 */
import type { RequestContext } from '../../context'
import { Conflict, commit } from '../../db/commit'
import {
  findPendingRequest,
  insertPendingRequest,
  newRequestId,
  type Owner,
  usePendingRequest,
} from '../../oauth/pending-requests'

/** What a challenge is for. One that was made for another purpose is none. */
export type ChallengeKind = 'passkey_new' | 'passkey_login' | 'passkey_factor'

export const CHALLENGE_LIFE_MS = 5 * 60_000

/** base64url. `noted` comes back when the challenge is used. Throws `DatabaseUnavailable`. */
export async function newChallenge(
  ctx: RequestContext,
  kind: ChallengeKind,
  owner: Owner,
  noted: Readonly<Record<string, string>> = {},
): Promise<string> {
  const requestId = newRequestId(ctx)
  const expiresAt = new Date(ctx.clock.now() + CHALLENGE_LIFE_MS)
  await commit(ctx, [insertPendingRequest(ctx, owner, { requestId, kind, payload: noted, expiresAt })])
  return requestId
}

/**
 * Uses a challenge up, whatever is found out about the answer afterwards: nobody tries a second answer on it. Undefined
 * when it is unknown, over, used, or another browser's. Throws `DatabaseUnavailable`.
 */
export async function takeChallenge(
  ctx: RequestContext,
  kind: ChallengeKind,
  owner: Owner,
  challenge: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const row = await findPendingRequest(ctx, kind, owner, challenge)
  if (!row) return undefined
  try {
    await commit(ctx, [usePendingRequest(ctx, row, { payload: {}, until: row.expiresAt })])
  } catch (error) {
    if (error instanceof Conflict) return undefined
    throw error
  }
  return row.payload
}
