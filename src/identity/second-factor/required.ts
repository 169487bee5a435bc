/** Who needs a second factor, and what a session lacks. */
import type { Settings } from '../../config/settings'
import type { User } from '../users'

type Factors = Pick<User, 'totpSecret' | 'passkeyCount'>

interface Proven {
  readonly user: Factors & Pick<User, 'role'>
  /** Methods the session was started with, separated by blanks (RFC 8176). */
  readonly amr: string
}

export const hasTotp = ({ totpSecret }: Pick<User, 'totpSecret'>): boolean => totpSecret !== null

/** Recovery codes stand in for a factor and are none by themselves. */
export const hasSecondFactor = (user: Factors): boolean => hasTotp(user) || user.passkeyCount > 0

/**
 * The one authentication context class this server vouches for (OIDC Core §2 `acr`): more than one factor. The name is
 * that of the OpenID Provider Authentication Policy Extension 1.0 §4.
 */
export const ACR_MULTI_FACTOR = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

/** Two factors were shown. */
export const isMultiFactor = (amr: string): boolean => amr.split(' ').includes('mfa')

/** Stands among the methods of a login that waits for its second factor; nothing is ever issued from such a row. */
export const UNFINISHED = 'unfinished'

/** It was begun as a login in two steps, and stays so whatever becomes of the account's factors meanwhile. */
export const isUnfinished = (amr: string): boolean => amr.split(' ').includes(UNFINISHED)

/** The account has a factor this session was not started with: it is no session yet. */
export const isHalfway = ({ user, amr }: Proven): boolean =>
  isUnfinished(amr) || (hasSecondFactor(user) && !isMultiFactor(amr))

/** `last_login_at` as a first step leaves it: only a complete login counts. */
export const lastLoginAfter = (user: Factors & Pick<User, 'lastLoginAt'>, at: Date): Date | null =>
  hasSecondFactor(user) ? user.lastLoginAt : at

/** The account has none although `REQUIRE_MFA` asks for one. */
export const mustEnrol = ({ REQUIRE_MFA }: Pick<Settings, 'REQUIRE_MFA'>, { user }: Pick<Proven, 'user'>): boolean =>
  !hasSecondFactor(user) && (REQUIRE_MFA === 'all' || (REQUIRE_MFA === 'admin' && user.role === 'admin'))

/** The methods of a first step, those of the factor shown after it, and that there were two (RFC 8176). */
export const withSecondFactor = (amr: string, factor: readonly string[]): string =>
  [...new Set([...amr.split(' ').filter((method) => method !== '' && method !== UNFINISHED), ...factor, 'mfa'])].join(
    ' ',
  )
