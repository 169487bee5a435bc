/** Authorization requests that wait for the person's decision; the consent page carries only their id. */
import { now, type RequestContext } from '../../context'
import { commit, type Statement } from '../../db/commit'
import type { BrowserSession } from '../../identity/sessions'
import {
  findAnyPendingRequest,
  findPendingRequest,
  insertPendingRequest,
  newRequestId,
  type PendingRow,
  usePendingRequest,
} from '../pending-requests'

export type Decision = 'approve' | 'deny'

type Payload = {
  /** With the scopes that the page showed. */
  readonly parameters: Readonly<Record<string, string>>
  /** Query string the request came with. */
  readonly query: string
  readonly decision?: Decision
}

export interface HeldRequest extends Payload {
  readonly row: PendingRow
}

const KIND = 'authorize'
/** Time to decide. */
const LIFETIME_MS = 10 * 60_000

const payloadOf = (row: PendingRow): Payload => row.payload as unknown as Payload

/** Resolves to the id the consent page carries. */
export async function holdRequest(ctx: RequestContext, session: BrowserSession, payload: Payload): Promise<string> {
  const requestId = newRequestId(ctx)
  const expiresAt = new Date(ctx.clock.now() + LIFETIME_MS)
  await commit(ctx, [insertPendingRequest(ctx, session, { requestId, kind: KIND, payload, expiresAt })])
  return requestId
}

/** The request of an id, decided or not; undefined unless it is this session's and not over. */
export async function findHeldRequest(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
): Promise<HeldRequest | undefined> {
  const row = await findPendingRequest(ctx, KIND, session, requestId)
  return row && { ...payloadOf(row), row }
}

/** The query of a request whose session ended meanwhile, to begin it again after a login. */
export async function queryOfHeldRequest(ctx: RequestContext, requestId: string): Promise<string | undefined> {
  const row = await findAnyPendingRequest(ctx, KIND, requestId)
  return row && payloadOf(row).query
}

/** The commit throws `Conflict('request')` for everybody but the first. */
export const useHeldRequest = (ctx: RequestContext, { row }: HeldRequest, decision: Decision): Statement =>
  usePendingRequest(ctx, row, {
    payload: { ...row.payload, decision },
    until: new Date(now(ctx).getTime() + LIFETIME_MS),
  })
