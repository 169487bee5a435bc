/** Who may sign in and how: the first administrator, passwords checked elsewhere, sign-in through other systems. */
import { formatDuration } from '../duration'
import { isPublishedSecret } from '../weak-secrets'
import { type Check, isLoopbackHost, warnShortSecret } from './check'

export function checkIdentity(check: Check): void {
  checkAuthMode(check)
  checkAdminPassword(check)
  checkProviders(check)
}

function checkAuthMode(check: Check): void {
  const { values, problem } = check
  const mode = values.AUTH_MODE
  if (mode === 'local') return
  if (mode !== 'http_api') problem(`invalid AUTH_MODE: ${mode} (must be: local, http_api)`)
  else if (values.HTTP_API_URL === '') problem('HTTP_API_URL is required when AUTH_MODE=http_api')
  else checkHttpApi(check)
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Headers the request has a meaning of its own for. */
const RESERVED_HEADERS = new Set([
  ...['host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'upgrade', 'te', 'trailer'],
  ...['expect', 'cookie', 'accept-encoding', 'proxy-authorization'],
])

function checkHttpApi(check: Check): void {
  const { values, production, problem, warn } = check
  const url = URL.canParse(values.HTTP_API_URL) ? new URL(values.HTTP_API_URL) : undefined
  const isLocal = url !== undefined && isLoopbackHost(url.hostname)
  if (!url || !/^https?:$/.test(url.protocol)) problem('HTTP_API_URL must be an absolute https URL')
  else if (url.protocol === 'http:' && !isLocal && (production || !values.HTTP_API_INSECURE_SKIP_VERIFY))
    problem('HTTP_API_URL must be https, unless its host is the loopback: it is sent passwords')
  if (values.HTTP_API_INSECURE_SKIP_VERIFY) {
    if (production && !isLocal) problem('HTTP_API_INSECURE_SKIP_VERIFY must be false in production')
    else warn('HTTP_API_INSECURE_SKIP_VERIFY is on: anybody on the way can read and change what is sent')
  }

  const mode = values.HTTP_API_AUTH_MODE
  if (!['none', 'simple', 'hmac', 'github'].includes(mode))
    problem(`invalid HTTP_API_AUTH_MODE value: "${mode}" (must be "none", "simple", "hmac", or "github")`)
  else if (mode !== 'none' && values.HTTP_API_AUTH_SECRET === '')
    problem(`HTTP_API_AUTH_SECRET must be set when HTTP_API_AUTH_MODE=${mode}`)
  warnShortSecret(check, 'HTTP_API_AUTH_SECRET')
  const header = values.HTTP_API_AUTH_HEADER
  if (!TOKEN.test(header) || RESERVED_HEADERS.has(header.toLowerCase()))
    problem('HTTP_API_AUTH_HEADER must be the name of a header that has no other use, such as X-API-Secret')

  if (values.HTTP_API_MAX_RETRIES < 0)
    problem(`HTTP_API_MAX_RETRIES must be non-negative (got ${values.HTTP_API_MAX_RETRIES})`)
  for (const name of ['HTTP_API_TIMEOUT', 'HTTP_API_RETRY_DELAY', 'HTTP_API_MAX_RETRY_DELAY'] as const) {
    if (values[name] < 0) problem(`${name} must be non-negative (got ${formatDuration(values[name])})`)
  }
}

/** Characters, not bytes: a sentence in any script is as good as one in another. */
function checkAdminPassword({ values, problem }: Check): void {
  const password = values.DEFAULT_ADMIN_PASSWORD
  if (password === '') return
  const length = [...password].length
  if (isPublishedSecret(password)) problem('DEFAULT_ADMIN_PASSWORD is a published example; choose another')
  else if (length < 12 || length > 256) problem('DEFAULT_ADMIN_PASSWORD must be 12 to 256 characters long')
}

const PROVIDERS = { GITHUB: 'GitHub', GITEA: 'Gitea', GITLAB: 'GitLab', MICROSOFT: 'Microsoft' } as const
type Provider = keyof typeof PROVIDERS

function checkProviders(check: Check): void {
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
  if (values.MICROSOFT_OAUTH_ENABLED && values.OAUTH_AUTO_REGISTER && values.MICROSOFT_TENANT_ID === 'common')
    warn('MICROSOFT_TENANT_ID=common with OAUTH_AUTO_REGISTER=true: everybody with a Microsoft account gets an account')
}

function checkProvider(check: Check, provider: Provider): void {
  const { values, production, problem, warn } = check
  const needed = ['CLIENT_ID', 'CLIENT_SECRET'] as const
  const missing = needed.some((part) => values[`${provider}_${part}`] === '')
  if (missing || (provider === 'GITEA' && values.GITEA_URL === '')) {
    const names = `${provider === 'GITEA' ? 'URL, ' : ''}CLIENT_ID or CLIENT_SECRET`
    const text = `${PROVIDERS[provider]} OAuth enabled but ${names} missing`
    const remedy = `set what begins with ${provider}_, or ${provider}_OAUTH_ENABLED=false`
    if (production) problem(`${text}; ${remedy}`)
    else warn(`${text}: not offered; ${remedy}`)
  }
  for (const part of needed) {
    if (/^your[_-]/i.test(values[`${provider}_${part}`]) || isPublishedSecret(values[`${provider}_${part}`]))
      problem(`${provider}_${part} is a published example or a comment; set the one ${PROVIDERS[provider]} gave you`)
  }
  checkRedirect(check, provider)
  const server = provider === 'GITEA' ? values.GITEA_URL : provider === 'GITLAB' ? values.GITLAB_URL : ''
  if (server === '') return
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) problem(`${provider}_URL must be an absolute https URL`)
  else if (url.protocol === 'http:' && production && !isLoopbackHost(url.hostname))
    problem(`${provider}_URL must be https in production`)
}

function checkRedirect({ values, problem, warn }: Check, provider: Provider): void {
  const redirect = values[`${provider}_REDIRECT_URL`]
  if (redirect === '') return
  if (!URL.canParse(redirect) || !/^https?:\/\//i.test(redirect))
    problem(`${provider}_REDIRECT_URL must be an absolute http or https URL`)
  else if (URL.canParse(values.BASE_URL) && new URL(redirect).origin !== new URL(values.BASE_URL).origin)
    warn(`${provider}_REDIRECT_URL is not on the server of BASE_URL; sign-in will not come back here`)
}
