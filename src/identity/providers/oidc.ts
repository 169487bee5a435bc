/** Any OpenID provider, by its discovery document (OIDC Core, OIDC Discovery). */
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import { authorizationUrl, exchangeCode, type Registration } from './authorization'
import { createProviderClient, type Json, jsonObject, type ProviderClient, readProfile } from './client'
import { createOpenIdServer, type Metadata } from './discovery'
import { callbackUrl } from './endpoints'
import { authTime, freshLogin, requireFresh } from './fresh-login'
import { verifyIdToken } from './id-token'
import { avatarUrl, name, requiredEmail, subject } from './profile'
import { type Provider, ProviderFailure, type Returned } from './provider'

export function createOidc(settings: Settings, clock: Clock): Provider {
  const issuer = settings.OIDC_ISSUER
  const client = createProviderClient(settings, settings.OIDC_CA_FILE)
  const server = createOpenIdServer({ client, clock, base: issuer, isIssuer: (other) => other === issuer })
  const registration = ({ needsPost }: Metadata): Registration => ({
    clientId: settings.OIDC_CLIENT_ID,
    clientSecret: settings.OIDC_CLIENT_SECRET,
    redirectUri: settings.OIDC_REDIRECT_URL || callbackUrl(settings, 'oidc'),
    scopes: withOpenId(settings.OIDC_SCOPES),
    authentication: needsPost ? 'post' : 'basic',
  })
  const { OIDC_USERNAME_CLAIM, OIDC_NAME_CLAIM, OIDC_EMAIL_CLAIM, OIDC_TRUST_EMAIL } = settings

  return {
    name: 'oidc',
    label: settings.OIDC_DISPLAY_NAME,
    issuer,
    isIssuer: (other) => other === issuer,
    authorizationUrl: async (attempt) => {
      const metadata = await server.metadata()
      return authorizationUrl(metadata.authorizationEndpoint, registration(metadata), attempt, {
        nonce: attempt.nonce,
        ...(attempt.fresh && freshLogin),
      })
    },
    account: async (returned) => {
      const metadata = await server.metadata()
      requireIss(metadata, returned)
      const known = registration(metadata)
      const { accessToken, idToken } = await exchangeCode(client, metadata.tokenEndpoint, known, returned)
      const expected = { clientId: known.clientId, nonce: returned.nonce, issuerOf: () => issuer }
      const claims = await verifyIdToken({ clock }, server, idToken, expected)
      requireFresh(claims, returned, true)
      const needed = [OIDC_USERNAME_CLAIM, OIDC_NAME_CLAIM, OIDC_EMAIL_CLAIM, 'email_verified']
      const user = needed.every((claim) => claims[claim] !== undefined)
        ? claims
        : { ...claims, ...(await userInfo(client, metadata, accessToken, claims.sub)) }
      const seenAt = authTime(claims)
      return {
        issuer,
        subject: subject(claims.sub),
        username: name(user[OIDC_USERNAME_CLAIM]),
        fullName: name(user[OIDC_NAME_CLAIM]),
        email: requiredEmail(user[OIDC_EMAIL_CLAIM]),
        // The claim is about `email`, and about no other claim that holds an address.
        emailVerified: OIDC_TRUST_EMAIL || (OIDC_EMAIL_CLAIM === 'email' && user.email_verified === true),
        mayLinkByEmail: true,
        avatarUrl: avatarUrl(user.picture),
        ...(seenAt && { authTime: seenAt }),
      }
    },
  }
}

const withOpenId = (scopes: readonly string[]): readonly string[] =>
  scopes.includes('openid') ? scopes : ['openid', ...scopes]

/** RFC 9207 §2.4. */
function requireIss({ issuer, sendsIss }: Metadata, { iss }: Returned): void {
  if (iss === undefined ? sendsIss : iss !== issuer)
    throw new ProviderFailure('exchange', 'the answer is of another issuer')
}

/** OIDC Core §5.3.2: claims of another subject must not be used. */
async function userInfo(client: ProviderClient, metadata: Metadata, accessToken: string, sub: string): Promise<Json> {
  if (metadata.userinfoEndpoint === undefined) return {}
  const user = jsonObject('profile', await readProfile(client, metadata.userinfoEndpoint, accessToken))
  if (user.sub !== sub) throw new ProviderFailure('profile', 'the profile is of somebody else')
  return user
}
