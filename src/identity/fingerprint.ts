/**
 * The kind of browser a session was made with, as a signal against copied cookies.
 *
 * Browser family and operating system, not versions: an automatic update must not end a session. With
 * `SESSION_FINGERPRINT_IP` also the network: the first 24 bits of an IPv4 address, the first 64 of an IPv6 address.
 */
import type { RequestContext } from '../context'

/** The first that occurs in the user agent decides; nearly every browser also claims to be an older one. */
const BROWSERS: readonly [string, RegExp][] = [
  ['edge', /\bEdg(e|A|iOS)?\//],
  ['opera', /\b(OPR|Opera)\//],
  ['samsung', /\bSamsungBrowser\//],
  ['firefox', /\b(Firefox|FxiOS)\//],
  ['chrome', /\b(Chrome|Chromium|CriOS|HeadlessChrome)\//],
  ['safari', /\bSafari\//],
]

const SYSTEMS: readonly [string, RegExp][] = [
  ['windows', /\bWindows\b/],
  ['android', /\bAndroid\b/],
  ['ios', /\b(iPhone|iPad|iPod)\b/],
  ['macos', /\bMacintosh\b|\bMac OS X\b/],
  ['chromeos', /\bCrOS\b/],
  ['linux', /\bLinux\b/],
]

const firstMatch = (table: readonly [string, RegExp][], text: string): string | undefined =>
  table.find(([, pattern]) => pattern.test(text))?.[0]

/** Browser family and operating system; for programs, the name before the version. */
export function browserKind(userAgent: string): string {
  const browser = firstMatch(BROWSERS, userAgent) ?? userAgent.split(/[\s/]/, 1)[0] ?? ''
  return `${browser} ${firstMatch(SYSTEMS, userAgent) ?? ''}`
}

const IPV6_GROUPS = 8
const IPV6_NETWORK_GROUPS = 4

/** The network of a normalised address: /24 of IPv4, /64 of IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address.split('.').slice(0, 3).join('.')
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - before.length - after.length)).fill('0')
  const all = tail === undefined ? before : [...before, ...zeros, ...after]
  return all
    .slice(0, IPV6_NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

function signal({ settings, request }: RequestContext): string {
  const kind = browserKind(request.userAgent)
  return settings.SESSION_FINGERPRINT_IP ? `${networkOf(request.ip)}|${kind}` : kind
}

/** What a new session keeps; empty when `SESSION_FINGERPRINT` is off. */
export const fingerprint = (ctx: RequestContext): string =>
  ctx.settings.SESSION_FINGERPRINT ? ctx.secrets.browserFingerprint.digest(signal(ctx)) : ''

/** Whether a session may come from this browser. Sessions made while the setting was off are not checked. */
export const fingerprintMatches = (ctx: RequestContext, stored: string): boolean =>
  !ctx.settings.SESSION_FINGERPRINT || stored === '' || ctx.secrets.browserFingerprint.matches(signal(ctx), stored)
