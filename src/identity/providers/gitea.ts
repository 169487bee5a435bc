/** Gitea, and Forgejo, which serves the same interface. */
import type { Settings } from '../../config/settings'
import { authorizationUrl, exchangeCode, type Registration } from './authorization'
import { createProviderClient, jsonObject, jsonValue, type ProviderClient, readProfile } from './client'
import { callbackUrl, requireSameHost, withoutSlash } from './endpoints'
import { avatarUrl, email, name, requiredEmail, subject } from './profile'
import type { Provider } from './provider'

export function createGitea(settings: Settings): Provider {
  const issuer = withoutSlash(settings.GITEA_URL)
  const client = createProviderClient(settings, settings.GITEA_CA_FILE)
  const registration: Registration = {
    clientId: settings.GITEA_CLIENT_ID,
    clientSecret: settings.GITEA_CLIENT_SECRET,
    redirectUri: settings.GITEA_REDIRECT_URL || callbackUrl(settings, 'gitea'),
    scopes: settings.GITEA_SCOPES,
    authentication: 'basic',
  }
  return {
    name: 'gitea',
    label: 'Gitea',
    issuer,
    isIssuer: (other) => other === issuer,
    authorizationUrl: (attempt) => authorizationUrl(`${issuer}/login/oauth/authorize`, registration, attempt),
    account: async (returned) => {
      requireSameHost(issuer, returned.iss)
      const { accessToken } = await exchangeCode(client, `${issuer}/login/oauth/access_token`, registration, returned)
      const user = jsonObject('profile', await readProfile(client, `${issuer}/api/v1/user`, accessToken))
      const address = requiredEmail(user.email)
      const emailVerified =
        settings.GITEA_TRUST_EMAIL || (await isVerified(client, `${issuer}/api/v1/user/emails`, accessToken, address))
      return {
        issuer,
        subject: subject(user.id),
        username: name(user.login),
        fullName: name(user.full_name),
        email: address,
        emailVerified,
        mayLinkByEmail: true,
        avatarUrl: avatarUrl(user.avatar_url),
      }
    },
  }
}

/** An older server, or a token without the scope, says nothing about addresses: they count as unverified. */
async function isVerified(client: ProviderClient, url: string, token: string, address: string): Promise<boolean> {
  const answer = await client({ step: 'profile', url, headers: { Authorization: `Bearer ${token}` } })
  if (answer.status !== 200) return false
  const list = jsonValue('profile', answer.body)
  if (!Array.isArray(list)) return false
  return list.some((entry: { readonly email?: unknown; readonly verified?: unknown } | null) => {
    return entry?.verified === true && email(entry.email).toLowerCase() === address.toLowerCase()
  })
}
