/** The audit records of issuance, refresh and reuse; each is written in the commit of what it records. */
import { type AuditEvent, audit } from '../audit/audit'
import type { Context } from '../context'
import type { Statement } from '../db/statements'
import { subjectOf, type TokenSubject } from './claims'
import type { TokenRow } from './records'

/** Facts every issuance record carries; of the caller's own claims only the names. */
const issuanceDetails = ({ client, extra }: TokenSubject, scope: string) => ({
  client_id: client.clientId,
  scopes: scope,
  token_provider: 'local',
  ...(extra && extra.size > 0 && { extra_claims: [...extra.keys()] }),
})

/** How the grant is called in the words of records. */
const WAYS: Readonly<Record<string, string>> = {
  authorization_code: 'authorization code exchange',
  device_code: 'device code exchange',
  client_credentials: 'client credentials grant',
}

/** Activity is counted by these words: they tell the grants apart. */
export const issuedVia = (grantType: string): string => WAYS[grantType] ?? `${grantType} grant`

const aboutToken = (subject: TokenSubject, id: string): Pick<AuditEvent, 'actor' | 'resource' | 'clientId'> => ({
  actor: { id: subjectOf(subject), username: subject.user?.username },
  resource: { type: 'TOKEN', id },
  clientId: subject.client.clientId,
})

interface IssuedTokens {
  readonly scope: string
  readonly grantType: string
  readonly accessId: string
  readonly refreshId?: string | undefined
}

export function auditAccessToken(
  ctx: Context,
  subject: TokenSubject,
  { scope, grantType, accessId, refreshId }: IssuedTokens,
): Statement[] {
  const machine = subject.user === undefined
  return audit(ctx, {
    ...aboutToken(subject, accessId),
    event: machine ? 'CLIENT_CREDENTIALS_TOKEN_ISSUED' : 'ACCESS_TOKEN_ISSUED',
    action: `Access token issued via ${issuedVia(grantType)}`,
    details: { ...issuanceDetails(subject, scope), ...(refreshId !== undefined && { refresh_token_id: refreshId }) },
  })
}

export const auditRefreshToken = (
  ctx: Context,
  subject: TokenSubject,
  { scope, grantType, accessId, refreshId }: IssuedTokens & { readonly refreshId: string },
): Statement[] =>
  audit(ctx, {
    ...aboutToken(subject, refreshId),
    event: 'REFRESH_TOKEN_ISSUED',
    action: `Refresh token issued via ${issuedVia(grantType)}`,
    details: { ...issuanceDetails(subject, scope), access_token_id: accessId },
  })

/** ID tokens have no row; the record names the access token they came with. */
export const auditIdToken = (ctx: Context, subject: TokenSubject, scope: string, accessId: string): Statement[] =>
  audit(ctx, {
    ...aboutToken(subject, accessId),
    event: 'ID_TOKEN_ISSUED',
    action: 'ID token issued',
    details: { ...issuanceDetails({ client: subject.client }, scope), access_token_id: accessId },
  })

/** `newId` is the successor in rotation mode. */
export const auditRefresh = (
  ctx: Context,
  subject: TokenSubject,
  scope: string,
  tokens: { accessId: string; oldId: string; newId: string | undefined },
): Statement[] =>
  audit(ctx, {
    ...aboutToken(subject, tokens.accessId),
    event: 'TOKEN_REFRESHED',
    action: 'Token refreshed',
    details: {
      ...issuanceDetails(subject, scope),
      rotation_enabled: tokens.newId !== undefined,
      new_access_token_id: tokens.accessId,
      ...(tokens.newId !== undefined && { new_refresh_token_id: tokens.newId, old_refresh_token_id: tokens.oldId }),
    },
  })

export const auditReuse = (
  ctx: Context,
  presented: TokenRow,
  username: string | undefined,
  report: { familyId: string; tokensRevoked: number; presentations: number },
): Statement[] =>
  audit(ctx, {
    event: 'SUSPICIOUS_ACTIVITY',
    severity: 'CRITICAL',
    action: 'Refresh token reuse detected — token family revoked',
    actor: { id: presented.userId, username },
    resource: { type: 'TOKEN', id: presented.id },
    clientId: presented.clientId,
    details: {
      family_id: report.familyId,
      reused_token_id: presented.id,
      client_id: presented.clientId,
      tokens_revoked: report.tokensRevoked,
      /** Presentations since the previous report. */
      presentations: report.presentations,
    },
  })
