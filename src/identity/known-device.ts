/**
 * Browsers in which an account has signed in before have a delay of their own, so that a stranger's wrong guesses do
 * not lock its owner out. The cookie proves nothing else: the password is still needed, and guesses made with a stolen
 * one are slowed down like all others.
 */
import type { Context } from '../context'
import { sha256Hex } from '../secrets'
import { normaliseUsername } from './users'

/** Seconds. */
export const KNOWN_DEVICE_MAX_AGE = 180 * 24 * 3600

/** Typed names may be passwords in the wrong field: they are not kept in clear. */
const account = (username: string): string => sha256Hex(normaliseUsername(username))

const mark = (username: string, device: string): string => `${account(username)}|${device}`

/** Cookie value for a browser in which `username` has just signed in. */
export function newKnownDevice(ctx: Pick<Context, 'secrets' | 'random'>, username: string): string {
  const device = Buffer.from(ctx.random.bytes(16)).toString('base64url')
  return `${device}.${ctx.secrets.knownDevice.digest(mark(username, device))}`
}

/** The device a cookie value names when `username` has signed in there, else `undefined`. */
export function knownDevice(
  ctx: Pick<Context, 'secrets'>,
  username: string,
  cookieValue: string | undefined,
): string | undefined {
  const [device, digest] = cookieValue?.split('.') ?? []
  if (!device || !digest || !ctx.secrets.knownDevice.matches(mark(username, device), digest)) return undefined
  return device
}

/** What wrong guesses of a password are counted under: the account, or one of its devices. */
export const delaySubject = (username: string, device: string | undefined): string =>
  device === undefined ? `password:${account(username)}` : `password:${account(username)}:${device}`

/** The same for wrong codes of the second factor. */
export const factorDelaySubject = (userId: string, device: string | undefined): string =>
  device === undefined ? `second-factor:${userId}` : `second-factor:${userId}:${device}`
