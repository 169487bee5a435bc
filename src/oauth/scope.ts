/** Scopes: their syntax (RFC 6749 §3.3), and what a client may be granted of them. */
import { OAuthError } from '../edge/oauth-error'

const NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const MAX_BYTES = 1000
const MAX_NAMES = 50

/**
 * The names of a requested scope, without repetitions, in the order they first occur. An empty or blank text has none.
 *
 * Throws `OAuthError` `invalid_scope` unless names of RFC 6749 §3.3 are separated by single blanks, at most 50 of them
 * in 1000 bytes.
 */
export function parseScope(text: string): string[] {
  if (Buffer.byteLength(text) > MAX_BYTES) throw malformed(`scope is longer than ${MAX_BYTES} bytes`)
  if (/^ *$/.test(text)) return []
  const sent = text.split(' ')
  if (!sent.every((name) => NAME.test(name))) throw malformed('scope is malformed')
  const names = [...new Set(sent)]
  if (names.length > MAX_NAMES) throw malformed(`scope has more than ${MAX_NAMES} names`)
  return names
}

const malformed = (description: string) => new OAuthError('invalid_scope', description)

/** Names separated by single blanks: how scopes are stored and answered. */
export const formatScope = (names: readonly string[]): string => names.join(' ')

/** The names of a stored scope; records taken over from an earlier deployment may be separated by any white space. */
export const scopeNames = (stored: string): string[] => [...new Set(stored.split(/\s+/).filter((name) => name !== ''))]

/** The names that are also in `allowed`, in their own order. */
export const withinScope = (names: readonly string[], allowed: string): string[] => {
  const permitted = new Set(scopeNames(allowed))
  return names.filter((name) => permitted.has(name))
}

/** What is granted when nothing of a request may be. */
const DEFAULT = ['email', 'profile']

/**
 * What a device request is granted: never more than the client's own scopes, whatever it asks for. A request beyond
 * them is narrowed, not refused; when nothing remains, or nothing was asked for, it gets the default within the
 * client's scopes, or else all of them. The answer says what was granted (RFC 6749 §3.3).
 */
export function narrowToClient(requested: readonly string[], clientScopes: string): string[] {
  const granted = withinScope(requested, clientScopes)
  if (granted.length > 0) return granted
  const usual = withinScope(DEFAULT, clientScopes)
  return usual.length > 0 ? usual : scopeNames(clientScopes)
}
