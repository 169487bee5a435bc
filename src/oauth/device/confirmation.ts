/**
 * What stands between the entry of a user code and the decision: a record bound to the browser session and the code,
 * good for one decision (RFC 8628 §5.4: nobody allows a device by following a link).
 *
 * It fixes the scopes that are shown, so that no more can be allowed than was seen. The user code is shown again and
 * therefore kept, sealed under a key that needs both the request's id, which only the browser has, and a server secret.
 */
import { and, eq, gt, isNull } from 'drizzle-orm'
import { now, type RequestContext } from '../../context'
import { commit, must, run, type Statement } from '../../db/commit'
import { param, query, rowParameters, write } from '../../db/definitions'
import type { Tables } from '../../db/tables'
import type { BrowserSession } from '../../identity/sessions'
import { seal, unseal } from '../../secrets'
import type { DeviceCode } from './codes'
import { takeBackGuess } from './guess-limits'
import { formatUserCode, type UserCode } from './user-code'

type PendingRow = Tables['pendingRequests']['$inferSelect']

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
const ID_BYTES = 32
const ID = /^[\w-]{43}$/
/** Time to decide. */
const LIFETIME_MS = 10 * 60_000

const insertRow = write('insert_pending_request', (q, t) =>
  q.insert(t.pendingRequests).values(rowParameters(t.pendingRequests)),
)

const rowById = query('pending_request', (q, t) =>
  q
    .select()
    .from(t.pendingRequests)
    .where(eq(t.pendingRequests.idHash, param('idHash'))),
)

const sealLabel = (requestId: string) => `device confirmation ${requestId}`

/** Begins a confirmation; the entry that led to it no longer counts as a wrong guess. Resolves to the request id. */
export async function openConfirmation(
  ctx: RequestContext,
  session: BrowserSession,
  entered: { code: DeviceCode; userCode: UserCode; scopes: readonly string[] },
): Promise<string> {
  const { code, userCode, scopes } = entered
  const requestId = Buffer.from(ctx.random.bytes(ID_BYTES)).toString('base64url')
  const sealedUserCode = seal(ctx.secrets.seal.digest(sealLabel(requestId)), formatUserCode(userCode), ctx.random)
  const payload: Payload = { deviceCodeId: code.id, clientId: code.clientId, scopes, sealedUserCode }
  const row: PendingRow = {
    idHash: ctx.secrets.pendingRequest.digest(requestId),
    kind: KIND,
    sid: session.sid,
    userId: session.user.id,
    payload,
    usedAt: null,
    createdAt: now(ctx),
    expiresAt: new Date(Math.min(ctx.clock.now() + LIFETIME_MS, code.expiresAt.getTime())),
  }
  await commit(ctx, [run(insertRow, row), ...takeBackGuess(ctx, session.user.id)])
  return requestId
}

/** The confirmation of an id, decided or not; undefined unless it is this session's and not over. */
export async function findConfirmation(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
): Promise<Confirmation | undefined> {
  const row = await readRow(ctx, requestId)
  if (!row || row.kind !== KIND || row.sid !== session.sid || row.userId !== session.user.id) return undefined
  if (row.expiresAt.getTime() <= ctx.clock.now()) return undefined
  const { sealedUserCode, ...payload } = row.payload as unknown as Payload
  return { ...payload, requestId, userCode: openSealed(ctx, requestId, sealedUserCode), row }
}

async function readRow(ctx: RequestContext, requestId: string): Promise<PendingRow | undefined> {
  if (!ID.test(requestId)) return undefined
  for (const idHash of ctx.secrets.pendingRequest.candidates(requestId)) {
    const row = await ctx.db.one(rowById, { idHash })
    if (row) return row
  }
  return undefined
}

function openSealed(ctx: RequestContext, requestId: string, sealed: string): string {
  for (const key of ctx.secrets.seal.candidates(sealLabel(requestId))) {
    const userCode = unseal(key, sealed)
    if (userCode !== undefined) return userCode
  }
  return ''
}

const useRow = write('use_pending_request', (q, t) =>
  q
    .update(t.pendingRequests)
    .set({ usedAt: param('now'), payload: param('payload'), expiresAt: param('until') })
    .where(
      and(
        eq(t.pendingRequests.idHash, param('idHash')),
        eq(t.pendingRequests.sid, param('sid')),
        isNull(t.pendingRequests.usedAt),
        gt(t.pendingRequests.expiresAt, param('now')),
      ),
    ),
)

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
  return must(useRow, { idHash: row.idHash, sid: row.sid, now: now(ctx), payload, until: codeExpiresAt }, 'request')
}
