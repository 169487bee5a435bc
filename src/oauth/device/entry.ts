/** The entry of a user code: limited, looked up, and answered in a way that tells a guesser nothing. */
import type { RequestContext } from '../../context'
import type { BrowserSession } from '../../identity/sessions'
import { scopeNames, withinScope } from '../scope'
import { stateOf } from './codes'
import { openConfirmation } from './confirmation'
import { claimGuess } from './guess-limits'
import { findByUserCode, mayUseDeviceFlow } from './undecided-codes'
import { readUserCode } from './user-code'

export type Entry =
  | { readonly kind: 'found'; readonly requestId: string }
  /** `text` is for the form. */
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'delayed'; readonly waitMs: number }

/** One text, whether a code never existed, has expired, or was used or denied. */
const NOT_FOUND = 'User code not found, expired or already used. Check it, or start again on the device.'

/** Throws `DatabaseUnavailable`. */
export async function enterUserCode(ctx: RequestContext, session: BrowserSession, typed: string): Promise<Entry> {
  if (typed.trim() === '') return { kind: 'refused', text: 'Please enter a user code' }
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
  if (!mayUseDeviceFlow(requested)) return refuse(ctx, session, 'client inactive', 'This application is not active')
  const scopes = withinScope(scopeNames(requested.code.scopes), requested.client.scopes)
  if (scopes.length === 0 && scopeNames(requested.code.scopes).length > 0)
    return refuse(ctx, session, 'scope withdrawn', 'This application may no longer ask for this access')
  return { kind: 'found', requestId: await openConfirmation(ctx, session, { code: requested.code, userCode, scopes }) }
}

function refuse(ctx: RequestContext, { user }: BrowserSession, reason: string, text = NOT_FOUND): Entry {
  ctx.audit.recordRepeatable(ctx, {
    event: 'DEVICE_CODE_AUTHORIZED',
    action: 'User code refused',
    severity: 'WARNING',
    success: false,
    actor: { id: user.id, username: user.username },
    details: { reason },
    errorMessage: text,
  })
  return { kind: 'refused', text }
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
