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
])

/** A client secret, or a compact JWS: recognised wherever it stands. */
const LOOKS_SECRET = /\bago_[a-z2-7]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/

const MAX_DEPTH = 8

export function maskDetails(details: Readonly<Record<string, unknown>>, depth = 1): Record<string, unknown> {
  const masked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(details)) masked[name] = maskNamed(name, value, depth)
  return masked
}

function maskNamed(name: string, value: unknown, depth: number): unknown {
  const plain = name.toLowerCase().replaceAll('-', '_')
  if (HARMLESS.has(plain)) return maskValue(value, depth)
  if (plain === 'user_code' && typeof value === 'string') return `${value.slice(0, 4)}-****`
  if (/(^|_)(token_id|device_code_id)$/.test(plain)) return shorten(value)
  if (plain === 'device_code' && typeof value === 'string' && value.length > 12) return shorten(value)
  if (isSecretName(plain)) return REDACTED
  return maskValue(value, depth)
}

const isSecretName = (name: string): boolean =>
  SECRET_NAMES.some((secret) => name === secret || name.endsWith(`_${secret}`)) || /password|secret/.test(name)

/** The first eight and the last four characters: enough to recognise an id one already has. */
function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > 12 ? `${value.slice(0, 8)}...${value.slice(-4)}` : REDACTED
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return LOOKS_SECRET.test(value) ? REDACTED : value
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return REDACTED
  if (Array.isArray(value)) return value.map((element) => maskValue(element, depth + 1))
  return maskDetails(value as Record<string, unknown>, depth + 1)
}
