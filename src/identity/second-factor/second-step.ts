/** The end of a login that waited for the second factor. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import { Conflict } from '../../db/commit'
import { messagesFor } from '../../edge/language'
import { type BrowserSession, replaceSession, type StartedSession } from '../sessions'
import type { User } from '../users'
import { countRecoveryCodes } from './records'
import { withSecondFactor } from './required'
import type { ShownFactor } from './verify'

/** The session proper; undefined when the proof was used, the account changed, or the wait was ended, meanwhile. */
export async function completeLogin(
  ctx: RequestContext,
  halfway: BrowserSession,
  { method, amr, claim, alongside }: ShownFactor,
): Promise<StartedSession | undefined> {
  // What the second factor rests on is no newer for it: the provider's word may be of yesterday.
  const { user, remember, idp, authTime } = halfway
  const flash = method === 'recovery_code' ? await fewCodes(ctx, halfway) : undefined
  const login = {
    ...{ user, remember, idp, authTime, amr: withSecondFactor(halfway.amr, amr), replaces: halfway },
    ...(flash !== undefined && { flash }),
  }
  const recorded = audit(ctx, {
    event: 'AUTHENTICATION_SUCCESS',
    action: 'Second factor confirmed',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, second_factor: method },
  })
  try {
    const started = await replaceSession(ctx, login, { claim, alongside: [...alongside, ...recorded] })
    ctx.metrics.count('auth_attempts_total', { method, result: 'success' })
    return started
  } catch (error) {
    if (error instanceof Conflict) return undefined
    throw error
  }
}

async function fewCodes(ctx: RequestContext, halfway: BrowserSession): Promise<string> {
  const left = (await countRecoveryCodes(ctx, halfway.user.id)) - 1
  return messagesFor(ctx, halfway).security.fewCodes(Math.max(0, left))
}

/** Records that a factor was not accepted. Reasons are for the trail; the person is told one thing for all of them. */
export function auditRefusedFactor(
  ctx: RequestContext,
  user: User,
  { reason, action, factor }: { readonly reason: string; readonly action: string; readonly factor: 'code' | 'passkey' },
): void {
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action,
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, second_factor: factor, reason },
    errorMessage: factor === 'code' ? 'Invalid code' : 'Passkey refused',
  })
  ctx.metrics.count('auth_attempts_total', { method: 'second_factor', result: 'failure' })
}
