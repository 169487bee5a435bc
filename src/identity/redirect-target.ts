/** Where a person may be sent after signing in: pages of this server, nothing else (open redirects, RFC 9700 §4.11). */
import type { Settings } from '../config/settings'

const MAX_LENGTH = 8_192

/** First segments that are no pages to return to: they would sign out again, loop, or show a file. */
const NOT_PAGES = new Set([
  ...['login', 'logout', 'auth', 'static', 'favicon.ico', '.well-known'],
  ...['health', 'livez', 'readyz', 'metrics'],
])

/**
 * The path, query and fragment of a safe target, without the prefix of `BASE_URL`; `undefined` for everything else.
 *
 * Accepted are paths (again without the prefix) and absolute URLs below `BASE_URL`. The value is parsed as a browser
 * parses it and rebuilt from the parts, so what is checked is what is sent. Checking a returned value again returns it
 * unchanged.
 */
export function safeRedirect(
  settings: Pick<Settings, 'origin' | 'basePath'>,
  raw: string | undefined,
): string | undefined {
  if (raw === undefined || raw === '' || raw.length > MAX_LENGTH) return undefined
  // Browsers drop tabs and line ends and read a backslash as a slash: `/<TAB>/evil` and `/\evil` both mean `//evil`.
  if (/[\u0000-\u0020\u007f\\]/.test(raw) || !raw.isWellFormed()) return undefined

  const isPath = raw.startsWith('/')
  if (isPath && raw.startsWith('//')) return undefined
  if (!isPath && !/^https?:\/\//i.test(raw)) return undefined
  const url = URL.parse(raw, settings.origin)
  if (!url || url.origin !== settings.origin || url.username !== '' || url.password !== '') return undefined

  const path = isPath ? url.pathname : withoutPrefix(url.pathname, settings.basePath)
  // `/.//evil` has the path `//evil`, which alone would name another host.
  if (path === undefined || path.startsWith('//') || !isPage(path)) return undefined
  return path + url.search + url.hash
}

function withoutPrefix(path: string, prefix: string): string | undefined {
  if (path === prefix) return '/'
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined
}

function isPage(path: string): boolean {
  let segments: string[]
  try {
    segments = path.split('/').map(decodeURIComponent)
  } catch {
    return false
  }
  const [, first = '', second = ''] = segments
  if (first === 'oauth') return second === 'authorize'
  return !NOT_PAGES.has(first)
}
