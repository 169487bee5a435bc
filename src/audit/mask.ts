/** Takes secrets out of audit details, at any depth. */

export const REDACTED = '***REDACTED***'

/** Names whose values are never stored, as a whole word or as the last words of a name. */
const SECRET_NAMES = [
  ...['password', 'secret', 'client_secret', 'token', 'access_token', 'refresh_token', 'id_token'],
  ...['code', 'device_code', 'authorization_code', 'code_verifier', 'assertion', 'authorization', 'cookie'],
  ...['private_key', 'secret_key', 'api_key', 'csrf_token'],
]

const HARMLESS = new Set([
  ...['token_profile', 'previous_token_profile', 'token_category', 'token_provider', 'token_type'],
  ...['tokens_revoked', 'token_user_id', 'token_client_id', 'rotation_enabled', 'status_code', 'error_code'],
  'password_previously_set',
])

/** A client secret, a registration access token, or a compact JWS: recognised wherever it stands. */
const LOOKS_SECRET = /\bag[or]_[a-z2-7]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/

const MAX_DEPTH = 8

/** Plain JSON: what JSON cannot hold is left out, times become ISO 8601 text. */
export function maskDetails(details: Readonly<Record<string, unknown>>, depth = 1): Record<string, unknown> {
  // Never by assignment: a member called __proto__ is data too.
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, maskNamed(name, value, depth)]))
}

/** Nothing longer is stored anywhere; looking further would let long texts cost time. */
const TEXT_LIMIT = 8192

/** Free text: replaced as a whole when a secret stands anywhere in it. At most 8,192 characters. */
export function maskText(text: string): string {
  const kept = text.slice(0, TEXT_LIMIT)
  return LOOKS_SECRET.test(kept) ? REDACTED : kept
}

function maskNamed(name: string, value: unknown, depth: number): unknown {
  const plain = plainName(name)
  if (HARMLESS.has(plain)) return maskValue(value, depth)
  if (plain === 'user_code' && typeof value === 'string') return `${value.slice(0, 4)}-****`
  if (/(^|_)(token_id|device_code_id)$/.test(plain)) return shorten(value)
  if (plain === 'device_code' && typeof value === 'string' && value.length > 12) return shorten(value)
  if (isSecretName(plain)) return REDACTED
  return maskValue(value, depth)
}

/** `clientSecret`, `Client-Secret` and `client_secret` are one name. */
const plainName = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll('-', '_')

const isSecretName = (name: string): boolean =>
  SECRET_NAMES.some((secret) => name === secret || name.endsWith(`_${secret}`)) || /password|secret/.test(name)

/** The first eight and the last four characters: enough to recognise an id one already has. */
function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > 12 ? `${value.slice(0, 8)}...${value.slice(-4)}` : REDACTED
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth >= MAX_DEPTH) return REDACTED
  if (Array.isArray(value)) return value.map((element) => maskValue(element, depth + 1))
  return maskDetails(value as Record<string, unknown>, depth + 1)
}
