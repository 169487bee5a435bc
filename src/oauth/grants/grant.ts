/** What every grant type of the token endpoint looks like. */
import type { EventType } from '../../audit/events'
import type { Settings } from '../../config/settings'
import type { Context, RequestContext } from '../../context'
import type { TokenResponse } from '../../tokens/mint'
import type { PresentedCredentials } from '../client-authentication'

export type { TokenResponse } from '../../tokens/mint'

export interface TokenRequest {
  /** Parameters that were sent and are not empty; none was repeated. */
  readonly form: Readonly<Record<string, string>>
  readonly credentials: PresentedCredentials
}

export interface Grant {
  /** The value of `grant_type`. */
  readonly grantType: string
  /** Whether the settings have this grant switched on; default yes. */
  isEnabled?(settings: Settings): boolean
  /** The event recorded, with `success` false, when a request is refused for what it presents; default none. */
  readonly refusalEvent?: EventType
  /**
   * Answers one token request: presence → client authentication → `extra_claims` → look up → check → one commit.
   * Throws `OAuthError`.
   */
  handle(ctx: RequestContext, request: TokenRequest): Promise<TokenResponse>
}

/** The tokens of an answer that were made for it. */
export function countIssued(ctx: Context, grantType: string, made: { access: number; refresh: number }): void {
  for (const kind of ['access', 'refresh'] as const) {
    if (made[kind] === 0) continue
    ctx.metrics.count('oauth_tokens_issued_total', { token_type: kind, grant_type: grantType }, made[kind])
  }
}
