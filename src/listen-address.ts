/** `SERVER_ADDR`, already checked for its form: `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `host:0`. */

export interface ListenAddress {
  /** Empty for all interfaces; IPv6 without brackets. */
  readonly hostname: string
  /** 0 picks a free port. */
  readonly port: number
}

export function listenAddress(address: string): ListenAddress {
  const colon = address.lastIndexOf(':')
  const hostname = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { hostname, port: Number(address.slice(colon + 1)) }
}

/** `host:port`, with brackets around IPv6 addresses. */
export const addressText = ({ hostname, port }: ListenAddress): string =>
  hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`
