/** The audit trail of refused registrations. */
import type { EventType } from '../../audit/events'
import type { RequestContext } from '../../context'
import { OAuthError } from '../../edge/oauth-error'

interface Refused {
  readonly event: EventType
  /** What was refused, in words. */
  readonly action: string
}

/**
 * Runs `work` and records the protocol errors it throws, with `success` false. Repetitions from one address for one
 * error are counted instead of written. Nothing the request said about itself is recorded.
 */
export async function recordRefusals<T>(ctx: RequestContext, refusal: Refused, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OAuthError && error.status < 500) record(ctx, refusal, error)
    throw error
  }
}

function record(ctx: RequestContext, { event, action }: Refused, { error }: OAuthError): void {
  ctx.audit.recordRepeatable(ctx, {
    event,
    action,
    severity: 'WARNING',
    success: false,
    details: { error, reason: error },
    errorMessage: error,
  })
}
