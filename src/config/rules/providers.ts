/** Sign-in through other systems. */
import { formatDuration } from '../duration'
import { isPublishedSecret } from '../weak-secrets'
import { checkCertificates } from './certificates'
import { type Check, isLoopbackHost } from './check'

const PROVIDERS = { GITHUB: 'GitHub', GITEA: 'Gitea', GITLAB: 'GitLab', MICROSOFT: 'Microsoft', OIDC: 'OIDC' } as const
type Provider = keyof typeof PROVIDERS

/** What a provider cannot do without besides its credentials. */
const ADDRESS = { GITEA: 'URL', OIDC: 'ISSUER' } as const

const ADDRESSES = {
  GITHUB: ['GITHUB_URL'],
  GITEA: ['GITEA_URL'],
  GITLAB: ['GITLAB_URL'],
  MICROSOFT: ['MICROSOFT_LOGIN_URL', 'MICROSOFT_GRAPH_URL'],
  OIDC: ['OIDC_ISSUER'],
} as const

export function checkProviders(check: Check): void {
  const { values, production, problem, warn } = check
  for (const provider of Object.keys(PROVIDERS) as Provider[]) {
    if (values[`${provider}_OAUTH_ENABLED`]) checkProvider(check, provider)
  }
  if (values.OAUTH_TIMEOUT < 0)
    problem(`OAUTH_TIMEOUT must be non-negative (got ${formatDuration(values.OAUTH_TIMEOUT)})`)
  if (values.OAUTH_INSECURE_SKIP_VERIFY) {
    if (production) problem('OAUTH_INSECURE_SKIP_VERIFY must be false in production')
    else warn('OAUTH_INSECURE_SKIP_VERIFY is on: anybody on the way can sign in as anybody')
  }
  if (values.MICROSOFT_OAUTH_ENABLED) checkMicrosoft(check)
}

function checkProvider(check: Check, provider: Provider): void {
  const { values, production, problem, warn } = check
  const needed = ['CLIENT_ID', 'CLIENT_SECRET'] as const
  const address = addressSetting(provider)
  const missing = needed.some((part) => values[`${provider}_${part}`] === '')
  if (missing || (address !== undefined && values[address] === '')) {
    const first = address === undefined ? '' : `${ADDRESS[provider as keyof typeof ADDRESS]}, `
    const text = `${PROVIDERS[provider]} OAuth enabled but ${first}CLIENT_ID or CLIENT_SECRET missing`
    const remedy = `set what begins with ${provider}_, or ${provider}_OAUTH_ENABLED=false`
    if (production) problem(`${text}; ${remedy}`)
    else warn(`${text}: not offered; ${remedy}`)
  }
  for (const part of needed) {
    if (/^your[_-]/i.test(values[`${provider}_${part}`]) || isPublishedSecret(values[`${provider}_${part}`]))
      problem(`${provider}_${part} is a published example or a comment; set the one ${PROVIDERS[provider]} gave you`)
  }
  checkRedirect(check, provider)
  for (const name of ADDRESSES[provider]) checkAddress(check, name)
  checkCertificates(check, `${provider}_CA_FILE`)
}

const addressSetting = (provider: Provider): 'GITEA_URL' | 'OIDC_ISSUER' | undefined => {
  if (provider === 'GITEA') return 'GITEA_URL'
  return provider === 'OIDC' ? 'OIDC_ISSUER' : undefined
}

/** Passwords, codes and client secrets go there. */
function checkAddress({ values, production, problem }: Check, name: (typeof ADDRESSES)[Provider][number]): void {
  const value = values[name]
  if (value === '') return
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) problem(`${name} must be an absolute https URL`)
  else if (url.username !== '' || url.password !== '' || /[?#]/.test(value))
    problem(`${name} must hold no user, password, query or fragment`)
  else if (url.protocol === 'http:' && production && !isLoopbackHost(url.hostname))
    problem(`${name} must be https in production`)
}

function checkRedirect({ values, problem, warn }: Check, provider: Provider): void {
  const redirect = values[`${provider}_REDIRECT_URL`]
  if (redirect === '') return
  if (!URL.canParse(redirect) || !/^https?:\/\//i.test(redirect))
    problem(`${provider}_REDIRECT_URL must be an absolute http or https URL`)
  else if (URL.canParse(values.BASE_URL) && new URL(redirect).origin !== new URL(values.BASE_URL).origin)
    warn(`${provider}_REDIRECT_URL is not on the server of BASE_URL; sign-in will not come back here`)
}

const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i

function checkMicrosoft({ values, problem, warn }: Check): void {
  const tenant = values.MICROSOFT_TENANT_ID
  // It becomes part of the address that codes are sent to.
  if (!TENANT_ID.test(tenant) && !DOMAIN.test(tenant) && !['common', 'organizations', 'consumers'].includes(tenant))
    problem('MICROSOFT_TENANT_ID must be a tenant id, a domain of the tenant, common, organizations or consumers')
  for (const id of values.MICROSOFT_ALLOWED_TENANTS)
    if (!TENANT_ID.test(id)) problem(`invalid MICROSOFT_ALLOWED_TENANTS entry: "${id}" (expected a tenant id)`)
  for (const domain of values.MICROSOFT_EMAIL_DOMAINS)
    if (!DOMAIN.test(domain)) problem(`invalid MICROSOFT_EMAIL_DOMAINS entry: "${domain}" (expected a domain)`)
  if (values.MICROSOFT_EMAIL_DOMAINS.length > 0 && !TENANT_ID.test(tenant))
    warn('MICROSOFT_EMAIL_DOMAINS has no effect unless MICROSOFT_TENANT_ID is the id of one tenant')
  if (values.OAUTH_AUTO_REGISTER && tenant === 'common')
    warn('MICROSOFT_TENANT_ID=common with OAUTH_AUTO_REGISTER=true: everybody with a Microsoft account gets an account')
}
