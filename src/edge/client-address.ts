/**
 * The address a request comes from: what limits, audit records and log lines are about.
 *
 * Forwarded addresses are believed only as far as trusted proxies vouch for them; anybody else could write them.
 */
import { BlockList, isIP } from 'node:net'

export interface Peer {
  /** Normalised, or an empty string when unknown. */
  readonly address: string
  readonly trusted: boolean
}

export interface AddressReader {
  /** Who is at the other end of the socket. */
  peer(address: string | undefined): Peer
  /** The client's address, normalised. */
  client(peer: Peer, headers: Headers): string
}

/** Peers whose normalised form is kept; connections are reused, so few addresses make most requests. */
const MOST_KNOWN_PEERS = 1_000

/** `TRUSTED_PROXIES`: addresses and CIDR ranges, already validated. */
export function createAddressReader(trustedProxies: readonly string[]): AddressReader {
  const trusted = new BlockList()
  for (const entry of trustedProxies) trust(trusted, entry)
  const known = new Map<string, Peer>()

  const isTrusted = (address: string): boolean =>
    address !== '' && trusted.check(address, address.includes(':') ? 'ipv6' : 'ipv4')

  const fromForwardedFor = (header: string): string | undefined => {
    let leftmost: string | undefined
    for (const hop of header.split(',').reverse()) {
      const address = normaliseAddress(hop)
      // What stands left of something unreadable cannot be vouched for.
      if (address === '') return leftmost
      leftmost = address
      if (!isTrusted(address)) return address
    }
    return leftmost
  }

  return {
    peer: (socketAddress = '') => {
      const seen = known.get(socketAddress)
      if (seen) return seen
      const address = normaliseAddress(socketAddress)
      const peer = { address, trusted: isTrusted(address) }
      if (known.size >= MOST_KNOWN_PEERS) known.clear()
      known.set(socketAddress, peer)
      return peer
    },
    client: (peer, headers) => {
      if (!peer.trusted) return peer.address
      const forwardedFor = headers.get('x-forwarded-for')
      if (forwardedFor !== null) return fromForwardedFor(forwardedFor) ?? peer.address
      const realIp = headers.get('x-real-ip')
      return (realIp !== null && normaliseAddress(realIp)) || peer.address
    },
  }
}

const MAPPED_BITS = 96

function trust(list: BlockList, entry: string): void {
  const [text = '', bitsText] = entry.split('/')
  const address = normaliseAddress(text)
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  if (bitsText === undefined) list.addAddress(address, family)
  else {
    // A range of IPv4-mapped addresses counts the bits before the IPv4 part too.
    const mapped = family === 'ipv4' && text.includes(':')
    list.addSubnet(address, mapped ? Math.max(0, Number(bitsText) - MAPPED_BITS) : Number(bitsText), family)
  }
}

/**
 * IPv4 dotted, IPv6 in its shortest lower-case form (RFC 5952), IPv4-mapped IPv6 as IPv4. Accepts `address:port` and
 * `[address]:port`. An empty string for everything else.
 */
export function normaliseAddress(text: string): string {
  const bare = withoutPort(text.trim())
  const kind = isIP(bare)
  if (kind === 4) return bare
  if (kind !== 6 || bare.includes('%')) return ''
  const compressed = new URL(`http://[${bare}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed)
  if (!mapped) return compressed
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16))
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

function withoutPort(text: string): string {
  const [, bracketed, dotted] = /^\[([^\]]*)\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(text) ?? []
  return bracketed ?? dotted ?? text
}
