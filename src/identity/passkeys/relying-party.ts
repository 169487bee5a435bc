/** For whom passkeys are made: a passkey is good at one host name for ever (W3C Web Authentication §5.1.2). */
import { isIP } from 'node:net'
import type { Settings } from '../../config/settings'

export interface RelyingParty {
  /** Host name of `BASE_URL`. */
  readonly id: string
  /** Shown by browsers. */
  readonly name: string
  /** Where the pages have to be that ask for a passkey. */
  readonly origin: string
}

type PartySettings = Pick<Settings, 'origin' | 'PRODUCT_NAME'>

/**
 * Undefined where no browser makes passkeys: at addresses, which are no host names, and at plain http, except on
 * `localhost` and below it, which browsers trust (W3C Secure Contexts §3.1).
 */
export function relyingParty({ origin, PRODUCT_NAME }: PartySettings): RelyingParty | undefined {
  const { protocol, hostname } = new URL(origin)
  if (isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) return undefined
  if (protocol !== 'https:' && !isLocalhost(hostname)) return undefined
  return { id: hostname, name: PRODUCT_NAME, origin }
}

const isLocalhost = (hostname: string): boolean => hostname === 'localhost' || hostname.endsWith('.localhost')
