/** The decision about a device: Allow or Deny, written in one commit with everything that follows from it. */
import { audit } from '../../audit/audit'
import { findConsent, grantConsent } from '../../consent/consents'
import type { RequestContext } from '../../context'
import { Conflict, commit, Duplicate, type Statement } from '../../db/commit'
import { PageError } from '../../edge/page-error'
import type { BrowserSession } from '../../identity/sessions'
import { issuanceGuards } from '../../tokens/records'
import { formatScope, withinScope } from '../scope'
import { approveDeviceCode, denyDeviceCode, stateOf } from './codes'
import { type Confirmation, consumeConfirmation, type Decision, findConfirmation } from './confirmation'
import { findRequestedCode, mayUseDeviceFlow, type RequestedCode } from './undecided-codes'

const ended = () => new PageError(400, (t) => t.errors.device.ended)

/** The session's confirmation. Throws `PageError`. */
export async function requireConfirmation(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
): Promise<Confirmation> {
  const confirmation = await findConfirmation(ctx, session, requestId)
  if (!confirmation) throw ended()
  return confirmation
}

/** The code of a confirmation, while it can still be decided about. Throws `PageError`. */
export async function requireUndecided(ctx: RequestContext, { deviceCodeId }: Confirmation): Promise<RequestedCode> {
  const requested = await findRequestedCode(ctx, deviceCodeId)
  switch (requested ? stateOf(ctx, requested.code) : 'expired') {
    case 'approved':
    case 'used':
      throw new PageError(400, (t) => t.errors.device.allowed)
    case 'denied':
      throw new PageError(400, (t) => t.errors.device.denied)
    case 'expired':
      throw new PageError(400, (t) => t.errors.device.expired)
  }
  if (!requested) throw ended()
  return requested
}

/** Something else was decided, or the user, client or consent changed, between the look and the commit: look again. */
const ATTEMPTS = 3

/** Resolves after the decision is durable. Throws `PageError`, or `DatabaseUnavailable`. */
export async function decide(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
  decision: Decision,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      await attemptDecision(ctx, session, requestId, decision)
      return
    } catch (error) {
      if (!(error instanceof Conflict || error instanceof Duplicate)) throw error
    }
  }
  throw new PageError(409, (t) => t.errors.device.changed)
}

async function attemptDecision(
  ctx: RequestContext,
  session: BrowserSession,
  requestId: string,
  decision: Decision,
): Promise<void> {
  const confirmation = await requireConfirmation(ctx, session, requestId)
  // A button pressed twice sends the same decision twice.
  if (confirmation.decision === decision) return
  if (confirmation.decision !== undefined) throw new PageError(400, (t) => t.errors.device.answered)
  const requested = await requireUndecided(ctx, confirmation)
  const use = consumeConfirmation(ctx, confirmation, decision, requested.code.expiresAt)
  if (decision === 'deny') await commit(ctx, [use, ...denial(ctx, session, confirmation)])
  else await approve(ctx, session, confirmation, requested, use)
}

const about = ({ user }: BrowserSession, { deviceCodeId, clientId }: Confirmation) => ({
  actor: { id: user.id, username: user.username },
  resource: { type: 'DEVICE_CODE' as const, id: deviceCodeId },
  clientId,
})

const denial = (ctx: RequestContext, session: BrowserSession, confirmation: Confirmation): Statement[] => [
  denyDeviceCode(ctx, confirmation.deviceCodeId, session.user.id),
  ...audit(ctx, {
    ...about(session, confirmation),
    event: 'AUTHORIZATION_CODE_DENIED',
    action: 'Device code denied by user',
    details: { client_id: confirmation.clientId, user_code: confirmation.userCode },
  }),
]

async function approve(
  ctx: RequestContext,
  session: BrowserSession,
  confirmation: Confirmation,
  requested: RequestedCode,
  use: Statement,
): Promise<void> {
  const { user } = session
  const { client, code } = requested
  if (!mayUseDeviceFlow(requested)) throw new PageError(400, (t) => t.errors.device.inactive)
  // What the page showed, cut to what the client may have by now.
  const scopes = withinScope(confirmation.scopes, client.scopes)
  if (scopes.length === 0 && confirmation.scopes.length > 0)
    throw new PageError(400, (t) => t.errors.device.notPermitted)

  const seen = await findConsent(ctx, { userId: user.id, clientId: client.clientId })
  const consent = grantConsent(ctx, seen, { user, clientId: client.clientId, scopes })
  await commit(ctx, [
    ...issuanceGuards({ client, user, grantType: 'device_code' }),
    use,
    ...consent.statements,
    approveDeviceCode(ctx, code.id, {
      userId: user.id,
      authorizationId: consent.uuid,
      scopes: formatScope(scopes),
    }),
    ...audit(ctx, {
      ...about(session, confirmation),
      event: 'DEVICE_CODE_AUTHORIZED',
      action: 'Device code authorized by user',
      details: { client_id: client.clientId, scopes: formatScope(scopes), user_code: confirmation.userCode },
    }),
  ])
  ctx.metrics.count('oauth_device_codes_authorized_total')
  const waitedMs = ctx.clock.now() - code.createdAt.getTime()
  ctx.metrics.observe('oauth_device_code_authorization_duration_seconds', waitedMs / 1000)
}
