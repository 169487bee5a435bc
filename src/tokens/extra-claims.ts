/**
 * `extra_claims`: claims a caller of the token endpoint adds to the tokens of this one answer.
 *
 * They are the lowest layer of a token: nothing here can name or replace what the server attests.
 */
import type { Settings } from '../config/settings'
import { JsonSyntaxError, readJsonObject } from './lossless-json'

/** Names with their values as compact JSON text, in the order they were written. */
export type ExtraClaims = ReadonlyMap<string, string>

/** Why a caller's claims were refused; `message` is the `error_description` of an `invalid_request`. */
export class ExtraClaimsError extends Error {}

export const NO_EXTRA_CLAIMS: ExtraClaims = new Map()

const MAX_DEPTH = 5
const MAX_NAME_BYTES = 128

/** Registered claims and this server's own: RFC 7519 §4.1, OpenID Connect Core §2, and `type` to `client_id`. */
const STANDARD = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
  ...['type', 'scope', 'user_id', 'client_id'],
  ...['azp', 'amr', 'acr', 'auth_time', 'nonce', 'at_hash'],
]

/** Claims that change what a token means: confirmation keys, delegation, logout, hashes (RFC 7800, 8693, 9396). */
const MEANING = ['cnf', 'act', 'may_act', 'authorization_details', 'sid', 'events', 'c_hash', 's_hash', 'sub_jwk']

const PRIVATE = ['domain', 'project', 'service_account', 'uid']

/** Claims of identity and authority, reserved when `EXTRA_CLAIMS_BLOCK_IDENTITY` is on. */
const IDENTITY = [
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
  ...['website', 'email', 'email_verified', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number'],
  ...['phone_number_verified', 'address', 'updated_at', 'groups', 'roles', 'role', 'entitlements', 'permissions'],
  ...['username', 'idp', 'tid', 'tenant_id'],
]

type ExtraClaimsSettings = Pick<
  Settings,
  | 'EXTRA_CLAIMS_ENABLED'
  | 'EXTRA_CLAIMS_MAX_RAW_SIZE'
  | 'EXTRA_CLAIMS_MAX_KEYS'
  | 'EXTRA_CLAIMS_MAX_VAL_SIZE'
  | 'EXTRA_CLAIMS_BLOCK_IDENTITY'
  | 'JWT_PRIVATE_CLAIM_PREFIX'
>

/** Every name a caller may not use, in lower case. */
export function reservedClaimNames(settings: ExtraClaimsSettings): ReadonlySet<string> {
  const prefix = settings.JWT_PRIVATE_CLAIM_PREFIX.toLowerCase()
  return new Set([
    ...STANDARD,
    ...MEANING,
    ...PRIVATE,
    ...PRIVATE.map((name) => `${prefix}_${name}`),
    ...PRIVATE.map((name) => `extra_${name}`),
    ...(settings.EXTRA_CLAIMS_BLOCK_IDENTITY ? IDENTITY : []),
  ])
}

/** Reads the form field. An absent or empty field means no claims. Throws `ExtraClaimsError`. */
export function parseExtraClaims(settings: ExtraClaimsSettings, raw: string | undefined): ExtraClaims {
  if (raw === undefined || raw === '') return NO_EXTRA_CLAIMS
  if (!settings.EXTRA_CLAIMS_ENABLED) throw new ExtraClaimsError('extra_claims feature is not enabled')
  const rawBytes = Buffer.byteLength(raw)
  if (exceeds(rawBytes, settings.EXTRA_CLAIMS_MAX_RAW_SIZE))
    throw tooLarge(`raw payload ${rawBytes} bytes`, settings.EXTRA_CLAIMS_MAX_RAW_SIZE)

  const members = readMembers(raw)
  if (exceeds(members.length, settings.EXTRA_CLAIMS_MAX_KEYS))
    throw tooLarge(`${members.length} keys`, settings.EXTRA_CLAIMS_MAX_KEYS)

  const reserved = reservedClaimNames(settings)
  const claims = new Map<string, string>()
  for (const { name, value } of members) {
    // Names that differ only in case or blanks are one name to careless consumers.
    const plainName = name.trim().toLowerCase()
    if (plainName === '') throw new ExtraClaimsError('reserved claim key: empty key')
    if (reserved.has(plainName)) throw new ExtraClaimsError(`reserved claim key: ${JSON.stringify(name)}`)
    if (Buffer.byteLength(name) > MAX_NAME_BYTES)
      throw new ExtraClaimsError(`extra_claims: a name is longer than ${MAX_NAME_BYTES} bytes`)
    const size = encodedSize(value)
    if (exceeds(size, settings.EXTRA_CLAIMS_MAX_VAL_SIZE))
      throw tooLarge(`value for ${JSON.stringify(name)} is ${size} bytes`, settings.EXTRA_CLAIMS_MAX_VAL_SIZE)
    claims.set(name, value)
  }
  return claims
}

function readMembers(raw: string) {
  try {
    return readJsonObject(raw, MAX_DEPTH) ?? []
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ExtraClaimsError(`extra_claims: invalid JSON: ${error.message}`)
    throw error
  }
}

/** Limits are inclusive; 0 means unlimited. */
const exceeds = (size: number, limit: number): boolean => limit > 0 && size > limit

const tooLarge = (what: string, limit: number) =>
  new ExtraClaimsError(`extra_claims exceeds configured size limits: ${what} (limit ${limit})`)

/** Characters the documented size rule counts as six-byte escapes. */
const ESCAPED = /[<>&\u2028\u2029]/g

/** Bytes of a value's encoding, where markup characters and line separators count as `\u00XX`. */
const encodedSize = (value: string): number => Buffer.byteLength(value.replace(ESCAPED, '\\u0000'))
