/**
 * ID tokens: what a client learns about the sign-in of its user (OpenID Connect Core §2).
 *
 * They have no `type` and no row, so they are refused wherever an access or refresh token is expected, and they never
 * carry claims of the caller or of the server's own.
 */
import { createHash } from 'node:crypto'
import type { Context } from '../context'
import { ACR_MULTI_FACTOR, isMultiFactor } from '../identity/second-factor/required'
import { type DescribedUser, userClaims } from '../identity/user-claims'
import { signJwt } from './jwt'
import { idTokenExpiry } from './lifetimes'

/** How the user signed in at the browser from which they granted. */
export interface SignIn {
  /** Absent in grants taken over from an earlier deployment. */
  readonly authTime?: Date
  /** Authentication methods (RFC 8176), separated by blanks. */
  readonly amr?: string
  /** Public id of the browser session, which logout tokens name too. */
  readonly sid?: string
  /** Of the authorization request, verbatim; answers that no request led to have none (§12.2). */
  readonly nonce?: string
}

export interface IdTokenSubject {
  readonly client: { readonly clientId: string }
  readonly user: DescribedUser & { readonly id: string }
  /** Granted scope, which decides about the claims: names separated by single blanks. */
  readonly scope: string
  readonly signIn: SignIn
}

/** The access token of the same answer. */
interface Companion {
  readonly token: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

export const wantsIdToken = (scope: string): boolean => scope.split(' ').includes('openid')

/** A signed ID token. Nothing of it is kept. */
export async function mintIdToken(ctx: Context, subject: IdTokenSubject, access: Companion): Promise<string> {
  const { client, user, scope, signIn } = subject
  const { authTime, amr = '', sid, nonce } = signIn
  const payload = {
    iss: ctx.settings.issuer,
    sub: user.id,
    aud: client.clientId,
    iat: seconds(access.issuedAt),
    exp: seconds(idTokenExpiry(ctx.settings, access)),
    ...(authTime && { auth_time: seconds(authTime) }),
    ...methodClaims(amr),
    jti: ctx.random.uuid(),
    ...(nonce && { nonce }),
    at_hash: accessTokenHash(access.token),
    ...(sid && { sid }),
    ...presentClaims(user, scope),
  }
  return await signJwt(ctx.keys, 'JWT', JSON.stringify(payload))
}

/** Unlike userinfo, an ID token leaves out what is empty, and says nothing about an address that is not there. */
function presentClaims(user: DescribedUser, scope: string): Record<string, unknown> {
  const { email, email_verified, ...profile } = userClaims(user, scope.split(' '))
  const present = Object.entries(profile).filter(([, value]) => value !== '')
  return { ...Object.fromEntries(present), ...(email && { email, email_verified }) }
}

/** What the sign-in rests on; nothing where that is not known, as in grants from before it was kept. */
function methodClaims(amr: string): Record<string, unknown> {
  if (amr === '') return {}
  return { ...(isMultiFactor(amr) && { acr: ACR_MULTI_FACTOR }), amr: amr.split(' ') }
}

/** The left half of the SHA-256 of the token (§3.1.3.6); every algorithm of this server hashes with SHA-256. */
const accessTokenHash = (token: string): string =>
  createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url')

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)
