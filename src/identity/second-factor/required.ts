/** Who needs a second factor, and what a session lacks. */
import type { Settings } from '../../config/settings'
import type { User } from '../users'

interface Proven {
  readonly user: Pick<User, 'totpSecret' | 'role'>
  /** Methods the session was started with, separated by blanks (RFC 8176). */
  readonly amr: string
}

export const hasSecondFactor = ({ totpSecret }: Pick<User, 'totpSecret'>): boolean => totpSecret !== null

/** The account has a factor this session was not started with: it is no session yet. */
export const isHalfway = ({ user, amr }: Proven): boolean => hasSecondFactor(user) && !amr.split(' ').includes('mfa')

/** The account has none although `REQUIRE_MFA` asks for one. */
export const mustEnrol = ({ REQUIRE_MFA }: Pick<Settings, 'REQUIRE_MFA'>, { user }: Pick<Proven, 'user'>): boolean =>
  !hasSecondFactor(user) && (REQUIRE_MFA === 'all' || (REQUIRE_MFA === 'admin' && user.role === 'admin'))

/** The methods of a session after the second step: what the first one was, and that there were two. */
export const withSecondFactor = (amr: string): string =>
  [...new Set([...amr.split(' ').filter((method) => method !== ''), 'otp', 'mfa'])].join(' ')
