/** The end of a login that waited for the second factor. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { Conflict, must, type Statement } from '../../db/commit'
import { param, write } from '../../db/definitions'
import { messagesFor } from '../../edge/language'
import { PROVIDER_NAMES } from '../login-outcome'
import { type BrowserSession, replaceSession, type StartedSession } from '../sessions'
import type { User } from '../users'
import { countRecoveryCodes } from './records'
import { withSecondFactor } from './required'
import type { ShownFactor } from './verify'

/** Only while the account is as it was read. */
const noteLogin = write('note_second_step', (q, t) =>
  q
    .update(t.users)
    .set({ lastLoginAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('version')))),
)

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
  const noted = must(noteLogin, { id: user.id, version: user.version, now: now(ctx) }, 'user')
  try {
    const started = await replaceSession(ctx, login, {
      claim: noted,
      alongside: [claim, ...alongside, ...auditLogin(ctx, halfway, method)],
    })
    countSecondFactor(ctx, method, 'success')
    ctx.metrics.count('auth_login_total', { auth_source: idp, result: 'success' })
    return started
  } catch (error) {
    if (error instanceof Conflict) return undefined
    throw error
  }
}

/** The login as a whole, under the name it has without a second factor. */
function auditLogin(ctx: RequestContext, { user, idp }: BrowserSession, method: ShownFactor['method']): Statement[] {
  const isPassword = idp === 'local' || idp === 'http_api'
  return audit(ctx, {
    event: isPassword ? 'AUTHENTICATION_SUCCESS' : 'OAUTH_AUTHENTICATION',
    action: isPassword ? 'User login successful' : 'OAuth authentication successful',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: {
      ...(isPassword && { auth_source: user.authSource }),
      provider: isPassword ? PROVIDER_NAMES[idp] : idp,
      second_factor: method,
    },
  })
}

/** What came of a factor that was sent, at a login or a confirmation. */
export const countSecondFactor = (
  ctx: Pick<RequestContext, 'metrics'>,
  method: ShownFactor['method'],
  outcome: 'success' | 'failure' | 'delayed',
): void => ctx.metrics.count('auth_second_factor_total', { method, outcome })

async function fewCodes(ctx: RequestContext, halfway: BrowserSession): Promise<string> {
  const left = (await countRecoveryCodes(ctx, halfway.user.id)) - 1
  return messagesFor(ctx, halfway).security.fewCodes(Math.max(0, left))
}

export interface RefusedFactor {
  /** For the trail; the person is told one thing for all of them. */
  readonly reason: string
  readonly action: string
  readonly method: ShownFactor['method']
}

/** Records that a factor was not accepted. */
export function auditRefusedFactor(ctx: RequestContext, user: User, { reason, action, method }: RefusedFactor): void {
  ctx.audit.record(ctx, {
    event: 'AUTHENTICATION_FAILURE',
    severity: 'WARNING',
    success: false,
    action,
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { auth_source: user.authSource, second_factor: method, reason },
    errorMessage: method === 'passkey' ? 'Passkey refused' : 'Invalid code',
  })
  countSecondFactor(ctx, method, reason === 'throttled' ? 'delayed' : 'failure')
}
