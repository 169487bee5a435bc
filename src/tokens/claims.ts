/**
 * What stands in an access or refresh token.
 *
 * Layers, lowest first: the caller's extra claims, the client record, the server's own claims, the standard claims
 * (RFC 7519 §4.1). A higher layer's names are removed from the caller's, so a layer can never be overwritten. Values
 * are composed as JSON text: the caller's numbers keep their written form.
 */
import type { Settings } from '../config/settings'
import { type ExtraClaims, NO_EXTRA_CLAIMS, reservedClaimNames } from './extra-claims'

export type ClaimSettings = Pick<
  Settings,
  | 'issuer'
  | 'JWT_AUDIENCE'
  | 'JWT_DOMAIN'
  | 'JWT_PRIVATE_CLAIM_PREFIX'
  | 'EXTRA_CLAIMS_ENABLED'
  | 'EXTRA_CLAIMS_MAX_RAW_SIZE'
  | 'EXTRA_CLAIMS_MAX_KEYS'
  | 'EXTRA_CLAIMS_MAX_VAL_SIZE'
  | 'EXTRA_CLAIMS_BLOCK_IDENTITY'
>

/** What the tokens of one answer have in common. */
export interface TokenSubject {
  readonly client: { readonly clientId: string; readonly project: string; readonly serviceAccount: string }
  /** Absent for machine tokens. */
  readonly user?: { readonly id: string; readonly username: string }
  readonly extra?: ExtraClaims
  /** Narrows `JWT_AUDIENCE` to the resources the client asked for (RFC 8707); the caller has checked them. */
  readonly audience?: readonly string[]
}

/** What differs between the tokens of one answer. */
export interface TokenDetails {
  readonly type: 'access' | 'refresh'
  /** Id of the token's row. */
  readonly jti: string
  readonly scope: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** Subject of a machine token. User ids are UUIDs and never contain a colon, so the prefix cannot be forged. */
const machineSubject = (clientId: string): string => `client:${clientId}`

export const isMachineSubject = (subject: string): boolean => subject.startsWith('client:')

/** `sub` and `user_id`: the user, or the client itself. */
export const subjectOf = ({ client, user }: TokenSubject): string => user?.id ?? machineSubject(client.clientId)

/** The payload as JSON text. */
export function composeClaims(settings: ClaimSettings, subject: TokenSubject, details: TokenDetails): string {
  const sub = JSON.stringify(subjectOf(subject))
  const seconds = (at: Date) => Math.floor(at.getTime() / 1000)
  const members = [
    ...callerMembers(settings, subject.extra ?? NO_EXTRA_CLAIMS),
    ...privateMembers(settings, subject),
    `"iss":${JSON.stringify(settings.issuer)},"sub":${sub},"user_id":${sub}`,
    `"client_id":${JSON.stringify(subject.client.clientId)},"scope":${JSON.stringify(details.scope)}`,
    `"type":"${details.type}","iat":${seconds(details.issuedAt)},"exp":${seconds(details.expiresAt)}`,
    `"jti":${JSON.stringify(details.jti)}`,
    ...audienceMember(subject.audience ?? settings.JWT_AUDIENCE),
  ]
  return `{${members.join(',')}}`
}

/** The parser has refused these names already; leaving them out here holds even if it were bypassed. */
function callerMembers(settings: ClaimSettings, extra: ExtraClaims): string[] {
  if (extra.size === 0) return []
  const reserved = reservedClaimNames(settings)
  return [...extra]
    .filter(([name]) => !reserved.has(name.trim().toLowerCase()))
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
}

/** Claims under the configured prefix. `project` and `service_account` are set by the client's owner, unverified. */
function privateMembers(settings: ClaimSettings, { client, user }: TokenSubject): string[] {
  const values = {
    domain: settings.JWT_DOMAIN,
    uid: user?.username ?? '',
    project: client.project,
    service_account: client.serviceAccount,
  }
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(
      ([name, value]) => `${JSON.stringify(`${settings.JWT_PRIVATE_CLAIM_PREFIX}_${name}`)}:${JSON.stringify(value)}`,
    )
}

/** One audience is a string, several are an array, none is no member: RFC 7519 §4.1.3. */
function audienceMember(audience: readonly string[]): string[] {
  if (audience.length === 0) return []
  return [`"aud":${JSON.stringify(audience.length === 1 ? audience[0] : audience)}`]
}
