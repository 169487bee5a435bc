/** GitLab, in the cloud and self-hosted: plain OAuth, or OpenID Connect when the scopes ask for `openid`. */
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import { authorizationUrl, exchangeCode, type Registration } from './authorization'
import { createProviderClient, jsonObject, readProfile } from './client'
import { createOpenIdServer } from './discovery'
import { callbackUrl, requireSameHost, withoutSlash } from './endpoints'
import { authTime, freshLogin, requireFresh } from './fresh-login'
import { verifyIdToken } from './id-token'
import { avatarUrl, name, requiredEmail, subject } from './profile'
import { type Provider, type ProviderAccount, ProviderFailure, type Returned } from './provider'

const PUBLIC = 'https://gitlab.com'

export function createGitLab(settings: Settings, clock: Clock): Provider {
  const issuer = withoutSlash(settings.GITLAB_URL || PUBLIC)
  const client = createProviderClient(settings, settings.GITLAB_CA_FILE)
  const registration: Registration = {
    clientId: settings.GITLAB_CLIENT_ID,
    clientSecret: settings.GITLAB_CLIENT_SECRET,
    redirectUri: settings.GITLAB_REDIRECT_URL || callbackUrl(settings, 'gitlab'),
    scopes: settings.GITLAB_SCOPES,
    authentication: 'basic',
  }
  const isOpenId = settings.GITLAB_SCOPES.includes('openid')
  const server = createOpenIdServer({ client, clock, base: issuer, isIssuer: (other) => other === issuer })

  async function byProfile(accessToken: string): Promise<ProviderAccount> {
    const user = jsonObject('profile', await readProfile(client, `${issuer}/api/v4/user`, accessToken))
    return {
      issuer,
      subject: subject(user.id),
      username: name(user.username),
      fullName: name(user.name),
      email: requiredEmail(user.email),
      emailVerified: settings.GITLAB_TRUST_EMAIL,
      mayLinkByEmail: true,
      avatarUrl: avatarUrl(user.avatar_url),
    }
  }

  async function byIdToken(accessToken: string, idToken: string | undefined, returned: Returned) {
    const { clientId } = registration
    const expected = { clientId, nonce: returned.nonce, issuerOf: () => issuer }
    const claims = await verifyIdToken({ clock }, server, idToken, expected)
    requireFresh(claims, returned, false)
    const user = jsonObject('profile', await readProfile(client, `${issuer}/oauth/userinfo`, accessToken))
    if (user.sub !== claims.sub) throw new ProviderFailure('profile', 'the profile is of somebody else')
    const seenAt = authTime(claims)
    return {
      issuer,
      // The same number as in the profile of the interface: a change of scopes keeps all connections.
      subject: subject(claims.sub),
      username: name(user.preferred_username) || name(user.nickname),
      fullName: name(user.name),
      email: requiredEmail(user.email),
      emailVerified: settings.GITLAB_TRUST_EMAIL || user.email_verified === true,
      mayLinkByEmail: true,
      avatarUrl: avatarUrl(user.picture),
      ...(seenAt && { authTime: seenAt }),
    }
  }

  return {
    name: 'gitlab',
    label: 'GitLab',
    issuer,
    isIssuer: (other) => other === issuer,
    authorizationUrl: (attempt) =>
      authorizationUrl(`${issuer}/oauth/authorize`, registration, attempt, {
        ...(isOpenId && { nonce: attempt.nonce }),
        ...(isOpenId && attempt.fresh && freshLogin),
      }),
    account: async (returned) => {
      requireSameHost(issuer, returned.iss)
      const { accessToken, idToken } = await exchangeCode(client, `${issuer}/oauth/token`, registration, returned)
      return isOpenId ? byIdToken(accessToken, idToken, returned) : byProfile(accessToken)
    },
  }
}
