import { formatDuration } from '../duration'
import { hasVariety, isPublishedSecret, KEY_BYTES } from '../weak-secrets'
import { type Check, isLoopbackHost, requirePositive } from './check'

const DOMAIN = /^[a-zA-Z0-9]$|^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9]$/
const PREFIX = /^[a-zA-Z][a-zA-Z0-9_]*$/
const KEY_ID = /^[\x20-\x7e]{1,128}$/
const LOGICAL_CLAIMS = ['domain', 'project', 'service_account', 'uid']
const RESERVED_CLAIMS = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'type', 'scope', 'user_id', 'client_id'],
  ...['azp', 'amr', 'acr', 'auth_time', 'nonce', 'at_hash'],
])

export function checkTokens(check: Check): void {
  const { values, problem } = check
  requirePositive(check, 'JWT_EXPIRATION')
  if (values.JWT_EXPIRATION_JITTER < 0)
    problem(`JWT_EXPIRATION_JITTER must be non-negative (got ${formatDuration(values.JWT_EXPIRATION_JITTER)})`)
  for (const name of ['EXTRA_CLAIMS_MAX_RAW_SIZE', 'EXTRA_CLAIMS_MAX_KEYS', 'EXTRA_CLAIMS_MAX_VAL_SIZE'] as const) {
    if (values[name] < 0) problem(`${name} must be non-negative (got ${values[name]})`)
  }
  if (values.JWT_EXPIRATION_JITTER > 0 && values.JWT_EXPIRATION_JITTER >= values.JWT_EXPIRATION)
    problem(
      `JWT_EXPIRATION_JITTER must be less than JWT_EXPIRATION (${formatDuration(values.JWT_EXPIRATION_JITTER)} >= ${formatDuration(values.JWT_EXPIRATION)})`,
    )
  checkPrivateClaims(check)
  checkKeys(check)
}

function checkPrivateClaims({ values, problem }: Check): void {
  const domain = values.JWT_DOMAIN
  if (domain !== '' && !DOMAIN.test(domain))
    problem(
      `invalid JWT_DOMAIN value: "${domain}" (must be 1–64 characters of letters, digits, underscore, dot, or hyphen, starting and ending with a letter or digit)`,
    )
  const prefix = values.JWT_PRIVATE_CLAIM_PREFIX
  const bytes = Buffer.byteLength(prefix)
  if (bytes > 15) problem(`JWT_PRIVATE_CLAIM_PREFIX must be at most 15 characters (got ${bytes}: "${prefix}")`)
  else if (prefix.endsWith('_'))
    problem(
      `JWT_PRIVATE_CLAIM_PREFIX must not end with an underscore (AuthGate adds the separator itself; trailing _ would produce a double underscore in claim names): "${prefix}"`,
    )
  else if (!PREFIX.test(prefix))
    problem(`JWT_PRIVATE_CLAIM_PREFIX must match ^[a-zA-Z][a-zA-Z0-9_]*$ (got "${prefix}")`)
  else
    for (const claim of LOGICAL_CLAIMS.map((name) => `${prefix}_${name}`)) {
      if (RESERVED_CLAIMS.has(claim))
        problem(
          `JWT_PRIVATE_CLAIM_PREFIX "${prefix}" produces composed claim key "${claim}" which collides with a reserved RFC/OIDC/AuthGate-internal claim`,
        )
    }
}

function checkKeys(check: Check): void {
  const { values, given, problem, warn } = check
  const algorithm = values.JWT_SIGNING_ALGORITHM
  if (algorithm === 'HS256') {
    checkServerSecret(check, 'JWT_SECRET')
    checkFormerSecret(check, 'JWT_SECRET_PREVIOUS')
    if (given.has('JWT_KEY_ID')) warn('JWT_KEY_ID has no effect with HS256')
    if (values.JWT_ADDITIONAL_KEY_PATHS.length > 0 && !given.has('JWT_SIGNING_ALGORITHM'))
      warn('JWT_ADDITIONAL_KEY_PATHS is set while tokens are signed with HS256')
  } else if (values.JWT_PRIVATE_KEY_PATH === '' && values.JWT_PRIVATE_KEY_PEM === '')
    problem(`JWT_PRIVATE_KEY_PATH or JWT_PRIVATE_KEY_PEM is required when JWT_SIGNING_ALGORITHM=${algorithm}`)
  if (values.JWT_KEY_ID !== '' && !KEY_ID.test(values.JWT_KEY_ID))
    problem('JWT_KEY_ID must be 1 to 128 printable ASCII characters')
  checkServerSecret(check, 'SESSION_SECRET')
  checkFormerSecret(check, 'SESSION_SECRET_PREVIOUS')
}

