/** A new authorization code: what the redemption needs to know of this moment. */
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import type { Statement } from '../../db/commit'
import { type BrowserSession, sessionGoesOn } from '../../identity/sessions'
import {
  type AuthorizationCode,
  generateAuthorizationCode,
  hashOf,
  hasLiveAuthorizationCodes,
  insertAuthorizationCode,
} from '../authorization-codes'
import { formatScope } from '../scope'
import { AuthorizationRefused, type AuthorizationRequest } from './request'

/** Codes of one user for one client that may wait for redemption. */
const MOST_LIVE_CODES = 50

export interface NewCode {
  readonly code: string
  /** Parts of the commit of what was allowed. */
  readonly statements: readonly Statement[]
}

/** Throws `AuthorizationRefused` when too many codes wait already. */
export async function prepareCode(
  ctx: RequestContext,
  session: BrowserSession,
  request: AuthorizationRequest,
  consentId: string,
): Promise<NewCode> {
  const { user } = session
  const { clientId } = request.client
  if (
    ctx.settings.ENABLE_RATE_LIMIT &&
    (await hasLiveAuthorizationCodes(ctx, { userId: user.id, clientId }, MOST_LIVE_CODES))
  )
    throw new AuthorizationRefused(request, 'temporarily_unavailable', 'Too many requests. Please try again later.')

  const code = generateAuthorizationCode(ctx)
  const row: AuthorizationCode = {
    uuid: ctx.random.uuid(),
    codeHash: hashOf(code),
    clientId,
    userId: user.id,
    authorizationId: consentId,
    redirectUri: request.redirectUri,
    scopes: formatScope(request.scopes),
    resource: request.resource,
    codeChallenge: request.codeChallenge,
    codeChallengeMethod: request.codeChallenge === '' ? '' : 'S256',
    nonce: request.nonce,
    authTime: session.authTime,
    amr: session.amr,
    sid: session.sid,
    failedAttempts: 0,
    expiresAt: new Date(ctx.clock.now() + ctx.settings.AUTH_CODE_EXPIRATION),
    usedAt: null,
    tokenFamilyId: null,
    createdAt: now(ctx),
  }
  const recorded = audit(ctx, {
    event: 'AUTHORIZATION_CODE_GENERATED',
    action: 'Authorization code generated',
    actor: { id: user.id, username: user.username },
    resource: { type: 'AUTHORIZATION', id: row.uuid },
    clientId,
    details: {
      client_id: clientId,
      scopes: row.scopes,
      pkce: row.codeChallenge !== '',
      redirect_uri: row.redirectUri,
    },
  })
  return { code, statements: [sessionGoesOn(session), insertAuthorizationCode(row), ...recorded] }
}
