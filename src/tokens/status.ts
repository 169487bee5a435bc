/**
 * Disabling, which can be undone, as parts of a commit. `active` ⇄ `disabled`; `revoked` is final.
 *
 * Each is one conditional write, so a revocation that comes first is never overwritten.
 */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'

export type TokenManager = 'owner' | 'admin'

const disableTokenRow = write('disable_token', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ status: 'disabled', disabledBy: param('by'), updatedAt: param('now') })
    .where(and(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.status, 'active'))),
)

const enableRow = (by: TokenManager) =>
  write(`enable_token_by_${by}`, (q, t) =>
    q
      .update(t.accessTokens)
      .set({ status: 'active', disabledBy: null, updatedAt: param('now') })
      .where(
        and(
          eq(t.accessTokens.id, param('id')),
          eq(t.accessTokens.status, 'disabled'),
          // What an administrator disabled stays so until an administrator decides otherwise.
          by === 'owner' ? eq(t.accessTokens.disabledBy, 'owner') : undefined,
        ),
      ),
  )

const enableTokenRow = { owner: enableRow('owner'), admin: enableRow('admin') }

/** The commit throws `Conflict('token')` unless the token is active. */
export const disableToken = (ctx: Pick<Context, 'clock'>, id: string, by: TokenManager): Statement =>
  must(disableTokenRow, { id, by, now: now(ctx) }, 'token')

/** The commit throws `Conflict('token')` unless the token is disabled and the manager may enable it. */
export const enableToken = (ctx: Pick<Context, 'clock'>, id: string, by: TokenManager): Statement =>
  must(enableTokenRow[by], { id, now: now(ctx) }, 'token')

const disableFamilyRows = write('disable_tokens_of_family', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ status: 'disabled', disabledBy: param('by'), updatedAt: param('now') })
    .where(and(eq(t.accessTokens.tokenFamilyId, param('id')), eq(t.accessTokens.status, 'active'))),
)

const enableFamilyRowsByOwner = write('enable_tokens_of_family', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ status: 'active', disabledBy: null, updatedAt: param('now') })
    .where(
      and(
        eq(t.accessTokens.tokenFamilyId, param('id')),
        eq(t.accessTokens.status, 'disabled'),
        eq(t.accessTokens.disabledBy, 'owner'),
      ),
    ),
)

/**
 * Disables everything issued from one grant. Written twice: PostgreSQL's first may wait for a refresh, whose new tokens
 * only a second one sees.
 */
export function disableFamily(ctx: Pick<Context, 'clock'>, id: string, by: TokenManager): Statement[] {
  const disable = run(disableFamilyRows, { id, by, now: now(ctx) })
  return [disable, disable]
}

const enableFamilyRows = write('enable_tokens_of_any_family', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ status: 'active', disabledBy: null, updatedAt: param('now') })
    .where(and(eq(t.accessTokens.tokenFamilyId, param('id')), eq(t.accessTokens.status, 'disabled'))),
)

/** Enables everything that is disabled of one grant, whoever disabled it: for administrators. */
export const enableFamily = (ctx: Pick<Context, 'clock'>, id: string): Statement =>
  run(enableFamilyRows, { id, now: now(ctx) })

const lockFamilyRow = write('lock_live_family', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ reuseCount: sql`${t.tokenFamilies.reuseCount}` })
    .where(and(eq(t.tokenFamilies.id, param('id')), isNull(t.tokenFamilies.revokedAt))),
)

/** Changes nothing; a refresh waits for it, or it for the refresh. The commit throws `Conflict('family')` after the end. */
export const lockLiveFamily = (id: string): Statement => must(lockFamilyRow, { id }, 'family')

/** Enables what the owner disabled of one grant; what an administrator disabled stays so. */
export const enableOwnFamily = (ctx: Pick<Context, 'clock'>, id: string): Statement =>
  run(enableFamilyRowsByOwner, { id, now: now(ctx) })
