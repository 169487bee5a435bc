/** GitHub, and GitHub Enterprise Server. */
import type { Settings } from '../../config/settings'
import { authorizationUrl, exchangeCode, type Registration } from './authorization'
import { type ClientAnswer, createProviderClient, jsonObject, jsonValue, type ProviderClient } from './client'
import { callbackUrl, requireSameHost, withoutSlash } from './endpoints'
import { avatarUrl, email, name, subject } from './profile'
import { type Provider, ProviderFailure } from './provider'

const PUBLIC = 'https://github.com'

export function createGitHub(settings: Settings): Provider {
  const issuer = withoutSlash(settings.GITHUB_URL)
  const api = issuer === PUBLIC ? 'https://api.github.com' : `${issuer}/api/v3`
  const client = createProviderClient(settings, settings.GITHUB_CA_FILE)
  const registration: Registration = {
    clientId: settings.GITHUB_CLIENT_ID,
    clientSecret: settings.GITHUB_CLIENT_SECRET,
    redirectUri: settings.GITHUB_REDIRECT_URL || callbackUrl(settings, 'github'),
    scopes: settings.GITHUB_SCOPES,
    authentication: 'post',
  }
  return {
    name: 'github',
    label: 'GitHub',
    issuer,
    isIssuer: (other) => other === issuer,
    authorizationUrl: (attempt) => authorizationUrl(`${issuer}/login/oauth/authorize`, registration, attempt),
    account: async (returned) => {
      requireSameHost(issuer, returned.iss)
      const { accessToken } = await exchangeCode(client, `${issuer}/login/oauth/access_token`, registration, returned)
      const [profile, addresses] = await Promise.all([
        read(client, `${api}/user`, accessToken),
        read(client, `${api}/user/emails`, accessToken),
      ])
      if (profile.status !== 200) throw new ProviderFailure('profile', `status ${profile.status}`)
      const user = jsonObject('profile', profile)
      const address = chooseAddress(email(user.email), addresses, issuer === PUBLIC)
      return {
        issuer,
        subject: subject(user.id),
        username: name(user.login),
        fullName: name(user.name),
        email: address.email,
        emailVerified: address.verified,
        mayLinkByEmail: true,
        avatarUrl: avatarUrl(user.avatar_url),
      }
    },
  }
}

const read = (client: ProviderClient, url: string, accessToken: string): Promise<ClientAnswer> =>
  client({
    step: 'profile',
    url,
    headers: { Accept: 'application/vnd.github+json', Authorization: `Bearer ${accessToken}` },
  })

interface Address {
  readonly email: string
  readonly primary: boolean
  readonly verified: boolean
}

/**
 * The public address if it is verified, else the primary, else any verified one. A token without the scope for the list
 * leaves the public address, which github.com lets people choose among verified ones only; other servers need not.
 */
function chooseAddress(publicAddress: string, answer: ClientAnswer, isPublicServer: boolean) {
  const list = answer.status === 200 ? readAddresses(answer) : undefined
  if (!list) {
    if (publicAddress === '') throw new ProviderFailure('profile', 'no e-mail address')
    return { email: publicAddress, verified: isPublicServer }
  }
  const verified = list.filter((address) => address.verified)
  const chosen =
    verified.find((address) => address.email.toLowerCase() === publicAddress.toLowerCase()) ??
    verified.find((address) => address.primary) ??
    verified[0]
  if (!chosen) throw new ProviderFailure('profile', 'no verified e-mail address')
  return { email: chosen.email, verified: true }
}

function readAddresses({ body }: ClientAnswer): Address[] {
  const list = jsonValue('profile', body)
  if (!Array.isArray(list)) throw new ProviderFailure('profile', 'the answer is no list')
  return list
    .map((entry: unknown) => (entry ?? {}) as Readonly<Record<string, unknown>>)
    .map((entry) => ({
      email: email(entry.email),
      primary: entry.primary === true,
      verified: entry.verified === true,
    }))
    .filter((address) => address.email !== '')
}
