/** Who may sign in and how: the first administrator, and passwords checked elsewhere. */
import { formatDuration } from '../duration'
import { isPublishedSecret } from '../weak-secrets'
import { type Check, isLoopbackHost, warnShortSecret } from './check'

export function checkIdentity(check: Check): void {
  checkAuthMode(check)
  checkAdminPassword(check)
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
