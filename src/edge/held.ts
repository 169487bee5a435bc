/** What waits on the server for one browser, sealed: the row alone, without the id only the browser has, opens nothing. */
import type { RequestContext } from '../context'
import { Conflict, commit, type Statement } from '../db/commit'
import type { BrowserSession } from '../identity/sessions'
import {
  findAnyPendingRequest,
  insertPendingRequest,
  newRequestId,
  type PendingRow,
  usePendingRequest,
} from '../oauth/pending-requests'
import { seal, unseal } from '../secrets'

type HeldKind = 'held' | 'reveal' | 'totp'

export interface HeldThing {
  readonly id: string
  /** Part of the commit that makes what is held. */
  readonly statement: Statement
}

const sealKey = (ctx: RequestContext, kind: HeldKind, id: string): string[] =>
  ctx.secrets.seal.candidates(`${kind} ${id}`)

/** `content` must be plain JSON. */
export function hold(
  ctx: RequestContext,
  session: BrowserSession,
  { kind, content, lifeMs }: { kind: HeldKind; content: unknown; lifeMs: number },
): HeldThing {
  const id = newRequestId(ctx)
  const key = ctx.secrets.seal.digest(`${kind} ${id}`)
  const payload = { sealed: seal(key, JSON.stringify(content), ctx.random) }
  const expiresAt = new Date(ctx.clock.now() + lifeMs)
  return { id, statement: insertPendingRequest(ctx, session, { requestId: id, kind, payload, expiresAt }) }
}

export type Held = { readonly row: PendingRow; readonly content: unknown } | { readonly row?: undefined }

/** What the user of this session has waiting under an id; nothing when it is somebody else's, over, or used. */
export async function findHeld(
  ctx: RequestContext,
  session: BrowserSession,
  kind: HeldKind,
  id: string,
): Promise<Held> {
  const row = await findAnyPendingRequest(ctx, kind, id)
  if (!row || row.userId !== session.user.id || row.usedAt !== null) return {}
  const { sealed } = row.payload
  if (typeof sealed !== 'string') return {}
  for (const key of sealKey(ctx, kind, id)) {
    const text = unseal(key, sealed)
    if (text !== undefined) return { row, content: JSON.parse(text) }
  }
  return {}
}

/** Uses it up; false when somebody was faster. What was sealed is erased. */
export async function takeHeld(ctx: RequestContext, row: PendingRow): Promise<boolean> {
  try {
    await commit(ctx, [usePendingRequest(ctx, row, { payload: {}, until: row.expiresAt })])
    return true
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
}
