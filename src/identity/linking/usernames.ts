/** Names for people who come from another provider. */
import type { Context } from '../../context'
import { isRetired } from '../../users/retired-usernames'
import type { Provider } from '../providers/provider'
import { findUserByUsername } from '../users'

/** Names that look like somebody who speaks for the server. */
const RESERVED = new Set([
  ...['admin', 'administrator', 'root', 'system', 'support', 'security', 'help', 'info', 'service', 'operator'],
  ...['postmaster', 'hostmaster', 'webmaster', 'abuse', 'noreply', 'no-reply', 'nobody', 'anonymous', 'guest'],
  ...['me', 'user', 'users', 'owner', 'moderator', 'staff', 'daemon', 'authgate', 'api', 'null', 'undefined'],
])

const SHORTEST = 2
const LONGEST = 200
const NUMBERED = 10
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

type NameContext = Pick<Context, 'db' | 'random' | 'settings'>

/** `Jane.Doe` becomes `janedoe`; may be empty. */
export const storedForm = (name: string): string =>
  name
    .replaceAll(/[^A-Za-z0-9_-]/g, '')
    .toLowerCase()
    .slice(0, LONGEST)

/** Throws `DatabaseUnavailable`: a look-up without answer does not make a name free. */
export async function isFreeUsername(ctx: Pick<Context, 'db'>, name: string, except = ''): Promise<boolean> {
  if (name.length < SHORTEST || RESERVED.has(name)) return false
  const owner = await findUserByUsername(ctx, name)
  return (owner === undefined || owner.id === except) && !(await isRetired(ctx, name, except))
}

/** A name that is free now; `tried` are names that somebody else took meanwhile. Throws `DatabaseUnavailable`. */
export async function freeUsername(
  ctx: NameContext,
  provider: Provider,
  wanted: string,
  tried: ReadonlySet<string>,
): Promise<string> {
  for (const name of candidates(ctx, provider, wanted)) {
    if (!tried.has(name) && (await isFreeUsername(ctx, name))) return name
  }
  return `user-${random(ctx, 16)}`
}

function* candidates(ctx: NameContext, { name: provider }: Provider, wanted: string): Generator<string> {
  const base = storedForm(wanted)
  if (base.length < SHORTEST) {
    yield `user-${random(ctx, 8)}`
    return
  }
  // Colleagues whom the directory knows and who have not been here yet must find their names free.
  if (ctx.settings.AUTH_MODE !== 'http_api') yield base
  yield `${base}-${provider}`
  for (let number = 1; number <= NUMBERED; number++) yield `${base}-${provider}-${number}`
  yield `${base}-${provider}-${random(ctx, 6)}`
}

const random = (ctx: NameContext, length: number): string =>
  [...ctx.random.bytes(length)].map((byte) => BASE32.charAt(byte % BASE32.length)).join('')
