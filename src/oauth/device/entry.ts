/** The entry of a user code: limited, looked up, and answered in a way that tells a guesser nothing. */
import { messagesOf } from '../../../views/messages'
import type { RequestContext } from '../../context'
import type { BrowserSession } from '../../identity/sessions'
import { scopeNames, withinScope } from '../scope'
import { stateOf } from './codes'
import { openConfirmation } from './confirmation'
import { claimGuess } from './guess-limits'
import { findByUserCode, mayUseDeviceFlow } from './undecided-codes'
import { readUserCode } from './user-code'

export type EntryProblem =
  | 'empty'
  /** The same, whether a code never existed, has expired, or was used or denied. */
  | 'not_found'
  | 'client_inactive'
  | 'scope_withdrawn'

export type Entry =
  | { readonly kind: 'found'; readonly requestId: string }
  | { readonly kind: 'refused'; readonly problem: EntryProblem }
  | { readonly kind: 'delayed'; readonly waitMs: number }

/** Throws `DatabaseUnavailable`. */
export async function enterUserCode(ctx: RequestContext, session: BrowserSession, typed: string): Promise<Entry> {
  if (typed.trim() === '') return { kind: 'refused', problem: 'empty' }
  const waitMs = await claimGuess(ctx, session.user.id)
  if (waitMs > 0) {
    recordDelay(ctx, session)
    return { kind: 'delayed', waitMs }
  }

  const userCode = readUserCode(typed)
  const requested = userCode && (await findByUserCode(ctx, userCode))
  if (!userCode || !requested) return refuse(ctx, session, 'unknown code')
  const state = stateOf(ctx, requested.code)
  if (state !== 'waiting') return refuse(ctx, session, state)
  // From here on the person has a code that is good; that much they may know.
  if (!mayUseDeviceFlow(requested)) return refuse(ctx, session, 'client inactive', 'client_inactive')
  const scopes = withinScope(scopeNames(requested.code.scopes), requested.client.scopes)
  if (scopes.length === 0 && scopeNames(requested.code.scopes).length > 0)
    return refuse(ctx, session, 'scope withdrawn', 'scope_withdrawn')
  return { kind: 'found', requestId: await openConfirmation(ctx, session, { code: requested.code, userCode, scopes }) }
}

function refuse(
  ctx: RequestContext,
  { user }: BrowserSession,
  reason: string,
  problem: EntryProblem = 'not_found',
): Entry {
  ctx.audit.recordRepeatable(ctx, {
    event: 'DEVICE_CODE_AUTHORIZED',
    action: 'User code refused',
    severity: 'WARNING',
    success: false,
    actor: { id: user.id, username: user.username },
    details: { reason },
    errorMessage: messagesOf('en').device.problems[problem],
  })
  return { kind: 'refused', problem }
}

function recordDelay(ctx: RequestContext, { user }: BrowserSession): void {
  ctx.audit.recordRepeatable(ctx, {
    event: 'RATE_LIMIT_EXCEEDED',
    action: 'Rate limit exceeded',
    severity: 'WARNING',
    success: false,
    actor: { id: user.id, username: user.username },
    details: { endpoint: '/device/verify', reason: 'wrong user codes' },
    errorMessage: 'Too many requests',
  })
}
