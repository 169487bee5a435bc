/**
 * Deletes rows that have had their day.
 *
 * What may still be evidence stays until it can no longer be presented: a spent code or a rotated-out refresh token is
 * recognised as such until it expires, and a revoked token stays as long as a live one would.
 */
import { sql } from 'drizzle-orm'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { deleteBefore, deleteInBatches } from './batches'
import { deleteEndedSessions } from './ended-sessions'
import { deleteUnapprovedClients } from './unapproved-clients'

/** A poll with an expired device code is told so, again and again, for this long (RFC 8628 §3.5). */
const CODE_MARGIN_MS = 10 * 60_000

const deviceCodes = deleteBefore('device_codes', ({ deviceCodes: table }) => ({
  table,
  key: table.id,
  time: table.expiresAt,
}))

const authorizationCodes = deleteBefore('authorization_codes', ({ authorizationCodes: table }) => ({
  table,
  key: table.uuid,
  time: table.expiresAt,
}))

const tokens = deleteBefore('access_tokens', ({ accessTokens: table }) => ({
  table,
  key: table.id,
  time: table.expiresAt,
}))

/** While a browser session lives, its families say which applications are to be told of its end. */
const families = deleteBefore('token_families', ({ tokenFamilies: table, sessions }) => ({
  table,
  key: table.id,
  time: table.expiresAt,
  only: sql`not exists (select 1 from ${sessions} where ${sessions.sid} = ${table.sid})`,
}))

const refreshAnswers = deleteBefore('refresh_grace', ({ refreshGrace: table }) => ({
  table,
  key: table.parentTokenId,
  time: table.expiresAt,
}))

const pendingRequests = deleteBefore('pending_requests', ({ pendingRequests: table }) => ({
  table,
  key: table.idHash,
  time: table.expiresAt,
}))

const loginTransactions = deleteBefore('login_transactions', ({ loginTransactions: table }) => ({
  table,
  key: table.stateHash,
  time: table.expiresAt,
}))

const attemptDelays = deleteBefore('attempt_delays', ({ attemptDelays: table }) => ({
  table,
  key: table.subject,
  time: table.expiresAt,
}))

/** How long an access token may outlive the end of its family, which must be there to revoke it. */
const familyMargin = (settings: Settings): number => settings.JWT_EXPIRATION_MAX

/** Resolves to the number of deleted rows by table; tables that lost none are left out. */
export async function deleteExpiredRows(ctx: Context, signal: AbortSignal): Promise<Record<string, number>> {
  const { settings } = ctx
  const ago = (milliseconds: number) => new Date(ctx.clock.now() - milliseconds)
  const work = {
    device_codes: () => deleteInBatches(ctx, deviceCodes, ago(CODE_MARGIN_MS), signal),
    authorization_codes: () => deleteInBatches(ctx, authorizationCodes, ago(CODE_MARGIN_MS), signal),
    pending_requests: () => deleteInBatches(ctx, pendingRequests, ago(0), signal),
    login_transactions: () => deleteInBatches(ctx, loginTransactions, ago(0), signal),
    attempt_delays: () => deleteInBatches(ctx, attemptDelays, ago(0), signal),
    sessions: () => deleteEndedSessions(ctx, signal),
    oauth_applications: () => deleteUnapprovedClients(ctx, signal),
    refresh_grace: () => deleteInBatches(ctx, refreshAnswers, ago(0), signal),
    ...(settings.ENABLE_EXPIRED_TOKEN_CLEANUP && {
      access_tokens: () => deleteInBatches(ctx, tokens, ago(0), signal),
      token_families: () => deleteInBatches(ctx, families, ago(familyMargin(settings)), signal),
    }),
  }
  const deleted: Record<string, number> = {}
  for (const [table, job] of Object.entries(work)) {
    const rows = await job()
    if (rows > 0) deleted[table] = rows
  }
  return deleted
}

/** Answers kept for a repeated refresh hold tokens, if sealed ones: they go soon after their seconds are over. */
export async function eraseRefreshAnswers(ctx: Context, signal: AbortSignal): Promise<void> {
  await deleteInBatches(ctx, refreshAnswers, new Date(ctx.clock.now()), signal)
}
