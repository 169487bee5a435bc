/** Addresses of providers, and ours there. */
import type { Settings } from '../../config/settings'
import { ProviderFailure, type ProviderName } from './provider'

export const withoutSlash = (url: string): string => url.replace(/\/$/, '')

/** Where providers send people back to, unless a setting says otherwise. */
export const callbackUrl = ({ issuer }: Pick<Settings, 'issuer'>, provider: ProviderName): string =>
  `${issuer}/auth/callback/${provider}`

/**
 * A provider without metadata may send `iss` (RFC 9207) all the same. What it must contain is not published, but the
 * code of another server must not be redeemed at this one (mix-up, RFC 9700 §4.4).
 */
export function requireSameHost(issuer: string, iss: string | undefined): void {
  if (iss !== undefined && URL.parse(iss)?.origin !== new URL(issuer).origin)
    throw new ProviderFailure('exchange', 'the answer is of another issuer')
}
