/** Headers that tell browsers what an answer must never be used for. */
import type { Settings } from '../config/settings'

type HeaderSettings = Pick<Settings, 'origin' | 'HSTS_MAX_AGE' | 'HSTS_INCLUDE_SUBDOMAINS' | 'PRODUCT_LOGO_URL'>

function common(settings: HeaderSettings): Record<string, string> {
  const headers: Record<string, string> = {
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  }
  if (settings.origin.startsWith('https:')) {
    const subdomains = settings.HSTS_INCLUDE_SUBDOMAINS ? '; includeSubDomains' : ''
    headers['Strict-Transport-Security'] = `max-age=${Math.floor(settings.HSTS_MAX_AGE / 1000)}${subdomains}`
  }
  return headers
}

/** Of answers for programs: nothing in them may be rendered or run. */
export const dataHeaders = (settings: HeaderSettings): Readonly<Record<string, string>> => ({
  ...common(settings),
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
})

/** Of pages and everything that belongs to them. */
export const pageHeaders = (settings: HeaderSettings): Readonly<Record<string, string>> => ({
  ...common(settings),
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
})

/** The policy of pages without `form-action`: no inline script or style, nothing from another host but the logo. */
export function pagePolicy(settings: HeaderSettings): string {
  const logo = settings.PRODUCT_LOGO_URL.startsWith('https://') ? ` ${new URL(settings.PRODUCT_LOGO_URL).origin}` : ''
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data:${logo}`,
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
