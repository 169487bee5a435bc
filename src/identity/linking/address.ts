/**
 * Who vouches for a user's e-mail address.
 *
 * An address that no one vouches for is a claim: it does not keep the mailbox's owner from using it, and no provider
 * finds the account by it. What a provider once said holds as long as it says so.
 */
import { normaliseEmail, type User } from '../users'
import type { Connection } from './records'

type Snapshot = Pick<Connection, 'id' | 'providerEmail' | 'providerEmailVerified'>
type Standing = Pick<User, 'emailVerified' | 'emailVouchedBy' | 'emailNorm'>

const ADMIN = 'admin'

/** Made at the first sign-in through a provider: everything known about the person came from there. */
const cameFromProvider = ({ passwordHash, role, authSource }: User): boolean =>
  passwordHash === '' && role === 'user' && authSource !== 'http_api'

const vouches = (address: string) => (connection: Snapshot) =>
  connection.providerEmailVerified && normaliseEmail(connection.providerEmail) === address

/** The standing of the address once the user's connections are `after` and no longer `before`. */
export function addressStanding(user: User, before: readonly Snapshot[], after: readonly Snapshot[]): Standing {
  const { emailVerified, emailVouchedBy, emailNorm } = user
  const address = normaliseEmail(user.email)
  const vouching = after.filter(vouches(address))
  const [voucher] = vouching
  if (voucher) {
    const isKept = emailVouchedBy === ADMIN || vouching.some(({ id }) => id === emailVouchedBy)
    if (cameFromProvider(user))
      return {
        emailVerified: true,
        emailVouchedBy: isKept ? emailVouchedBy : voucher.id,
        emailNorm: emailNorm ?? address,
      }
    // Who was given an account keeps what the administrator decided about finding it by the address.
    const isGone = before.some(({ id }) => id === emailVouchedBy) && !isKept
    return { emailVerified: true, emailVouchedBy: isGone ? voucher.id : emailVouchedBy, emailNorm }
  }
  const wasVouched = before.some(vouches(address)) || before.some(({ id }) => id === emailVouchedBy)
  if (!wasVouched) return { emailVerified, emailVouchedBy, emailNorm }
  const isAdmins = emailVouchedBy === ADMIN
  return {
    emailVerified: false,
    emailVouchedBy: isAdmins ? emailVouchedBy : null,
    emailNorm: isAdmins || !cameFromProvider(user) ? emailNorm : null,
  }
}

/** A mailbox of a name that everybody has on their own machine belongs to nobody. */
export const isReservedAddress = (email: string): boolean => /@(.*\.)?(localhost|invalid|localdomain)$/i.test(email)

/**
 * An address that only somebody without proof gave to an account that has nothing else: it is a claim, and falls when
 * the owner of the mailbox comes.
 */
export const isBareClaim = (user: User): boolean =>
  cameFromProvider(user) &&
  user.emailNorm === null &&
  user.emailVouchedBy === null &&
  !user.emailVerified &&
  !user.imported
