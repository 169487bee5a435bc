/**
 * What stands between the entry of a user code and the decision: a record bound to the browser session and the code,
 * good for one decision (RFC 8628 §5.4: nobody allows a device by following a link).
 *
 * It fixes the scopes that are shown, so that no more can be allowed than was seen. The user code is shown again and
 * therefore kept, sealed under a key that needs both the request's id, which only the browser has, and a server secret.
 */
import type { RequestContext } from '../../context'
import { commit, type Statement } from '../../db/commit'
import type { BrowserSession } from '../../identity/sessions'
import { seal, unseal } from '../../secrets'
import {
  findPendingRequest,
  insertPendingRequest,
  newRequestId,
  type PendingRow,
  usePendingRequest,
} from '../pending-requests'
import type { DeviceCode } from './codes'
import { takeBackGuess } from './guess-limits'
import { formatUserCode, type UserCode } from './user-code'

export type Decision = 'approve' | 'deny'

type Payload = {
  readonly deviceCodeId: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly sealedUserCode: string
  readonly decision?: Decision
}

export interface Confirmation extends Omit<Payload, 'sealedUserCode'> {
  readonly requestId: string
  /** `XXXX-XXXX`. */
  readonly userCode: string
  readonly row: PendingRow
}

const KIND = 'device'
/** Time to decide. */
const LIFETIME_MS = 10 * 60_000

const sealLabel = (requestId: string) => `device confirmation ${requestId}`

/** Begins a confirmation; the entry that led to it no longer counts as a wrong guess. Resolves to the request id. */
export async function openConfirmation(
  ctx: RequestContext,
  session: BrowserSession,
  entered: { code: DeviceCode; userCode: UserCode; scopes: readonly string[] },
): Promise<string> {
  const { code, userCode, scopes } = entered
  const requestId = newRequestId(ctx)
  const sealedUserCode = seal(ctx.secrets.seal.digest(sealLabel(requestId)), formatUserCode(userCode), ctx.random)
  const payload: Payload = { deviceCodeId: code.id, clientId: code.clientId, scopes, sealedUserCode }
  const expiresAt = new Date(Math.min(ctx.clock.now() + LIFETIME_MS, code.expiresAt.getTime()))
  const pending = insertPendingRequest(ctx, session, { requestId, kind: KIND, payload, expiresAt })
  await commit(ctx, [pending, ...takeBackGuess(ctx, session.user.id)])
  return requestId
}

/** The confirmation of an id, decided or not; undefined unless it is this session's and not over. */
export async function findConfirmation(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
): Promise<Confirmation | undefined> {
  const row = await findPendingRequest(ctx, KIND, session, requestId)
  if (!row) return undefined
  const { sealedUserCode, ...payload } = row.payload as unknown as Payload
  return { ...payload, requestId, userCode: openSealed(ctx, requestId, sealedUserCode), row }
}

function openSealed(ctx: RequestContext, requestId: string, sealed: string): string {
  for (const key of ctx.secrets.seal.candidates(sealLabel(requestId))) {
    const userCode = unseal(key, sealed)
    if (userCode !== undefined) return userCode
  }
  return ''
}

/**
 * Uses up the confirmation; it then tells what was decided until the code expires. The commit throws
 * `Conflict('request')` for everybody but the first.
 */
export function consumeConfirmation(
  ctx: RequestContext,
  { row }: Confirmation,
  decision: Decision,
  codeExpiresAt: Date,
): Statement {
  const payload = { ...row.payload, decision }
  return usePendingRequest(ctx, row, { payload, until: codeExpiresAt })
}
