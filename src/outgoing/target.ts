/**
 * Which addresses this server may be made to call (server-side request forgery, CWE-918).
 *
 * Some URLs come from people who register applications. A request to them must not reach what only this machine can
 * reach, so the name is resolved here, every address is judged, and the connection goes to the judged address: a name
 * that resolves differently a moment later (DNS rebinding) changes nothing.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isLoopbackHost } from '../config/rules/check'
import type { Settings } from '../config/settings'
import { normaliseAddress } from '../edge/client-address'
import { addressSet, isInternalAddress } from './addresses'
import { OutgoingError } from './outgoing-error'

/** All addresses of a host name. Throws when there is none. */
export type Resolve = (host: string) => Promise<readonly string[]>

export const systemResolve: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address)

/** Where a request goes: the URL as it was given, and the address it was found to be allowed at. */
export interface Target {
  readonly url: URL
  /** Name in the certificate, without brackets; an IP address when the URL has one. */
  readonly host: string
  readonly address: string
}

/** Throws `OutgoingError` of kind `refused` or `unreachable`. */
export type FindTarget = (url: string) => Promise<Target>

type TargetSettings = Pick<Settings, 'origin' | 'OUTGOING_ALLOWED_HOSTS'>

export function createTargetFinder(settings: TargetSettings, resolve: Resolve): FindTarget {
  const entries = settings.OUTGOING_ALLOWED_HOSTS.map((entry) => entry.toLowerCase())
  const names = new Set(entries.filter((entry) => !isRange(entry)))
  const ranges = addressSet(entries.filter(isRange))
  // On a developer's machine applications run on the same loopback as the server.
  const ownLoopback = isLoopbackHost(new URL(settings.origin).hostname)

  return async (text) => {
    const url = URL.parse(text)
    if (!url || url.hostname === '') throw refused('not an absolute URL')
    if (url.username !== '' || url.password !== '') throw refused('the URL holds a user or password')
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
    const isOpened = names.has(host) || (isIP(host) !== 0 && ranges.has(normaliseAddress(host)))
    const isOpen = isOpened || (ownLoopback && isLoopbackHost(host))
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isOpen))
      throw refused(`${host} is not called by https`)

    const addresses = await addressesOf(host, resolve)
    // One internal address among several is enough: which of them would be used must not be left to chance.
    const closed = isOpen ? undefined : addresses.find((each) => isInternalAddress(each) && !ranges.has(each))
    if (closed !== undefined)
      throw refused(`${host} has the internal address ${closed}, which OUTGOING_ALLOWED_HOSTS does not open`)
    const [address = ''] = addresses
    return { url, host, address }
  }
}

const isRange = (entry: string): boolean => entry.includes('/') || isIP(entry) !== 0

const refused = (reason: string): OutgoingError => new OutgoingError('refused', `refused: ${reason}`)

async function addressesOf(host: string, resolve: Resolve): Promise<string[]> {
  const found = isIP(host) === 0 ? await resolve(host).catch(() => []) : [host]
  if (found.length === 0) throw new OutgoingError('unreachable', `${host} has no address`)
  const addresses = found.map(normaliseAddress)
  if (addresses.includes('')) throw refused(`${host} has an unreadable address`)
  return addresses
}
