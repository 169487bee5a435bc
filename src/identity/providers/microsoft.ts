/**
 * Microsoft Entra ID (v2.0 endpoints).
 *
 * Everybody can have a tenant and write any address into its directory, so an account is its tenant and object id, never
 * its address; an address counts as verified only where one tenant and its domains are named, or Microsoft itself says
 * that the domain's owner was verified (`xms_edov`).
 */
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import { authorizationUrl, exchangeCode, type Registration } from './authorization'
import { createProviderClient, type Json, jsonObject, readProfile } from './client'
import { createOpenIdServer, type Jwk } from './discovery'
import { callbackUrl, requireSameHost, withoutSlash } from './endpoints'
import { authTime, requireFresh } from './fresh-login'
import { verifyIdToken } from './id-token'
import { email, name, requiredEmail, subject } from './profile'
import { type Provider, ProviderFailure } from './provider'

const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Personal accounts all are in this tenant. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
const TEMPLATE = '{tenantid}'
/** Object ids are given out by Microsoft and are of one tenant each; nobody can choose theirs. */
const IMPORTED = ''

const PROPERTIES = [
  ...['id', 'userPrincipalName', 'displayName', 'mail', 'givenName', 'surname'],
  ...['onPremisesSamAccountName', 'onPremisesSyncEnabled', 'mailNickname'],
]

export function createMicrosoft(settings: Settings, clock: Clock): Provider {
  const login = withoutSlash(settings.MICROSOFT_LOGIN_URL)
  const graph = withoutSlash(settings.MICROSOFT_GRAPH_URL)
  const tenant = settings.MICROSOFT_TENANT_ID.toLowerCase()
  const client = createProviderClient(settings, settings.MICROSOFT_CA_FILE)
  const allowed = settings.MICROSOFT_ALLOWED_TENANTS.map((id) => id.toLowerCase())
  const issuerOfTenant = (id: string): string => `${login}/${id}/v2.0`
  const server = createOpenIdServer({
    client,
    clock,
    base: `${login}/${tenant}/v2.0`,
    isIssuer: (issuer) => issuer === issuerOfTenant(TENANT_ID.test(tenant) ? tenant : (tenantOf(issuer, login) ?? '')),
  })
  const registration: Registration = {
    clientId: settings.MICROSOFT_CLIENT_ID,
    clientSecret: settings.MICROSOFT_CLIENT_SECRET,
    redirectUri: settings.MICROSOFT_REDIRECT_URL || callbackUrl(settings, 'microsoft'),
    scopes: settings.MICROSOFT_SCOPES.includes('openid')
      ? settings.MICROSOFT_SCOPES
      : ['openid', ...settings.MICROSOFT_SCOPES],
    authentication: 'post',
  }

  /** Whether people of the tenant may sign in; `published` is the issuer of the discovery document. */
  function isAllowed(id: string, published: string): boolean {
    if (tenant === 'organizations' && id === CONSUMERS) return false
    if (allowed.length > 0 && !allowed.includes(id)) return false
    return issuerOfTenant(id) === published.replace(TEMPLATE, id)
  }

  function isVerified(address: string, claims: Json, { mail, userPrincipalName }: Json): boolean {
    const isOwnerVerified = claims.xms_edov === true || claims.xms_edov === 1 || claims.xms_edov === '1'
    if (isOwnerVerified && email(claims.email).toLowerCase() === address.toLowerCase()) return true
    // The name of a guest at home, written so that it fits into the tenant, is no mailbox.
    if (!mail && /#EXT#/i.test(String(userPrincipalName))) return false
    const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
    const named = settings.MICROSOFT_EMAIL_DOMAINS.map((each) => each.toLowerCase())
    return TENANT_ID.test(tenant) && named.includes(domain)
  }

  return {
    name: 'microsoft',
    label: 'Microsoft',
    issuer: login,
    importedIssuer: IMPORTED,
    isIssuer: (issuer) => {
      if (issuer === IMPORTED) return true
      const id = tenantOf(issuer, login)
      if (id === undefined || (allowed.length > 0 && !allowed.includes(id))) return false
      return !TENANT_ID.test(tenant) || id === tenant
    },
    authorizationUrl: (attempt) =>
      authorizationUrl(`${login}/${tenant}/oauth2/v2.0/authorize`, registration, attempt, {
        nonce: attempt.nonce,
        ...(attempt.fresh && { prompt: 'login' }),
      }),
    account: async (returned) => {
      requireSameHost(login, returned.iss)
      const url = `${login}/${tenant}/oauth2/v2.0/token`
      const { accessToken, idToken } = await exchangeCode(client, url, registration, returned)
      const { issuer: published } = await server.metadata()
      const claims = await verifyIdToken({ clock }, server, idToken, {
        clientId: registration.clientId,
        nonce: returned.nonce,
        issuerOf: ({ tid }) => {
          const isTenant = typeof tid === 'string' && TENANT_ID.test(tid)
          return isTenant && isAllowed(tid, published) ? issuerOfTenant(tid) : undefined
        },
        isKeyOf: keyIsOfTenant,
      })
      requireFresh(claims, returned, false)
      const query = new URLSearchParams({ $select: PROPERTIES.join(',') })
      const user = jsonObject('profile', await readProfile(client, `${graph}/v1.0/me?${query}`, accessToken))
      if (typeof user.id !== 'string' || user.id !== claims.oid)
        throw new ProviderFailure('profile', 'the profile is of somebody else')
      const address = email(user.mail) || requiredEmail(user.userPrincipalName)
      const directoryName = synchronisedName(user)
      const seenAt = authTime(claims)
      return {
        issuer: claims.iss,
        subject: subject(user.id),
        username: directoryName || name(user.mailNickname) || address.slice(0, address.indexOf('@')),
        fullName: name(user.displayName) || name(`${name(user.givenName)} ${name(user.surname)}`),
        email: address,
        emailVerified: isVerified(address, claims, user),
        mayLinkByEmail: TENANT_ID.test(tenant),
        avatarUrl: '',
        // Only what the directory's owner decides; a nickname anybody may choose.
        ...(settings.MICROSOFT_SYNC_USERNAME && TENANT_ID.test(tenant) && directoryName !== '' && { directoryName }),
        ...(seenAt && { authTime: seenAt }),
      }
    },
  }
}

/** The tenant of `https://login…/<tenant>/v2.0`, or the placeholder for any. */
function tenantOf(issuer: string, login: string): string | undefined {
  const id = issuer.startsWith(`${login}/`) ? issuer.slice(login.length + 1).replace(/\/v2\.0$/, '') : ''
  return TENANT_ID.test(id) || id === TEMPLATE ? id : undefined
}

/** Keys for any tenant say so with a placeholder, others name theirs. */
const keyIsOfTenant = ({ issuer }: Jwk, { tid, iss }: Json): boolean =>
  typeof issuer !== 'string' || issuer.replace(TEMPLATE, String(tid)) === iss

/** The account name of the company's own directory; a leftover one of a directory that is not synchronised is stale. */
const synchronisedName = ({ onPremisesSamAccountName: sam, onPremisesSyncEnabled: isSynchronised }: Json): string =>
  isSynchronised === true ? name(sam) : ''
