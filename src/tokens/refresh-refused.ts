/** Why a refresh was refused. */
import type { TokenRow } from './records'

export type RefreshRefusal =
  | 'unknown'
  | 'category'
  | 'revoked'
  | 'reused'
  | 'foreign client'
  | 'expired'
  | 'proof'
  | 'client inactive'
  | 'user inactive'
  | 'consent withdrawn'
  | 'scope'
  | 'scope withdrawn'
  | 'resource'
  | 'contention'

const INVALID_CLIENT: readonly RefreshRefusal[] = ['foreign client', 'client inactive']

export class RefreshRefused extends Error {
  constructor(
    /** For the audit trail and metrics; the client is told no more than `code`. */
    readonly reason: RefreshRefusal,
    /** The row of the presented token, when there is one. */
    readonly token?: Pick<TokenRow, 'id' | 'userId' | 'clientId'>,
    /** Tokens that died because the presented one was reused. */
    readonly tokensRevoked = 0,
  ) {
    super(`refresh refused: ${reason}`)
    this.name = 'RefreshRefused'
  }

  /** The error of RFC 6749 §5.2 the client gets. */
  get code(): 'invalid_grant' | 'invalid_client' | 'invalid_scope' | 'invalid_target' {
    if (this.reason === 'scope') return 'invalid_scope'
    if (this.reason === 'resource') return 'invalid_target'
    return INVALID_CLIENT.includes(this.reason) ? 'invalid_client' : 'invalid_grant'
  }
}
