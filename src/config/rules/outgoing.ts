import { checkCertificates } from './certificates'
import type { Check } from './check'
import { isAddressOrRange } from './server'

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i
/** What only looks like an address must not be taken for a name. */
const DIGITS = /^[\d.]+$/

export function checkOutgoing(check: Check): void {
  const { values, problem } = check
  for (const entry of values.OUTGOING_ALLOWED_HOSTS) {
    const isName = HOST_NAME.test(entry) && !DIGITS.test(entry)
    if (!isName && !isAddressOrRange(entry))
      problem(`invalid OUTGOING_ALLOWED_HOSTS entry: "${entry}" (expected a host name, an IP address or a CIDR range)`)
  }
  checkCertificates(check, 'OUTGOING_CA_FILE')
}
