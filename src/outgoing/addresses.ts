/** Which network addresses belong to the inside: this machine, its networks, and what nobody should call. */
import { BlockList } from 'node:net'
import { normaliseAddress } from '../edge/client-address'

/** IPv4 ranges that are not part of the public Internet (RFC 6890 and its successors). */
const INTERNAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** All of the public IPv6 Internet; unique local, link-local, loopback and multicast addresses lie outside. */
const PUBLIC_V6 = ['2000::/3']

/** Parts of it that lead elsewhere: Teredo and 6to4 carry an IPv4 address, the others are for protocols and texts. */
const INTERNAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

export interface AddressSet {
  has(address: string): boolean
}

/** Of addresses and CIDR ranges, already validated. */
export function addressSet(entries: readonly string[]): AddressSet {
  const list = new BlockList()
  for (const entry of entries) {
    const [text = '', bits] = entry.split('/')
    const family = text.includes(':') ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(text, family)
    else list.addSubnet(text, Number(bits), family)
  }
  return { has: (address) => list.check(address, address.includes(':') ? 'ipv6' : 'ipv4') }
}

const internal = addressSet([...INTERNAL_V4, ...INTERNAL_V6])
const publicV6 = addressSet(PUBLIC_V6)

/** Also true for what is no address at all. IPv4-mapped addresses count as the IPv4 address they hold. */
export function isInternalAddress(text: string): boolean {
  const address = normaliseAddress(text)
  if (address === '' || internal.has(address)) return true
  return address.includes(':') && !publicV6.has(address)
}
