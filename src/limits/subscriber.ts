/** Whose requests are counted together. */
import { networkOf } from '../identity/fingerprint'

/** A normalised IPv4 address, or the /64 of an IPv6 one: who has one address there has all of them. */
export const subscriberOf = (ip: string): string => (ip.includes(':') ? networkOf(ip) : ip)
