/** Deletes clients that registered themselves and that nobody approved in time. */
import { audit } from '../audit/audit'
import { deleteUnapproved, findUnapproved } from '../clients/unapproved'
import type { Context } from '../context'
import { Conflict, commit } from '../db/commit'

const LIFETIME_MS = 30 * 24 * 3_600_000

/** Resolves to the number of deleted clients. */
export async function deleteUnapprovedClients(ctx: Context, signal: AbortSignal): Promise<number> {
  const before = new Date(ctx.clock.now() - LIFETIME_MS)
  let deleted = 0
  while (!signal.aborted) {
    const batch = await findUnapproved(ctx, before)
    if (batch.length === 0) break
    for (const client of batch) if (await deleteOne(ctx, client, before)) deleted += 1
  }
  return deleted
}

/** False when the client was approved or deleted in the meantime. */
async function deleteOne(
  ctx: Context,
  { clientId, clientName }: { clientId: string; clientName: string },
  before: Date,
): Promise<boolean> {
  const recorded = audit(ctx, {
    event: 'CLIENT_DELETED',
    action: 'OAuth client deleted: registered itself and was not approved within 30 days',
    severity: 'WARNING',
    resource: { type: 'CLIENT', id: clientId, name: clientName },
    details: { client_name: clientName },
  })
  try {
    await commit(ctx, [deleteUnapproved(clientId, before), ...recorded])
    return true
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
}
