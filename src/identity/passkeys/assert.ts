/** A person shows a passkey: the part that signing in and the second factor have in common. */
import type { RequestContext } from '../../context'
import type { Statement } from '../../db/statements'
import type { Owner } from '../../oauth/pending-requests'
import type { User } from '../users'
import { type ChallengeKind, takeChallenge } from './challenges'
import { findPasskey, type Passkey, usePasskey } from './records'
import { relyingParty } from './relying-party'
import { readAssertion, readClientData } from './responses'
import { counterGoesBack, verifyAssertion } from './verify'

/** For the audit trail; the person is told one thing for all of them. */
export type PasskeyRefusal =
  | 'not_offered'
  | 'malformed'
  | 'framed'
  | 'unknown_challenge'
  | 'unknown_passkey'
  | 'foreign_passkey'
  | 'wrong_signature'
  | 'backup_changed'
  | 'counter_went_back'

export type PasskeyVerification =
  | {
      readonly kind: 'right'
      readonly user: User
      readonly passkey: Passkey
      /** Methods of RFC 8176. */
      readonly amr: readonly string[]
      /** Part of the commit that rests on it; `Conflict('passkey')` when it was used or deleted meanwhile. */
      readonly alongside: readonly Statement[]
    }
  | { readonly kind: 'wrong'; readonly reason: PasskeyRefusal; readonly user?: User | undefined }

interface Asked {
  readonly kind: Exclude<ChallengeKind, 'passkey_new'>
  readonly owner: Owner
  /** Whose passkey it has to be, where that is known. */
  readonly userId?: string
}

/** `credential` is JSON as the script sends it. Uses the challenge up. Throws `DatabaseUnavailable`. */
export async function verifyPasskey(
  ctx: RequestContext,
  { kind, owner, userId }: Asked,
  credential: string,
): Promise<PasskeyVerification> {
  const party = relyingParty(ctx.settings)
  if (!party) return wrong('not_offered')
  const response = readAssertion(credential)
  const clientData = response && readClientData(response.response.clientDataJSON)
  if (!response || !clientData) return wrong('malformed')
  const { challenge, framed } = clientData
  if (!(await takeChallenge(ctx, kind, owner, challenge))) return wrong('unknown_challenge')
  // Pages of this server are in no frame; what was signed in one was signed for somebody else's page.
  if (framed) return wrong('framed')

  const found = await findPasskey(ctx, response.id)
  if (!found) return wrong('unknown_passkey')
  const { passkey, user } = found
  const { userHandle } = response.response
  const foreign = userId !== undefined && userId !== user.id
  // Without a name the authenticator says whose passkey it is (§7.2 step 6).
  const handleMissing = userId === undefined && userHandle === undefined
  if (foreign || handleMissing || (userHandle !== undefined && userHandle !== passkey.userHandle))
    return wrong('foreign_passkey', user)

  const assertion = await verifyAssertion(response, { ...passkey, party, challenge })
  if (!assertion) return wrong('wrong_signature', user)
  // A key that may be copied is made so, and stays it (§7.2 step 19): `amr` says it.
  if (assertion.backupEligible !== passkey.backupEligible) return wrong('backup_changed', user)
  if (counterGoesBack(passkey.counter, assertion.counter)) {
    reportCopy(ctx, user, passkey, assertion.counter)
    return wrong('counter_went_back', user)
  }
  return { kind: 'right', user, passkey, amr: methodsOf(passkey), alongside: [usePasskey(ctx, passkey, assertion)] }
}

/** Methods of RFC 8176: where the key is, and that its owner was there. */
export const methodsOf = ({ backupEligible }: Pick<Passkey, 'backupEligible'>): readonly string[] => [
  backupEligible ? 'swk' : 'hwk',
  'user',
]

const wrong = (reason: PasskeyRefusal, user?: User): PasskeyVerification => ({ kind: 'wrong', reason, user })

function reportCopy(ctx: RequestContext, user: User, passkey: Passkey, counter: number): void {
  ctx.audit.record(ctx, {
    event: 'SUSPICIOUS_ACTIVITY',
    success: false,
    action: 'Passkey refused: its counter went back, so there may be a copy of it',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: {
      reason: 'passkey_counter',
      passkey: passkey.id,
      known_counter: passkey.counter,
      signed_counter: counter,
    },
    errorMessage: 'Signature counter did not grow',
  })
}