/** Missing secrets are generated for a loopback server outside production; see `loadConfiguration`. */
function checkServerSecret({ values, production, host, problem }: Check, name: 'JWT_SECRET' | 'SESSION_SECRET'): void {
  const value = values[name]
  const bytes = Buffer.byteLength(value)
  if (value === '' && !production && isLoopbackHost(host)) return
  if (value === '' || isPublishedSecret(value))
    problem(`${name} must be set to a strong random value (generate one with: openssl rand -hex 32)`)
  else if (bytes < KEY_BYTES && name === 'JWT_SECRET')
    problem(`JWT_SECRET must be at least 32 bytes for HS256 (got ${bytes} bytes)`)
  else if (bytes < KEY_BYTES) problem(`${name} must be at least 32 bytes (got ${bytes} bytes)`)
  else if (!hasVariety(value))
    problem(`${name} repeats too few different characters (generate one with: openssl rand -hex 32)`)
}

function checkFormerSecret({ values, problem }: Check, name: 'JWT_SECRET_PREVIOUS' | 'SESSION_SECRET_PREVIOUS'): void {
  const value = values[name]
  if (value === '') return
  if (isPublishedSecret(value) || Buffer.byteLength(value) < KEY_BYTES || !hasVariety(value))
    problem(`${name} is too weak to be accepted: it must satisfy the rules of the current secret`)
}

const PROFILES = ['short', 'standard', 'long'] as const
/** Where the standard profile takes its lifetimes from. */
const BASE = { ACCESS: 'JWT_EXPIRATION', REFRESH: 'REFRESH_TOKEN_EXPIRATION' } as const
const CAP = { ACCESS: 'JWT_EXPIRATION_MAX', REFRESH: 'REFRESH_TOKEN_EXPIRATION_MAX' } as const

export function checkLifetimes(check: Check): void {
  const { values, problem, warn } = check
  requirePositive(check, 'JWT_EXPIRATION_MAX')
  requirePositive(check, 'REFRESH_TOKEN_EXPIRATION_MAX')
  for (const profile of PROFILES) {
    for (const kind of ['ACCESS', 'REFRESH'] as const) checkProfile(check, profile, kind)
  }
  requirePositive(check, 'REFRESH_TOKEN_EXPIRATION')
  requirePositive(check, 'CLIENT_CREDENTIALS_TOKEN_EXPIRATION')
  requireBelow(check, 'CLIENT_CREDENTIALS_TOKEN_EXPIRATION', 'JWT_EXPIRATION_MAX')
  if (values.REFRESH_REUSE_GRACE < 0 || values.REFRESH_REUSE_GRACE > 60_000)
    problem(`REFRESH_REUSE_GRACE must be between 0s and 60s (got ${formatDuration(values.REFRESH_REUSE_GRACE)})`)
  if (values.ID_TOKEN_EXPIRATION < 0)
    problem(`ID_TOKEN_EXPIRATION must be non-negative (got ${formatDuration(values.ID_TOKEN_EXPIRATION)})`)
  requireBelow(check, 'ID_TOKEN_EXPIRATION', 'JWT_EXPIRATION_MAX')
  const code = values.AUTH_CODE_EXPIRATION
  if (code <= 0 || code > LONGEST_CODE_MS)
    problem(
      `AUTH_CODE_EXPIRATION must be positive and at most 1h (got ${formatDuration(code)}); RFC 6749 recommends 10m`,
    )
  else if (code > LONG_CODE_MS) warn('AUTH_CODE_EXPIRATION is longer than the 10m RFC 6749 recommends as maximum')
}

const LONGEST_CODE_MS = 3_600_000
const LONG_CODE_MS = 600_000

function checkProfile(check: Check, profile: (typeof PROFILES)[number], kind: 'ACCESS' | 'REFRESH'): void {
  const { values, given, problem } = check
  const own = `TOKEN_PROFILE_${profile.toUpperCase() as Uppercase<typeof profile>}_${kind}_TTL` as const
  const inherits = profile === 'standard' && !given.has(own)
  const source = inherits ? BASE[kind] : own
  const what = `token profile "${profile}" ${kind.toLowerCase()} TTL`
  const ttl = values[own]
  const cap = values[CAP[kind]]
  if (ttl <= 0) problem(`${what} must be a positive duration (got ${formatDuration(ttl)}); set ${source}`)
  else if (cap > 0 && ttl > cap)
    problem(
      `${what} ${formatDuration(ttl)} exceeds ${CAP[kind]} ${formatDuration(cap)}; lower ${source} or raise ${CAP[kind]}`,
    )
  // Hidden behind the profile's own value, it would still be the lifetime of whatever knows no profile.
  if (profile === 'standard' && !inherits) requireBelow(check, BASE[kind], CAP[kind])
}

function requireBelow(
  { values, problem }: Check,
  name: 'JWT_EXPIRATION' | 'REFRESH_TOKEN_EXPIRATION' | 'CLIENT_CREDENTIALS_TOKEN_EXPIRATION' | 'ID_TOKEN_EXPIRATION',
  capName: 'JWT_EXPIRATION_MAX' | 'REFRESH_TOKEN_EXPIRATION_MAX',
): void {
  const cap = values[capName]
  if (cap > 0 && values[name] > cap)
    problem(
      `${name} ${formatDuration(values[name])} exceeds ${capName} ${formatDuration(cap)}; lower it or raise ${capName}`,
    )
}
