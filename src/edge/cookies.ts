/** Cookies: read without decoding, written with every attribute that protects them. */
import type { Settings } from '../config/settings'

type CookieSettings = Pick<Settings, 'origin' | 'basePath' | 'secureCookies'>

/** The value of a cookie as it was sent; the first when a name is repeated. */
export function readCookie(request: Request, name: string): string | undefined {
  const header = request.headers.get('cookie')
  if (header === null) return undefined
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}

/**
 * With an https `BASE_URL` at the root of its host, the prefix makes browsers refuse the cookie from any other host,
 * sub-domain or plain-text answer (RFC 6265bis §4.1.3.2). The prefix demands the path `/`.
 */
const hostCookie = (settings: CookieSettings, name: string): string =>
  settings.origin.startsWith('https:') && settings.basePath === '' ? `__Host-${name}` : name

export const sessionCookieName = (settings: CookieSettings): string => hostCookie(settings, 'oauth_session')

/** Binds the login form to the browser it was shown to. */
export const loginCookieName = (settings: CookieSettings): string => hostCookie(settings, 'oauth_login')

/** Binds attempts to sign in through a provider to the browser that began them. */
export const attemptCookieName = (settings: CookieSettings): string => hostCookie(settings, 'oauth_attempt')

/** Marks browsers in which somebody has signed in before. */
export const deviceCookieName = (settings: CookieSettings): string => hostCookie(settings, 'oauth_device')

export interface CookieOptions {
  /** Seconds; without it the cookie ends with the browser. */
  readonly maxAgeSeconds?: number
  /** Default `Lax`: sent when another site links here, never with its forms. */
  readonly sameSite?: 'Lax' | 'Strict'
}

/** A `Set-Cookie` value. `value` must need no encoding. */
export function setCookie(settings: CookieSettings, name: string, value: string, options: CookieOptions = {}): string {
  const { maxAgeSeconds, sameSite = 'Lax' } = options
  const parts = [`${name}=${value}`, `Path=${settings.basePath || '/'}`, 'HttpOnly', `SameSite=${sameSite}`]
  if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${maxAgeSeconds}`)
  if (settings.secureCookies) parts.push('Secure')
  return parts.join('; ')
}

/** Removes a cookie: the same attributes, no life. */
export const clearCookie = (settings: CookieSettings, name: string): string =>
  setCookie(settings, name, '', { maxAgeSeconds: 0 })
