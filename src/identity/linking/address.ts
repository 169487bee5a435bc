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

const voucherAmong = (address: string, connections: readonly Snapshot[]): Snapshot | undefined =>
  connections.find((each) => each.providerEmailVerified && normaliseEmail(each.providerEmail) === address)

/** The standing of the address once the user's connections are `after` and no longer `before`. */
export function addressStanding(user: User, before: readonly Snapshot[], after: readonly Snapshot[]): Standing {
  const { emailVerified, emailVouchedBy, emailNorm } = user
  const address = normaliseEmail(user.email)
  const voucher = voucherAmong(address, after)
  if (voucher) {
    const isAmong = after.some(({ id }) => id === emailVouchedBy)
    const keeps = emailVouchedBy === ADMIN || (isAmong && voucherAmong(address, namedBy(emailVouchedBy, after)))
    // Who was given an account keeps what the administrator decided about finding it by the address.
    return cameFromProvider(user)
      ? { emailVerified: true, emailVouchedBy: keeps ? emailVouchedBy : voucher.id, emailNorm: emailNorm ?? address }
      : { emailVerified: true, emailVouchedBy: isAmong && !keeps ? voucher.id : emailVouchedBy, emailNorm }
  }
  const wasVouched = voucherAmong(address, before) !== undefined || before.some(({ id }) => id === emailVouchedBy)
  if (!wasVouched) return { emailVerified, emailVouchedBy, emailNorm }
  const isAdmins = emailVouchedBy === ADMIN
  return {
    emailVerified: false,
    emailVouchedBy: isAdmins ? emailVouchedBy : null,
    emailNorm: isAdmins || !cameFromProvider(user) ? emailNorm : null,
  }
}

const namedBy = (id: string | null, connections: readonly Snapshot[]): Snapshot[] =>
  connections.filter((each) => each.id === id)

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
