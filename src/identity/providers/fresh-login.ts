/** Asking an OpenID provider to have the person prove again who they are, and looking whether it did. */
import type { Json } from './client'
import { ProviderFailure, type Returned } from './provider'

/** Seconds that the clocks of two servers may differ. */
const LEEWAY = 60

/** OIDC Core §3.1.2.1. */
export const freshLogin = { prompt: 'login', max_age: '0' }

/** When the provider last saw proof. */
export const authTime = ({ auth_time: seconds }: Json): Date | undefined =>
  typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? new Date(seconds * 1000) : undefined

/**
 * A provider that was asked for `max_age` says when it saw the person (OIDC Core §2); `isSure` is false for those known
 * not to. Throws `ProviderFailure` with the reason `not fresh`.
 */
export function requireFresh(claims: Json, { fresh, startedAt }: Returned, isSure: boolean): void {
  if (!fresh) return
  const at = authTime(claims)
  if (at === undefined ? isSure : at.getTime() < startedAt.getTime() - LEEWAY * 1000)
    throw new ProviderFailure('profile', NOT_FRESH)
}

/** The person is still signed in there and was not asked again. */
export const NOT_FRESH = 'not fresh'
