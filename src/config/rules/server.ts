import { formatDuration } from '../duration'
import { type Check, isLoopbackHost, requirePositive } from './check'

export function checkServer(check: Check): void {
  checkAddress(check)
  checkBaseUrl(check)
  checkProxies(check)
  checkLogo(check)
  checkCors(check)
  checkLimits(check)
}

function checkAddress(check: Check): void {
  const { values, problem } = check
  requireListenAddress(check, 'SERVER_ADDR')
  if ((values.TLS_CERT_FILE === '') !== (values.TLS_KEY_FILE === ''))
    problem('TLS_CERT_FILE and TLS_KEY_FILE must both be set or both be empty')
}

/** `host:port`, with an IPv6 address in brackets; the host may be empty. */
export function requireListenAddress({ values, problem }: Check, name: 'SERVER_ADDR' | 'METRICS_ADDR'): void {
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]/]*):(\d{1,5})$/.exec(values[name])
  if (!match || Number(match[1]) > 65_535)
    problem(`invalid ${name} value: "${values[name]}" (expected host:port, such as :8080 or 127.0.0.1:8080)`)
}

function checkProxies({ values, problem, warn }: Check): void {
  for (const entry of values.TRUSTED_PROXIES) {
    if (!isAddressOrRange(entry))
      problem(`invalid TRUSTED_PROXIES entry: "${entry}" (expected an IP address or a CIDR range)`)
    else if (/\/0+$/.test(entry)) warn(`TRUSTED_PROXIES=${entry} lets every client choose its own address`)
  }
  if (values.HSTS_MAX_AGE < 0) problem(`HSTS_MAX_AGE must be non-negative (got ${formatDuration(values.HSTS_MAX_AGE)})`)
}

export function isAddressOrRange(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const isV4 = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && address.split('.').every((part) => Number(part) <= 255)
  const isV6 = address.includes(':') && URL.canParse(`http://[${address}]/`)
  if (rest.length > 0 || !(isV4 || isV6)) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isV4 ? 32 : 128))
}

/** The issuer must be one exact https URL (RFC 8414 §2). */
function checkBaseUrl({ values, production, host, problem, warn }: Check): void {
  const value = values.BASE_URL
  const expected = 'expected an absolute http or https URL without user, query or fragment'
  if (!URL.canParse(value) || !/^https?:\/\//i.test(value)) {
    problem(`invalid BASE_URL value: "${value.replace(/\/\/[^/]*@/, '//…@')}" (${expected})`)
    return
  }
  const url = new URL(value)
  if (url.username !== '' || url.password !== '' || /[?#]/.test(value)) problem(`invalid BASE_URL value (${expected})`)
  // Every issuer comparison is of exact texts, so the text must be the one that clients see after parsing it.
  else if (!isWrittenAsParsed(value, url))
    problem(`invalid BASE_URL value: "${value}" (expected no blanks, no . or .. in the path, other characters encoded)`)
  if (url.protocol === 'http:' && !isLoopbackHost(host)) {
    if (production) problem('BASE_URL must be https in production, unless its host is the loopback')
    else warn('BASE_URL is http for a host other than the loopback: tokens and passwords travel in plain text')
  }
}

const isWrittenAsParsed = (text: string, { pathname }: URL): boolean => {
  const path = /^https?:\/\/[^/\s]+((?:\/\S*)?)$/i.exec(text)?.[1]
  return path !== undefined && path.replace(/\/+$/, '') === pathname.replace(/\/+$/, '')
}

/** Seconds. */
export function checkSessions({ values, problem }: Check): void {
  if (values.SESSION_MAX_AGE < 60)
    problem(`SESSION_MAX_AGE must be at least 60 seconds (got ${values.SESSION_MAX_AGE})`)
  const idle = values.SESSION_IDLE_TIMEOUT
  if (idle !== 0 && (idle < 60 || idle > Math.max(values.SESSION_MAX_AGE, 60)))
    problem(`SESSION_IDLE_TIMEOUT must be 0, or from 60 seconds to SESSION_MAX_AGE (got ${idle})`)
  const remember = values.SESSION_REMEMBER_ME_MAX_AGE
  if (!values.SESSION_REMEMBER_ME_ENABLED) return
  if (remember <= 0)
    problem(
      `SESSION_REMEMBER_ME_MAX_AGE must be a positive value when SESSION_REMEMBER_ME_ENABLED=true (got ${remember})`,
    )
  else if (remember > 2_592_000)
    problem(`SESSION_REMEMBER_ME_MAX_AGE exceeds the 30-day limit (got ${remember}, max 2592000)`)
}

function checkCors({ values, problem, warn }: Check): void {
  if (!values.CORS_ENABLED) return
  if (values.CORS_ALLOWED_ORIGINS.length === 0)
    warn('CORS_ENABLED is on and CORS_ALLOWED_ORIGINS is empty: no other origin has access')
  for (const origin of values.CORS_ALLOWED_ORIGINS) {
    if (origin === '*' && values.CORS_ALLOWED_ORIGINS.length === 1) continue
    if (!isExactOrigin(origin))
      problem(
        `invalid CORS_ALLOWED_ORIGINS entry: "${origin}" (expected an exact origin such as https://app.example.com, or * alone)`,
      )
  }
}

/** A port that the scheme implies is never part of what browsers send (RFC 6454 §6.2). */
const isExactOrigin = (text: string): boolean =>
  /^https?:\/\/[^*]+$/i.test(text) && URL.canParse(text) && new URL(text).origin === text.toLowerCase()

/** It becomes part of the content security policy. */
function checkLogo({ values, problem }: Check): void {
  const logo = values.PRODUCT_LOGO_URL
  const isUrl = /^https:\/\/[^\s;,'"]+$/.test(logo) && URL.canParse(logo)
  if (logo !== '' && !isUrl && !/^\/(?!\/)[^\s;,'"\\]*$/.test(logo))
    problem(`invalid PRODUCT_LOGO_URL value: "${logo}" (expected an https URL, or a path on this server)`)
}

const INIT = ['DB_INIT_TIMEOUT', 'REDIS_CONN_TIMEOUT', 'CACHE_INIT_TIMEOUT'] as const
const CLOSE = [
  'DB_CLOSE_TIMEOUT',
  'REDIS_CLOSE_TIMEOUT',
  'CACHE_CLOSE_TIMEOUT',
  'SERVER_SHUTDOWN_TIMEOUT',
  'AUDIT_SHUTDOWN_TIMEOUT',
] as const
const LONG_INIT_MS = 600_000
const LONG_CLOSE_MS = 300_000

function checkLimits(check: Check): void {
  const { values, problem, warn } = check
  for (const name of [...INIT, ...CLOSE]) requirePositive(check, name)
  for (const name of INIT) if (values[name] > LONG_INIT_MS) warn(`${name} is longer than 10m: a start may hang as long`)
  for (const name of CLOSE) if (values[name] > LONG_CLOSE_MS) warn(`${name} is longer than 5m: a stop may hang as long`)
  if (values.SHUTDOWN_DELAY < 0 || values.SHUTDOWN_DELAY > LONG_CLOSE_MS)
    problem(`SHUTDOWN_DELAY must be between 0s and 5m (got ${formatDuration(values.SHUTDOWN_DELAY)})`)
}
