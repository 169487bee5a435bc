/**
 * Compact JSON Web Signatures (RFC 7515 §7.1) of this server: signing, and strict verification.
 *
 * Verification accepts exactly one encoding of a token, one algorithm per key and no header extension; whatever a
 * token claims, the key ring decides (RFC 8725 §3.1, §3.2).
 */
import type { KeyRing, TokenTyp, VerificationKey } from './keys'

/** The claims verification looked at, and whatever else the payload holds. */
export interface VerifiedClaims {
  readonly [name: string]: unknown
  readonly iss: string
  /** Seconds since the epoch. */
  readonly exp: number
}

export type JwtRefusal =
  | 'malformed'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'typ'
  | 'expired'
  | 'not yet valid'
  | 'issuer'

export type JwtResult =
  | { readonly valid: true; readonly typ: string; readonly claims: VerifiedClaims }
  | { readonly valid: false; readonly reason: JwtRefusal }

export interface JwtExpectations {
  /** Media types the `typ` header may have. */
  readonly typ: readonly TokenTyp[]
  readonly issuer: string
  /** Also accept the issuer with trailing slashes, as tokens taken over from an earlier deployment may carry it. */
  readonly issuerMayEndInSlash?: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Signs a payload of JSON text with the active key. HS256 and ES256 answer at once, RS256 with a promise. */
export function signJwt(ring: KeyRing, typ: TokenTyp, payload: string): string | Promise<string> {
  const { headers, sign } = ring.active
  const input = `${headers[typ]}.${Buffer.from(payload).toString('base64url')}`
  const signature = sign(input)
  return typeof signature === 'string' ? `${input}.${signature}` : signature.then((late) => `${input}.${late}`)
}

/** Checks form, header, signature, `typ`, `exp`, `nbf` and `iss`, in this order. No leeway: the clock is our own. */
export function verifyJwt(ring: KeyRing, token: string, expected: JwtExpectations): JwtResult {
  const first = token.indexOf('.')
  const last = token.lastIndexOf('.')
  const encodedHeader = token.slice(0, first)
  const encodedPayload = token.slice(first + 1, last)
  const encodedSignature = token.slice(last + 1)
  // A third dot would be part of the payload, which is not base64url then.
  if (first < 1 || first === last || ![encodedHeader, encodedPayload, encodedSignature].every(isCanonicalBase64url))
    return refuse('malformed')

  const header = ring.knownHeaders.get(encodedHeader) ?? readHeader(ring, encodedHeader)
  if ('reason' in header) return refuse(header.reason)

  const input = token.slice(0, last)
  const signature = Buffer.from(encodedSignature, 'base64url')
  if (!header.keys.some((key) => key.verify(input, signature))) return refuse('signature')

  if (!expected.typ.some((typ) => isMediaType(header.typ, typ))) return refuse('typ')
  const claims = parseObject(encodedPayload)
  if (!claims) return refuse('malformed')
  const { exp, nbf, iss } = claims
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return refuse('malformed')
  if (expected.now >= exp * 1000) return refuse('expired')
  if (nbf !== undefined && (typeof nbf !== 'number' || !(nbf * 1000 <= expected.now))) return refuse('not yet valid')
  if (typeof iss !== 'string' || !isIssuer(iss, expected)) return refuse('issuer')
  return { valid: true, typ: header.typ, claims: claims as VerifiedClaims }
}

const refuse = (reason: JwtRefusal): JwtResult => ({ valid: false, reason })

const isIssuer = (iss: string, { issuer, issuerMayEndInSlash }: JwtExpectations): boolean =>
  iss === issuer || (issuerMayEndInSlash === true && iss.replace(/\/+$/, '') === issuer)

/** Media types compare without case, and `application/` may be left out: RFC 7515 §4.1.9. */
const isMediaType = (typ: string, wanted: TokenTyp): boolean =>
  typ === wanted || typ.toLowerCase().replace(/^application\//, '') === wanted.toLowerCase()

/** What ids of rows look like; a text with NUL could not even be asked for on PostgreSQL. */
const ROW_ID = /^[\w.-]{1,100}$/

/** The `jti` of claims, when it can be the id of a row. */
export const rowIdOf = ({ jti }: Readonly<Record<string, unknown>>): string =>
  typeof jti === 'string' && ROW_ID.test(jti) ? jti : ''

/** The same of a token whose signature nobody has checked: for looking up what it claims to be. */
export const unverifiedRowId = (token: string): string => rowIdOf(parseObject(token.split('.', 2)[1] ?? '') ?? {})

type Header = { readonly typ: string; readonly keys: readonly VerificationKey[] } | { readonly reason: JwtRefusal }

/** Reads a header this server would not write itself, but may accept: other member order, no `kid`. */
function readHeader(ring: KeyRing, encoded: string): Header {
  const header = parseObject(encoded)
  if (!header) return { reason: 'malformed' }
  const { alg, kid, typ, crit } = header
  // No extension is understood here, so every critical one must be refused: RFC 7515 §4.1.11.
  if (crit !== undefined) return { reason: 'malformed' }
  const ofAlgorithm = ring.verifyKeys.filter((key) => key.algorithm === alg)
  if (ofAlgorithm.length === 0) return { reason: 'algorithm' }
  const keys = kid === undefined ? ofAlgorithm : ofAlgorithm.filter((key) => key.kid !== undefined && key.kid === kid)
  if (keys.length === 0) return { reason: 'key' }
  return { typ: typeof typ === 'string' ? typ : '', keys }
}

function parseObject(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const BASE64URL = /^[A-Za-z0-9_-]+$/
/** Last characters whose unused bits are zero, for two and for three characters beyond a multiple of four. */
const LAST_OF_TWO = 'AQgw'
const LAST_OF_THREE = 'AEIMQUYcgkosw048'

/** Unpadded, and the only encoding of its bytes: otherwise one signature would have several spellings. */
function isCanonicalBase64url(text: string): boolean {
  const last = text.charAt(text.length - 1)
  switch (text.length % 4) {
    case 1:
      return false
    case 2:
      return LAST_OF_TWO.includes(last) && BASE64URL.test(text)
    case 3:
      return LAST_OF_THREE.includes(last) && BASE64URL.test(text)
    default:
      return BASE64URL.test(text)
  }
}
