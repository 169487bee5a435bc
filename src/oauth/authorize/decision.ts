/** The decision about an authorization request: Allow or Deny, in one commit with everything that follows from it. */
import { audit } from '../../audit/audit'
import { type Consent, findConsent, grantConsent } from '../../consent/consents'
import type { RequestContext } from '../../context'
import { Conflict, commit, Duplicate, type Statement } from '../../db/commit'
import { PageError } from '../../edge/page-error'
import type { BrowserSession } from '../../identity/sessions'
import { issuanceGuards } from '../../tokens/records'
import { answerClient } from './answer'
import { type Decision, findHeldRequest, type HeldRequest, useHeldRequest } from './held'
import { prepareCode } from './issue'
import { type Parameters, parametersOf } from './parameters'
import { AuthorizationRefused, type AuthorizationRequest, requireRequest } from './request'
import { requireTarget, type Target } from './target'

/** Something else was decided, or the user, client or consent changed, between the look and the commit: look again. */
const ATTEMPTS = 3

export async function settleConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Conflict || error instanceof Duplicate)) throw error
    }
  }
  throw new PageError(409, (t) => t.errors.authorization.changed)
}

type Fields = Readonly<Record<string, string | undefined>>

/**
 * Resolves to the answer for the client, after it is durable. Throws `PageError`, `AuthorizationRefused` and
 * `DatabaseUnavailable`.
 */
export const decide = (ctx: RequestContext, session: BrowserSession, fields: Fields): Promise<Response> =>
  settleConflicts(() => attemptDecision(ctx, session, fields))

async function attemptDecision(ctx: RequestContext, session: BrowserSession, fields: Fields): Promise<Response> {
  const decision: Decision = fields.action === 'approve' ? 'approve' : 'deny'
  const held = fields.request_id === undefined ? undefined : await requireHeld(ctx, session, fields.request_id)
  // Forms that carry the request themselves are believed nothing: both kinds pass the same checks again.
  const parameters = parametersOf(held ? held.parameters : { ...fields, response_type: 'code' })
  const use = held ? [useHeldRequest(ctx, held, decision)] : []

  const target = await requireTarget(ctx, parameters)
  if (decision === 'deny') {
    await commit(ctx, [...use, ...auditDenial(ctx, session, target, parameters)])
    throw new AuthorizationRefused(target, 'access_denied', 'User denied the authorization request')
  }
  return await approve(ctx, session, requireRequest(ctx, target, parameters), use)
}

async function requireHeld(ctx: RequestContext, session: BrowserSession, requestId: string): Promise<HeldRequest> {
  const held = await findHeldRequest(ctx, session, requestId)
  if (!held) throw new PageError(400, (t) => t.errors.authorization.ended)
  if (held.decision !== undefined) throw new PageError(400, (t) => t.errors.authorization.answered)
  return held
}

const auditDenial = (
  ctx: RequestContext,
  { user }: BrowserSession,
  { client: { clientId }, redirectUri }: Target,
  { values }: Parameters,
): Statement[] =>
  audit(ctx, {
    event: 'AUTHORIZATION_CODE_DENIED',
    action: 'Authorization denied by user',
    actor: { id: user.id, username: user.username },
    resource: { type: 'CLIENT', id: clientId },
    clientId,
    details: { client_id: clientId, scopes: values.scope ?? '', redirect_uri: redirectUri },
  })

async function approve(
  ctx: RequestContext,
  session: BrowserSession,
  request: AuthorizationRequest,
  use: readonly Statement[],
): Promise<Response> {
  const { user } = session
  const { client, scopes } = request
  const seen = await findConsent(ctx, { userId: user.id, clientId: client.clientId })
  const allowance = { user, clientId: client.clientId, scopes, onConsentPage: true }
  const consent = grantConsent(ctx, seen, allowance)
  const { code, statements } = await prepareCode(ctx, session, request, consent.uuid)
  await commit(ctx, [
    ...issuanceGuards({ client, user, grantType: 'authorization_code' }),
    ...use,
    ...consent.statements,
    ...statements,
  ])
  return answerClient(ctx, request, { code })
}

/**
 * Whether the page may be skipped because all of it was allowed on such a page before. Never for public clients at
 * addresses that any program on the person's machine can take (RFC 8252 §8.6), nor when the client wants the page.
 */
export function isRemembered(
  { settings }: Pick<RequestContext, 'settings'>,
  request: AuthorizationRequest,
  consent: Consent | undefined,
): consent is Consent {
  if (!settings.CONSENT_REMEMBER || !consent?.isActive || request.prompt.has('consent')) return false
  const provesItself = request.client.clientType === 'confidential' || request.redirectUri.startsWith('https://')
  const allowed = new Set(consent.webScopes.split(' '))
  return provesItself && request.scopes.length > 0 && request.scopes.every((name) => allowed.has(name))
}

/** The code of a request that needs no page. The commit throws `Conflict` when user, client or consent changed. */
export async function issueRemembered(
  ctx: RequestContext,
  session: BrowserSession,
  request: AuthorizationRequest,
  consent: Consent,
): Promise<Response> {
  const { client } = request
  const { code, statements } = await prepareCode(ctx, session, request, consent.uuid)
  await commit(ctx, [
    ...issuanceGuards({ client, user: session.user, consent, grantType: 'authorization_code' }),
    ...statements,
  ])
  return answerClient(ctx, request, { code })
}
