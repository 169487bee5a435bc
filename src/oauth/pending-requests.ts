/**
 * Requests that wait for a decision of the person at the browser: records bound to one browser session and its user,
 * good for one decision. The browser knows the id, the database only a keyed digest of it.
 */
import { and, eq, gt, isNull } from 'drizzle-orm'
import { now, type RequestContext } from '../context'
import { must, run, type Statement } from '../db/commit'
import { param, query, rowParameters, write } from '../db/definitions'
import type { Tables } from '../db/tables'

export type PendingRow = Tables['pendingRequests']['$inferSelect']
type Kind = 'device' | 'authorize' | 'held' | 'reveal' | 'totp' | 'passkey_new' | 'passkey_login' | 'passkey_factor'
type Payload = PendingRow['payload']

/** Whose request it is: of a session, or of a browser whose user is not known yet. */
export interface Owner {
  readonly sid: string
  readonly user: { readonly id: string }
}

const ID_BYTES = 32
const ID = /^[\w-]{43}$/

export const newRequestId = ({ random }: Pick<RequestContext, 'random'>): string =>
  Buffer.from(random.bytes(ID_BYTES)).toString('base64url')

const insertRow = write('insert_pending_request', (q, t) =>
  q.insert(t.pendingRequests).values(rowParameters(t.pendingRequests)),
)

export function insertPendingRequest(
  ctx: RequestContext,
  owner: Owner,
  pending: { requestId: string; kind: Kind; payload: Payload; expiresAt: Date },
): Statement {
  const { requestId, ...described } = pending
  return run(insertRow, {
    ...described,
    idHash: ctx.secrets.pendingRequest.digest(requestId),
    sid: owner.sid,
    userId: owner.user.id,
    usedAt: null,
    createdAt: now(ctx),
  } satisfies PendingRow)
}

const rowById = query('pending_request', (q, t) =>
  q
    .select()
    .from(t.pendingRequests)
    .where(eq(t.pendingRequests.idHash, param('idHash'))),
)

/** The request of an id, decided or not, whoever asks; undefined when it is over. Throws `DatabaseUnavailable`. */
export async function findAnyPendingRequest(
  ctx: RequestContext,
  kind: Kind,
  requestId: string,
): Promise<PendingRow | undefined> {
  if (!ID.test(requestId)) return undefined
  for (const idHash of ctx.secrets.pendingRequest.candidates(requestId)) {
    const row = await ctx.db.one(rowById, { idHash })
    if (row) return row.kind === kind && row.expiresAt.getTime() > ctx.clock.now() ? row : undefined
  }
  return undefined
}

/** Undefined also when it is another owner's. Throws `DatabaseUnavailable`. */
export async function findPendingRequest(
  ctx: RequestContext,
  kind: Kind,
  owner: Owner,
  requestId: string,
): Promise<PendingRow | undefined> {
  const row = await findAnyPendingRequest(ctx, kind, requestId)
  return row && row.sid === owner.sid && row.userId === owner.user.id ? row : undefined
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

/** Uses up a request. The commit throws `Conflict('request')` for everybody but the first. */
export const usePendingRequest = (
  ctx: RequestContext,
  { idHash, sid }: PendingRow,
  { payload, until }: { payload: Payload; until: Date },
): Statement => must(useRow, { idHash, sid, now: now(ctx), payload, until }, 'request')
