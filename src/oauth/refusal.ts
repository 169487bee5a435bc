/** A refused request whose reason the client is not told, but the audit trail is. */
import type { EventType } from '../audit/events'
import type { RequestContext } from '../context'
import { OAuthError } from '../edge/oauth-error'

export interface RefusalFacts {
  /** A short code such as `wrong secret`; never anything the client sent. */
  readonly reason: string
  /** Only of a client that exists. */
  readonly clientId?: string
  readonly userId?: string
  readonly tokenId?: string
}

/** An `OAuthError` with what only the audit trail learns. */
export class Refusal extends OAuthError {
  constructor(
    answer: { error: string; description: string; status?: number; headers?: Record<string, string> },
    readonly facts: RefusalFacts,
  ) {
    super(answer.error, answer.description, answer.status, answer.headers)
    this.name = 'Refusal'
  }
}

/** Errors that say something about who asked. A malformed request, or a device that polls, is no event. */
const TELLING = new Set(['invalid_client', 'invalid_grant', 'invalid_scope', 'invalid_target', 'unauthorized_client'])

/**
 * Records that a request was refused, with `success` false. Repetitions by one client from one address for one reason
 * are counted instead of written, so that a flood of guesses cannot drown the trail.
 */
export function recordRefusal(ctx: RequestContext, event: EventType, action: string, error: OAuthError): void {
  if (!TELLING.has(error.error)) return
  const facts: RefusalFacts = error instanceof Refusal ? error.facts : { reason: error.error }
  ctx.audit.recordRepeatable(ctx, {
    event,
    action,
    severity: 'WARNING',
    success: false,
    actor: facts.userId === undefined ? undefined : { id: facts.userId },
    resource: facts.tokenId === undefined ? undefined : { type: 'TOKEN', id: facts.tokenId },
    clientId: facts.clientId,
    details: { error: error.error, reason: facts.reason },
    errorMessage: error.description,
  })
}
