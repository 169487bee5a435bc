/** How long each kind of token lives. All times in milliseconds. */
import type { Settings } from '../config/settings'

export const TOKEN_PROFILES = ['short', 'standard', 'long'] as const
export type TokenProfile = (typeof TOKEN_PROFILES)[number]

export type LifetimeSettings = Pick<
  Settings,
  | 'JWT_EXPIRATION'
  | 'JWT_EXPIRATION_JITTER'
  | 'JWT_EXPIRATION_MAX'
  | 'REFRESH_TOKEN_EXPIRATION_MAX'
  | 'CLIENT_CREDENTIALS_TOKEN_EXPIRATION'
  | 'TOKEN_PROFILE_SHORT_ACCESS_TTL'
  | 'TOKEN_PROFILE_SHORT_REFRESH_TTL'
  | 'TOKEN_PROFILE_STANDARD_ACCESS_TTL'
  | 'TOKEN_PROFILE_STANDARD_REFRESH_TTL'
  | 'TOKEN_PROFILE_LONG_ACCESS_TTL'
  | 'TOKEN_PROFILE_LONG_REFRESH_TTL'
>

/** The profile of a stored value: trimmed, empty means `standard`; undefined when there is no such profile. */
export function tokenProfile(stored: string): TokenProfile | undefined {
  const name = stored.trim() || 'standard'
  return TOKEN_PROFILES.find((profile) => profile === name)
}

/**
 * Lifetime of a user's access token. The standard lifetime is spread by a random share of the jitter, so that tokens
 * issued together do not all come back together; an overridden standard and the other profiles are exact. Never longer
 * than `JWT_EXPIRATION_MAX`.
 *
 * `fraction` is uniform in [0, 1).
 */
export function accessLifetime(settings: LifetimeSettings, profile: TokenProfile, fraction: number): number {
  const lifetime = {
    short: settings.TOKEN_PROFILE_SHORT_ACCESS_TTL,
    standard: settings.TOKEN_PROFILE_STANDARD_ACCESS_TTL,
    long: settings.TOKEN_PROFILE_LONG_ACCESS_TTL,
  }[profile]
  const spread = profile === 'standard' && lifetime === settings.JWT_EXPIRATION
  const jitter = spread ? Math.floor(fraction * settings.JWT_EXPIRATION_JITTER) : 0
  return Math.min(lifetime + jitter, settings.JWT_EXPIRATION_MAX)
}

/** Lifetime of a refresh token, before its family's end is considered. Never longer than its maximum. */
export function refreshLifetime(settings: LifetimeSettings, profile: TokenProfile): number {
  const lifetime = {
    short: settings.TOKEN_PROFILE_SHORT_REFRESH_TTL,
    standard: settings.TOKEN_PROFILE_STANDARD_REFRESH_TTL,
    long: settings.TOKEN_PROFILE_LONG_REFRESH_TTL,
  }[profile]
  return Math.min(lifetime, settings.REFRESH_TOKEN_EXPIRATION_MAX)
}

/** Lifetime of a machine's access token; profiles and jitter do not apply. */
export const machineLifetime = (settings: LifetimeSettings): number =>
  Math.min(settings.CLIENT_CREDENTIALS_TOKEN_EXPIRATION, settings.JWT_EXPIRATION_MAX)

/** End of an ID token: that of the access token it comes with, or earlier by `ID_TOKEN_EXPIRATION`. */
export function idTokenExpiry(
  settings: Pick<Settings, 'ID_TOKEN_EXPIRATION'>,
  access: { readonly issuedAt: Date; readonly expiresAt: Date },
): Date {
  if (settings.ID_TOKEN_EXPIRATION === 0) return access.expiresAt
  const own = expiryAfter(access.issuedAt, settings.ID_TOKEN_EXPIRATION)
  return new Date(Math.min(own.getTime(), access.expiresAt.getTime()))
}

/** The instant `lifetime` from `now`, rounded down to the second that also stands in the token's `exp`. */
export const expiryAfter = (now: Date, lifetime: number): Date =>
  new Date(Math.floor((now.getTime() + lifetime) / 1000) * 1000)

/** Absolute end of a family: rotation cannot slide past it (RFC 9700 §4.14.2). */
export const familyEnd = (settings: LifetimeSettings, grantedAt: Date): Date =>
  expiryAfter(grantedAt, settings.REFRESH_TOKEN_EXPIRATION_MAX)

/** Whole seconds until `expiresAt`, rounded down, never negative: the `expires_in` of RFC 6749 §5.1. */
export const secondsUntil = (expiresAt: Date, now: Date): number =>
  Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1000))
