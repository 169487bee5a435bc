/** What is recorded of a login that is right so far and waits for its second factor. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import type { Statement } from '../../db/statements'
import type { User } from '../users'
import { hasSecondFactor } from './required'

/**
 * In the place of the record of a login: that one is written with the second factor. Undefined for accounts without one,
 * whose login is complete. `details` say how the person came this far.
 */
export const auditFirstStep = (
  ctx: RequestContext,
  user: User,
  details: Readonly<Record<string, unknown>>,
): Statement[] | undefined =>
  hasSecondFactor(user)
    ? audit(ctx, {
        event: 'SECOND_FACTOR_REQUIRED',
        action: 'First step of the login right, second factor asked for',
        actor: { id: user.id, username: user.username },
        resource: { type: 'USER', id: user.id },
        details,
      })
    : undefined
