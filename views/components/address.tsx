/** A network address in a list. */
import { Html } from '../html'

const LONGEST_IPV4 = 15

/** An IPv6 address may be broken anywhere, an IPv4 address stays in one piece. */
export const Address = ({ ip }: { ip: string }) => (
  <span class={ip.length > LONGEST_IPV4 ? 'break-all' : 'whitespace-nowrap'}>{ip}</span>
)
