/** Resource indicators (RFC 8707): a grant can be limited to some of `JWT_AUDIENCE`, and each answer to some of those. */

export interface NarrowedAudience {
  /** What the grant is limited to; absent when it is not. */
  readonly granted?: readonly string[]
  /** What the access token is for; absent means every audience. */
  readonly wanted?: readonly string[]
}

/**
 * The audience of tokens from a grant that is limited to `limits` (space separated; empty = not limited). Like the
 * scope it never grows beyond the grant's (§2.2); names that are no audience of this server any more are left out.
 *
 * Undefined when a name beyond the grant was requested, or nothing remains of it. `requested` are names of `allowed`.
 */
export function narrowAudience(
  allowed: readonly string[],
  limits: string,
  requested: readonly string[] | undefined,
): NarrowedAudience | undefined {
  if (limits === '') return { wanted: requested }
  const granted = limits.split(' ').filter((name) => allowed.includes(name))
  const wanted = requested ?? granted
  return wanted.length > 0 && wanted.every((name) => granted.includes(name)) ? { granted, wanted } : undefined
}
