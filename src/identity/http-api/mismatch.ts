/** The service accepts a name for another person than the one whose account it is: the name was given away. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import { commit } from '../../db/commit'
import type { User } from '../users'
import type { ExternalIdentity } from './response'

/** Accounts taken over without an external id get the first one that comes. */
export const isSamePerson = ({ externalId }: User, { id }: ExternalIdentity): boolean =>
  !externalId || externalId === id

/** Throws `DatabaseUnavailable`. */
export async function reportMismatch(ctx: RequestContext, user: User, identity: ExternalIdentity): Promise<void> {
  const event = audit(ctx, {
    event: 'SUSPICIOUS_ACTIVITY',
    severity: 'WARNING',
    success: false,
    action: 'Authentication API named another person for this account — refused',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: {
      reason: 'external_id_mismatch',
      stored_external_id: user.externalId ?? '',
      received_external_id: identity.id,
    },
  })
  await commit(ctx, event)
}
