/** ID tokens that come back to this server to say which user, client and session a request is about. */
import type { Context } from '../context'
import { verifyJwt } from '../tokens/jwt'

export interface IdTokenHint {
  readonly userId: string
  readonly clientId: string
  /** Absent in tokens of grants that no browser session led to. */
  readonly sid: string | undefined
}

/**
 * What an ID token of this server says, also after it expired (OpenID Connect RP-Initiated Logout §2). `undefined` for
 * everything else: other issuers' tokens, unknown keys, and access, refresh and logout tokens.
 */
export function readIdTokenHint(ctx: Pick<Context, 'keys' | 'settings'>, token: string): IdTokenHint | undefined {
  // At the beginning of time nothing has expired.
  const result = verifyJwt(ctx.keys, token, { typ: ['JWT'], issuer: ctx.settings.issuer, now: 0 })
  if (!result.valid) return undefined
  const { sub, aud, sid, type } = result.claims
  // Access tokens may have the same media type; only they have this claim, and no caller can take it from them.
  if (type !== undefined || typeof sub !== 'string' || typeof aud !== 'string') return undefined
  return { userId: sub, clientId: aud, sid: typeof sid === 'string' ? sid : undefined }
}
