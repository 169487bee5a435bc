/**
 * Redirect URIs: which ones a client may register, and which requested one is registered
 * (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1).
 */

declare const validated: unique symbol

/** A redirect URI that was compared with the client's registered ones. Only `matchRedirectUri` makes one. */
export type ValidatedRedirectUri = string & { readonly [validated]: true }

const MAX_BYTES = 2000
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])
/** Of URLs as they are parsed: an address of IPv6 has its brackets. */
export const isLoopbackHost = (hostname: string): boolean => LOOPBACK.has(hostname)

/** Schemes a browser would run or read from the local machine. */
const DANGEROUS_SCHEMES = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'])
const CONTROL_OR_SPACE = /[\u0000-\u0020\u007f-\u009f\\]/

/** Why a URI cannot be registered. */
export type RedirectUriFault =
  | 'empty'
  | 'long'
  | 'invalid'
  | 'fragment'
  | 'wildcard'
  | 'user_information'
  | 'host'
  | 'plain_http'
  | 'scheme'

/**
 * Why `uri` cannot be registered, or `undefined` when it can.
 *
 * https anywhere; http only on the loopback; private-use schemes (with a dot, RFC 8252 §7.1) only for public clients.
 */
export function redirectUriFault(uri: string, clientType: 'public' | 'confidential'): RedirectUriFault | undefined {
  if (uri.trim() === '') return 'empty'
  if (Buffer.byteLength(uri) > MAX_BYTES) return 'long'
  if (CONTROL_OR_SPACE.test(uri) || !URL.canParse(uri)) return 'invalid'
  const url = new URL(uri)
  if (uri.includes('#')) return 'fragment'
  if (uri.includes('*')) return 'wildcard'
  if (url.username !== '' || url.password !== '') return 'user_information'
  if (url.protocol === 'https:' || url.protocol === 'http:') {
    // The URL parser repairs `https:/host` and `https:///host`; a registered URI has to say what it means.
    if (!/^https?:\/\/[^/]/i.test(uri) || url.hostname === '') return 'host'
    return url.protocol === 'http:' && !isLoopbackHost(url.hostname) ? 'plain_http' : undefined
  }
  const privateUse = !DANGEROUS_SCHEMES.has(url.protocol) && url.protocol.includes('.')
  return privateUse && clientType === 'public' ? undefined : 'scheme'
}

const FAULTS: Readonly<Record<Exclude<RedirectUriFault, 'empty'>, string>> = {
  long: `is longer than ${MAX_BYTES} bytes`,
  invalid: 'is not a valid URI',
  fragment: 'must not contain a fragment',
  wildcard: 'must not contain a wildcard',
  user_information: 'must not contain user information',
  host: 'must have a host',
  plain_http: 'must use https',
  scheme: 'must use http or https scheme',
}

/** `redirectUriFault` in words that name the URI, for answers of the protocol. */
export function redirectUriProblem(uri: string, clientType: 'public' | 'confidential'): string | undefined {
  const fault = redirectUriFault(uri, clientType)
  if (fault === undefined) return undefined
  if (fault === 'empty') return 'URI must not be empty'
  return `${JSON.stringify(uri.slice(0, 200))} ${FAULTS[fault]}`
}

/**
 * The requested URI, when it is one of the registered ones: byte for byte, except that any port matches on the loopback
 * when everything else is equal (RFC 8252 §7.3). `undefined` otherwise: then there is nowhere to redirect to.
 */
export function matchRedirectUri(requested: string, registered: readonly string[]): ValidatedRedirectUri | undefined {
  // Records taken over from an earlier deployment were registered under other rules.
  if (CONTROL_OR_SPACE.test(requested) || !URL.canParse(requested)) return undefined
  if (DANGEROUS_SCHEMES.has(new URL(requested).protocol)) return undefined
  const known = registered.includes(requested) || registered.some((uri) => equalExceptLoopbackPort(requested, uri))
  return known ? (requested as ValidatedRedirectUri) : undefined
}

const LOOPBACK_URI = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?(\/[^#\\\u0000-\u0020\u007f]*)?$/

function equalExceptLoopbackPort(requested: string, registered: string): boolean {
  const asked = LOOPBACK_URI.exec(requested)
  const known = LOOPBACK_URI.exec(registered)
  if (!asked || !known || Number(asked[2] ?? 80) > 65_535) return false
  return asked[1] === known[1] && (asked[3] ?? '') === (known[3] ?? '')
}
